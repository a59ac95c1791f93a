package job_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backjob/job"
)

// listened is a context that counts who listens to it.
type listened struct {
	context.Context
	began, ended int
}

func (c *listened) Value(any) any { return nil } // so that nobody knows the one inside

func (c *listened) AfterFunc(f func()) func() bool {
	c.began++
	stop := context.AfterFunc(c.Context, f)
	return func() bool { c.ended++; return stop() }
}

// A function that does not look at its context costs nothing there, and none
// does when it is final.
func TestOnlyWhoLooksListens(t *testing.T) {
	for _, c := range []struct {
		name string
		work job.Work
		want int
	}{
		{"looks at nothing", empty, 0},
		{"asks for Err", func(ctx context.Context, _ *job.Writer) error { return ctx.Err() }, 0},
		{"asks for Done", func(ctx context.Context, _ *job.Writer) error { ctx.Done(); return nil }, 1},
		{"asks for Done twice", func(ctx context.Context, _ *job.Writer) error { ctx.Done(); ctx.Done(); return nil }, 1},
		{"waits for a derived context", func(ctx context.Context, _ *job.Writer) error {
			inner, end := context.WithTimeout(ctx, time.Second)
			defer end()
			<-inner.Done()
			return nil
		}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			parent := &listened{Context: ctx}
			must(t, job.Go(parent, "", c.work).Wait(background))
			synctest.Wait()
			if parent.began != c.want || parent.ended != c.want {
				t.Errorf("a function that %s: got %d listeners, of which %d have left, want %d", c.name, parent.began, parent.ended, c.want)
			}
		})
	}
}

// When Err tells of an end, Done is closed, as package context says.
func TestErrAndDoneAgree(t *testing.T) {
	for _, asked := range []bool{false, true} {
		ctx, cancel := context.WithCancel(background)
		j := job.Go(ctx, "", func(ctx context.Context, _ *job.Writer) error {
			if asked {
				ctx.Done()
			}
			cancel()
			if ctx.Err() != context.Canceled || !closed(ctx.Done()) {
				t.Errorf("cancelled, Done asked for before %v: got %v, Done closed %v", asked, ctx.Err(), closed(ctx.Done()))
			}
			return ctx.Err()
		})
		must(t, j.Wait(background))
		if got := j.State(); got.State != job.Stopped || got.Reason != context.Canceled {
			t.Errorf("a function that returned the error of its cancelled context: got %v", got)
		}
	}
}

// A job that a function started and left behind still hears of the end of the
// context that the function was given, whoever asked first.
func TestJobLeftBehindIsCancelled(t *testing.T) {
	for _, early := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(background)
			g := &job.Group{Throttle: -1}
			let := make(chan bool)
			var left *job.FuncJob
			outer := g.Go(ctx, "outer", func(ctx context.Context, _ *job.Writer) error {
				ctx.Done()
				left = g.Go(ctx, "left behind", func(ctx context.Context, _ *job.Writer) error {
					if !early {
						<-let
					}
					<-ctx.Done()
					return ctx.Err()
				})
				if early {
					<-let
				}
				return nil
			})
			synctest.Wait()
			close(let)
			must(t, outer.Wait(background))
			synctest.Wait()
			if left.State().State != job.Running {
				t.Errorf("when its starter has returned: got %v, want Running", left.State())
			}
			why := errors.New("the server shuts down")
			cancel(why)
			must(t, left.Wait(background))
			if got := left.State(); got.State != job.Stopped || got.Reason != why {
				t.Errorf("after the end of the first context, Done asked for early %v: got %v, want Stopped: %v", early, got, why)
			}
		})
	}
}

// A context that is derived in a function ends with it, and costs no goroutine.
func TestDerivedContexts(t *testing.T) {
	const derived = 100
	made := make(chan bool)
	j := job.Go(background, "", func(ctx context.Context, out *job.Writer) error {
		before := runtime.NumGoroutine()
		var last context.Context
		for range derived {
			inner, end := context.WithCancel(ctx)
			defer end()
			last = inner
		}
		if now := runtime.NumGoroutine(); now >= before+derived {
			t.Errorf("%d derived contexts: got %d goroutines more, want none", derived, now-before)
		}
		close(made)
		<-last.Done()
		return context.Cause(last)
	})
	<-made
	must(t, j.Stop(background, job.StopOptions{}))
	if got := j.State(); got.State != job.Stopped || got.Reason != nil {
		t.Errorf("a function that waits for a derived context, stopped: got %v", got)
	}
}

func TestAfterFuncOfAFunction(t *testing.T) {
	made, called := make(chan bool), make(chan bool)
	j := job.Go(background, "", func(ctx context.Context, _ *job.Writer) error {
		stop := context.AfterFunc(ctx, func() { t.Error("called though it was taken back") })
		if !stop() || stop() {
			t.Error("AfterFunc taken back twice: want true, then false")
		}
		context.AfterFunc(ctx, func() { close(called) })
		close(made)
		<-called
		if stop := context.AfterFunc(ctx, func() {}); stop() {
			t.Error("AfterFunc of a context that is done: got true from stop")
		}
		return nil
	})
	<-made
	must(t, j.Stop(background, job.StopOptions{}))
}
