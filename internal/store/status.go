package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/backjob/job"
)

// Status is what a journal adds up to.
type Status struct {
	Tally
	Each []ChildStatus // child n is Each[n-1]; there is always one, so that a damaged job has its output

	id job.ID
}

// ChildStatus is what a journal says of one child.
type ChildStatus struct {
	State   job.StateInfo
	Message string // what it is at, in words
	Begin   time.Time
	End     time.Time
	Attempt int
	Program Process
	Boot    string // the boot in which Program ran
	Ended   *Exit  // how the last attempt ended; nil while it runs
	Work

	Slot  int       // the number of its files; 0 means its own
	From  [3]int64  // where in them it begins
	Until *[3]int64 // where it ends; nil means at the end of the files

	Grace time.Duration // of the stop that was asked for; 0 if none was
	Began time.Time     // the attempt
	stood time.Duration // how long it was Suspended, without the last time if it still is
	since time.Time     // when that began last; zero while it is not
}

// Ran is how long the attempt has run up to now, without the time that it was
// Suspended.
func (c *ChildStatus) Ran(now time.Time) time.Duration {
	if !c.since.IsZero() {
		now = c.since
	}
	return now.Sub(c.Began) - c.stood
}

// Sum adds up the events of a job.
func Sum(m Meta, events ...Event) *Status {
	s := newStatus(m)
	for _, e := range events {
		s.Add(e)
	}
	return s
}

func newStatus(m Meta) *Status {
	s := &Status{Tally: NewTally(m), id: m.ID}
	s.Each = make([]ChildStatus, max(s.Children, 1))
	return s
}

// Add takes one more event. If it is a step of the job or of a child that is
// not final, stepped is true.
func (s *Status) Add(e Event) (step job.StateEvent, stepped bool) {
	if !s.Knows(e) {
		return step, false
	}
	step = job.StateEvent{Job: job.Ref{ID: s.id, Child: e.Child}, Time: e.Time, New: stateInfo(e)}
	if e.Child == 0 {
		step.Previous = s.State()
		s.Tally.Add(e, nil)
		return step, e.Step
	}
	for len(s.Each) < e.Child {
		s.Each = append(s.Each, ChildStatus{})
	}
	c := &s.Each[e.Child-1]
	step.Previous = c.State
	s.Tally.Add(e, c)
	return step, e.Step && !step.Previous.State.Final()
}

func stateInfo(e Event) job.StateInfo {
	info := job.StateInfo{State: e.State}
	if e.Reason != "" {
		info.Reason = errors.New(e.Reason)
	}
	return info
}

func (c *ChildStatus) add(e Event) {
	c.addWork(e.Work)
	if e.Try != 0 {
		c.beginAttempt(e)
	}
	if e.Program.PID != 0 {
		c.Program, c.Boot = e.Program, e.Boot
	}
	if e.Ended != nil {
		c.Ended = e.Ended
	}
	if e.Until != nil {
		c.Until = e.Until
	}
	if e.Until != nil && e.Slot != 0 {
		c.Slot, c.From = e.Slot, e.Sizes
	}
	if e.Grace != 0 {
		c.Grace = e.Grace
	}
	switch e.Status {
	case "":
	case "-":
		c.Message = ""
	default:
		c.Message = e.Status
	}
	if e.Step && !c.State.State.Final() { // nothing comes after a final state, whatever is told
		c.step(e)
	}
}

func (c *ChildStatus) addWork(w Work) {
	if w.Name != "" {
		c.Name = w.Name
	}
	if w.Command != "" {
		c.Command = w.Command
	}
	if w.Argv != nil {
		c.Argv = w.Argv
	}
	if w.Env != nil {
		c.Env = w.Env
	}
}

// beginAttempt takes note of a new attempt. All attempts of a child stand one
// after another in the same files; the first says where it begins.
func (c *ChildStatus) beginAttempt(e Event) {
	if c.Attempt == 0 {
		c.Slot, c.From = e.Slot, e.Sizes
	}
	c.Attempt, c.Ended, c.Program = e.Try, nil, Process{}
	c.Began, c.stood = e.Time, 0
}

func (c *ChildStatus) step(e Event) {
	c.State = stateInfo(e)
	switch {
	case e.State == job.Suspended:
		c.since = e.Time
	case !c.since.IsZero():
		c.stood += e.Time.Sub(c.since)
		c.since = time.Time{}
	}
	if e.State == job.Running && c.Begin.IsZero() {
		c.Begin = e.Time
	}
	if e.State.Final() {
		c.End, c.Message = e.Time, ""
		if c.Begin.IsZero() {
			c.Begin = e.Time // it ended before it began
		}
	}
}

// State is the state of the job as a whole, with the reason of the first
// child that explains it.
func (s *Status) State() job.StateInfo {
	info := job.StateInfo{State: s.Tally.State()}
	if info.State == s.Own && s.Own.Final() && s.Reason != "" {
		info.Reason = errors.New(s.Reason)
		return info
	}
	for i := range s.Each {
		c := s.Each[i].State
		if c.State != info.State || c.Reason == nil {
			continue
		}
		if info.Reason = c.Reason; s.Children > 1 {
			info.Reason = fmt.Errorf("child %d: %w", i+1, c.Reason)
		}
		break
	}
	return info
}
