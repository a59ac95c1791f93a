package jobtest

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/backjob/job"
)

var recordChecks = []check{
	{"records/each stream", 0, func(t *trial) {
		want := mixed(t.kind.streams(), "", 20)
		j := t.ended(Script{Before: want})
		t.wantLines("Records of a final job", t.records(j, job.RecordOptions{}), want)
		t.wantLines("Records of a final job, once more", t.records(j, job.RecordOptions{}), want)
		t.wantLines("Records with Follow of a final job", t.records(j, job.RecordOptions{Follow: true}), want)
		t.wantStamps(j)
	}},
	{"records/only the streams asked for", 0, func(t *trial) {
		all := mixed(t.kind.streams(), "", 5)
		j := t.ended(Script{Before: all})
		for _, s := range t.kind.streams() {
			o := job.RecordOptions{Streams: []job.Stream{s}}
			t.wantLines(fmt.Sprintf("Records of %v", o.Streams), t.records(j, o), on(all, s))
		}
		two := []job.Stream{job.ErrorStream, job.Output}
		t.wantLines("Records of two streams, with Follow", t.records(j, job.RecordOptions{Streams: two, Follow: true}), on(all, two...))
	}},
	{"records/without follow end at once", 0, func(t *trial) {
		gate := t.hold()
		before := lines(job.Output, "before", 3)
		j := t.start(Script{Before: before, Hold: gate.C, After: lines(job.Output, "after", 3)})
		follow := t.follow(j, job.RecordOptions{})
		follow.first(3)
		t.wantLines("Records of a job that goes on", t.records(j, job.RecordOptions{}), before)
		gate.open()
		follow.all()
	}},
	{"records/follow to the end", 0, func(t *trial) {
		gate := t.hold()
		before, after := mixed(t.kind.streams(), "before", 3), mixed(t.kind.streams(), "after", 3)
		j := t.start(Script{Before: before, Hold: gate.C, After: after})
		early := t.follow(j, job.RecordOptions{})
		early.first(len(before))
		late := t.follow(j, job.RecordOptions{})
		late.first(1)
		gate.open()
		all := append(before, after...)
		t.wantLines("Records with Follow, from the start on", early.all(), all)
		t.wantState("when Records with Follow ended", j, job.Completed)
		t.wantLines("Records with Follow, from the middle on", late.all(), all)
	}},
	{"records/several readers", 0, func(t *trial) {
		gate := t.hold()
		before, after := lines(job.Output, "before", 100), lines(job.Output, "after", 100)
		j := t.start(Script{Before: before, Hold: gate.C, After: after})
		var readers []*listener[job.Record]
		for range 5 {
			readers = append(readers, t.follow(j, job.RecordOptions{}))
		}
		readers[0].first(1)
		gate.open()
		for i, r := range readers {
			t.wantLines(fmt.Sprintf("Records with Follow, reader %d of 5", i+1), r.all(), append(before, after...))
		}
	}},
	{"records/a reader that is slow", 0, func(t *trial) {
		gate, reader := t.hold(), t.hold()
		many := lines(job.Output, "line", 3000)
		j := t.start(Script{Before: many[:1], Hold: gate.C, After: many[1:]})
		slow := hearRecords(t, "Records with Follow, for a slow reader,", j, t.ctx(), job.RecordOptions{Follow: true}, func(int) bool {
			<-reader.C
			return true
		})
		slow.first(1)
		gate.open()
		t.wait(j) // the job does not wait for its readers
		reader.open()
		t.wantLines("Records with Follow, for a slow reader", slow.all(), many)
	}},
	{"records/end with their context", 0, func(t *trial) {
		gate := t.hold()
		j := t.start(Script{Before: lines(job.Output, "out", 2), Hold: gate.C})
		ctx, cancel := context.WithCancel(t.ctx())
		l := hearRecords(t, "Records with Follow, whose context is cancelled,", j, ctx, job.RecordOptions{Follow: true}, nil)
		l.first(2)
		cancel()
		if _, err := l.end(); !errors.Is(err, context.Canceled) {
			t.Errorf("Records with Follow of a job that goes on, whose context was cancelled: ended with error %v, wanted %v", err, context.Canceled)
		}
		t.wantGoingOn("after somebody's records were cancelled", j)
	}},
	{"records/a loop that is left", 0, func(t *trial) {
		gate := t.hold()
		all := lines(job.Output, "out", 4)
		j := t.start(Script{Before: all[:2], Hold: gate.C, After: all[2:]})
		hearRecords(t, "Records with Follow, left after the first,", j, t.ctx(), job.RecordOptions{Follow: true}, func(int) bool { return false }).all()
		t.panicIn("Records", func() {
			for range j.Records(t.ctx(), job.RecordOptions{Follow: true}) {
				panic(errLoop)
			}
		})
		gate.open()
		t.wait(j)
		t.wantLines("Records, after loops were left", t.records(j, job.RecordOptions{}), all)
	}},
	{"records/the job is asked from the loop", 0, func(t *trial) {
		j := t.start(Script{Before: lines(job.Output, "out", 3)})
		try(t, "a loop over Records that asks the job for Info, Events, Records and Children", func() any {
			for range j.Records(t.ctx(), job.RecordOptions{Follow: true}) {
				t.askAll(j)
			}
			return nil
		})
	}},
	{"records/own and the children's are all", 0, func(t *trial) {
		s := Script{Before: lines(job.Output, "own", 3)}
		if !t.kind.lacks(Children) {
			s.Children = []Script{{Before: lines(job.Output, "first", 3)}, {Before: lines(job.Output, "second", 3)}}
		}
		if !t.kind.lacks(Children | ParentState) {
			s.Before = nil // the children do all the work
		}
		j := t.ended(s)
		all := t.records(j, job.RecordOptions{})
		each := t.eachOwn(j)
		if got, want := sorted(each), sorted(all); got != want {
			t.Errorf("Records with NoRecurse, of the job and of each child, together:\ngot    %s\nwanted %s, as Records of the job", got, want)
		}
	}},
}

