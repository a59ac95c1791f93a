package job

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// Group is a job whose children do the work: functions that Go runs, at most
// Throttle of them at once, and any other jobs that Add takes in. Its state
// follows from theirs, by the rule of [ParentState]; until Close it is not
// final, as there may be more. The zero Group is ready to use.
//
// The limit is the group's own: two groups do not share it. A function that
// waits, with its own context, for a job or for its records gives its turn to
// others meanwhile, so one that waits for another of its group is no deadlock.
// Waiting with any other context keeps the turn.
type Group struct {
	Lifecycle
	Name     string
	Throttle int // functions at once; 0 means runtime.GOMAXPROCS(0), less no limit

	turn     sync.Mutex // guards what follows, and the order of the children's steps
	children Log[Job]
	counts   stateCounts
	why      error // of the first child that Failed
	running  int   // functions that have a turn
	first    *FuncJob
	last     *FuncJob // the queue of functions that have not begun
	coming   []comer  // functions that wait for their turn after having given it
	closed   bool
	stopping bool
	tap      *Tap // of a function's own children; nil for none
	nested   bool // the children of a child, who go by its Ref
}

// Go runs a function as a child of the group: see the function [Go]. It waits
// for its turn as NotStarted, first in, first out. In a group that is closed
// the job is Failed at once, and the function does not run.
func (g *Group) Go(ctx context.Context, name string, work Work) *FuncJob {
	j := newFunc(ctx, name, work)
	j.group = g
	if g.tap != nil {
		j.giveTap(g.tap)
	}
	g.turn.Lock()
	defer g.turn.Unlock()
	if g.closed {
		j.move(Failed, &Error{Job: g.title(), Kind: WrongState, Err: errClosed})
		return j
	}
	g.takeLocked(j)
	g.tellLocked(j)
	if g.freeLocked() && g.first == nil {
		g.startLocked(j)
	} else {
		g.queueLocked(j)
	}
	g.followLocked()
	return j
}

var errClosed = errors.New("the group is closed: it takes no more children")

// Add takes in a job that runs already, or is run by others. Its steps are
// followed until it is final. A nil job, or the group itself, is an [Invalid]
// error, a child that the group has already, or a group that is closed, a
// [WrongState] error.
func (g *Group) Add(j Job) error {
	if isNil(j) {
		return &Error{Op: "add", Kind: Invalid, Err: errNil}
	}
	if sameJob(j, g) {
		return &Error{Op: "add", Job: g.title(), Kind: Invalid, Err: errors.New("a group cannot be its own child")}
	}
	g.turn.Lock()
	defer g.turn.Unlock()
	if g.closed {
		return &Error{Op: "add", Job: g.title(), Kind: WrongState, Err: errClosed}
	}
	for _, have := range g.children.Now(0) {
		if sameJob(have, j) {
			return &Error{Op: "add", Job: g.title(), Kind: WrongState, Err: errors.New("the group has this child already")}
		}
	}
	g.takeLocked(j)
	go g.watch(j) // ends when the child is final; the group's Wait waits for it
	g.followLocked()
	return nil
}

// watch follows the steps of a child that somebody else moves.
func (g *Group) watch(j Job) {
	now := NotStarted
	for e, err := range j.Events(context.Background(), true) {
		if err != nil {
			break
		}
		g.moved(now, e.New)
		now = e.New.State
	}
	if !now.Final() {
		g.moved(now, StateInfo{Failed, errors.New("its events ended before it was final")})
	}
}

func (g *Group) moved(from State, to StateInfo) {
	g.turn.Lock()
	defer g.turn.Unlock()
	g.countLocked(from, to)
	g.followLocked()
}

func (g *Group) takeLocked(j Job) {
	g.counts[NotStarted]++
	g.children.Append(j)
	rename(j, Ref{}, childRef(g.ref(), g.children.Len()))
}

// childRef is the Ref of child n. The children of a child go by its Ref.
func childRef(parent Ref, n int) Ref {
	if parent.Child != 0 {
		return parent
	}
	return Ref{parent.ID, n}
}

// rename gives a job another Ref, if it goes by from, and with it its children.
func rename(j Job, from, to Ref) {
	m, ok := j.(Member)
	if !ok || !m.lifecycle().rename(from, to) {
		return
	}
	if p, ok := j.(parent); ok {
		p.renameChildren(from, to)
	}
}

// parent is a job of this package that has children.
type parent interface{ renameChildren(from, to Ref) }

func (l *Lifecycle) rename(from, to Ref) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Job != from {
		return false
	}
	l.Job = to
	return true
}

// renameChildren is told that the group, or the function whose children these
// are, goes by another Ref.
func (g *Group) renameChildren(from, to Ref) {
	g.turn.Lock()
	defer g.turn.Unlock()
	g.rename(from, to)
	g.nested = to.Child != 0
	for n, j := range g.children.Now(0) {
		rename(j, childRef(from, n+1), childRef(to, n+1))
	}
}

