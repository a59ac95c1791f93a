package keeper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/changes"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/schedule"
)

// events is the part of an event job's keeper that waits for events. One
// goroutine does, the listener; it passes on what it hears into the inbox. A
// keeper that listens must not make room for a smaller program: the listener
// is all that hears.
type events struct {
	last   time.Time      // the due time of the last run
	dealt  map[string]int // how often each step of another job was dealt with; the listener's once there is one
	failed string         // why the event job is to be Failed; "" if it is not

	listening sync.WaitGroup
	quiet     context.CancelFunc // ends the listener; nil while there is none
	over      bool               // no more events will be taken
	crowded   bool               // events were passed over, and that was told
}

// pending is how many events may wait, or be at work at the same time.
const pending = 1000

var errReplaced = errors.New("replaced by the run for a later event")

// readFor takes in what the journal says of an event that was dealt with.
func (k *keeper) readFor(e store.Event) {
	if k.meta.On == nil {
		return
	}
	if e.Step && e.State == job.Failed && e.Child > 0 && !e.Lost && k.failed == "" {
		k.failed = failedBy(e.Child, e.Reason)
	}
	event := e.For()
	switch {
	case event == "":
	case k.meta.On.Of != "":
		if k.dealt == nil {
			k.dealt = map[string]int{}
		}
		k.dealt[event]++
	default:
		if due, err := time.Parse(time.RFC3339Nano, event); err == nil && due.After(k.last) {
			k.last = due
		}
	}
}

func failedBy(number int, reason string) string { return fmt.Sprintf("child %d: %s", number, reason) }

// listen begins to wait for events. It returns when none will be missed.
func (k *keeper) listen() {
	on := k.meta.On
	switch {
	case on == nil || !k.tally.Open:
		return
	case k.failed != "" && !on.KeepGoing: // our forerunner did not come to it
		k.fail(k.failed)
		return
	case on.Max > 0 && k.tally.Children >= on.Max:
		k.over = true
		return
	}
	ctx, quiet := context.WithCancel(context.Background())
	k.quiet = quiet
	stands := make(chan struct{})
	ready := sync.OnceFunc(func() { close(stands) })
	source := k.source()
	k.listening.Go(func() { // ends with ctx; leave waits for it
		defer ready()
		err := source(ctx, ready, func(event string) bool {
			return k.pass(ctx, func() { k.happened(event) })
		})
		k.pass(ctx, func() { k.heardAll(err) })
	})
	if k.adopted {
		return // what happened meanwhile is missed anyway
	}
	for waiting := true; waiting; {
		select {
		case do := <-k.inbox:
			do()
		case <-stands:
			waiting = false
		}
	}
}

// pass lets the keeper's goroutine do something. It reports whether there may
// be more to pass on.
func (k *keeper) pass(ctx context.Context, do func()) bool {
	select {
	case k.inbox <- do:
		return true
	case <-ctx.Done():
		return false
	}
}

// source waits for events and tells of each, until ctx is done or tell gives
// false. It calls ready when none will be missed from then on. It is nil when
// no more will come by itself; an error says why there were none.
type source func(ctx context.Context, ready func(), tell func(event string) bool) error

func (k *keeper) source() source {
	switch on := k.meta.On; {
	case on.Of != "":
		return k.steps()
	case on.Changed != "":
		return k.changed
	}
	return k.clock()
}

// clock tells the times of a schedule that come later than the last one that
// was dealt with.
func (k *keeper) clock() source {
	after := k.last
	if after.IsZero() {
		after = k.meta.Created
	}
	once := k.meta.On.Once
	if now := time.Now(); k.adopted && !once && now.After(after) {
		after = now
	}
	return func(ctx context.Context, ready func(), tell func(string) bool) error {
		s, err := scheduleOf(*k.meta.On, k.meta.Created)
		if err != nil {
			return err
		}
		ready()
		for due, err := range schedule.Subscription(s, after)(ctx) {
			switch {
			case err != nil:
				return err
			case !once && time.Since(due) > late:
			case !tell(due.Format(time.RFC3339Nano)):
				return nil
			}
		}
		return nil
	}
}

