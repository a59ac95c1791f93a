package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// Conformance 66.
func TestMoveRefusesAnIllegalStep(t *testing.T) {
	steps := picture(t)
	for pair, ok := range steps {
		from, to := pair[0], pair[1]
		kept := 0
		l := job.Lifecycle{Job: job.Ref{ID: 7}, Keep: func(job.StateEvent) error { kept++; return nil }}
		l.Restore([]job.StateEvent{{New: job.StateInfo{State: from}}})
		err := l.Move(to, nil)
		if ok {
			if err != nil || l.State().State != to || len(told(&l)) != 2 || kept != 1 {
				t.Errorf("Move(%v) from %v: got %v, state %v, %d events, kept %d times", to, from, err, l.State(), len(told(&l)), kept)
			}
			continue
		}
		if !errors.Is(err, &job.Error{Kind: job.WrongState}) {
			t.Errorf("Move(%v) from %v: got %v, want a WrongState error", to, from, err)
		} else if text := err.Error(); !strings.Contains(text, from.String()) || !strings.Contains(text, to.String()) || !strings.HasPrefix(text, "7: ") {
			t.Errorf("Move(%v) from %v: got %q, want job and both states named", to, from, text)
		}
		if l.State().State != from || len(told(&l)) != 1 || kept != 0 {
			t.Errorf("Move(%v) from %v, refused: got %v, %d events, kept %d times, want no change", to, from, l.State(), len(told(&l)), kept)
		}
	}
}

func TestMoveIsNotWhatCannotBeKept(t *testing.T) {
	full := errors.New("disk full")
	l := job.Lifecycle{}
	must(t, l.Move(job.Running, nil))
	before, beforeEnd := l.Times()
	l.Keep = func(job.StateEvent) error { return full }
	if err := l.Move(job.Completed, nil); !errors.Is(err, full) {
		t.Errorf("Move(Completed) with a Keep that fails: got %v, want %v", err, full)
	}
	begin, end := l.Times()
	if l.State().State != job.Running || len(told(&l)) != 1 || begin != before || end != beforeEnd {
		t.Errorf("after that: got %v, %d events, times %v %v, want no change", l.State(), len(told(&l)), begin, end)
	}
	if closed(l.Finished()) {
		t.Error("after that: Finished is closed, want it open")
	}
	l.Keep = nil
	must(t, l.Move(job.Failed, full))
	if got := l.State(); got.State != job.Failed || got.Reason != full {
		t.Errorf("Move(Failed) afterwards: got %v, want Failed for %v", got, full)
	}
}

func TestKeepComesBeforeAnybodySees(t *testing.T) {
	var l job.Lifecycle
	kept := 0
	l.Keep = func(e job.StateEvent) error {
		if kept++; kept != 1 || e.New.State != job.Running || e.Previous.State != job.NotStarted {
			t.Errorf("Keep(%+v), call %d: want it called once, for the step to Running", e, kept)
		}
		return nil
	}
	must(t, l.Move(job.Running, nil))
}

// Conformance 68.
func TestOrderAtTheEnd(t *testing.T) {
	l := job.Lifecycle{Job: job.Ref{ID: 3, Child: 2}}
	var early []job.State
	var readers sync.WaitGroup
	readers.Go(func() {
		for e := range l.Events(context.Background(), true) {
			early = append(early, e.New.State)
		}
	})
	waiter := make(chan job.State, 1)
	finished := l.Finished()
	readers.Go(func() {
		<-finished
		for e := range l.Events(context.Background(), true) { // the log is closed, so this ends
			if e.New.State.Final() {
				waiter <- e.New.State
			}
		}
	})
	must(t, l.Move(job.Running, nil))
	must(t, l.Move(job.Stopping, nil))
	must(t, l.Move(job.Stopped, nil))
	readers.Wait()
	if got := <-waiter; got != job.Stopped {
		t.Errorf("released by Finished, the last event in the log: got %v, want Stopped", got)
	}
	want := []job.State{job.Running, job.Stopping, job.Stopped}
	if fmt.Sprint(early) != fmt.Sprint(want) {
		t.Errorf("an early subscriber: got %v, want %v", early, want)
	}
	previous := job.NotStarted
	i := 0
	for e := range l.Events(context.Background(), true) { // ends, as the log is closed
		if e.New.State != want[i] || e.Previous.State != previous || e.Job != l.Job {
			t.Errorf("a late subscriber, event %d: got %+v, want %v after %v", i, e, want[i], previous)
		}
		previous = e.New.State
		i++
	}
	if i != len(want) {
		t.Errorf("a late subscriber: got %d events, want %d", i, len(want))
	}
}