// tellLocked tells a tap of a child. The children of children tell nothing:
// a Ref names one level of them.
func (g *Group) tellLocked(j *FuncJob) {
	switch tap := j.out.tap; {
	case tap == nil:
	case g.nested:
		j.Keep = nil
	default:
		tap.Child(j.Job, j.title)
	}
}

func (g *Group) countLocked(from State, to StateInfo) {
	g.counts[from]--
	g.counts[to.State]++
	if to.State == Failed && g.why == nil {
		g.why = to.Reason
	}
}

// stepChild moves a function job, and then the group.
func (g *Group) stepChild(j *FuncJob, to State, reason error) error {
	g.turn.Lock()
	defer g.turn.Unlock()
	from, err := j.move(to, reason)
	if err != nil {
		return err
	}
	g.countLocked(from, StateInfo{to, reason})
	if to.Final() && j.waits == 0 {
		g.releaseLocked()
	}
	g.followLocked()
	return nil
}

func (g *Group) freeLocked() bool {
	limit := g.Throttle
	if limit == 0 {
		limit = runtime.GOMAXPROCS(0)
	}
	return limit < 0 || g.running < limit
}

func (g *Group) queueLocked(j *FuncJob) {
	if g.last == nil {
		g.first = j
	} else {
		g.last.next = j
	}
	g.last = j
}

func (g *Group) startLocked(j *FuncJob) {
	now := j.launch()
	g.countLocked(NotStarted, now)
	if now.State == Running {
		g.running++
	}
}

// releaseLocked gives a turn back: to a function that gave it away before,
// else to the first in the queue.
func (g *Group) releaseLocked() {
	g.running--
	for g.freeLocked() {
		switch {
		case len(g.coming) > 0:
			c := g.coming[0]
			g.coming = g.coming[1:]
			g.comeLocked(c.job)
			close(c.turn)
		case g.first != nil:
			g.startLocked(g.popLocked())
		default:
			return
		}
	}
}

func (g *Group) popLocked() *FuncJob {
	j := g.first
	if g.first = j.next; g.first == nil {
		g.last = nil
	}
	j.next = nil
	return j
}

// comer is a goroutine of a function that waits for its turn.
type comer struct {
	job  *FuncJob
	turn chan struct{}
}

// giveTurn lets another function run while one of j's goroutines waits. One
// that the function left behind has no turn to give.
func (g *Group) giveTurn(j *FuncJob) {
	g.turn.Lock()
	defer g.turn.Unlock()
	if j.waits++; j.waits == 1 && !j.State().State.Final() {
		g.releaseLocked()
		g.followLocked()
	}
}

// takeTurn returns when j has a turn again.
func (g *Group) takeTurn(j *FuncJob) {
	g.turn.Lock()
	if j.waits > 1 || g.freeLocked() || j.State().State.Final() {
		g.comeLocked(j)
		g.turn.Unlock()
		return
	}
	mine := comer{j, make(chan struct{})}
	g.coming = append(g.coming, mine)
	g.turn.Unlock()
	<-mine.turn
}

// comeLocked lets a goroutine of j go on. The last that comes takes the turn,
// unless the function has returned meanwhile.
func (g *Group) comeLocked(j *FuncJob) {
	if j.waits--; j.waits == 0 && !j.State().State.Final() {
		g.running++
	}
}

// drop makes a function that has not begun Stopped, and reports whether it
// was one.
func (g *Group) drop(j *FuncJob) bool {
	g.turn.Lock()
	defer g.turn.Unlock()
	if j.State().State != NotStarted {
		return false
	}
	g.unlinkLocked(j)
	if _, err := j.move(Stopped, nil); err != nil {
		return false
	}
	j.work = nil
	g.countLocked(NotStarted, StateInfo{State: Stopped})
	g.followLocked()
	return true
}

func (g *Group) unlinkLocked(j *FuncJob) {
	var before *FuncJob
	for at := g.first; at != nil; before, at = at, at.next {
		if at != j {
			continue
		}
		if before == nil {
			g.popLocked()
		} else {
			before.next, j.next = j.next, nil
		}
		if g.last == j {
			g.last = before
		}
		return
	}
}

// followLocked moves the group to where its children are.
func (g *Group) followLocked() {
	to := g.counts.state(g.children.Len(), g.stopping)
	if to.Final() || to == NotStarted && g.closed {
		to = g.endLocked()
	}
	now := g.Lifecycle.State().State
	if to == now || now.Final() {
		return
	}
	if !now.Allows(to) && now.Allows(Running) {
		g.move(Running, nil)
	}
	var reason error
	if to == Failed {
		reason = g.reasonLocked()
	}
	g.move(to, reason)
}

