package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backjob/job"
)

var background = context.Background()

func textsOf(t *testing.T, j job.Job, o job.RecordOptions) string {
	t.Helper()
	var texts []string
	for r, err := range j.Records(background, o) {
		must(t, err)
		texts = append(texts, r.Stream.String()+":"+string(r.Text))
	}
	return strings.Join(texts, " ")
}

// Conformance 77.
func TestFunctionEnds(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name   string
		work   job.Work
		state  job.State
		reason string
	}{
		{"nil", func(context.Context, *job.Writer) error { return nil }, job.Completed, ""},
		{"error", func(context.Context, *job.Writer) error { return broken }, job.Failed, "broken"},
		{"panic", func(context.Context, *job.Writer) error { panic("at the disco") }, job.Failed, "panic: at the disco"},
		{"panic with an error", func(context.Context, *job.Writer) error { panic(broken) }, job.Failed, "panic: broken"},
	} {
		j := job.Go(background, c.name, c.work)
		must(t, j.Wait(background))
		got := j.State()
		if got.State != c.state || (got.Reason == nil) != (c.reason == "") || got.Reason != nil && !strings.HasPrefix(got.Reason.Error(), c.reason) {
			t.Errorf("a function that ends with %s: got %v, want %v: %s", c.name, got, c.state, c.reason)
		}
	}
}

func TestPanicHasItsStack(t *testing.T) {
	j := job.Go(background, "", func(context.Context, *job.Writer) error { return explode() })
	must(t, j.Wait(background))
	var p *job.Panic
	if !errors.As(j.State().Reason, &p) || !strings.Contains(string(p.Stack), "explode") {
		t.Errorf("the reason of a function that panicked: got %v, want a Panic with the stack of explode", j.State().Reason)
	}
}

func explode() error { panic("boom") }

func TestStopCancelsTheFunction(t *testing.T) {
	j := job.Go(background, "", func(ctx context.Context, out *job.Writer) error {
		<-ctx.Done()
		out.Output("last words")
		return ctx.Err()
	})
	must(t, j.Stop(background, job.StopOptions{}))
	if got := j.State(); got.State != job.Stopped || got.Reason != nil {
		t.Errorf("a function that was stopped: got %v, want Stopped without a reason", got)
	}
	if got := textsOf(t, j, job.RecordOptions{}); got != "output:last words" {
		t.Errorf("what it wrote after the stop: got %q", got)
	}
	must(t, j.Stop(background, job.StopOptions{})) // a final job is left as it is
}

func TestFunctionThatDoesNotListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan bool)
		j := job.Go(background, "deaf", func(context.Context, *job.Writer) error { <-let; return nil })
		err := j.Stop(background, job.StopOptions{Grace: time.Minute})
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != job.TimedOut || e.Hint == "" || j.State().State != job.Stopping {
			t.Errorf("Stop of a function that does not listen: got %v, state %v, want TimedOut with a hint, and Stopping", err, j.State())
		}
		close(let)
		must(t, j.Wait(background))
		if j.State().State != job.Stopped {
			t.Errorf("when it returned at last: got %v, want Stopped", j.State())
		}
	})
}

func TestTheContextGivenToGo(t *testing.T) {
	ctx, cancel := context.WithCancelCause(background)
	why := errors.New("the server shuts down")
	j := job.Go(ctx, "", func(ctx context.Context, _ *job.Writer) error { <-ctx.Done(); return ctx.Err() })
	cancel(why)
	must(t, j.Wait(background))
	if got := j.State(); got.State != job.Stopped || got.Reason != why {
		t.Errorf("a function whose context was cancelled: got %v, want Stopped: %v", got, why)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		j := job.Go(ctx, "", func(ctx context.Context, _ *job.Writer) error { <-ctx.Done(); return ctx.Err() })
		must(t, j.Wait(background))
		if got := j.State(); got.State != job.Failed || !errors.Is(got.Reason, context.DeadlineExceeded) {
			t.Errorf("a function whose time ran out: got %v, want Failed: deadline exceeded", got)
		}
	})
}

