package job_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backjob/job"
)

// A slow action: nearly a minute for each event, and it listens.
func minute(ctx context.Context, out *job.Writer, n int) error {
	select {
	case <-time.After(time.Minute - time.Second/2): // between two events
		out.Output(n)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// eachSecond yields 1, 2, 3 … n, one a second.
func eachSecond(n int) job.Subscription[int] {
	return func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
					return
				}
				if !yield(i+1, nil) {
					return
				}
			}
		}
	}
}

// Conformance 81: a maximum count, with each way of dealing with what comes
// meanwhile, and with a bound on what waits.
func TestEventJobMaxAndOverlap(t *testing.T) {
	for _, c := range []struct {
		o    job.EventOptions
		want string
		in   time.Duration // from the first event on
	}{
		{job.EventOptions{Max: 3}, "1 2 3", 3 * time.Minute},
		{job.EventOptions{Max: 3, Overlap: job.Parallel}, "1 2 3", time.Minute + 2*time.Second},
		{job.EventOptions{Max: 2, Overlap: job.Skip}, "1 61", 2 * time.Minute},
		{job.EventOptions{Max: 2, Overlap: job.Replace}, "2", time.Minute + time.Second},
		{job.EventOptions{Max: 4, Pending: 2}, "1 2 3 61", 4 * time.Minute},
		{job.EventOptions{Max: 3, Pending: 2, Overlap: job.Parallel}, "1 2 61", 2 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now().Add(time.Second)
			j := job.On(background, "", eachSecond(1000), minute, c.o)
			must(t, j.Wait(background))
			var got []string
			for r := range j.Records(background, job.RecordOptions{Streams: []job.Stream{job.Output}}) {
				got = append(got, string(r.Text))
			}
			if text := strings.Join(got, " "); text != c.want || j.State().State != job.Completed {
				t.Errorf("%+v: got %q, %v, want %q", c.o, text, j.State(), c.want)
			}
			if took := time.Since(begun); took.Round(10*time.Second) != c.in.Round(10*time.Second) {
				t.Errorf("%+v: got %v, want about %v", c.o, took, c.in)
			}
		})
	}
}

// What is passed over is said once until there is room again.
func TestEventJobSaysWhatItPassesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := job.On(background, "", eachSecond(130), minute, job.EventOptions{Overlap: job.Skip})
		must(t, j.Wait(background))
		var streams []string
		for r := range j.Records(background, job.RecordOptions{}) {
			streams = append(streams, r.Stream.String())
		}
		if got := strings.Join(streams, " "); got != "warning output warning output warning output" {
			t.Errorf("130 events, a minute for each that is taken: got %s", got)
		}
	})
}

func TestEventJobWhoseSubscriptionEnds(t *testing.T) {
	broken := errors.New("the folder is gone")
	for _, c := range []struct {
		what string
		sub  job.Subscription[int]
		want job.StateInfo
		told string
	}{
		{"by itself, without events", eachSecond(0), job.StateInfo{State: job.Completed}, "Running Completed"},
		{"by itself", eachSecond(2), job.StateInfo{State: job.Completed}, "Running Completed"},
		{"with an error at once", failing(0, broken), job.StateInfo{State: job.Failed, Reason: broken}, "Running Failed"},
		{"with an error later", failing(2, broken), job.StateInfo{State: job.Failed, Reason: broken}, "Running Failed"},
		{"with a panic", func(context.Context) iter.Seq2[int, error] {
			return func(func(int, error) bool) { panic(broken) }
		}, job.StateInfo{State: job.Failed, Reason: broken}, "Running Failed"},
		{"with its goroutine", func(context.Context) iter.Seq2[int, error] {
			return func(func(int, error) bool) { runtime.Goexit() }
		}, job.StateInfo{State: job.Failed}, "Running Failed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			j := job.On(background, "", c.sub, minute, job.EventOptions{})
			must(t, j.Wait(background))
			if got := j.State(); got.State != c.want.State || !errors.Is(got.Reason, c.want.Reason) && c.want.Reason != nil || (got.Reason == nil) != (got.State == job.Completed) {
				t.Errorf("a subscription that ends %s: got %v, want %v", c.what, got, c.want)
			}
			if got := steps(j); got != c.told {
				t.Errorf("a subscription that ends %s: got the steps %s, want %s", c.what, got, c.told)
			}
		})
	}
}

func failing(n int, err error) job.Subscription[int] {
	return func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range eachSecond(n)(ctx) {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, err)
		}
	}
}

func steps(j job.Job) string {
	var told []string
	for e := range j.Events(background, false) {
		told = append(told, e.New.State.String())
	}
	return strings.Join(told, " ")
}