// late is how long ago a time is that passed while the machine slept: the
// clock is looked at each minute while it is awake.
const late = 2 * time.Minute

// changed tells what changes. A path that a keeper which takes over does not
// find may be on a disk that is mounted later.
func (k *keeper) changed(ctx context.Context, ready func(), tell func(string) bool) error {
	o := changes.Options{Ignore: ignored(*k.meta.On, k.dir), Ready: ready}
	if k.adopted && k.meta.On.Once && !tell(k.meta.On.Changed) {
		return nil
	}
	for {
		err := watchPath(ctx, k.meta.On.Changed, o, tell)
		var e *job.Error
		if !k.adopted || !errors.As(err, &e) || e.Kind != job.Invalid {
			return err
		}
		select {
		case <-time.After(mountLook):
		case <-ctx.Done():
			return nil
		}
	}
}

// mountLook is how often we look for a path that is not there.
const mountLook = 5 * time.Second

func watchPath(ctx context.Context, path string, o changes.Options, tell func(string) bool) error {
	for c, err := range changes.Under(path, o)(ctx) {
		if err != nil {
			return err
		}
		if !tell(changedText(c)) {
			return nil
		}
	}
	return nil
}

// happened takes an event, as the job's Overlap says.
func (k *keeper) happened(event string) {
	on, working, waiting := k.meta.On, len(k.running), len(k.waiting)
	switch {
	case !k.tally.Open || k.over:
		return
	case waiting >= pending, on.Overlap == job.Parallel && working+waiting >= pending,
		on.Overlap == job.Skip && working+waiting > 0:
		k.passOver(event)
		return
	case on.Overlap == job.Replace:
		k.replace()
	}
	k.crowded = false
	k.add(store.WorkFor(event))
	if on.Max > 0 && k.tally.Children >= on.Max {
		k.unsubscribe()
	}
}

// passOver drops an event. A step of another job is written down, so that a
// later keeper does not find it again.
func (k *keeper) passOver(event string) {
	if k.meta.On.Of != "" {
		k.note(store.Event{Passed: event})
	}
	if !k.crowded && len(k.running) > 0 {
		k.crowded = true
		k.running[0].tell(job.Warning, "an event was passed over: "+event)
	}
}

// replace stops what is at work, and what waits.
func (k *keeper) replace() {
	k.stopWaiting(0, errReplaced)
	for _, c := range k.each() {
		if c.state() != job.Stopping {
			c.why = errReplaced
			c.beginStop(Request{Verb: "stop"})
		}
	}
}

// runFailed ends an event job one run of which Failed, unless it is to go on.
func (k *keeper) runFailed(number int, reason string) {
	if on := k.meta.On; on != nil && !on.KeepGoing && k.tally.Open {
		k.fail(failedBy(number, reason))
	}
}

// fail makes the event job Failed once the runs at work have ended.
func (k *keeper) fail(reason string) {
	k.closeJob(job.Failed, errors.New(reason))
	k.stopWaiting(0, errors.New("a run before it Failed"))
	k.unsubscribe()
}

// heardAll takes in that no more events will come.
func (k *keeper) heardAll(err error) {
	switch {
	case !k.tally.Open || k.over:
		return
	case errors.Is(err, errInVain):
		if k.tally.Children == 0 {
			k.closeJob(job.Stopped, err)
		}
	case err != nil:
		k.closeJob(job.Failed, fmt.Errorf("no more events can come: %w", reasonOf(err)))
	}
	k.unsubscribe()
}

// unsubscribe ends the listener.
func (k *keeper) unsubscribe() {
	k.over = true
	if k.quiet != nil {
		k.quiet()
	}
}

// endIfThrough ends an event job that waits for no more events when its runs
// have ended. Runs that were replaced are no blemish.
func (k *keeper) endIfThrough() {
	if k.meta.On == nil || !k.over || !k.tally.Open || k.tally.Unfinished() > 0 {
		return
	}
	state := job.NotStarted // as its runs are
	if k.meta.On.Overlap == job.Replace && k.tally.ByState[job.Failed] == 0 {
		state = job.Completed
	}
	k.closeJob(state, nil)
}
