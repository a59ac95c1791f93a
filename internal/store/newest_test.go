package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// history makes a repository with these records and no folders.
func history(t testing.TB, dir string, records []Record) *Store {
	t.Helper()
	s := open(t, dir)
	must(t, lock(s.format))
	defer unlock(s.format)
	must(t, s.writeIndex(records))
	must(t, s.openIndex())
	return s
}

// naiveNewest is what Newest has to give, by looking at everything.
func naiveNewest(records []Record, n int) (open, final []job.ID, older int) {
	var ended []Record
	for _, r := range records {
		switch {
		case r.Flags&Removed != 0:
		case r.Flags&Preparing != 0 || !r.State.Final():
			open = append(open, r.ID)
		default:
			ended = append(ended, r)
		}
	}
	n = max(n, 0)
	sort.Slice(ended, func(i, k int) bool { return ended[i].End.After(ended[k].End) })
	for i, r := range ended {
		if i < n {
			final = append(final, r.ID)
		}
	}
	sort.Slice(final, func(i, k int) bool { return final[i] < final[k] })
	return open, final, max(len(ended)-n, 0)
}

func idsOf(records []Record) (ids []job.ID) {
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestNewestEqualsTheNaiveAnswer(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		dir := filepath.Join(base, fmt.Sprint(round))
		total := rapid.IntRange(0, 2600).Draw(rt, "records")
		seed := rapid.Uint64().Draw(rt, "seed")
		openShare := rapid.SampledFrom([]int{0, 0, 1, 50}).Draw(rt, "of 1000 that are open")
		records := make([]Record, total)
		for i := range records {
			id := job.ID(i + 1)
			mixed := (seed + uint64(id)) * 0x9e3779b97f4a7c15
			records[i] = Record{ID: id, State: job.Completed, Created: time.Unix(1, 0), End: time.Unix(int64(mixed>>40), int64(id))}
			switch chance := int(mixed >> 8 % 1000); {
			case chance < openShare/2:
				records[i].State, records[i].End = job.Running, time.Time{}
			case chance < openShare:
				records[i].Flags, records[i].State, records[i].End = Preparing, job.NotStarted, time.Time{}
			case chance < openShare+20:
				records[i] = Record{ID: id, Flags: Removed}
			}
		}
		s := history(t, dir, records)
		for range rapid.IntRange(1, 5).Draw(rt, "looks") {
			n := rapid.OneOf(rapid.IntRange(0, 30), rapid.IntRange(-2, total+5)).Draw(rt, "n")
			open, final, older, err := s.Newest(n)
			wantOpen, wantFinal, wantOlder := naiveNewest(records, n)
			if err != nil || fmt.Sprint(idsOf(open), idsOf(final), older) != fmt.Sprint(wantOpen, wantFinal, wantOlder) {
				rt.Fatalf("Newest(%d) of %d records: got %v, %v, %d older, %v, want %v, %v, %d",
					n, total, idsOf(open), idsOf(final), older, err, wantOpen, wantFinal, wantOlder)
			}
			for range rapid.IntRange(0, 3).Draw(rt, "removals") {
				if total == 0 {
					break
				}
				i := rapid.IntRange(0, total-1).Draw(rt, "removed")
				must(t, s.forget(records[i]))
				records[i].Flags = Removed
			}
			switch rapid.SampledFrom([]string{"keep", "delete", "cut", "garbage", "stale"}).Draw(rt, "the file blocks") {
			case "delete":
				os.Remove(s.path("blocks"))
			case "cut":
				os.Truncate(s.path("blocks"), int64(rapid.IntRange(0, 90).Draw(rt, "at")))
			case "garbage":
				must(t, os.WriteFile(s.path("blocks"), rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "bytes"), 0o600))
			case "stale": // of an index that was built again since
				must(t, lock(s.format))
				kept, _ := os.ReadFile(s.path("blocks"))
				for i := range records {
					if !records[i].End.IsZero() {
						records[i].End = records[i].End.Add(time.Duration(seed>>40) * time.Second)
					}
				}
				must(t, s.writeIndex(records))
				must(t, os.WriteFile(s.path("blocks"), kept, 0o600))
				must(t, unlock(s.format))
				must(t, s.openIndex())
			}
		}
	})
}

// A job that ends makes its block one that may be summed up; one that is
// removed later is not counted.
func TestNewestAfterRemovalFromASummedBlock(t *testing.T) {
	records := make([]Record, 3*blockRecords)
	for i := range records {
		records[i] = Record{ID: job.ID(i + 1), State: job.Completed, End: time.Unix(int64(i+1), 0)}
	}
	s := history(t, t.TempDir(), records)
	for range 2 { // the second look uses the sums
		if _, _, older, err := s.Newest(10); older != len(records)-10 || err != nil {
			t.Fatalf("Newest(10) of %d: got %d older, %v, want the rest", len(records), older, err)
		}
	}
	must(t, s.forget(records[5]))
	if _, _, older, err := s.Newest(10); older != len(records)-11 || err != nil {
		t.Errorf("Newest(10) after a removal: got %d older, %v, want %d", older, err, len(records)-11)
	}
}

func TestFillMakesARepository(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "filled")
	must(t, Fill(dir, 700, 5))
	s := open(t, dir)
	_, final, older, err := s.Newest(50)
	if err != nil || len(final) != 50 || older != 650 || final[49].ID != 700 {
		t.Errorf("Newest(50) of a filled repository: got %d, %d older, %v", len(final), older, err)
	}
	if m, status, err := s.Folder(700).Read(); err != nil || m.ID != 700 || status.State().State != job.Completed {
		t.Errorf("the last job of a filled repository: got %+v, %v, %v", m, status.State(), err)
	}
	if err := Fill(dir, 1, 1); err == nil {
		t.Error("Fill of a repository with jobs: got no error")
	}
}
