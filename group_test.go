package job_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// hand is a job whose steps a test takes by hand, and that embeds nothing.
type hand struct {
	life job.Lifecycle
	deaf bool // a stop waits until the test takes the last step
}

func (h *hand) Info() (job.Info, error)        { return h.life.Info() }
func (h *hand) Children() []job.Job            { return nil }
func (h *hand) Wait(ctx context.Context) error { return h.life.Wait(ctx) }
func (h *hand) to(s job.State)                 { _ = h.life.Move(s, nil) }
func (h *hand) Events(ctx context.Context, follow bool) iter.Seq2[job.StateEvent, error] {
	return h.life.Events(ctx, follow)
}
func (h *hand) Records(ctx context.Context, o job.RecordOptions) iter.Seq2[job.Record, error] {
	return h.life.Records(ctx, o)
}

func (h *hand) Stop(ctx context.Context, _ job.StopOptions) error {
	if !h.deaf {
		h.to(job.Stopped)
	}
	return h.Wait(ctx)
}

// value is a job that cannot be compared with ==.
type value struct {
	*hand
	_ []int
}

// Stop returns when the group is final, not only its children.
func TestStopWaitsForTheGroup(t *testing.T) {
	for range 1000 {
		g := &job.Group{}
		let := make(chan bool)
		g.Go(background, "", func(context.Context, *job.Writer) error { <-let; return nil })
		go close(let)
		must(t, g.Stop(background, job.StopOptions{}))
		if got := g.State(); !got.State.Final() {
			t.Fatalf("when Stop of a group had returned: got %v, want it final", got)
		}
	}
}

func TestStopReachesWhatWasAdded(t *testing.T) {
	g, other := &job.Group{}, &job.Group{Throttle: 1}
	waits := func(ctx context.Context, _ *job.Writer) error { <-ctx.Done(); return ctx.Err() }
	own := []job.Job{job.Go(background, "", waits), &hand{}, value{hand: &hand{}}, other.Go(background, "", waits), other.Go(background, "", waits)}
	for _, j := range own {
		must(t, g.Add(j))
	}
	must(t, g.Stop(background, job.StopOptions{}))
	for i, j := range own {
		if info, _ := j.Info(); info.State != job.Stopped {
			t.Errorf("child %d of a group that was stopped: got %v", i+1, info.State)
		}
	}
	if g.State().State != job.Stopped {
		t.Errorf("the group: got %v", g.State())
	}
	other.Close()
	must(t, other.Wait(background))
}

// A stop costs each queued function once, not once for each before it.
func TestStopOfALongQueue(t *testing.T) {
	g := &job.Group{Throttle: 1}
	g.Go(background, "", func(ctx context.Context, _ *job.Writer) error { <-ctx.Done(); return nil })
	for range 100_000 {
		g.Go(background, "", func(context.Context, *job.Writer) error { return errors.New("ran") })
	}
	must(t, g.Stop(background, job.StopOptions{}))
	if info, _ := g.Info(); g.State().State != job.Stopped || info.ChildrenByState[job.Stopped] != 100_001 {
		t.Errorf("a group with a long queue, stopped: got %v, %v", g.State(), info.ChildrenByState)
	}
}

func TestAddRefuses(t *testing.T) {
	g := &job.Group{Name: "g"}
	one, uncomparable := &hand{}, value{hand: &hand{}}
	must(t, g.Add(one))
	must(t, g.Add(uncomparable))
	var none *hand
	for _, c := range []struct {
		what string
		j    job.Job
		want job.Kind
	}{
		{"nil", nil, job.Invalid}, {"a nil pointer", none, job.Invalid}, {"the same again", one, job.WrongState},
		{"the group itself", g, job.Invalid},
	} {
		var e *job.Error
		if err := g.Add(c.j); !errors.As(err, &e) || e.Kind != c.want || e.Op != "add" {
			t.Errorf("Add of %s: got %v, want kind %v", c.what, err, c.want)
		}
	}
	if len(g.Children()) != 2 {
		t.Errorf("children after that: got %d, want 2", len(g.Children()))
	}
	must(t, g.Stop(background, job.StopOptions{}))
	var e *job.Error
	if err := g.Add(&hand{}); !errors.As(err, &e) || e.Kind != job.WrongState {
		t.Errorf("Add to a closed group: got %v, want WrongState", err)
	}
}

