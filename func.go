package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// Work is a function that runs as a job. It writes to out while it works. It
// should end soon once ctx is done: nothing can end a function from outside.
type Work func(ctx context.Context, out *Writer) error

// FuncJob is a function of this process at work: see [Go].
type FuncJob struct {
	Lifecycle
	out    Writer
	title  string
	work   Work                   // nil once it has returned
	parent context.Context        // of the function's
	ending atomic.Pointer[ending] // of the function's context; nil until somebody asks or stops; made with mu held
	group  *Group                 // nil if it has none
	next   *FuncJob               // behind it in the group's queue
	more   atomic.Pointer[Group]
	waits  int // goroutines of the function that wait for other jobs; guarded by group.turn
}

var errStopped = errors.New("stopped")

// Go runs a function as a job in this process, at once, and comes back
// without waiting for it. The job is Completed when the function returns nil,
// Failed with the error that it returns, or with a [*Panic]. Stop cancels the
// function's context; what returns then is Stopped. So is a function that
// returns the error of its context because ctx was cancelled.
//
// For a limit on how many run at once, and for one job that stands for many,
// see [Group].
func Go(ctx context.Context, name string, work Work) *FuncJob {
	j := newFunc(ctx, name, work)
	j.launch()
	return j
}

// launch starts the function. That it runs is told before, as a tap makes
// room for what it writes then; if that cannot be kept the job is Failed.
func (j *FuncJob) launch() StateInfo {
	if _, err := j.move(Running, nil); err != nil {
		_, _ = j.move(Failed, err) // if not even that can be kept, nobody hears of it
		return StateInfo{Failed, err}
	}
	go j.run() // ends when the function returns; Wait waits for it
	return StateInfo{State: Running}
}

func newFunc(ctx context.Context, name string, work Work) *FuncJob {
	j := &FuncJob{title: name, work: work, parent: ctx}
	j.out.owner, j.out.job = &j.Lifecycle, j
	if tap, _ := ctx.Value(tapKey{}).(*Tap); tap != nil {
		j.giveTap(tap)
	}
	return j
}

func (j *FuncJob) giveTap(tap *Tap) { j.out.tap, j.Keep = tap, tap.Step }

// Panic is the reason of a job whose function panicked.
type Panic struct {
	Value any    // what was passed to panic
	Stack []byte // of the goroutine that panicked, as debug.Stack writes it
}

// Error says what was passed to panic, and the stack after it.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n\n%s", p.Value, p.Stack) }

// Unwrap gives the value if it was an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

func (j *FuncJob) run() {
	returned := false
	defer func() {
		if !returned {
			j.finish(caught(recover()))
		}
	}()
	err := (*funcContext)(j).cancelled()
	if err == nil || err == errStopped {
		err = j.work((*funcContext)(j), &j.out)
	}
	returned = true
	j.finish(err)
}

// caught is the reason of a function that did not return.
func caught(value any) error {
	if value == nil {
		return errors.New("the function called runtime.Goexit")
	}
	return &Panic{value, debug.Stack()}
}

// finish ends the job once its children have ended.
func (j *FuncJob) finish(err error) {
	if !j.more.CompareAndSwap(nil, childless) {
		g := j.more.Load()
		g.Close()
		j.awaitFamily(g)
		if failed := g.State(); err == nil && failed.State == Failed {
			err = fmt.Errorf("a child Failed: %w", failed.Reason)
		}
	}
	j.work = nil
	to, reason := j.outcome(err)
	j.step(to, reason)
	(*funcContext)(j).leave()
}

// childless is the family of all functions that ended without having one.
var childless = &Group{closed: true}

// awaitFamily waits for the function's children, with its turn in its group
// given to others for good.
func (j *FuncJob) awaitFamily(g *Group) {
	if j.group != nil {
		j.group.giveTurn(j)
	}
	<-g.Finished()
}

// outcome is the final state after a function that returned err.
func (j *FuncJob) outcome(err error) (State, error) {
	cause := (*funcContext)(j).cancelled()
	if _, panicked := err.(*Panic); panicked {
		return Failed, err
	}
	switch {
	case cause == errStopped && (err == nil || errors.Is(err, context.Canceled) || err == errStopped):
		return Stopped, nil
	case cause == errStopped:
		return Stopped, err
	case err == nil:
		return Completed, nil
	case cause != nil && (errors.Is(err, context.Canceled) || errors.Is(err, cause) && !errors.Is(err, context.DeadlineExceeded)):
		return Stopped, cause
	}
	return Failed, err
}

