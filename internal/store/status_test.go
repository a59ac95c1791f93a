package store

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// stepsGen draws the life of a job with many children: legal steps of
// children, some of which are added later.
var stepsGen = rapid.Custom(func(t *rapid.T) (events []Event) {
	states := make([]job.State, rapid.IntRange(0, 4).Draw(t, "children"))
	for i := range rapid.IntRange(0, 30).Draw(t, "steps") {
		e := Event{Time: time.Unix(int64(i+1), 0).UTC(), Child: rapid.IntRange(1, len(states)+1).Draw(t, "child")}
		if e.Child > len(states) {
			states = append(states, job.NotStarted)
			e.Work = Work{Command: "added", Argv: []string{"true"}}
			events = append(events, e)
			continue
		}
		state := &states[e.Child-1]
		if state.Final() {
			continue
		}
		allowed := slices.DeleteFunc(job.States(), func(to job.State) bool { return !state.Allows(to) })
		e.Step, e.State = true, rapid.SampledFrom(allowed).Draw(t, "state")
		*state = e.State
		events = append(events, e)
	}
	return events
})

// The state of the job is that of the rule over all its children, however
// many, and the counts are those of the children.
func TestTallyIsWhatTheChildrenAddUpTo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := stepsGen.Draw(t, "events")
		children := rapid.IntRange(1, 5).Draw(t, "children at the start")
		s := Sum(Meta{ID: 7, Children: children}, events...)
		var states []job.State
		var count [11]int
		var begin, end time.Time
		stopping := true
		for _, c := range s.Each {
			state := c.State.State
			states = append(states, state)
			count[state]++
			stopping = stopping && (state.Final() || state == job.Stopping)
			if !c.Begin.IsZero() && !c.Begin.Equal(c.End) && (begin.IsZero() || c.Begin.Before(begin)) {
				begin = c.Begin
			}
			if c.End.After(end) {
				end = c.End
			}
		}
		if s.Children != len(s.Each) || s.ByState != count {
			t.Fatalf("after %+v: got %d children, %v, want %d, %v", events, s.Children, s.ByState, len(s.Each), count)
		}
		if got, want := s.State().State, job.ParentState(states, stopping); got != want {
			t.Fatalf("children %v: got %v, want %v", states, got, want)
		}
		if !s.Begin.Equal(begin) || !s.End.Equal(end) {
			t.Fatalf("after %+v: got %v to %v, want %v to %v", events, s.Begin, s.End, begin, end)
		}
	})
}

func step(child int, state job.State) Event { return Event{Child: child, Step: true, State: state} }