// What a group takes in goes by the group's id, and so do the children of
// children, whenever the group gets its own.
func TestRefsOfAFamily(t *testing.T) {
	var m job.Memory
	let := make(chan bool)
	deep := func(ctx context.Context, out *job.Writer) error {
		out.Go(ctx, "deep", func(_ context.Context, out *job.Writer) error { <-let; out.Output("deep"); return nil })
		return nil
	}
	g, sub := &job.Group{Name: "g"}, &job.Group{Name: "sub"}
	before := g.Go(background, "before", deep)
	sub.Go(background, "in sub", func(_ context.Context, out *job.Writer) error { out.Output("sub"); return nil })
	own := job.On(background, "own", job.Chan(make(chan int)), func(context.Context, *job.Writer, int) error { return nil }, job.EventOptions{})
	must(t, g.Add(own))
	must(t, g.Add(sub))
	for len(before.Children()) == 0 {
		for range before.Events(background, false) {
		}
	}
	must(t, m.Add(g))
	g.Go(background, "after", deep)
	g.Close()
	close(let)
	sub.Close()
	must(t, own.Stop(background, job.StopOptions{}))
	must(t, g.Wait(background))
	for i, want := range []string{"1.1", "1.2", "1.3", "1.4"} {
		if info, _ := g.Children()[i].Info(); info.Ref.String() != want {
			t.Errorf("child %d, %s: got the id %v, want %s", i+1, info.Name, info.Ref, want)
		}
	}
	var refs []string
	for r, err := range g.Records(background, job.RecordOptions{}) {
		must(t, err)
		refs = append(refs, r.Job.String()+":"+string(r.Text))
	}
	if got := strings.Join(refs, " "); got != "1.1:deep 1.3:sub 1.4:deep" {
		t.Errorf("whose records: got %s", got)
	}
}

// A job that is in a repository keeps its id there.
func TestAddKeepsAnId(t *testing.T) {
	var m job.Memory
	one, two := job.Go(background, "one", func(context.Context, *job.Writer) error { return nil }), &job.Group{}
	must(t, m.Add(one))
	must(t, two.Add(one))
	must(t, m.Add(two))
	if info, _ := one.Info(); info.Ref != (job.Ref{ID: 1}) {
		t.Errorf("the id of job 1, added to a group: got %v", info.Ref)
	}
	two.Close()
	must(t, two.Wait(background))
}

func TestGroupFailsForAReason(t *testing.T) {
	g := &job.Group{}
	for range 2 {
		h := &hand{}
		h.to(job.Failed)
		must(t, g.Add(h))
	}
	g.Close()
	must(t, g.Wait(background))
	if got := g.State(); got.Reason == nil || strings.Contains(got.Reason.Error(), "%!") || !strings.Contains(got.Reason.Error(), "2 of 2 children Failed") {
		t.Errorf("a group whose children Failed without a reason: got %v", got)
	}
}

// A goroutine that a function left behind, and that waits with its context,
// takes no turn from others when it goes on.
func TestTurnOfAFunctionThatHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &job.Group{Throttle: 1}
		other := &hand{}
		for range 3 {
			first := g.Go(background, "", func(ctx context.Context, _ *job.Writer) error {
				go func() { _ = other.Wait(ctx) }()
				<-time.After(time.Second)
				return nil
			})
			must(t, first.Wait(background))
		}
		other.to(job.Stopped)
		synctest.Wait()
		must(t, g.Go(background, "", func(context.Context, *job.Writer) error { return nil }).Wait(background))
		g.Close()
	})
}

// Never more functions at once than the throttle says, however they wait for
// each other meanwhile.
func TestThrottleHoldsWhileFunctionsWait(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 3).Draw(t, "throttle")
		plan := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 12).Draw(t, "waits")
		g := &job.Group{Throttle: limit}
		atWork := make(chan bool, limit) // a place for each that works
		done := make([]*job.FuncJob, len(plan))
		began := make(chan bool)
		for i, back := range plan {
			done[i] = g.Go(background, "", func(ctx context.Context, _ *job.Writer) error {
				<-began
				work := func() error {
					select {
					case atWork <- true:
						<-atWork
						return nil
					default:
						return fmt.Errorf("more than %d at once", limit)
					}
				}
				if err := work(); err != nil || i < back || back == 0 {
					return err
				}
				if err := done[i-back].Wait(ctx); err != nil {
					return err
				}
				return work()
			})
		}
		close(began)
		g.Close()
		if err := g.Wait(background); err != nil || g.State().State != job.Completed {
			t.Fatalf("throttle %d, plan %v: got %v, %v", limit, plan, err, g.State())
		}
	})
}

