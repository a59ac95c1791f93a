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
	Keeper  int    // whose descendants they are, as it is child subreaper; 0 if that one is gone
	Session int    // the session of the program
	Cookie  string // an environment entry that only they have; asked where the keeper is gone

	// Spare reports processes that are not part of the tree, with all that
	// came of them, though they descend from it. Nil spares none.
	Spare func(pid int) bool
}

// Members are the processes of the tree that have not ended.
func (t Tree) Members() []Stat {
	all := every()
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
		if (t.Keeper != 0 && s.Parent == t.Keeper) || (t.Session > 1 && s.Session == t.Session) || t.marked(s) {
			take(s)
		}
	}
	return members
}

func (t Tree) marked(s Stat) bool {
	if t.Cookie == "" || s.Gone() {
		return false
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(s.PID) + "/environ")
	return err == nil && bytes.Contains(append([]byte{0}, b...), []byte("\x00"+t.Cookie+"\x00"))
}

// Signal sends a signal to every member, and gives how many there were.
func (t Tree) Signal(sig syscall.Signal) int {
	members := t.Members()
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
		links, _ := filepath.Glob("/proc/" + strconv.Itoa(s.PID) + "/fd/*")
		if anySame(links, files) {
			holding = append(holding, s)
		}
	}
	return holding
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