func TestStateOfAJobAsAWhole(t *testing.T) {
	closed := Event{Closed: true}
	failed := Event{Step: true, State: job.Failed, Reason: "the subscription ended"}
	for _, c := range []struct {
		what   string
		open   bool
		at     int // children at the start
		events []Event
		want   job.State
	}{
		{"open, none yet", true, 0, nil, job.NotStarted},
		{"open, one waits", true, 0, []Event{{Child: 1}}, job.NotStarted},
		{"open, all final", true, 0, []Event{step(1, job.Running), step(1, job.Failed)}, job.Running},
		{"open, one waits after one that ran", true, 0, []Event{step(1, job.Running), step(1, job.Completed), {Child: 2}}, job.Running},
		{"closed, none", true, 0, []Event{closed}, job.Completed},
		{"closed, one failed", true, 0, []Event{step(1, job.Running), step(2, job.Running), step(1, job.Failed), step(2, job.Completed), closed}, job.Failed},
		{"closed, one runs", true, 0, []Event{step(1, job.Running), step(2, job.Running), step(2, job.Completed), closed}, job.Running},
		{"given an end, none", true, 0, []Event{step(0, job.Stopped)}, job.Stopped},
		{"given an end while one runs", true, 0, []Event{step(1, job.Running), step(0, job.Stopped)}, job.Running},
		{"given an end, then the last ended", true, 0, []Event{step(1, job.Running), step(0, job.Stopped), step(1, job.Completed)}, job.Stopped},
		{"given a failure, all Completed", true, 0, []Event{step(1, job.Running), step(1, job.Completed), failed}, job.Failed},
		{"one stopped, one runs", false, 2, []Event{step(1, job.Running), step(2, job.Running), step(2, job.Stopping)}, job.Running},
		{"one stopped, one Completed", false, 2, []Event{step(1, job.Completed), step(2, job.Stopped)}, job.Stopped},
		{"all stopped one by one", false, 2, []Event{step(1, job.Stopping), step(2, job.Stopping)}, job.Stopping},
		{"the job stopped, one is through", false, 3, []Event{step(0, job.Stopping), step(3, job.Stopped), step(1, job.Stopping), step(2, job.Running)}, job.Stopping},
		{"suspended, one waits", false, 2, []Event{step(1, job.Running), step(0, job.Suspended), step(1, job.Suspended)}, job.Suspended},
		{"suspended, all wait", false, 2, []Event{step(0, job.Suspended)}, job.Suspended},
		{"suspended, one on its way", false, 2, []Event{step(1, job.Running), step(0, job.Suspended), step(1, job.Suspending)}, job.Suspending},
		{"suspended while nothing is at work", true, 0, []Event{step(1, job.Completed), step(0, job.Suspended)}, job.Suspended},
		{"resumed", false, 2, []Event{step(1, job.Running), step(0, job.Suspended), step(0, job.Running), step(1, job.Running)}, job.Running},
		{"a child alone suspended, one waits", false, 2, []Event{step(1, job.Running), step(1, job.Suspended)}, job.Running},
	} {
		s := Sum(Meta{ID: 7, Children: c.at, Open: c.open}, c.events...)
		if got := s.State().State; got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestReasonOfAJob(t *testing.T) {
	fails := func(n int) Event {
		return Event{Child: n, Step: true, State: job.Failed, Reason: "exit status 3"}
	}
	for _, c := range []struct {
		children int
		events   []Event
		want     string
	}{
		{1, []Event{fails(1)}, "Failed: exit status 3"},
		{3, []Event{step(1, job.Completed), fails(2), fails(3)}, "Failed: child 2: exit status 3"},
		{1, []Event{step(1, job.Completed), {Step: true, State: job.Failed, Reason: "no more"}}, "Failed: no more"},
		{2, []Event{step(1, job.Completed), step(2, job.Completed)}, "Completed"},
	} {
		if got := Sum(Meta{ID: 7, Children: c.children}, c.events...).State().String(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.events, got, c.want)
		}
	}
}

// What a child put out is where it wrote it, until its end says that it is
// somewhere else.
func TestWhereAChildStands(t *testing.T) {
	s := Sum(Meta{ID: 7, Children: 2},
		Event{Child: 1, Try: 1, Slot: 2}, Event{Child: 2, Try: 1, Slot: 3, Sizes: [3]int64{5, 0, 0}},
		Event{Child: 1, Try: 2, Slot: 2, Sizes: [3]int64{9, 9, 9}}, Event{Child: 1, Until: &[3]int64{40, 25, 1}, Slot: 1, Sizes: [3]int64{30, 20, 1}},
		Event{Child: 2, Until: &[3]int64{9, 1, 1}})
	for i, want := range []ChildStatus{{Slot: 1, From: [3]int64{30, 20, 1}, Until: &[3]int64{40, 25, 1}}, {Slot: 3, From: [3]int64{5, 0, 0}, Until: &[3]int64{9, 1, 1}}} {
		if c := s.Each[i]; c.Slot != want.Slot || c.From != want.From || *c.Until != *want.Until {
			t.Errorf("child %d: got %d, %v to %v, want %d, %v to %v", i+1, c.Slot, c.From, *c.Until, want.Slot, want.From, *want.Until)
		}
	}
}

// A journal read as it grows, in whatever bites, is what it is when read at
// the end.
func TestReaderOfAGrowingJournal(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		must(t, err)
		f := Folder{ID: 7, Path: dir}
		m := Meta{ID: 7, Children: rapid.IntRange(0, 3).Draw(rt, "children"), Open: rapid.Bool().Draw(rt, "open")}
		b := m.encode()
		for _, e := range stepsGen.Draw(rt, "events") {
			b = append(b, e.encode()...)
		}
		file, err := os.Create(filepath.Join(dir, "journal"))
		must(t, err)
		defer file.Close()
		r := f.Reader()
		told := 0
		for len(b) > 0 {
			n := rapid.IntRange(1, len(b)).Draw(rt, "bite")
			_, err := file.Write(b[:n])
			must(t, err)
			b = b[n:]
			r.Refresh(func(Event) { told++ }) // damaged while the first line is not whole
		}
		must(t, r.Refresh(nil))
		want, status, err := f.Read()
		if err != nil || !reflect.DeepEqual(r.Meta, want) || !reflect.DeepEqual(r.Status, status) || told != status.Events {
			rt.Fatalf("read as it grew: got %+v, %+v, %d events told, want %+v, %+v, %v", r.Meta, r.Status, told, want, status, err)
		}
	})
}
