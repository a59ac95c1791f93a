package jobtest

import (
	"errors"
	"fmt"

	"github.com/backjob/job"
)

// markChecks are about RecordOptions.Reader.
var markChecks = []check{
	{"readers/a reader goes on where it stopped", Marks, func(t *trial) {
		gate := t.hold()
		before, after := lines(job.Output, "before", 4), lines(job.Output, "after", 4)
		j := t.start(Script{Before: before, Hold: gate.C, After: after})
		t.follow(j, job.RecordOptions{}).first(len(before))
		t.wantLines("the first receive, left after two", t.receive(j, "r", 2), before[:2])
		t.wantLines("the second receive", t.receive(j, "r", 0), before[2:])
		t.wantLines("the third receive, when there is nothing new", t.receive(j, "r", 0), nil)
		gate.open()
		t.wantLines("the fourth receive, with Follow", t.records(j, job.RecordOptions{Reader: "r", Follow: true}), after)
		t.wantLines("the fifth receive, of a final job", t.receive(j, "r", 0), nil)
	}},
	{"readers/each has a mark of its own", Marks, func(t *trial) {
		all := lines(job.Output, "out", 4)
		j := t.ended(Script{Before: all})
		t.wantLines("Records without a reader", t.records(j, job.RecordOptions{}), all)
		t.wantLines("reader a, after somebody read without a mark", t.receive(j, "a", 0), all)
		t.wantLines("reader b, after a", t.receive(j, "b", 0), all)
		t.wantLines("Records without a reader, after two readers", t.records(j, job.RecordOptions{}), all)
	}},
	{"readers/a mark moves over what the reader got only", Marks, func(t *trial) {
		all := mixed([]job.Stream{job.Output, job.ErrorStream}, "", 4)
		j := t.ended(Script{Before: all})
		errs := job.RecordOptions{Reader: "r", Streams: []job.Stream{job.ErrorStream}}
		t.wantLines("a receive of the errors", t.records(j, errs), on(all, job.ErrorStream))
		t.wantLines("then one of everything", t.receive(j, "r", 0), on(all, job.Output))
		t.wantLines("then one of the errors again", t.records(j, errs), nil)
	}},
	{"readers/two at once get each record once", Marks, func(t *trial) {
		for range few(t.kind.rounds()) {
			gate := t.hold()
			before, after := lines(job.Output, "before", 50), lines(job.Output, "after", 50)
			j := t.start(Script{Before: before, Hold: gate.C, After: after})
			one := t.follow(j, job.RecordOptions{Reader: "r"})
			two := t.follow(j, job.RecordOptions{Reader: "r"})
			gate.open()
			t.wantShared(append(before, after...), one.all(), two.all())
		}
	}},
	{"readers/what is unread is told", Marks, func(t *trial) {
		j := t.ended(Script{Before: lines(job.Output, "out", 3)})
		t.records(j, job.RecordOptions{})
		t.receive(j, "other", 0)
		if info := t.info(j); !info.HasMoreData() {
			t.Errorf("HasMoreData, when the default reader has received nothing: got %d unread, wanted more", info.Unread)
		}
		t.receive(j, "default", 0)
		if info := t.info(j); info.HasMoreData() {
			t.Errorf("HasMoreData, when the default reader has received all: got %d unread, wanted 0", info.Unread)
		}
	}},
	{"readers/or refused", 0, func(t *trial) {
		if !t.kind.lacks(Marks) {
			return
		}
		j := t.ended(Script{Before: lines(job.Output, "out", 1)})
		_, err := hearRecords(t, "Records with a Reader", j, t.ctx(), job.RecordOptions{Reader: "r"}, nil).end()
		if kindOf(err) != job.Unsupported {
			t.Errorf("Records with a Reader, of a kind that lacks Marks: got error %v, wanted an Unsupported one", err)
		}
	}},
}

// receive is what a reader gets of what is there, at most n if n is not 0.
func (t *trial) receive(j job.Job, reader string, n int) []job.Record {
	t.Helper()
	what := fmt.Sprintf("Records for the reader %q", reader)
	return hearRecords(t, what, j, t.ctx(), job.RecordOptions{Reader: reader}, func(got int) bool { return n == 0 || got < n }).all()
}

// wantShared looks whether two got each line once between them, each in the
// order of writing.
func (t *trial) wantShared(want []Line, one, two []job.Record) {
	t.Helper()
	place := map[string]int{}
	for i, l := range want {
		place[l.Text] = i + 1
	}
	times := map[string]int{}
	for _, got := range [][]job.Record{one, two} {
		last := 0
		for _, r := range got {
			at := place[string(r.Text)]
			if at <= last {
				t.Fatalf("two at once for one reader: one of them got %s after line %d, wanted the order of writing", text(r), last)
			}
			last = at
			times[string(r.Text)]++
		}
	}
	for _, l := range want {
		if n := times[l.Text]; n != 1 {
			t.Fatalf("two at once for one reader: %s was got %d times, wanted once between them", text(l), n)
		}
	}
}

func kindOf(err error) job.Kind {
	var e *job.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return job.Other
}
