package job_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backjob/job"
)

// written is a record of TestManyWriters.
type written struct{ writer, n int }

// Many write and many read at once: nothing is lost, nobody's records change
// their order, all who read see one order, and times never go back.
func TestManyWriters(t *testing.T) {
	const writers, each = 16, 400
	j := job.Go(background, "", func(_ context.Context, out *job.Writer) error {
		var all sync.WaitGroup
		for writer := range writers {
			all.Go(func() {
				streams := job.Streams()
				for n := range each {
					put(out, streams[n%6], written{writer, n})
				}
			})
		}
		all.Wait()
		return nil
	})
	var readers sync.WaitGroup
	orders := make([][]job.Record, 3)
	for i := range orders {
		readers.Go(func() { orders[i] = follow(t, j, "") })
	}
	halves := make([][]job.Record, 2)
	for i := range halves {
		readers.Go(func() { halves[i] = follow(t, j, "shared") })
	}
	readers.Wait()
	must(t, j.Wait(background))
	for _, order := range orders {
		checkOrder(t, order, writers*each)
	}
	for i := range orders[0] {
		if a, b := orders[0][i], orders[1][i]; a.Value != b.Value || !a.Time.Equal(b.Time) || a.Stream != b.Stream {
			t.Fatalf("record %d: one reader got %v, another %v", i, a, b)
		}
	}
	got := map[any]int{}
	for _, half := range halves {
		checkOrder(t, half, len(half))
		for _, r := range half {
			got[r.Value]++
		}
	}
	if len(halves[0])+len(halves[1]) != writers*each || len(got) != writers*each {
		t.Errorf("two that share a mark: got %d and %d records, %d different, want %d", len(halves[0]), len(halves[1]), len(got), writers*each)
	}
}

func put(out *job.Writer, s job.Stream, value any) {
	switch s {
	case job.Output:
		out.Output(value)
	case job.ErrorStream:
		out.Error(value)
	case job.Warning:
		out.Warning(value)
	case job.Verbose:
		out.Verbose(value)
	case job.Debug:
		out.Debug(value)
	case job.Information:
		out.Information(value)
	}
}

func follow(t *testing.T, j job.Job, reader string) (all []job.Record) {
	for r, err := range j.Records(background, job.RecordOptions{Follow: true, NoRecurse: true, Reader: reader}) {
		if err != nil {
			t.Error(err)
			break
		}
		all = append(all, r)
	}
	return all
}

// checkOrder looks at the order of each writer's records, and at the times.
func checkOrder(t *testing.T, records []job.Record, want int) {
	t.Helper()
	if len(records) != want {
		t.Fatalf("a reader: got %d records, want %d", len(records), want)
	}
	newest := map[int]int{}
	var last time.Time
	for i, r := range records {
		w := r.Value.(written)
		if n, ok := newest[w.writer]; ok && w.n <= n {
			t.Fatalf("record %d: got %v after number %d of the same writer", i, w, n)
		}
		if r.Time.Before(last) || r.Stream != job.Streams()[w.n%6] {
			t.Fatalf("record %d: got stream %v at %v, want %v not before %v", i, r.Stream, r.Time, job.Streams()[w.n%6], last)
		}
		newest[w.writer], last = w.n, r.Time
	}
}

// What was written before is there for who looks after, by whatever mark.
func TestWrittenIsThere(t *testing.T) {
	var l job.Lifecycle
	for n := range 10_000 {
		l.Writer().Output(n)
		got := -1
		for r, err := range l.Records(background, job.RecordOptions{Reader: "r"}) {
			must(t, err)
			got = r.Value.(int)
		}
		if got != n {
			t.Fatalf("Records after %d was written: got %d", n, got)
		}
	}
}

// The time of a record is exact, however long after the first.
func TestTimesOfRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l job.Lifecycle
		var want []time.Time
		for _, sleep := range []time.Duration{0, 1, 3, time.Second + 5, 100 * 24 * time.Hour, 50 * 365 * 24 * time.Hour} {
			time.Sleep(sleep)
			want = append(want, time.Now())
			l.Writer().Progress(job.Step{Activity: "waiting", Percent: -1})
		}
		for r := range l.Records(background, job.RecordOptions{}) {
			if i := r.Offset; !r.Time.Equal(want[i]) || r.Stream != job.Progress || r.Step == nil {
				t.Errorf("record %d: got %v on %v, step %v, want %v on progress", i, r.Time, r.Stream, r.Step, want[i])
			}
		}
	})
}