// Conformance 79.
func TestStreamsKeepTheOrderOfWriting(t *testing.T) {
	type point struct{ x, y int }
	here := &point{1, 2}
	j := job.Go(background, "", func(ctx context.Context, out *job.Writer) error {
		out.Output("one")
		out.Warning("two")
		out.Output(here)
		out.Error(errors.New("three"))
		out.Verbose(4)
		out.Debug("five")
		out.Information("six")
		out.Progress(job.Step{Activity: "counting", Percent: 70})
		fmt.Fprint(out.Lines(job.Output), "eight\nnine")
		return nil
	})
	must(t, j.Wait(background))
	want := "output:one warning:two output:&{1 2} error:three verbose:4 debug:five information:six progress:counting 70% output:eight output:nine"
	if got := textsOf(t, j, job.RecordOptions{}); got != want {
		t.Errorf("all streams together: got\n%s\nwant\n%s", got, want)
	}
	if got := textsOf(t, j, job.RecordOptions{Streams: []job.Stream{job.Warning, job.Debug}}); got != "warning:two debug:five" {
		t.Errorf("two streams: got %s", got)
	}
	var points []*point
	for p, err := range job.Values[*point](j.Records(background, job.RecordOptions{})) {
		must(t, err)
		points = append(points, p)
	}
	if len(points) != 1 || points[0] != here {
		t.Errorf("values of a type: got %v, want the very one that was written", points)
	}
}

func TestEachReaderHasItsPlace(t *testing.T) {
	step := make(chan bool)
	j := job.Go(background, "", func(ctx context.Context, out *job.Writer) error {
		out.Output("a")
		<-step
		out.Output("b")
		return nil
	})
	for r, err := range j.Records(background, job.RecordOptions{Reader: "default", Follow: true}) {
		must(t, err)
		if string(r.Text) == "a" {
			break
		}
	}
	close(step)
	must(t, j.Wait(background))
	if info, _ := j.Info(); info.Unread != 1 || !info.HasMoreData() {
		t.Errorf("unread after the first of two: got %d", info.Unread)
	}
	if got := textsOf(t, j, job.RecordOptions{Reader: "default"}); got != "output:b" {
		t.Errorf("the same reader goes on: got %q, want b", got)
	}
	if got := textsOf(t, j, job.RecordOptions{Reader: "default"}); got != "" {
		t.Errorf("and again: got %q, want nothing", got)
	}
	if got := textsOf(t, j, job.RecordOptions{Reader: "other", Follow: true}); got != "output:a output:b" {
		t.Errorf("another reader: got %q, want all", got)
	}
	if info, _ := j.Info(); info.HasMoreData() {
		t.Errorf("has more data after all was received: got %d unread", info.Unread)
	}
}

// Conformance 78.
func TestThrottleBelongsToTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan bool)
		work := func(context.Context, *job.Writer) error { <-let; return nil }
		g := &job.Group{Name: "two at once", Throttle: 2}
		var jobs []*job.FuncJob
		for range 4 {
			jobs = append(jobs, g.Go(background, "", work))
		}
		other := &job.Group{Throttle: 1}
		alone := other.Go(background, "", work)
		synctest.Wait()
		var states []job.State
		for _, j := range append(jobs, alone) {
			states = append(states, j.State().State)
		}
		if fmt.Sprint(states) != "[Running Running NotStarted NotStarted Running]" {
			t.Errorf("throttle 2, four jobs, and one of another group: got %v", states)
		}
		let <- true
		synctest.Wait()
		begun := jobs[2].State().State == job.Running || alone.State().State == job.Completed
		if !begun || jobs[3].State().State != job.NotStarted {
			t.Errorf("after one ended: got %v and %v, want the third begun, not the fourth", jobs[2].State(), jobs[3].State())
		}
		close(let)
		g.Close()
		must(t, g.Wait(background))
		if g.State().State != job.Completed {
			t.Errorf("the group: got %v", g.State())
		}
		must(t, alone.Wait(background))
		other.Close()
	})
}

