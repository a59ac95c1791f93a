package jobtest

import (
	"context"
	"errors"
	"sync"

	"github.com/backjob/job"
)

var stopChecks = []check{
	{"stop/makes it Stopped", 0, func(t *trial) {
		gate := t.hold()
		before := lines(job.Output, "before", 3)
		j := t.start(Script{Before: before, Hold: gate.C, After: lines(job.Output, "after", 3)})
		t.follow(j, job.RecordOptions{}).first(3)
		t.stop(j)
		t.wantState("when Stop had returned", j, job.Stopped)
		t.wantLines("Records of a job that was stopped", t.records(j, job.RecordOptions{}), before)
		t.wantLife(j)
	}},
	{"stop/leaves a final job as it is", 0, func(t *trial) {
		for _, fail := range []string{"", "no such file"} {
			j := t.ended(Script{Fail: fail})
			before := t.info(j)
			t.stop(j)
			if fields := changed(t.info(j), before); fields != "" {
				t.Errorf("Info of a final job that was stopped, compared with before: %s", fields)
			}
			t.wantLife(j)
		}
	}},
	{"stop/races with the end", 0, func(t *trial) {
		for range t.kind.rounds() {
			t.raceStop(func(g *gate, j job.Job) []error {
				return atOnce(func() error { g.open(); return nil }, func() error { return j.Stop(t.ctx(), job.StopOptions{}) })
			})
		}
	}},
	{"stop/several at once", 0, func(t *trial) {
		for range few(t.kind.rounds()) {
			t.raceStop(func(g *gate, j job.Job) []error {
				stop := func() error { return j.Stop(t.ctx(), job.StopOptions{}) }
				return atOnce(stop, stop, stop)
			})
		}
	}},
	{"stop/of work that does not listen", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C, Deaf: true})
		t.running(j)
		err := try(t, "Stop of a job whose work does not listen", func() error {
			return j.Stop(t.ctx(), job.StopOptions{Grace: moment})
		})
		final := t.info(j).State.Final()
		if err == nil && !final {
			t.Errorf("Stop of a job whose work does not listen: got nil in state %v, wanted an error, or the job final", t.info(j).StateInfo)
		}
		if err != nil && kindOf(err) != job.TimedOut {
			t.Errorf("Stop of a job whose work does not listen: got error %v, wanted a TimedOut one, or none when it was killed", err)
		}
		gate.open()
		t.wait(j)
		t.wantState("of work that did not listen to a stop, at its end", j, job.Stopped)
		t.wantLife(j)
	}},
	{"stop/ends with its context", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C, Deaf: true})
		t.running(j)
		ctx, cancel := context.WithTimeout(t.ctx(), moment)
		defer cancel()
		err := try(t, "Stop with a context of a moment, of work that does not listen", func() error {
			return j.Stop(ctx, job.StopOptions{Grace: 10 * t.kind.patience()})
		})
		if !errors.Is(err, context.DeadlineExceeded) && !t.info(j).State.Final() {
			t.Errorf("Stop with a context of %v, of work that does not listen: got %v in state %v, wanted %v", moment, err, t.info(j).StateInfo, context.DeadlineExceeded)
		}
	}},
	{"stop/of a child that is not there", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		t.running(j)
		err := try(t, "Stop of child 99", func() error { return j.Stop(t.ctx(), job.StopOptions{Child: 99}) })
		if err == nil {
			t.Errorf("Stop of child 99 of a job that has none: got nil, wanted an error")
		}
		t.wantGoingOn("after a stop of a child that is not there", j)
	}},
}

// raceStop starts a job, lets race stop it, and looks what came of it.
func (t *trial) raceStop(race func(*gate, job.Job) []error) {
	t.Helper()
	gate := t.hold()
	j := t.start(Script{Hold: gate.C})
	errs := try(t, "Stop in a race", func() []error { return race(gate, j) })
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("Stop in a race: got error %v, wanted none", err)
	}
	if got := t.info(j).StateInfo; got.State != job.Stopped && got.State != job.Completed {
		t.Fatalf("the state when Stop had returned in a race: got %v, wanted Stopped or Completed", got)
	}
	t.wait(j)
	t.wantLife(j)
}

// atOnce calls functions side by side, from one moment on.
func atOnce(all ...func() error) []error {
	errs := make([]error, len(all))
	begin := make(chan struct{})
	var called sync.WaitGroup
	for i, f := range all {
		called.Go(func() {
			<-begin
			errs[i] = f()
		})
	}
	close(begin)
	called.Wait()
	return errs
}
