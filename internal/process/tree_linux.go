package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Tree is the processes that came of a program.
type Tree struct {
	Keeper  int      // whose descendants they are, as it is child subreaper; 0 if that one is gone
	Session int      // the session of the program
	Cookies []string // environment entries; only they have all of these

	Files []os.FileInfo // only they have these open; one that is being executed shows no environment

	// Siblings says that the keeper has other programs too: what became its
	// child counts only if it has the cookies, or one of Files open.
	Siblings bool

	// Lost says that some of them may be nobody's descendants that we know,
	// as the keeper that started the program is gone: whatever has the
	// cookies, or one of Files open, counts.
	Lost bool

	// Spare reports processes that are not part of the tree, with all that
	// came of them, though they descend from it. Nil spares none.
	Spare func(pid int) bool
}

// Members are the processes of the tree that have not ended.
func (t Tree) Members() []Stat { return t.Among(Every()) }

// Among are the members among these processes.
func (t Tree) Among(all []Stat) []Stat {
	children := map[int][]Stat{}
	for _, s := range all {
		children[s.Parent] = append(children[s.Parent], s)
	}
	seen := map[int]bool{os.Getpid(): true}
	var members []Stat
	var take func(s Stat)
	take = func(s Stat) {
		if seen[s.PID] || (t.Spare != nil && t.Spare(s.PID)) {
			return
		}
		seen[s.PID] = true
		if !s.Gone() {
			members = append(members, s)
		}
		for _, child := range children[s.PID] {
			take(child)
		}
	}
	for _, s := range all {
		if t.holdsTo(s) {
			take(s)
		}
	}
	return members
}

// holdsTo reports whether a process is of the tree by itself, and not only
// because its parent is.
func (t Tree) holdsTo(s Stat) bool {
	switch {
	case t.Session > 1 && (s.Session == t.Session || s.PID == t.Session):
		return true
	case t.Keeper != 0 && s.Parent == t.Keeper:
		return !t.Siblings || t.marked(s) || s.holds(t.Files)
	}
	return t.Lost && (t.marked(s) || s.holds(t.Files))
}

func (t Tree) marked(s Stat) bool {
	if len(t.Cookies) == 0 || s.Gone() {
		return false
	}
	env := s.environment()
	for _, cookie := range t.Cookies {
		if !bytes.Contains(env, []byte("\x00"+cookie+"\x00")) {
			return false
		}
	}
	return true
}

// environment is what the process was given, each entry between NUL bytes.
func (s Stat) environment() []byte {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(s.PID) + "/environ")
	if err != nil {
		return nil
	}
	return append([]byte{0}, b...)
}

// Environ gives the values that a process was given for some variables; ""
// for one that it was not.
func (s Stat) Environ(names ...string) []string {
	values := make([]string, len(names))
	env := s.environment()
	for i, name := range names {
		if _, after, found := bytes.Cut(env, []byte("\x00"+name+"=")); found {
			value, _, _ := bytes.Cut(after, []byte{0})
			values[i] = string(value)
		}
	}
	return values
}

// Signal sends a signal to every member, and gives how many there were.
func (t Tree) Signal(sig syscall.Signal) int { return SignalAll(t.Members(), sig) }

// SignalAll sends a signal to processes that were there a moment ago, and
// gives how many they are.
func SignalAll(members []Stat, sig syscall.Signal) int {
	for _, s := range members {
		// Its number cannot have been given out again: it was there a moment
		// ago, and numbers come round only after all others.
		syscall.Kill(s.PID, sig)
	}
	return len(members)
}

// Freeze stops every member (SIGSTOP) until all stand still, also those that
// were forked meanwhile. It gives up after patience, and reports whether all
// stand still.
func (t Tree) Freeze(patience time.Duration) bool {
	stopped := map[int]bool{} // were sent the signal
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		moving := 0
		for _, s := range t.Members() {
			switch {
			case s.State == 'T' || s.State == 't':
			case s.State == 'D' && stopped[s.PID]:
				// In a system call that signals do not end, such as vfork
				// with a child that stands still: it comes no further.
			default:
				moving++
				stopped[s.PID] = true
				syscall.Kill(s.PID, syscall.SIGSTOP)
			}
		}
		if moving == 0 {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// Holding gives the members that have one of these files open.
func (t Tree) Holding(files ...os.FileInfo) []Stat {
	var holding []Stat
	for _, s := range t.Members() {
		if s.holds(files) {
			holding = append(holding, s)
		}
	}
	return holding
}

// holds reports whether the process has one of these files open.
func (s Stat) holds(files []os.FileInfo) bool {
	if len(files) == 0 {
		return false
	}
	links, _ := filepath.Glob("/proc/" + strconv.Itoa(s.PID) + "/fd/*")
	return anySame(links, files)
}

func anySame(links []string, files []os.FileInfo) bool {
	for _, link := range links {
		info, err := os.Stat(link)
		for _, f := range files {
			if err == nil && f != nil && os.SameFile(info, f) {
				return true
			}
		}
	}
	return false
}
