package store

import (
	"time"

	"github.com/backjob/job"
)

// Tally is what a journal says of the job as a whole: what its children add
// up to, without the children, of which there may be a million.
type Tally struct {
	Children int       // so far
	ByState  [11]int   // how many are in each state
	Open     bool      // more children may come
	Begin    time.Time // the first Running of any; zero while there is none
	End      time.Time // the last final state so far
	Own      job.State // a final state that the job as a whole was given; NotStarted if none was
	Reason   string    // of Own
	Stop     bool      // a stop of the whole job was asked for
	Held     bool      // the whole job was suspended: no child begins
	Program  Process   // of child 1, the last one that ran
	Exit     *Exit     // of child 1, once it is final
	Keeper   Process   // who looked after the job last
	Boot     string    // the boot in which that was
	Slots    int       // the highest number of files that was used
	Events   int       // lines of the journal that are events
}

// mostMissing is how many children may lie between one that an event names
// and the last one known: lines may be lost, but not so many.
const mostMissing = 1 << 16

// NewTally is the tally of a job of which nothing has happened yet.
func NewTally(m Meta) Tally {
	t := Tally{Open: m.Open}
	t.grow(min(max(m.Children, 0), 1<<24))
	return t
}

func (t *Tally) grow(children int) {
	if more := children - t.Children; more > 0 {
		t.Children += more
		t.ByState[job.NotStarted] += more
	}
}

// Knows reports whether an event is about the job or a child that can be
// there. Others are no events of ours.
func (t *Tally) Knows(e Event) bool {
	return e.Child >= 0 && e.Child <= t.Children+mostMissing && int(e.State) < len(t.ByState)
}

// Add takes an event. c is the status of its child, which is brought up to
// date; it may be nil where the event is about the job.
func (t *Tally) Add(e Event, c *ChildStatus) {
	t.Events++
	if e.Keeper.PID != 0 {
		t.Keeper, t.Boot = e.Keeper, e.Boot
	}
	if e.Child == 0 {
		t.addOwn(e)
		return
	}
	t.grow(e.Child)
	if e.Program.PID != 0 && e.Boot == "" {
		e.Boot = t.Boot
	}
	before := c.State.State
	c.add(e)
	after := c.State.State
	t.ByState[before]--
	t.ByState[after]++
	if e.Step && after == job.Running && (t.Begin.IsZero() || c.Begin.Before(t.Begin)) {
		t.Begin = c.Begin
	}
	if after.Final() && c.End.After(t.End) {
		t.End = c.End
	}
	t.Slots = max(t.Slots, e.Slot)
	if e.Child == 1 {
		t.Program = c.Program
		if after.Final() {
			t.Exit = c.Ended
		}
	}
}

func (t *Tally) addOwn(e Event) {
	t.Open = t.Open && !e.Closed
	if !e.Step {
		return
	}
	switch e.State {
	case job.Stopping:
		t.Stop, t.Open = true, false
	case job.Suspended:
		t.Held = true
	case job.Running:
		t.Held = false
	case job.Completed, job.Failed, job.Stopped:
		t.Own, t.Reason, t.Open = e.State, e.Reason, false
		if e.Time.After(t.End) {
			t.End = e.Time
		}
	}
}

// Unfinished is how many children are not final.
func (t *Tally) Unfinished() int {
	return t.Children - t.ByState[job.Completed] - t.ByState[job.Failed] - t.ByState[job.Stopped]
}

// State is the job's state: its children's by the rule of job.ParentState,
// and what that rule leaves open. A job that may get more children is not
// final. A final state that the job itself was given counts once all children
// are final. While the whole job is suspended, children that have not begun
// stand still too.
func (t *Tally) State() job.State {
	unfinished := t.Unfinished()
	waiting := t.ByState[job.NotStarted]
	switch {
	case unfinished == 0 && t.Own.Final():
		return t.Own
	case unfinished == 0 && t.Open && t.Held, unfinished > 0 && t.Held && waiting == unfinished:
		return job.Suspended
	case unfinished == 0 && t.Open && t.Children > 0:
		return job.Running
	case t.Children == 0 && !t.Open:
		return job.Completed
	}
	// Which states occur decides, not how often.
	var occur [len(t.ByState)]job.State
	present := occur[:0]
	for s, n := range t.ByState {
		if n > 0 && !(t.Held && job.State(s) == job.NotStarted) {
			present = append(present, job.State(s))
		}
	}
	stopping := t.Stop || unfinished == t.ByState[job.Stopping]
	return job.ParentState(present, stopping)
}

// Record is the index record that says the same as the journal.
func (t *Tally) Record(m Meta) Record {
	r := Record{ID: m.ID, Instance: m.Instance, Created: m.Created, Name: m.Name, State: t.State(),
		Children: t.Children, Begin: t.Begin, PID: t.Program.PID, Start: t.Program.Start}
	if m.Many() {
		r.Flags |= Many
	}
	if !r.State.Final() {
		return r
	}
	if r.End = t.End; r.Begin.IsZero() {
		r.Begin = t.End // it ended before it began
	}
	if t.Exit != nil && (!m.Many() || m.Self) {
		r.Signal = t.Exit.Signal
		if t.Exit.Code >= 0 {
			r.Exit = &t.Exit.Code
		}
	}
	return r
}