// A function that waits for others of its own group is no deadlock.
func TestWaitingInsideTheGroup(t *testing.T) {
	g := &job.Group{Throttle: 1}
	var most, now atomic.Int32
	outer := g.Go(background, "outer", func(ctx context.Context, out *job.Writer) error {
		inner := g.Go(ctx, "inner", func(ctx context.Context, out *job.Writer) error {
			deep := g.Go(ctx, "deep", func(ctx context.Context, out *job.Writer) error {
				most.Store(max(most.Load(), now.Add(1)))
				now.Add(-1)
				out.Output("deep")
				return nil
			})
			for r, err := range deep.Records(ctx, job.RecordOptions{Follow: true}) {
				if err != nil {
					return err
				}
				out.Output(string(r.Text) + "er")
			}
			return deep.Wait(ctx)
		})
		return inner.Wait(ctx)
	})
	must(t, outer.Wait(background))
	g.Close()
	must(t, g.Wait(background))
	if g.State().State != job.Completed || most.Load() != 1 {
		t.Errorf("a chain of three in a group of one: got %v, %d at once", g.State(), most.Load())
	}
	if got := textsOf(t, g, job.RecordOptions{}); got != "output:deeper output:deep" {
		t.Errorf("its records, child after child: got %q", got)
	}
}

func TestStopOfAGroup(t *testing.T) {
	g := &job.Group{Throttle: 1}
	ran := false
	first := g.Go(background, "", func(ctx context.Context, _ *job.Writer) error { <-ctx.Done(); return ctx.Err() })
	queued := g.Go(background, "", func(context.Context, *job.Writer) error { ran = true; return nil })
	must(t, g.Stop(background, job.StopOptions{}))
	if g.State().State != job.Stopped || first.State().State != job.Stopped || queued.State().State != job.Stopped || ran {
		t.Errorf("after Stop: got %v, children %v %v, the queued one ran: %v", g.State(), first.State(), queued.State(), ran)
	}
	late := g.Go(background, "", func(context.Context, *job.Writer) error { ran = true; return nil })
	if late.State().State != job.Failed || ran {
		t.Errorf("a child of a closed group: got %v, ran %v, want Failed", late.State(), ran)
	}
}

// Conformance 64.
func TestGroupFailsWhenAllAreFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan bool)
		g := &job.Group{}
		g.Go(background, "bad", func(context.Context, *job.Writer) error { return errors.New("no such file") })
		g.Go(background, "good", func(context.Context, *job.Writer) error { <-let; return nil })
		g.Close()
		synctest.Wait()
		if g.State().State != job.Running {
			t.Errorf("one Failed, one Running: got %v, want Running", g.State())
		}
		close(let)
		must(t, g.Wait(background))
		if got := g.State(); got.State != job.Failed || got.Reason.Error() != "no such file" {
			t.Errorf("one Failed, one Completed: got %v", got)
		}
		info, err := g.Info()
		must(t, err)
		if info.Children != 2 || info.ChildrenByState[job.Failed] != 1 || info.ChildrenByState[job.Completed] != 1 {
			t.Errorf("children: got %d, %v", info.Children, info.ChildrenByState)
		}
	})
}

func TestFunctionWithChildren(t *testing.T) {
	j := job.Go(background, "parent", func(ctx context.Context, out *job.Writer) error {
		out.Go(ctx, "a", func(ctx context.Context, out *job.Writer) error { out.Output("from a"); return nil })
		out.Go(ctx, "b", func(ctx context.Context, out *job.Writer) error { return errors.New("b broke") })
		out.Output("from the parent")
		return nil
	})
	var repo job.Memory
	must(t, repo.Add(j))
	followed := textsOf(t, j, job.RecordOptions{Follow: true, Reader: "r"})
	must(t, j.Wait(background))
	if got := j.State(); got.State != job.Failed || !strings.Contains(got.Reason.Error(), "b broke") {
		t.Errorf("a function whose child Failed: got %v", got)
	}
	if got := textsOf(t, j, job.RecordOptions{}); got != "output:from the parent output:from a" {
		t.Errorf("records: got %q", got)
	}
	if !strings.Contains(followed, "from a") || !strings.Contains(followed, "from the parent") {
		t.Errorf("followed: got %q", followed)
	}
	children := j.Children()
	info, err := children[1].Info()
	must(t, err)
	if len(children) != 2 || info.Ref != (job.Ref{ID: 1, Child: 2}) || info.Name != "b" {
		t.Errorf("children: got %d, the second %+v", len(children), info.Ref)
	}
	if got := textsOf(t, j, job.RecordOptions{NoRecurse: true}); got != "output:from the parent" {
		t.Errorf("without the children: got %q", got)
	}
}