// Whatever races, one final state wins, once.
func TestRacingMovesEndOnce(t *testing.T) {
	for range 1000 {
		var l job.Lifecycle
		must(t, l.Move(job.Running, nil))
		moves := []job.State{job.Stopping, job.Completed, job.Failed, job.Stopped, job.Completed, job.Stopping}
		won := make([]bool, len(moves))
		var movers sync.WaitGroup
		for i, to := range moves {
			movers.Go(func() { won[i] = l.Move(to, nil) == nil })
		}
		movers.Wait()
		finals := 0
		for i, to := range moves {
			if won[i] && to.Final() {
				finals++
			}
		}
		told := 0
		var last job.StateEvent
		for e := range l.Events(context.Background(), false) {
			if last = e; e.New.State.Final() {
				told++
			}
		}
		if finals != 1 || told != 1 || last.New != l.State() || !closed(l.Finished()) {
			t.Fatalf("%v at once: got %d final steps, %d final events, the last event %v in state %v", moves, finals, told, last.New, l.State())
		}
	}
}

func TestRestore(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	lived := []job.StateEvent{
		{New: job.StateInfo{State: job.Running}, Time: begin},
		{New: job.StateInfo{State: job.Suspended}, Previous: job.StateInfo{State: job.Running}, Time: begin.Add(time.Second)},
		{New: job.StateInfo{State: job.Running}, Previous: job.StateInfo{State: job.Suspended}, Time: begin.Add(2 * time.Second)},
	}
	var l job.Lifecycle
	l.Keep = func(e job.StateEvent) error { return errors.New("nothing is to be kept: " + e.New.String()) }
	l.Restore(lived)
	if got, _ := l.Times(); l.State().State != job.Running || !got.Equal(begin) || len(told(&l)) != 3 {
		t.Errorf("Restore of a running life: got %v since %v, %d events", l.State(), got, len(told(&l)))
	}
	l.Keep = nil
	must(t, l.Move(job.Completed, nil))

	var over job.Lifecycle
	over.Restore(append(lived, job.StateEvent{New: job.StateInfo{State: job.Failed}, Time: begin.Add(3 * time.Second)}))
	if _, end := over.Times(); !closed(over.Finished()) || !end.Equal(begin.Add(3*time.Second)) {
		t.Errorf("Restore of a life that is over: got finished %v, end %v", closed(over.Finished()), end)
	}
	if err := over.Move(job.Running, nil); !errors.Is(err, &job.Error{Kind: job.WrongState}) {
		t.Errorf("Move(Running) of a life that is over: got %v, want a WrongState error", err)
	}
}

// A clock that is set back makes no event older than the one before.
func TestTimesNeverGoBack(t *testing.T) {
	future := time.Now().Add(time.Hour)
	var l job.Lifecycle
	l.Restore([]job.StateEvent{{New: job.StateInfo{State: job.Running}, Time: future}})
	must(t, l.Move(job.Completed, nil))
	begin, end := l.Times()
	if end.Before(begin) {
		t.Errorf("a job that began in the future, as the clock was set back: got end %v before begin %v", end, begin)
	}
}

// Any order of moves gives a log that is a walk through the table.
func TestAnyMovesWalkTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l job.Lifecycle
		model := []job.State{job.NotStarted}
		for _, to := range rapid.SliceOf(rapid.SampledFrom(job.States())).Draw(t, "moves") {
			now := model[len(model)-1]
			err := l.Move(to, nil)
			if (err == nil) != now.Allows(to) {
				t.Fatalf("Move(%v) from %v: got %v", to, now, err)
			}
			if err == nil {
				model = append(model, to)
			}
		}
		var told []job.State
		for e := range l.Events(context.Background(), false) {
			told = append(told, e.New.State)
		}
		if fmt.Sprint(told) != fmt.Sprint(model[1:]) {
			t.Fatalf("events: got %v, want %v", told, model[1:])
		}
		if final := model[len(model)-1].Final(); closed(l.Finished()) != final {
			t.Fatalf("Finished in %v: got closed %v, want %v", l.State(), !final, final)
		}
	})
}

// told are the steps so far.
func told(l *job.Lifecycle) (events []job.StateEvent) {
	for e := range l.Events(context.Background(), false) {
		events = append(events, e)
	}
	return events
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
