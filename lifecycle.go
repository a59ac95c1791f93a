package job

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
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
// steps. Authors of a job embed it, and have all of [Job] but Stop: they write
// the work, which tells of itself by Move, Writer and Describe, and Stop.
// The zero Lifecycle is NotStarted.
//
// At the end the order is: the streams are closed, the final event stands in
// the log of events, the log is closed, Finished is closed. Whoever is
// released by Finished finds the whole story in Records and Events.
type Lifecycle struct {
	// Job is what events name. A [Memory] or a [Group] that the job is added
	// to sets it; others set it before the first Move.
	Job Ref

	// Keep, when set, stores each step before anybody can see it. If it
	// returns an error the step does not happen. It is called with the
	// lifecycle locked and must not call back. Set it only while nobody moves.
	Keep func(StateEvent) error

	mu       sync.Mutex
	info     StateInfo
	begin    moment
	end      moment
	events   *Log[StateEvent]        // nil while the times and the state tell all there is; see logLocked
	finished chan struct{}           // nil until somebody waits
	ended    atomic.Bool             // final, and all is told: written with mu held, for those who only look
	account  atomic.Pointer[account] // nil while the job has said nothing; made with mu held
}

// Move steps to state to for the given reason (nil if there is nothing to
// say). A step that the table does not allow is a [WrongState] error that
// names both states, and changes nothing.
func (l *Lifecycle) Move(to State, reason error) error {
	_, err := l.move(to, reason)
	return err
}

// move is Move; it gives the state before.
func (l *Lifecycle) move(to State, reason error) (from State, err error) {
	if a := l.account.Load(); to.Final() && a != nil {
		a.flush()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if from = l.info.State; !from.Allows(to) {
		return from, l.refusalLocked(to)
	}
	at := l.nowLocked()
	if l.Keep != nil {
		if err := l.keepLocked(to, reason, at); err != nil {
			return from, err
		}
	}
	l.applyLocked(to, reason, at)
	return from, nil
}

func (l *Lifecycle) refusalLocked(to State) error {
	return &Error{Kind: WrongState, Job: l.name(), Err: fmt.Errorf("a job that is %v cannot become %v", l.info.State, to)}
}

// keepLocked and tellLocked are not inlined, so that no frame of a job that
// just begins and ends has the size of an event: with two of them a
// goroutine's first stack, of 2 KiB, was too small.
//
//go:noinline
func (l *Lifecycle) keepLocked(to State, reason error, at moment) error {
	return l.Keep(StateEvent{Job: l.Job, New: StateInfo{to, reason}, Previous: l.info, Time: at.time()})
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
		l.closeStreamsLocked(e.New.State)
		l.tellLocked(e.New.State, e.New.Reason, e.Time)
		l.settleLocked(e.New.State, e.New.Reason, momentOf(e.Time))
	}
}

// applyLocked takes a step.
func (l *Lifecycle) applyLocked(to State, reason error, at moment) {
	l.closeStreamsLocked(to)
	if l.events != nil || !l.plainLocked(to, reason) {
		l.tellLocked(to, reason, at.time())
	}
	l.settleLocked(to, reason, at)
}

func (l *Lifecycle) closeStreamsLocked(to State) {
	if a := l.account.Load(); a != nil && to.Final() {
		a.log.Close()
	}
}

// plainLocked reports whether the times and the state tell all of a life that
// goes on with this step: see logLocked.
func (l *Lifecycle) plainLocked(to State, reason error) bool {
	if l.info.Reason != nil {
		return false
	}
	return to.Final() || to == Running && reason == nil && l.info.State == NotStarted
}

// tellLocked puts a step into the log of events.
//
//go:noinline
func (l *Lifecycle) tellLocked(to State, reason error, at time.Time) {
	l.logLocked().Append(StateEvent{Job: l.Job, New: StateInfo{to, reason}, Previous: l.info, Time: at})
}

func (l *Lifecycle) settleLocked(to State, reason error, at moment) {
	l.info = StateInfo{to, reason}
	if to == Running && l.begin == 0 {
		l.begin = at
	}
	if to.Final() {
		l.end = at
		l.finishLocked()
	}
}

func (l *Lifecycle) finishLocked() {
	if l.events != nil {
		l.events.Close()
	}
	l.ended.Store(true)
	if l.finished != nil {
		close(l.finished)
	}
}

// logLocked is the log of events. Most jobs only begin and end, a million of
// them if need be, and nobody asks: for these the log is made up from the
// times when it is asked for.
func (l *Lifecycle) logLocked() *Log[StateEvent] {
	if l.events != nil {
		return l.events
	}
	l.events = &Log[StateEvent]{}
	previous := StateInfo{}
	if l.begin != 0 {
		running := StateInfo{State: Running}
		l.events.Append(StateEvent{Job: l.Job, New: running, Previous: previous, Time: l.begin.time()})
		previous = running
	}
	if l.info.State.Final() {
		l.events.Append(StateEvent{Job: l.Job, New: l.info, Previous: previous, Time: l.end.time()})
		l.events.Close()
	}
	return l.events
}

// nowLocked is the time now, but never before what was told already: a clock
// that is set back makes no duration negative.
func (l *Lifecycle) nowLocked() moment {
	if l.events == nil {
		return max(now(), l.begin)
	}
	return max(now(), l.newestLocked())
}

// newestLocked is the time of the newest event in the log.
func (l *Lifecycle) newestLocked() (at moment) {
	for _, e := range l.events.Now(l.events.Len() - 1) {
		at = momentOf(e.Time)
	}
	return at
}

func (l *Lifecycle) name() string {
	if l.Job == (Ref{}) {
		return ""
	}
	return l.Job.String()
}

func (l *Lifecycle) ref() Ref {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Job
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
	return l.begin.time(), l.end.time()
}

// Events ranges over the steps from the first on: see [Job].
func (l *Lifecycle) Events(ctx context.Context, follow bool) iter.Seq2[StateEvent, error] {
	return func(yield func(StateEvent, error) bool) {
		l.mu.Lock()
		events := l.logLocked()
		l.mu.Unlock()
		ranged(ctx, events, follow, 0, yield)
	}
}

// ranged passes on the entries of a log, and at the end ctx's error if that
// is why it ended.
func ranged[T any](ctx context.Context, log *Log[T], follow bool, from int, yield func(T, error) bool) {
	if !follow {
		for _, entry := range log.Now(from) {
			if !yield(entry, nil) {
				return
			}
		}
		return
	}
	next := from
	for i, entry := range log.All(ctx, from) {
		if next = i + 1; !yield(entry, nil) {
			return
		}
	}
	if !log.through(next) {
		var none T
		yield(none, ctx.Err())
	}
}

// through reports whether a reader that is at entry next has seen all, and
// nothing will follow.
func (l *Log[T]) through(next int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed && next >= l.length
}

// Finished is closed once the state is final and its event is in the log.
func (l *Lifecycle) Finished() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.finished != nil:
	case l.info.State.Final():
		return over
	default:
		l.finished = make(chan struct{})
	}
	return l.finished
}

// over is the channel of all jobs that were final before anybody waited.
var over = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Wait returns when the job is final, nil or ctx's error. A function job that
// waits with its own context gives its turn in its [Group] to others
// meanwhile.
func (l *Lifecycle) Wait(ctx context.Context) error {
	if l.ended.Load() {
		return nil
	}
	return park(ctx, l.Finished())
}

// Children is nil: a job has none unless its type says so.
func (l *Lifecycle) Children() []Job { return nil }