// endLocked is the state when no child is left to wait for.
func (g *Group) endLocked() State {
	switch open := g.children.Len() - g.counts.final(); {
	case open > 0:
		return NotStarted
	case !g.closed && g.children.Len() == 0:
		return NotStarted
	case !g.closed:
		return Running
	case g.children.Len() == 0 && g.stopping:
		return Stopped
	}
	return finalState(g.counts[Failed], g.counts[Stopped])
}

func (g *Group) reasonLocked() error {
	if g.why == nil {
		g.why = errors.New("a child Failed, and did not say why")
	}
	if n := g.counts[Failed]; n > 1 {
		return fmt.Errorf("%d of %d children Failed, the first: %w", n, g.children.Len(), g.why)
	}
	return g.why
}

// Close says that no more children come. The group is final once all that it
// has are; without any it is Completed. Closing twice does nothing.
func (g *Group) Close() {
	g.turn.Lock()
	defer g.turn.Unlock()
	g.closed = true
	g.children.Close()
	g.followLocked()
}

// Stop closes the group, stops all children, and waits until they and the group
// are final.
func (g *Group) Stop(ctx context.Context, o StopOptions) error {
	if o.Child != 0 {
		return stopChild(ctx, g, o)
	}
	g.turn.Lock()
	g.closed, g.stopping = true, true
	g.children.Close()
	g.dropQueueLocked()
	g.followLocked()
	g.turn.Unlock()
	if err := stopAll(ctx, g.all(), o); err != nil {
		return err
	}
	return g.Wait(ctx) // the last child's step is its own before it is ours
}

// dropQueueLocked makes all functions that have not begun Stopped.
func (g *Group) dropQueueLocked() {
	for g.first != nil {
		j := g.popLocked()
		if _, err := j.move(Stopped, nil); err == nil {
			j.work = nil
			g.countLocked(NotStarted, StateInfo{State: Stopped})
		}
	}
}

// stopAll stops jobs side by side.
func stopAll(ctx context.Context, jobs []Job, o StopOptions) error {
	errs := make([]error, len(jobs))
	var stops sync.WaitGroup
	for i, j := range jobs {
		if f, ok := j.(*FuncJob); ok && f.State().State.Final() {
			continue // it needs no goroutine, and there may be a million
		}
		stops.Go(func() { errs[i] = j.Stop(ctx, o) })
	}
	stops.Wait()
	return errors.Join(errs...)
}

// stopChild stops one child of a job.
func stopChild(ctx context.Context, j Job, o StopOptions) error {
	children := j.Children()
	if o.Child < 0 || o.Child > len(children) {
		return noChild(o.Child, len(children))
	}
	child := children[o.Child-1]
	o.Child = 0
	return child.Stop(ctx, o)
}

// Children are all that were added, in order.
func (g *Group) Children() []Job { return g.all() }

func (g *Group) all() []Job {
	if g == nil {
		return nil
	}
	var all []Job
	for _, j := range g.children.Now(0) {
		all = append(all, j)
	}
	return all
}

// Info is what the group says about itself.
func (g *Group) Info() (Info, error) { return g.InfoFor("") }

// InfoFor is Info with the marks of a named reader in its children.
func (g *Group) InfoFor(reader string) (Info, error) {
	i := g.infoFor(reader)
	i.Type, i.Location = "GroupJob", here
	i.Name = g.title()
	if i.Command == "" {
		i.Command = i.Name
	}
	g.count(&i, reader)
	return i, nil
}

// infoFor asks a job for its Info with the mark of a named reader, if it has
// marks of readers.
func infoFor(j Job, reader string) (Info, error) {
	if marked, ok := j.(interface{ InfoFor(string) (Info, error) }); ok && reader != "" {
		return marked.InfoFor(reader)
	}
	return j.Info()
}

func (g *Group) title() string {
	if g.Name != "" {
		return g.Name
	}
	return defaultName(g.ref().ID)
}

// count adds to an Info what the children say.
func (g *Group) count(i *Info, reader string) {
	if g == nil {
		return
	}
	if i.Child == 0 {
		g.tally(i)
	}
	for _, j := range g.children.Now(0) {
		if saysNothing(j) {
			continue
		}
		if c, err := infoFor(j, reader); err == nil {
			i.Unread += c.Unread
			i.OutputBytes += c.OutputBytes
			i.ErrorBytes += c.ErrorBytes
		}
	}
}

// saysNothing reports whether a child has put out nothing. There may be a
// million of these, and asking for their Info would make an account for each.
func saysNothing(j Job) bool {
	f, ok := j.(*FuncJob)
	if !ok || f.account.Load() != nil {
		return false
	}
	more := f.more.Load()
	return more == nil || more == childless
}

func (g *Group) tally(i *Info) {
	g.turn.Lock()
	defer g.turn.Unlock()
	i.Children, i.ChildrenByState = g.children.Len(), map[State]int{}
	for s, n := range g.counts {
		if n > 0 {
			i.ChildrenByState[State(s)] = n
		}
	}
}