// step moves the job, and the group with it.
func (j *FuncJob) step(to State, reason error) error {
	if j.group != nil {
		return j.group.stepChild(j, to, reason)
	}
	_, err := j.move(to, reason)
	return err
}

// Wait returns when the job is final: see [Lifecycle.Wait].
func (j *FuncJob) Wait(ctx context.Context) error {
	if !j.ended.Load() {
		// A function that was just started and is short runs to its end now, so
		// that no channel to wait on has to be made: a third of a short job's time.
		runtime.Gosched()
	}
	return j.Lifecycle.Wait(ctx)
}

// Stop cancels the function's context and waits until the function has
// returned. One that has not begun never will. A function cannot be killed:
// when it has not returned after the grace, Stop gives a [TimedOut] error, and
// the job stays Stopping until it does.
func (j *FuncJob) Stop(ctx context.Context, o StopOptions) error {
	if o.Child != 0 {
		return stopChild(ctx, j, o)
	}
	j.ask()
	return awaitStop(ctx, j, o)
}

// ask begins a stop, once.
func (j *FuncJob) ask() {
	if j.group != nil && j.group.drop(j) {
		return // it had not begun
	}
	c := (*funcContext)(j)
	c.cancelled() // a cause that was there before us counts
	if j.step(Stopping, nil) == nil {
		c.cancel(errStopped)
	}
}

// awaitStop waits for the end of a job that was asked to stop.
func awaitStop(ctx context.Context, j asked, o StopOptions) error {
	grace := o.Grace
	if grace == 0 {
		grace = DefaultGrace
	}
	bounded, end := context.WithTimeoutCause(ctx, max(grace, 0), errGrace)
	defer end()
	err := j.Wait(bounded)
	if err == nil || context.Cause(bounded) != errGrace {
		return err
	}
	info, _ := j.Info()
	return &Error{Op: "stop", Job: info.Name, Kind: TimedOut, Err: fmt.Errorf("its function has not returned after %v", grace),
		Hint: "a function ends by itself only: let it watch its context"}
}

var errGrace = errors.New("the grace is over")

// Info is what the job says about itself.
func (j *FuncJob) Info() (Info, error) { return j.InfoFor("") }

// InfoFor is Info with the mark of a named reader.
func (j *FuncJob) InfoFor(reader string) (Info, error) {
	i := j.infoFor(reader)
	i.Type, i.Location = "FunctionJob", here
	if j.title != "" {
		i.Name = j.title
	}
	if i.Command == "" {
		i.Command = i.Name
	}
	j.more.Load().count(&i, reader)
	return i, nil
}

// here is the location of what runs in this process.
const here = "this process"

// Children are the jobs that the function started by its Writer.
func (j *FuncJob) Children() []Job { return j.more.Load().all() }

// Records ranges over what the function put out, then over what its children
// did; with o.Follow as it comes.
func (j *FuncJob) Records(ctx context.Context, o RecordOptions) iter.Seq2[Record, error] {
	g := j.more.Load()
	if g == childless && j.ended.Load() && j.account.Load() == nil {
		return nothing
	}
	if o.Follow && !o.NoRecurse && !j.State().State.Final() {
		g = j.family()
	}
	return records(ctx, &j.Lifecycle, g, o)
}

// nothing is what a job put out that ended without a word.
func nothing(func(Record, error) bool) {}

// family is the group of the function's own children.
func (j *FuncJob) family() *Group {
	if g := j.more.Load(); g != nil {
		return g
	}
	g := &Group{tap: j.out.tap}
	g.Job = j.ref()
	g.nested = g.Job.Child != 0
	if !j.more.CompareAndSwap(nil, g) {
		return j.more.Load()
	}
	if now := j.ref(); now != g.ref() {
		g.renameChildren(g.ref(), now)
	}
	return g
}

// park waits for a channel to be closed. A function job that waits gives its
// turn in its group to others, so that it may wait for jobs behind it.
func park(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	default:
	}
	if j, ok := ctx.Value(slotKey{}).(*FuncJob); ok && j.group != nil {
		j.group.giveTurn(j)
		defer j.group.takeTurn(j)
	}
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// renameChildren gives the children other Refs.
func (j *FuncJob) renameChildren(from, to Ref) {
	if g := j.more.Load(); g != nil && g != childless {
		g.renameChildren(from, to)
	}
}
