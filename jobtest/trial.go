package jobtest

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/backjob/job"
)

// trial is one check at work on a kind of jobs.
type trial struct {
	testing.TB
	kind  Job
	gates []*gate
}

// gate is what a script holds at.
type gate struct {
	C    chan struct{}
	once sync.Once
}

func (g *gate) open() { g.once.Do(func() { close(g.C) }) }

// hold is a gate that is opened at the end of the trial at the latest.
func (t *trial) hold() *gate {
	g := &gate{C: make(chan struct{})}
	t.gates = append(t.gates, g)
	return g
}

// start makes a job. At the end of the trial it is ended.
func (t *trial) start(s Script) job.Job {
	t.Helper()
	j := t.kind.Start(t.TB, s)
	if isNil(j) {
		t.Fatal("Start: got no job")
	}
	t.Cleanup(func() { t.end(j) })
	return j
}

func isNil(j job.Job) bool {
	v := reflect.ValueOf(j)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// end makes sure that nothing of a job goes on. Whether it stops well is
// another check's business.
func (t *trial) end(j job.Job) {
	for _, g := range t.gates {
		g.open()
	}
	ctx, cancel := t.bounded()
	defer cancel()
	ended := make(chan struct{})
	go func() { // ends with the job, or not at all if the job is bad
		defer close(ended)
		defer func() { _ = recover() }()
		if info, err := j.Info(); err != nil || !info.State.Final() {
			_ = j.Stop(ctx, job.StopOptions{})
			_ = j.Wait(ctx)
		}
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// ended is a job that is final, of work that does what s says.
func (t *trial) ended(s Script) job.Job {
	t.Helper()
	j := t.start(s)
	t.wait(j)
	return j
}

// bounded is a context that ends when patience does.
func (t *trial) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), t.kind.patience())
}

// wait waits for a job that is to end now.
func (t *trial) wait(j job.Job) {
	t.Helper()
	ctx, cancel := t.bounded()
	defer cancel()
	if err := try(t, "Wait of a job that ends", func() error { return j.Wait(ctx) }); err != nil {
		t.Fatalf("Wait of a job whose work ends: got %v, after %v in state %v; wanted nil", err, t.kind.patience(), t.info(j).StateInfo)
	}
}

// stop stops a job that listens.
func (t *trial) stop(j job.Job) {
	t.Helper()
	ctx, cancel := t.bounded()
	defer cancel()
	if err := try(t, "Stop", func() error { return j.Stop(ctx, job.StopOptions{}) }); err != nil {
		t.Fatalf("Stop of a job whose work listens: got %v, wanted nil", err)
	}
}

func (t *trial) info(j job.Job) job.Info {
	t.Helper()
	type answer struct {
		info job.Info
		err  error
	}
	a := try(t, "Info", func() answer {
		info, err := j.Info()
		return answer{info, err}
	})
	if a.err != nil {
		t.Fatalf("Info: got error %v, wanted none", a.err)
	}
	return a.info
}

func (t *trial) children(j job.Job) []job.Job {
	t.Helper()
	return try(t, "Children", j.Children)
}

// try calls fn, which should return soon and not panic.
func try[T any](t *trial, what string, fn func() T) T {
	t.Helper()
	type outcome struct {
		value T
		panic string
	}
	c := make(chan outcome, 1)
	go func() { // ends with fn, or not at all if the job is bad
		var o outcome
		defer func() { c <- o }()
		defer func() {
			if v := recover(); v != nil {
				o.panic = fmt.Sprintf("%v\n%s", v, debug.Stack())
			}
		}()
		o.value = fn()
	}()
	timer := time.NewTimer(t.kind.patience())
	defer timer.Stop()
	select {
	case o := <-c:
		if o.panic != "" {
			t.Fatalf("%s panicked: %s", what, o.panic)
		}
		return o.value
	case <-timer.C:
		t.Fatalf("%s has not returned after %v", what, t.kind.patience())
	}
	panic("unreachable")
}