// follow listens to all records of a job until it is final.
func (t *trial) follow(j job.Job, o job.RecordOptions) *listener[job.Record] {
	o.Follow = true
	return hearRecords(t, "Records with Follow", j, t.ctx(), o, nil)
}

// records are those that are there, or with o.Follow all to the end.
func (t *trial) records(j job.Job, o job.RecordOptions) []job.Record {
	t.Helper()
	return hearRecords(t, fmt.Sprintf("Records(%+v)", o), j, t.ctx(), o, nil).all()
}

// eachOwn is what a job and its children, and theirs, put out themselves.
func (t *trial) eachOwn(j job.Job) []job.Record {
	t.Helper()
	own := t.records(j, job.RecordOptions{NoRecurse: true})
	for _, c := range t.children(j) {
		own = append(own, t.eachOwn(c)...)
	}
	return own
}

// wantLines compares records with what the work wrote: each stream by itself,
// and all together where the kind keeps their order.
func (t *trial) wantLines(what string, got []job.Record, want []Line) {
	t.Helper()
	wrote := joined(got)
	for _, s := range job.Streams() {
		if problem := difference(on(wrote, s), on(want, s)); problem != "" {
			t.Fatalf("%s, stream %v: %s", what, s, problem)
		}
	}
	if t.kind.lacks(Order) {
		return
	}
	if problem := difference(wrote, want); problem != "" {
		t.Fatalf("%s, all streams in the order of writing: %s", what, problem)
	}
}

// joined are records as lines; what goes on with a line is put to it.
func joined(records []job.Record) []Line {
	all := make([]Line, 0, len(records))
	for _, r := range records {
		if r.Continued && len(all) > 0 {
			all[len(all)-1].Text += string(r.Text)
			continue
		}
		all = append(all, Line{r.Stream, string(r.Text)})
	}
	return all
}

// difference says where two lists differ first, "" if nowhere.
func difference(got, want []Line) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("got %d records, wanted %d; the first that is missing is %s", len(got), len(want), text(want[i]))
		case i >= len(want):
			return fmt.Sprintf("got %d records, wanted %d; the first too many is %s", len(got), len(want), text(got[i]))
		case got[i] != want[i]:
			return fmt.Sprintf("record %d: got %s, wanted %s (%d records, wanted %d)", i+1, text(got[i]), text(want[i]), len(got), len(want))
		}
	}
	return ""
}

// wantStamps looks at what each record says of itself besides its text.
func (t *trial) wantStamps(j job.Job) {
	t.Helper()
	info := t.info(j)
	last := map[job.Stream]job.Record{}
	for _, r := range t.records(j, job.RecordOptions{}) {
		if r.Job.ID != info.ID {
			t.Fatalf("record %s is of job %v, wanted %v or a child of it", text(r), r.Job, info.Ref)
		}
		if before, ok := last[r.Stream]; ok && r.Time.Before(before.Time) || r.Time.IsZero() {
			t.Fatalf("record %s has the time %v, wanted none before that of the record before, %v", text(r), r.Time, before.Time)
		}
		if (r.Step != nil) != (r.Stream == job.Progress) {
			t.Fatalf("record %s: got Step %v, wanted one on progress and nowhere else", text(r), r.Step)
		}
		last[r.Stream] = r
	}
}

// sorted are the records as text, in an order of their own.
func sorted(records []job.Record) string {
	all := texts(records)
	sort.Strings(all)
	return strings.Join(all, " ")
}