func TestEventJobWhoseActionEndsBadly(t *testing.T) {
	broken := errors.New("broken")
	for _, overlap := range []job.Overlap{job.Queue, job.Skip, job.Parallel, job.Replace} {
		for what, action := range map[string]func(context.Context, *job.Writer, int) error{
			"an error": func(context.Context, *job.Writer, int) error { return broken },
			"a panic":  func(context.Context, *job.Writer, int) error { panic(broken) },
			"Goexit":   func(context.Context, *job.Writer, int) error { runtime.Goexit(); return nil },
		} {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				j := job.On(background, "", eachSecond(1000), func(ctx context.Context, out *job.Writer, n int) error {
					calls++
					return action(ctx, out, n)
				}, job.EventOptions{Overlap: overlap})
				must(t, j.Wait(background))
				if got := j.State(); got.State != job.Failed || what != "Goexit" && !errors.Is(got.Reason, broken) || calls != 1 {
					t.Errorf("an action that ends with %s, overlap %v: got %v after %d calls, want Failed after the first", what, overlap, got, calls)
				}
			})
		}
	}
}

func TestStopOfAnEventJob(t *testing.T) {
	other := errors.New("interrupted")
	for _, c := range []struct {
		what   string
		action func(ctx context.Context, out *job.Writer, n int) error
		wait   time.Duration // before the stop
		told   string
	}{
		{"before the first event", minute, 0, "Stopping Stopped"},
		{"while the action listens", minute, 90 * time.Second, "Running Stopping Stopped"},
		{"while the action says it otherwise", func(ctx context.Context, _ *job.Writer, _ int) error { <-ctx.Done(); return other }, 2 * time.Second, "Running Stopping Stopped"},
		{"between two events", func(context.Context, *job.Writer, int) error { return nil }, 1500 * time.Millisecond, "Running Stopping Stopped"},
	} {
		for _, overlap := range []job.Overlap{job.Queue, job.Skip, job.Parallel, job.Replace} {
			synctest.Test(t, func(t *testing.T) {
				j := job.On(background, "", eachSecond(1000), c.action, job.EventOptions{Overlap: overlap})
				time.Sleep(c.wait)
				synctest.Wait()
				must(t, j.Stop(background, job.StopOptions{}))
				if got := steps(j); got != c.told {
					t.Errorf("Stop %s, overlap %v: got %s (%v), want %s", c.what, overlap, got, j.State(), c.told)
				}
				must(t, j.Stop(background, job.StopOptions{}))
			})
		}
	}
}

func TestStopOfAnActionThatDoesNotListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := job.On(background, "deaf", eachSecond(9), func(context.Context, *job.Writer, int) error {
			time.Sleep(time.Hour)
			return nil
		}, job.EventOptions{})
		time.Sleep(time.Minute)
		var e *job.Error
		if err := j.Stop(background, job.StopOptions{Grace: time.Minute}); !errors.As(err, &e) || e.Kind != job.TimedOut || j.State().State != job.Stopping {
			t.Errorf("Stop of an action that does not listen: got %v, state %v", err, j.State())
		}
		must(t, j.Wait(background))
		if got := steps(j); got != "Running Stopping Stopped" {
			t.Errorf("when it returned at last: got %s, want no further action", got)
		}
	})
}

func TestEventJobEndsWithItsContext(t *testing.T) {
	why := errors.New("the server shuts down")
	for _, wait := range []time.Duration{0, 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(background)
			j := job.On(ctx, "", eachSecond(1000), minute, job.EventOptions{})
			time.Sleep(wait)
			cancel(why)
			must(t, j.Wait(background))
			if got := j.State(); got.State != job.Stopped || got.Reason != why {
				t.Errorf("an event job whose context ended after %v: got %v, want Stopped: %v", wait, got, why)
			}
		})
	}
}

// State events of a job are a subscription, also for who comes late.
func TestStatesAsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hand{}
		h.to(job.Running)
		events := func(ctx context.Context) iter.Seq2[job.StateEvent, error] { return h.Events(ctx, true) }
		j := job.On(background, "", events, func(_ context.Context, out *job.Writer, e job.StateEvent) error {
			out.Output(e.New.State)
			return nil
		}, job.EventOptions{})
		h.to(job.Blocked)
		h.to(job.Stopped)
		must(t, j.Wait(background))
		if got := textsOf(t, j, job.RecordOptions{}); got != "output:Running output:Blocked output:Stopped" {
			t.Errorf("an action on each state: got %q", got)
		}
		info, err := j.Info()
		if err != nil || info.Type != "EventJob" || info.Location == "" || fmt.Sprint(info.Name) != "Job" {
			t.Errorf("its Info: got %+v, %v", info, err)
		}
	})
}
