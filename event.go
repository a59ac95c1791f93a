package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
)

// Subscription yields events as they come, until it has no more or ctx is
// done. An error ends it. A job's own events are one:
//
//	func(ctx context.Context) iter.Seq2[job.StateEvent, error] { return j.Events(ctx, true) }
//
// Package schedule has clocks and cron expressions, package changes has files.
type Subscription[E any] func(ctx context.Context) iter.Seq2[E, error]

// Chan subscribes to a channel: until it is closed. It serves for tickers and
// for signals (signal.Notify) too.
func Chan[E any](c <-chan E) Subscription[E] {
	return func(ctx context.Context) iter.Seq2[E, error] {
		return func(yield func(E, error) bool) {
			for {
				select {
				case e, ok := <-c:
					if !ok || !yield(e, nil) {
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}
	}
}

// Overlap says what becomes of an event that comes while the action is still
// at work on another.
type Overlap uint8

// The ways of dealing with it.
const (
	Queue    Overlap = iota // it waits, first in, first out
	Skip                    // it is passed over
	Parallel                // it is dealt with at once, beside the other
	Replace                 // the action at work is cancelled, then it is dealt with
)

// EventOptions tune an EventJob. The zero value waits for events without end,
// and takes one after the other.
type EventOptions struct {
	Max     int // Completed after so many actions; 0 means no end
	Overlap Overlap

	// Pending bounds how many events wait, with Queue, or are at work, with
	// Parallel; 0 means 1,000. One that finds no room is passed over; so is
	// one with Skip. A warning says so, once until there is room again.
	Pending int
}

const defaultPending = 1000

// EventJob runs an action for each event of a subscription: see [On].
type EventJob struct {
	Lifecycle
	title string
	o     EventOptions
	end   context.CancelFunc

	turn     sync.Mutex // guards what follows
	taken    int        // events that were accepted
	stopping bool
	failed   error
	parting  error // that an action returned when it was asked to stop
	ended    bool
}

// On makes an event job, which is NotStarted until the first event, Running
// from then on. What the action writes are the job's records. An action that
// returns an error or panics makes the job Failed, and later events are
// ignored. The job is Completed after o.Max actions, or when the subscription
// has ended by itself; Stop ends the subscription, cancels the action that is
// at work, and makes the job Stopped. So does the end of ctx.
func On[E any](ctx context.Context, name string, events Subscription[E], action func(ctx context.Context, out *Writer, event E) error, o EventOptions) *EventJob {
	if o.Pending <= 0 {
		o.Pending = defaultPending
	}
	inner, end := context.WithCancel(ctx)
	j := &EventJob{title: name, o: o, end: end}
	subscribed, unsub := context.WithCancel(inner)
	r := &eventRun[E]{job: j, action: action, room: make(chan struct{}, o.Pending), unsub: unsub}
	go r.run(inner, events(subscribed)) // ends with the subscription; Wait waits for it
	return j
}

// Stop ends the subscription and the action at work: see [On].
func (j *EventJob) Stop(ctx context.Context, o StopOptions) error {
	if o.Child != 0 {
		return stopChild(ctx, j, o)
	}
	j.ask()
	return awaitStop(ctx, j, o)
}

func (j *EventJob) ask() {
	j.turn.Lock()
	j.stopping = j.stopping || !j.ended
	j.turn.Unlock()
	j.Move(Stopping, nil) // refused where it is final already
	j.end()
}

// Info is what the job says about itself.
func (j *EventJob) Info() (Info, error) { return j.InfoFor("") }

// InfoFor is Info with the mark of a named reader.
func (j *EventJob) InfoFor(reader string) (Info, error) {
	i := j.infoFor(reader)
	i.Type, i.Location = "EventJob", here
	if j.title != "" {
		i.Name = j.title
	}
	if i.Command == "" {
		i.Command = i.Name
	}
	return i, nil
}

// take reports whether one more event is accepted.
func (j *EventJob) take() bool {
	j.turn.Lock()
	defer j.turn.Unlock()
	if j.fullLocked() {
		return false
	}
	j.taken++
	return true
}

// full reports whether no further event will be accepted.
func (j *EventJob) full() bool {
	j.turn.Lock()
	defer j.turn.Unlock()
	return j.fullLocked()
}

func (j *EventJob) fullLocked() bool {
	return j.overLocked() || j.o.Max > 0 && j.taken >= j.o.Max
}

// over reports whether no further action will begin.
func (j *EventJob) over() bool {
	j.turn.Lock()
	defer j.turn.Unlock()
	return j.overLocked()
}

func (j *EventJob) overLocked() bool { return j.failed != nil || j.stopping }

// fail keeps the first error. What an action returns that was asked to stop is
// the reason of a Stopped job, unless it panicked.
func (j *EventJob) fail(err error) {
	j.turn.Lock()
	defer j.turn.Unlock()
	switch _, panicked := err.(*Panic); {
	case j.stopping && !panicked:
		j.parting = cmp.Or(j.parting, err)
	case j.failed == nil:
		j.failed = err
	}
}

// conclude writes the final state.
func (j *EventJob) conclude(cause error) {
	j.turn.Lock()
	j.ended = true
	failed, stopping, parting := j.failed, j.stopping, j.parting
	j.turn.Unlock()
	switch {
	case failed != nil:
		if j.State().State == NotStarted {
			j.Move(Running, nil)
		}
		j.Move(Failed, failed)
	case stopping:
		j.Move(Stopped, parting)
	case cause != nil:
		j.Move(Stopped, cause)
	default:
		if j.State().State == NotStarted {
			j.Move(Running, nil) // a subscription without events is through
		}
		j.Move(Completed, nil)
	}
}

// eventRun is an event job at work.
type eventRun[E any] struct {
	job     *EventJob
	action  func(context.Context, *Writer, E) error
	room    chan struct{} // a place for each event that waits or is at work
	actions sync.WaitGroup
	unsub   context.CancelFunc // ends the subscription, and no action

	mu      sync.Mutex
	queue   []E
	working bool
	cancel  context.CancelFunc // of the action at work
	told    bool               // that events were passed over, since there was room
}

func (r *eventRun[E]) run(ctx context.Context, events iter.Seq2[E, error]) {
	var err error
	returned := false
	defer func() {
		if !returned {
			err = caught(recover())
		}
		r.finish(ctx, err)
	}()
	err = r.subscribe(ctx, events)
	returned = true
}

// finish ends the job once the last action has.
func (r *eventRun[E]) finish(ctx context.Context, err error) {
	r.actions.Wait()
	var cause error
	if ctx.Err() != nil {
		cause = context.Cause(ctx)
	} else if err != nil {
		r.job.fail(fmt.Errorf("the subscription ended: %w", err))
	}
	r.job.end()
	r.job.conclude(cause)
}

// subscribe deals with events until no more will be taken.
func (r *eventRun[E]) subscribe(ctx context.Context, events iter.Seq2[E, error]) error {
	for e, err := range events {
		switch {
		case ctx.Err() != nil || r.job.over():
			return nil
		case err != nil:
			return err
		}
		if r.job.State().State == NotStarted {
			r.job.Move(Running, nil)
		}
		r.deal(ctx, e)
		if r.job.full() {
			return nil
		}
	}
	return nil
}

// deal takes an event, as the job's Overlap says.
func (r *eventRun[E]) deal(ctx context.Context, e E) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.job.o.Overlap == Parallel:
		r.parallelLocked(ctx, e)
	case !r.working:
		if r.job.take() {
			r.beginLocked(ctx, e)
		}
	case r.job.o.Overlap == Skip:
		r.passLocked()
	case r.job.o.Overlap == Replace:
		if len(r.queue) > 0 || r.job.take() {
			r.queue = append(r.queue[:0], e)
			r.cancel()
		}
	case len(r.queue) >= r.job.o.Pending:
		r.passLocked()
	case r.job.take():
		r.queue, r.told = append(r.queue, e), false
	}
}

func (r *eventRun[E]) passLocked() {
	if !r.told {
		r.told = true
		r.job.Writer().Warning("an event was passed over: the action is still at work on another")
	}
}

func (r *eventRun[E]) parallelLocked(ctx context.Context, e E) {
	select {
	case r.room <- struct{}{}:
	default:
		r.passLocked()
		return
	}
	if !r.job.take() {
		<-r.room
		return
	}
	r.told = false
	r.actions.Go(func() {
		defer func() { <-r.room }()
		r.act(ctx, e)
	})
}

// beginLocked starts the goroutine that works until the queue is empty.
func (r *eventRun[E]) beginLocked(ctx context.Context, e E) {
	r.working, r.told = true, false
	inner, cancel := context.WithCancelCause(ctx)
	r.cancel = func() { cancel(errReplaced) }
	r.actions.Go(func() {
		defer r.next(ctx)
		defer cancel(nil)
		r.act(inner, e)
	})
}

// next goes on with what came meanwhile.
func (r *eventRun[E]) next(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.working = false
	if len(r.queue) == 0 || r.job.over() || ctx.Err() != nil {
		return
	}
	e := r.queue[0]
	r.queue = r.queue[1:]
	r.beginLocked(ctx, e)
}

// act runs the action for one event. One that panics, or that ends its
// goroutine, has failed too.
func (r *eventRun[E]) act(ctx context.Context, e E) {
	var err error
	returned := false
	defer func() {
		if !returned {
			err = caught(recover())
		}
		r.acted(ctx, err)
	}()
	err = r.action(ctx, r.job.Writer(), e)
	returned = true
}

// acted takes what an action returned. One that was replaced, or cancelled by
// a stop, has not failed, unless it panicked.
func (r *eventRun[E]) acted(ctx context.Context, err error) {
	_, panicked := err.(*Panic)
	switch {
	case err == nil:
		return
	case !panicked && context.Cause(ctx) == errReplaced:
		return
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return
	}
	r.job.fail(err)
	r.unsub()
}

var errReplaced = errors.New("another event came")
