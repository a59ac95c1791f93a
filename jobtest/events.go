package jobtest

import (
	"context"
	"errors"

	"github.com/backjob/job"
)

var eventChecks = []check{
	{"events/the same to early and late", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		early := hearEvents(t, "Events with follow, from the start on,", j, t.ctx(), true, nil)
		early.first(1)
		t.running(j)
		gate.open()
		t.wait(j)
		first := early.all()
		t.wantSteps(first)
		for what, follow := range map[string]bool{"with follow": true, "without follow": false} {
			late := hearEvents(t, "Events "+what+" of a final job", j, t.ctx(), follow, nil).all()
			t.wantEvents("Events "+what+" of a final job", late, first)
		}
		t.wantLife(j)
	}},
	{"events/without follow end at once", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		t.running(j)
		now := hearEvents(t, "Events without follow of a job that goes on", j, t.ctx(), false, nil).all()
		gate.open()
		t.wait(j)
		all := hearEvents(t, "Events of a final job", j, t.ctx(), false, nil).all()
		if len(now) == 0 || len(now) >= len(all) {
			t.Fatalf("events of a job that goes on: got %v, wanted some of %v, and not the last", brief(now), brief(all))
		}
		t.wantEvents("Events of a job that goes on", now, all[:len(now)])
	}},
	{"events/follow to the final one", 0, func(t *trial) {
		for range few(t.kind.rounds()) {
			j := t.start(Script{})
			told := hearEvents(t, "Events with follow", j, t.ctx(), true, nil).all()
			if len(told) == 0 || !told[len(told)-1].New.State.Final() {
				t.Fatalf("Events with follow ended after %v; wanted them to go on to the final state", brief(told))
			}
			if got := t.info(j); !got.State.Final() {
				t.Fatalf("Info, after the event of a final state was told: got %v, wanted it final", got.StateInfo)
			}
		}
	}},
	{"events/end with their context", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		t.running(j)
		ctx, cancel := context.WithCancel(t.ctx())
		l := hearEvents(t, "Events with follow, whose context is cancelled,", j, ctx, true, nil)
		l.first(1)
		cancel()
		if _, err := l.end(); !errors.Is(err, context.Canceled) {
			t.Errorf("Events with follow of a job that goes on, whose context was cancelled: ended with error %v, wanted %v", err, context.Canceled)
		}
		t.wantGoingOn("after somebody's events were cancelled", j)
	}},
	{"events/a loop that is left", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		t.running(j)
		hearEvents(t, "Events with follow, left after the first,", j, t.ctx(), true, func(int) bool { return false }).all()
		t.panicIn("Events", func() {
			for range j.Events(t.ctx(), true) {
				panic(errLoop)
			}
		})
		gate.open()
		t.wait(j)
		t.wantLife(j)
	}},
	{"events/the job is asked from the loop", 0, func(t *trial) {
		j := t.start(Script{Before: lines(job.Output, "out", 1)})
		try(t, "a loop over Events that asks the job for Info, Events, Records and Children", func() any {
			for range j.Events(t.ctx(), true) {
				t.askAll(j)
			}
			return nil
		})
	}},
	{"events/a handler that panics", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		bad := job.OnState(j, func(job.StateEvent) { panic(errLoop) })
		var told []job.StateEvent
		good := job.OnState(j, func(e job.StateEvent) { told = append(told, e) })
		t.running(j)
		gate.open()
		t.wait(j)
		if err := try(t, "stop of a handler that panicked", bad); !errors.Is(err, errLoop) {
			t.Errorf("stop of a handler that panicked: got %v, wanted its panic", err)
		}
		if err := try(t, "stop of another handler", good); err != nil {
			t.Errorf("stop of a handler beside one that panicked: got %v, wanted nil", err)
		}
		t.wantEvents("a handler beside one that panicked", told, hearEvents(t, "Events", j, t.ctx(), false, nil).all())
		t.wantLife(j)
	}},
}

// errLoop is what loops and handlers panic with.
var errLoop = errors.New("a loop of jobtest panics, as it should")

// ctx is a context that is never done.
func (t *trial) ctx() context.Context { return context.Background() }

// few is the number of rounds for what is not a race, or hardly one.
func few(rounds int) int { return max(rounds/10, 1) }

func (t *trial) wantEvents(what string, got, want []job.StateEvent) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got) || i >= len(want):
			t.Fatalf("%s: got %d events %v, wanted %d %v", what, len(got), brief(got), len(want), brief(want))
		case !sameEvent(got[i], want[i]):
			t.Fatalf("%s, event %d: got %+v, wanted %+v", what, i+1, got[i], want[i])
		}
	}
}

func sameEvent(a, b job.StateEvent) bool {
	return a.Job == b.Job && sameState(a.New, b.New) && sameState(a.Previous, b.Previous) && a.Time.Equal(b.Time)
}

// wantGoingOn looks whether a job is still at work.
func (t *trial) wantGoingOn(when string, j job.Job) {
	t.Helper()
	if got := t.info(j).StateInfo; got.State.Final() {
		t.Errorf("the state %s: got %v, wanted the job to go on", when, got)
	}
}

// panicIn panics in the body of a loop, whose locks and goroutines must not
// stay behind.
func (t *trial) panicIn(what string, loop func()) {
	t.Helper()
	got := try(t, "a loop over "+what+" that panics", func() (v any) {
		defer func() { v = recover() }()
		loop()
		return nil
	})
	if got != errLoop {
		t.Errorf("a loop over %s that panics: got %v, wanted its own panic to come through", what, got)
	}
}

// askAll asks a job for everything that does not wait.
func (t *trial) askAll(j job.Job) {
	_, _ = j.Info()
	j.Children()
	for range j.Events(t.ctx(), false) {
	}
	for range j.Records(t.ctx(), job.RecordOptions{}) {
	}
}
