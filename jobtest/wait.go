package jobtest

import (
	"context"
	"errors"
	"time"

	"github.com/backjob/job"
)

var waitChecks = []check{
	{"wait/returns at once for a final job", 0, func(t *trial) {
		j := t.ended(Script{})
		t.wait(j)
		t.wait(j)
	}},
	{"wait/ends with its context, and the job goes on", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		t.running(j)
		cancelled, cancel := context.WithCancel(t.ctx())
		cancel()
		if err := try(t, "Wait with a context that is cancelled", func() error { return j.Wait(cancelled) }); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait for a job that goes on, with a cancelled context: got %v, wanted %v", err, context.Canceled)
		}
		short, cancel := context.WithTimeout(t.ctx(), moment)
		defer cancel()
		if err := try(t, "Wait with a context of a moment", func() error { return j.Wait(short) }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait for a job that goes on, with a context of %v: got %v, wanted %v", moment, err, context.DeadlineExceeded)
		}
		t.wantGoingOn("after waits were cancelled", j)
		gate.open()
		t.wait(j)
		t.wantState("after the work went on to its end", j, job.Completed)
	}},
	{"wait/several at once", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Hold: gate.C})
		const waiters = 5
		released := make(chan error, waiters)
		for range waiters {
			go func() { released <- j.Wait(t.ctx()) }() // ends with the job
		}
		t.running(j)
		gate.open()
		t.wait(j)
		for range waiters {
			if err := try(t, "Wait by several goroutines", func() error { return <-released }); err != nil {
				t.Errorf("Wait by several goroutines: got %v, wanted nil", err)
			}
		}
	}},
	{"wait/all is there when it returns", 0, func(t *trial) {
		want := lines(job.Output, "out", 5)
		for range few(t.kind.rounds()) {
			j := t.ended(Script{Before: want})
			got := t.records(j, job.RecordOptions{})
			told := hearEvents(t, "Events without follow", j, t.ctx(), false, nil).all()
			if info := t.info(j); !info.State.Final() || info.EndTime.IsZero() {
				t.Fatalf("Info when Wait had returned: got %v, end %v, wanted it final", info.StateInfo, info.EndTime)
			}
			t.wantLines("Records when Wait had returned", got, want)
			if len(told) == 0 || !told[len(told)-1].New.State.Final() {
				t.Fatalf("Events when Wait had returned: got %v, wanted the final one at the end", brief(told))
			}
		}
	}},
	{"wait/no final state before the output is there", 0, func(t *trial) {
		want := lines(job.Output, "out", 5)
		for range few(t.kind.rounds()) {
			j := t.start(Script{Before: want})
			seen := try(t, "a loop over Events that takes Records at the final one", func() []job.Record { return recordsAtTheEnd(j) })
			t.wantLines("Records in the moment in which the final event was told", seen, want)
		}
	}},
}

// recordsAtTheEnd are the records that are there when the final event is told.
func recordsAtTheEnd(j job.Job) (all []job.Record) {
	for e, err := range j.Events(context.Background(), true) {
		if err != nil || !e.New.State.Final() {
			continue
		}
		for r := range j.Records(context.Background(), job.RecordOptions{}) {
			all = append(all, r)
		}
	}
	return all
}

// stays gives a job a moment in which it could end.
func (t *trial) stays(j job.Job) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), moment)
	defer cancel()
	_ = try(t, "Wait with a context of a moment", func() error { return j.Wait(ctx) })
}

// moment is how long a wait lasts that is to be cut off by its context.
const moment = 10 * time.Millisecond
