package store

import (
	"errors"
	"time"

	"github.com/backjob/job"
)

// Status is what a journal adds up to.
type Status struct {
	Children []ChildStatus // child n is Children[n-1]
	Keeper   Process       // who looked after the job last
	Boot     string        // the boot in which that was
	Steps    []job.StateEvent
	Events   []Event // all that the journal has
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
	Sizes   [2]int64

	Grace time.Duration // of the stop that was asked for; 0 if none was
	Began time.Time     // the attempt
	stood time.Duration // how long it was Suspended, without the last time if it still is
	since time.Time     // when that began last; zero while it is not
}

// Ran is how long the attempt has run up to now, without the time that it was
// Suspended.
func (c ChildStatus) Ran(now time.Time) time.Duration {
	if !c.since.IsZero() {
		now = c.since
	}
	return now.Sub(c.Began) - c.stood
}

// Sum adds up the events of a job with so many children.
func Sum(id job.ID, children int, events []Event) Status {
	s := Status{Children: make([]ChildStatus, max(children, 1)), Events: events}
	for _, e := range events {
		if e.Keeper.PID != 0 {
			s.Keeper, s.Boot = e.Keeper, e.Boot
		}
		if e.Child >= 1 && e.Child <= len(s.Children) {
			s.Children[e.Child-1].add(e)
		}
		if e.Step {
			s.addStep(id, e)
		}
	}
	return s
}

func (s *Status) addStep(id job.ID, e Event) {
	step := job.StateEvent{Job: job.Ref{ID: id, Child: e.Child}, Time: e.Time, New: stateInfo(e)}
	for i := len(s.Steps) - 1; i >= 0; i-- {
		if s.Steps[i].Job.Child == e.Child {
			step.Previous = s.Steps[i].New
			break
		}
	}
	s.Steps = append(s.Steps, step)
}

func stateInfo(e Event) job.StateInfo {
	info := job.StateInfo{State: e.State}
	if e.Reason != "" {
		info.Reason = errors.New(e.Reason)
	}
	return info
}

func (c *ChildStatus) add(e Event) {
	if e.Try != 0 {
		c.Attempt, c.Sizes, c.Ended = e.Try, e.Sizes, nil
		c.Began, c.stood = e.Time, 0
	}
	if e.Program.PID != 0 {
		c.Program, c.Boot = e.Program, e.Boot
	}
	if e.Ended != nil {
		c.Ended = e.Ended
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
	if !e.Step {
		return
	}
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
func (s Status) State() job.StateInfo {
	states := make([]job.State, len(s.Children))
	for i, c := range s.Children {
		states[i] = c.State.State
	}
	// A stop of the whole job moves every child that is not final.
	info := job.StateInfo{State: job.ParentState(states, contains(states, job.Stopping))}
	for _, c := range s.Children {
		if c.State.State == info.State && c.State.Reason != nil {
			info.Reason = c.State.Reason
			break
		}
	}
	return info
}

func contains(states []job.State, s job.State) bool {
	for _, have := range states {
		if have == s {
			return true
		}
	}
	return false
}

// Record is the index record that says the same as a job's folder.
func (s Status) Record(m Meta) Record {
	r := Record{ID: m.ID, Instance: m.Instance, Created: m.Created, Children: m.Children,
		Name: m.Name, State: s.State().State}
	for i, c := range s.Children {
		if r.Begin.IsZero() || (!c.Begin.IsZero() && c.Begin.Before(r.Begin)) {
			r.Begin = c.Begin
		}
		if r.State.Final() && c.End.After(r.End) {
			r.End = c.End
		}
		if i == 0 {
			r.PID, r.Start = c.Program.PID, c.Program.Start
			if c.Ended != nil && c.State.State.Final() {
				r.Signal = c.Ended.Signal
				if c.Ended.Code >= 0 {
					r.Exit = &c.Ended.Code
				}
			}
		}
	}
	return r
}
