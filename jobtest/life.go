package jobtest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/backjob/job"
)

var lifeChecks = []check{
	{"life/ends well", 0, func(t *trial) {
		j := t.ended(Script{Before: lines(job.Output, "out", 2)})
		t.wantState("of work that ended well", j, job.Completed)
		t.wantLife(j)
	}},
	{"life/ends badly", 0, func(t *trial) {
		j := t.ended(Script{Before: lines(job.Output, "out", 2), Fail: "the disk is full"})
		t.wantState("of work that ended badly", j, job.Failed)
		t.wantLife(j)
		reason := t.info(j).Reason
		if reason == nil {
			t.Errorf("the reason of a Failed job: got none, wanted why it Failed")
		} else if !t.kind.lacks(Reasons) && !strings.Contains(reason.Error(), "the disk is full") {
			t.Errorf("the reason of a job that Failed with %q: got %q, wanted this in it", "the disk is full", reason)
		}
	}},
	{"life/goes on while the work does", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Before: lines(job.Output, "out", 1), Hold: gate.C})
		t.running(j)
		info := t.info(j)
		if info.State.Final() || !info.EndTime.IsZero() || info.BeginTime.IsZero() {
			t.Errorf("while the work goes on: got %v, begin %v, end %v; wanted a state that is not final, a begin and no end", info.StateInfo, info.BeginTime, info.EndTime)
		}
		gate.open()
		t.wait(j)
		t.wantState("after the work went on to its end", j, job.Completed)
		t.wantLife(j)
	}},
}

// running waits until a job says that its work has begun.
func (t *trial) running(j job.Job) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := hearEvents(t, "Events with follow of a job whose work goes on", j, ctx, true, nil)
	begun := l.until(func() bool {
		for _, e := range l.got {
			if e.New.State == job.Running {
				return true
			}
		}
		return false
	})
	cancel()
	if got, _ := l.end(); !begun {
		t.Fatalf("events of a job whose work goes on: got %v, wanted a step to Running", brief(got))
	}
}

func (t *trial) wantState(of string, j job.Job, want job.State) {
	t.Helper()
	if got := t.info(j).StateInfo; got.State != want {
		t.Errorf("the state %s: got %v, wanted %v", of, got, want)
	}
}

// wantLife looks whether a final job tells one story, by its events and by
// its Info.
func (t *trial) wantLife(j job.Job) {
	t.Helper()
	events := hearEvents(t, "Events of a final job", j, context.Background(), false, nil).all()
	info := t.info(j)
	t.wantSteps(events)
	if len(events) == 0 {
		return
	}
	last := events[len(events)-1]
	if !sameState(last.New, info.StateInfo) {
		t.Errorf("Info of a final job says %v, its last event %v; wanted the same", info.StateInfo, last.New)
	}
	if !last.New.State.Final() {
		t.Errorf("the last event of a final job: got %v, wanted a step to a final state", text(last))
	}
	for _, e := range events {
		if e.Job != info.Ref {
			t.Errorf("event %v is about job %v, wanted %v as Info says", text(e), e.Job, info.Ref)
		}
	}
	t.wantTimes(info, events)
}

// wantSteps looks whether events are a walk through the table of steps.
func (t *trial) wantSteps(events []job.StateEvent) {
	t.Helper()
	if len(events) == 0 {
		t.Errorf("the events of a final job: got none, wanted each step from NotStarted on")
	}
	now := job.StateInfo{State: job.NotStarted}
	for i, e := range events {
		if !sameState(e.Previous, now) {
			t.Errorf("event %d of %v: the state before was %v, wanted that after the event before, %v", i+1, brief(events), e.Previous, now)
		}
		if !e.Previous.State.Allows(e.New.State) {
			t.Errorf("event %d of %v: a job that is %v cannot become %v", i+1, brief(events), e.Previous.State, e.New.State)
		}
		if i > 0 && e.Time.Before(events[i-1].Time) {
			t.Errorf("event %d of %v: at %v, before the one before it at %v", i+1, brief(events), e.Time, events[i-1].Time)
		}
		now = e.New
	}
}

func (t *trial) wantTimes(info job.Info, events []job.StateEvent) {
	t.Helper()
	end := events[len(events)-1].Time
	if !info.EndTime.Equal(end) {
		t.Errorf("EndTime of a final job: got %v, wanted %v as its last event says", info.EndTime, end)
	}
	for _, e := range events {
		if e.New.State != job.Running {
			continue
		}
		if !info.BeginTime.Equal(e.Time) {
			t.Errorf("BeginTime: got %v, wanted %v as the event of its first Running says", info.BeginTime, e.Time)
		}
		break
	}
	if info.EndTime.Before(info.BeginTime) {
		t.Errorf("EndTime %v is before BeginTime %v", info.EndTime, info.BeginTime)
	}
}

// sameState is true for the same state and a reason that says the same: it may
// have been read anew.
func sameState(a, b job.StateInfo) bool {
	return a.State == b.State && reasonText(a) == reasonText(b)
}

func reasonText(i job.StateInfo) string {
	if i.Reason == nil {
		return ""
	}
	return i.Reason.Error()
}

// text is how an event or a record stands in a message.
func text(v any) string {
	switch v := v.(type) {
	case job.StateEvent:
		return fmt.Sprintf("%v→%v", v.Previous.State, v.New.State)
	case job.Record:
		return fmt.Sprintf("%v:%q", v.Stream, v.Text)
	case Line:
		return fmt.Sprintf("%v:%q", v.Stream, v.Text)
	}
	return fmt.Sprint(v)
}

func texts[T any](all []T) []string {
	said := make([]string, len(all))
	for i, v := range all {
		said[i] = text(v)
	}
	return said
}

// changed says in which fields two Infos of one job differ, "" if in none.
// Times are the same if they are the same moment, and reasons if they say the
// same.
func changed(got, want job.Info) string {
	var fields []string
	a, b := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range a.NumField() {
		x, y := a.Field(i).Interface(), b.Field(i).Interface()
		if !sameValue(x, y) {
			fields = append(fields, fmt.Sprintf("%s: got %v, wanted %v", a.Type().Field(i).Name, x, y))
		}
	}
	return strings.Join(fields, "; ")
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case time.Time:
		return a.Equal(b.(time.Time))
	case job.StateInfo:
		return sameState(a, b.(job.StateInfo))
	}
	return reflect.DeepEqual(a, b)
}