func TestEventJob(t *testing.T) {
	c := make(chan int)
	j := job.On(background, "numbers", job.Chan(c), func(ctx context.Context, out *job.Writer, n int) error {
		out.Output(n * n)
		return nil
	}, job.EventOptions{Max: 3})
	if j.State().State != job.NotStarted {
		t.Errorf("before the first event: got %v", j.State())
	}
	c <- 1
	for r := range j.Records(background, job.RecordOptions{Follow: true}) {
		if string(r.Text) == "1" {
			break
		}
	}
	if j.State().State != job.Running {
		t.Errorf("after the first event: got %v", j.State())
	}
	c <- 2
	c <- 3
	must(t, j.Wait(background))
	if got := textsOf(t, j, job.RecordOptions{}); j.State().State != job.Completed || got != "output:1 output:4 output:9" {
		t.Errorf("after three: got %v, %q", j.State(), got)
	}
}

// Conformance 81.
func TestEventJobFailsAndIsUnregistered(t *testing.T) {
	c := make(chan int, 10)
	broken := errors.New("broken")
	j := job.On(background, "", job.Chan(c), func(ctx context.Context, out *job.Writer, n int) error {
		out.Output(n)
		return broken
	}, job.EventOptions{})
	c <- 1
	c <- 2
	must(t, j.Wait(background))
	if got := j.State(); got.State != job.Failed || got.Reason != broken {
		t.Errorf("an action that fails: got %v", got)
	}
	if got := textsOf(t, j, job.RecordOptions{}); got != "output:1" {
		t.Errorf("later events: got %q, want them ignored", got)
	}
	k := job.On(background, "", job.Chan(make(chan int)), func(context.Context, *job.Writer, int) error { return nil }, job.EventOptions{})
	must(t, k.Stop(background, job.StopOptions{}))
	if k.State().State != job.Stopped {
		t.Errorf("unregistered: got %v", k.State())
	}
}

func TestEventJobThatIsSlow(t *testing.T) {
	for _, c := range []struct {
		overlap job.Overlap
		want    string
	}{
		{job.Queue, "0 1 2 3 4"}, {job.Skip, "0"}, {job.Parallel, "0 1 2 3 4"}, {job.Replace, "4"},
	} {
		synctest.Test(t, func(t *testing.T) {
			events := make(chan int)
			j := job.On(background, "", job.Chan(events), func(ctx context.Context, out *job.Writer, n int) error {
				select {
				case <-time.After(time.Minute):
				case <-ctx.Done():
					return ctx.Err()
				}
				out.Output(n)
				return nil
			}, job.EventOptions{Overlap: c.overlap})
			for n := range 5 {
				events <- n
				<-time.After(time.Second)
			}
			close(events)
			must(t, j.Wait(background))
			var got []string
			for r := range j.Records(background, job.RecordOptions{Streams: []job.Stream{job.Output}}) {
				got = append(got, string(r.Text))
			}
			if strings.Join(got, " ") != c.want || j.State().State != job.Completed {
				t.Errorf("Overlap %v: got %v, %v, want %s", c.overlap, got, j.State(), c.want)
			}
		})
	}
}

// Conformance 67.
func TestHandlerThatPanics(t *testing.T) {
	let := make(chan bool)
	j := job.Go(background, "", func(context.Context, *job.Writer) error { <-let; return nil })
	bad := job.OnState(j, func(job.StateEvent) { panic("handler") })
	var states []job.State
	good := job.OnState(j, func(e job.StateEvent) { states = append(states, e.New.State) })
	close(let)
	must(t, j.Wait(background))
	var p *job.Panic
	if err := bad(); !errors.As(err, &p) {
		t.Errorf("stop of a handler that panicked: got %v, want the Panic", err)
	}
	if err := good(); err != nil || fmt.Sprint(states) != "[Running Completed]" {
		t.Errorf("the other handler: got %v, %v, want Running and Completed", states, err)
	}
}
