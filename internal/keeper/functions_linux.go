package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// functions are the children of a job that starts itself which are functions
// of its program. It tells us of them in a file: a program that we cannot ask
// must not be trusted to live until its next line.
type functions struct {
	each   map[int]*child // those that are not final
	file   *os.File       // nil until there is one
	offset int64          // in the file, behind the last whole line that was heard
	reason string         // why the program will end badly; "" if it did not say
	hears  bool           // the program answers SIGUSR2
}

// hear takes in what the program has told since.
func (k *keeper) hear() {
	if !k.meta.Self {
		return
	}
	f := &k.functions
	if f.file == nil {
		var err error
		if f.file, err = os.Open(k.journal.Folder.File(store.ChildrenFile)); err != nil {
			return
		}
	}
	b, err := io.ReadAll(io.NewSectionReader(f.file, f.offset, 1<<40))
	if err != nil {
		return // we will come again
	}
	for {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		if !whole {
			return
		}
		b = rest
		f.offset += int64(len(line)) + 1
		var t store.Told
		if json.Unmarshal(line, &t) == nil { // what is no such line tells nothing
			k.heard(t)
		}
	}
}

// heard takes in one line. A keeper that takes over hears all once more, so
// what is known already changes nothing.
func (k *keeper) heard(t store.Told) {
	if t.Child == 1 {
		k.functions.hears = k.functions.hears || t.Hears
		k.functions.reason = t.Reason
		return
	}
	c := k.functions.each[t.Child]
	state, err := job.ParseState(t.State)
	switch {
	case err != nil:
	case c == nil && t.Child == k.tally.Children+1 && t.Child > 1:
		c = k.function(t.Child)
		c.note(store.Event{Work: store.Work{Name: t.Name, Command: t.Name}})
	case c == nil, !c.state().Allows(state):
	case state == job.Running:
		k.functionBegins(c, t)
	case state.Final():
		k.functionEnds(c, state, reasonFrom(t.Reason), t.Until)
	default:
		c.move(state, reasonFrom(t.Reason), store.Event{})
	}
}

func (k *keeper) function(number int) *child {
	c := k.newChild(number)
	if k.functions.each == nil {
		k.functions.each = map[int]*child{}
	}
	k.functions.each[number] = c
	return c
}

func reasonFrom(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

func (k *keeper) functionBegins(c *child, t store.Told) {
	if c.files != 0 || t.Slot < 2 {
		return // it was only suspended, and we know best
	}
	e := store.Event{Try: 1, Slot: t.Slot}
	if t.Sizes != nil {
		e.Sizes = *t.Sizes
	}
	c.open(t.Slot)
	c.move(job.Running, nil, e)
	if k.tally.Held {
		c.move(job.Suspended, nil, store.Event{})
	}
}

func (k *keeper) functionEnds(c *child, to job.State, reason error, until *[3]int64) {
	c.sample()
	e := store.Event{}
	if c.files != 0 {
		if e.Until = until; until == nil {
			sizes := [3]int64(c.sizes())
			e.Until = &sizes
		}
		defer c.timeline.Close(false)
	}
	delete(k.functions.each, c.number)
	c.move(to, reason, e)
}

// endFunctions ends those that the program left behind when it ended for the
// given reason.
func (k *keeper) endFunctions(stopped bool, why error) {
	k.hear()
	if !k.restarted {
		why = errProgramEnded
	}
	for _, c := range k.inOrder() {
		if stopped {
			k.functionEnds(c, job.Stopped, nil, nil)
		} else {
			k.functionEnds(c, job.Failed, why, nil)
		}
	}
}

func (k *keeper) inOrder() (children []*child) {
	for _, c := range k.functions.each {
		children = append(children, c)
	}
	slices.SortFunc(children, func(a, b *child) int { return a.number - b.number })
	return children
}

var errProgramEnded = errors.New("the job's program ended before it did")

// standStillWith makes functions stand still, or go on, with their program.
func (k *keeper) standStillWith(program job.State) {
	for _, c := range k.inOrder() {
		switch {
		case program == job.Suspended && c.state() == job.Running:
			c.move(job.Suspended, nil, store.Event{})
		case program == job.Running && c.state() == job.Suspended:
			c.move(job.Running, nil, store.Event{})
		}
	}
}

// askFunction passes a request on to the program.
func (k *keeper) askFunction(c *child, r Request) {
	if r.Verb != "stop" || !k.functions.hears {
		return
	}
	b, err := json.Marshal(store.Asked{Child: c.number, Verb: r.Verb})
	if err != nil {
		return
	}
	f, err := os.OpenFile(k.journal.Folder.File(store.AsksFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return // a full disk: whoever asked sees that nothing happens
	}
	defer f.Close()
	if _, err = f.Write(append(b, '\n')); err != nil {
		return
	}
	p := k.tally.Program
	if h, err := process.Open(p.PID, p.Start); err == nil {
		h.Signal(syscall.SIGUSR2)
		h.Close()
	}
}

// sampleFunctions notes how large the functions' files have become.
func (k *keeper) sampleFunctions() (grown bool) {
	for _, c := range k.functions.each {
		if c.sample() {
			grown = true
		}
	}
	return grown
}

// takeUpFunctions takes what read found of the functions.
func (k *keeper) takeUpFunctions(children map[int]*child, at map[int]int64) {
	if !k.meta.Self {
		return
	}
	for n, c := range children {
		if n > 1 {
			delete(children, n)
			k.function(n)
			k.functions.each[n] = c
			if c.status.Slot != 0 {
				c.open(c.status.Slot)
			}
		}
	}
	for n := range at {
		if n > 1 {
			delete(at, n)
			k.function(n)
		}
	}
}
