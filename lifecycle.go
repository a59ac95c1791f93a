package job

import (
	"fmt"
	"sync"
	"time"
)

// StateEvent tells of one step in a job's life.
type StateEvent struct {
	Job      Ref
	New      StateInfo
	Previous StateInfo
	Time     time.Time
}

// Lifecycle is the one place that moves a state, by the table of allowed
// steps. Authors of a job embed it. The zero Lifecycle is NotStarted.
//
// At the end the order is: the final event stands in the log, the log is
// closed, Finished is closed. Whoever is released by Finished finds the whole
// story in Events.
type Lifecycle struct {
	// Job is what events name. Set it before the first Move.
	Job Ref

	// Keep, when set, stores each step before anybody can see it. If it
	// returns an error the step does not happen. It is called with the
	// lifecycle locked and must not call back. Set it only while nobody moves.
	Keep func(StateEvent) error

	mu       sync.Mutex
	info     StateInfo
	begin    time.Time
	end      time.Time
	events   Log[StateEvent]
	finished chan struct{}
}

// Move steps to state to for the given reason (nil if there is nothing to
// say). A step that the table does not allow is a [WrongState] error that
// names both states, and changes nothing.
func (l *Lifecycle) Move(to State, reason error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from := l.info.State; !from.Allows(to) {
		return &Error{Kind: WrongState, Job: l.name(), Err: fmt.Errorf("a job that is %v cannot become %v", from, to)}
	}
	e := StateEvent{Job: l.Job, New: StateInfo{to, reason}, Previous: l.info, Time: l.timeLocked()}
	if l.Keep != nil {
		if err := l.Keep(e); err != nil {
			return err
		}
	}
	l.applyLocked(e)
	return nil
}

// Restore takes over a life that was lived elsewhere: its events in order.
// It checks nothing and stores nothing. Call it before the first Move.
func (l *Lifecycle) Restore(events []StateEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		if l.info.State.Final() {
			return // nothing comes after a final state, whatever is told
		}
		l.applyLocked(e)
	}
}

func (l *Lifecycle) applyLocked(e StateEvent) {
	l.info = e.New
	if e.New.State == Running && l.begin.IsZero() {
		l.begin = e.Time
	}
	if e.New.State.Final() {
		l.end = e.Time
	}
	l.events.Append(e)
	if e.New.State.Final() {
		l.events.Close()
		close(l.finishedLocked())
	}
}

// timeLocked is now, but never before what was told already: a clock that is
// set back makes no duration negative.
func (l *Lifecycle) timeLocked() time.Time {
	now := time.Now()
	for _, last := range l.events.Now(l.events.Len() - 1) {
		if now.Before(last.Time) {
			return last.Time
		}
	}
	return now
}

func (l *Lifecycle) name() string {
	if l.Job == (Ref{}) {
		return ""
	}
	return l.Job.String()
}

// State is the state now, with its reason.
func (l *Lifecycle) State() StateInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.info
}

// Times are the begin (first Running) and the end (final); zero while unset.
func (l *Lifecycle) Times() (begin, end time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.begin, l.end
}

// Events is the log of all steps since the beginning.
func (l *Lifecycle) Events() *Log[StateEvent] { return &l.events }

// Finished is closed once the state is final and its event is in the log.
func (l *Lifecycle) Finished() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finishedLocked()
}

func (l *Lifecycle) finishedLocked() chan struct{} {
	if l.finished == nil {
		l.finished = make(chan struct{})
	}
	return l.finished
}