// Conformance 65.
func TestBlockedAndDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, one, two := &job.Group{}, &hand{}, &hand{}
		must(t, g.Add(one))
		must(t, g.Add(two))
		for _, c := range []struct {
			child *hand
			to    job.State
			want  job.State
		}{
			{one, job.Running, job.Running}, {one, job.Blocked, job.Blocked}, {two, job.Running, job.Blocked}, {one, job.Running, job.Running},
			{one, job.Disconnected, job.Running}, {two, job.Disconnected, job.Disconnected}, {two, job.Completed, job.Disconnected},
			{one, job.Suspended, job.Suspended}, {one, job.Running, job.Running}, {one, job.AtBreakpoint, job.AtBreakpoint},
		} {
			c.child.to(c.to)
			synctest.Wait()
			if got := g.State().State; got != c.want {
				t.Errorf("a group when a child became %v: got %v, want %v", c.to, got, c.want)
			}
		}
		must(t, g.Stop(background, job.StopOptions{}))
		if got := steps(g); !strings.HasPrefix(got, "Running Blocked Running Disconnected Suspended Running AtBreakpoint Stop") {
			t.Errorf("the steps of the group: got %s", got)
		}
	})
}

// Conformance 64, 65: a group's state is that of its children by ParentState,
// through all states; it is final only when no more can come.
func TestGroupFollowsItsChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(t *rapid.T) {
			f := &followed{}
			t.Repeat(map[string]func(*rapid.T){
				"add":   f.add,
				"step":  f.step,
				"close": f.close,
				"stop":  f.stop,
				"":      f.check,
			})
			f.end()
		})
	})
}

// followed is a group whose children take any steps.
type followed struct {
	group    job.Group
	children []*hand
	closed   bool
	stopping bool
	was      job.State
}

func (f *followed) add(t *rapid.T) {
	h := &hand{deaf: true}
	for range rapid.IntRange(0, 3).Draw(t, "steps before") {
		f.move(t, h)
	}
	if err := f.group.Add(h); (err != nil) != f.closed {
		t.Fatalf("Add, closed %v: got %v", f.closed, err)
	} else if err == nil {
		f.children = append(f.children, h)
	} else {
		h.to(job.Stopped)
	}
}

func (f *followed) step(t *rapid.T) {
	if len(f.children) > 0 {
		f.move(t, rapid.SampledFrom(f.children).Draw(t, "child"))
	}
}

func (f *followed) move(t *rapid.T, h *hand) {
	now := h.life.State().State
	allowed := slices.DeleteFunc(job.States(), func(to job.State) bool { return !now.Allows(to) })
	if len(allowed) > 0 {
		h.to(rapid.SampledFrom(allowed).Draw(t, "to"))
	}
}

func (f *followed) close(*rapid.T) {
	f.group.Close()
	f.closed = true
}

func (f *followed) stop(*rapid.T) {
	go func() { _ = f.group.Stop(background, job.StopOptions{}) }() // ends with the children
	f.closed, f.stopping = true, true
}

func (f *followed) check(t *rapid.T) {
	synctest.Wait()
	var states []job.State
	final := true
	for _, h := range f.children {
		states = append(states, h.life.State().State)
		final = final && h.life.State().State.Final()
	}
	want := job.ParentState(states, f.stopping)
	switch {
	case len(states) == 0 && f.stopping:
		want = job.Stopped
	case len(states) == 0 && f.closed:
		want = job.Completed
	case f.was == job.Stopping && !want.Final():
		want = f.was // the table lets nothing else follow
	case len(states) > 0 && final && !f.closed:
		want = job.Running // more may come
	}
	if f.was.Final() {
		want = f.was
	}
	if got := f.group.State().State; got != want {
		t.Fatalf("a group (closed %v, before %v) with children %v: got %v, want %v", f.closed, f.was, states, got, want)
	}
	f.was = want
}

func (f *followed) end() {
	for _, h := range f.children {
		h.to(job.Stopped)
	}
	f.group.Close()
	synctest.Wait()
}
