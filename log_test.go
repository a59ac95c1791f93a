package job_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

func TestLogGivesAllToEveryReader(t *testing.T) {
	const entries, readers = 500, 8
	var l job.Log[int]
	var group sync.WaitGroup
	for reader := range readers {
		group.Go(func() {
			next := 10 * reader
			for i, entry := range l.All(context.Background(), 10*reader) {
				if i != next || entry != i {
					t.Errorf("reader %d: got entry %d at %d, want %d", reader, entry, i, next)
					return
				}
				next++
			}
			if next != entries {
				t.Errorf("reader %d: got entries up to %d, want up to %d", reader, next, entries)
			}
		})
	}
	for i := range entries {
		if !l.Append(i) {
			t.Fatalf("Append(%d): got false, want an open log to take it", i)
		}
	}
	l.Close()
	group.Wait()
}

func TestLogAfterClose(t *testing.T) {
	var l job.Log[string]
	l.Append("a")
	l.Close()
	l.Close()
	if l.Append("b") || l.Len() != 1 {
		t.Errorf("Append after Close: got %d entries, want 1 and false", l.Len())
	}
	for _, from := range []int{-3, 0, 1, 2} {
		got := 0
		for range l.All(context.Background(), from) {
			got++
		}
		if want := max(1-max(from, 0), 0); got != want {
			t.Errorf("All from %d of a closed log with one entry: got %d entries, want %d", from, got, want)
		}
	}
}

func TestLogReaderMayLeave(t *testing.T) {
	var l job.Log[int]
	for i := range 3 {
		l.Append(i)
	}
	for _, entry := range l.All(context.Background(), 0) {
		if entry == 1 {
			break
		}
	}
	for _, entry := range l.Now(0) {
		if entry == 1 {
			break
		}
	}
	if !l.Append(3) || l.Len() != 4 {
		t.Errorf("Append after readers left early: got %d entries, want 4", l.Len())
	}
}

// A reader of Now sees what was there when it began, and waits for nothing.
func TestLogNowDoesNotWait(t *testing.T) {
	var l job.Log[int]
	l.Append(0)
	l.Append(1)
	seen := 0
	for range l.Now(0) {
		l.Append(2)
		seen++
	}
	if seen != 2 || l.Len() != 4 {
		t.Errorf("Now while entries are added: got %d seen of %d, want 2 of 4", seen, l.Len())
	}
}

func TestLogReaderWaitsUntilItIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l job.Log[int]
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		var got []int
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for _, entry := range l.All(ctx, 0) {
				got = append(got, entry)
			}
		}()
		for i := range 3 {
			synctest.Wait() // the reader has seen all and waits
			if len(got) != i {
				t.Errorf("before Append(%d): got %v, want %d entries", i, got, i)
			}
			l.Append(i)
		}
		begin := time.Now()
		<-ended
		if waited := time.Since(begin); waited != time.Hour || len(got) != 3 {
			t.Errorf("a reader of an open log: got %v after %v, want 3 entries, then an hour of waiting", got, waited)
		}
	})
}

func TestLogReaderIsReleasedByClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l job.Log[int]
		var readers sync.WaitGroup
		for range 5 {
			readers.Go(func() {
				for i := range l.All(context.Background(), 0) {
					t.Errorf("a reader of an empty log: got entry %d, want none", i)
				}
			})
		}
		synctest.Wait()
		l.Close()
		readers.Wait()
	})
}

// Appends and readers in any order: a reader that begins anywhere sees the
// rest of the log.
func TestLogInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l job.Log[int]
		var model []int
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				entry := rapid.Int().Draw(t, "entry")
				model = append(model, entry)
				l.Append(entry)
			},
			"read": func(t *rapid.T) {
				from := rapid.IntRange(-1, len(model)+1).Draw(t, "from")
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				for name, read := range map[string]func(func(int, int) bool){"Now": l.Now(from), "All": l.All(ctx, from)} {
					var got []int
					for _, entry := range read {
						got = append(got, entry)
					}
					want := model[min(max(from, 0), len(model)):]
					if fmt.Sprint(got) != fmt.Sprint(want) {
						t.Fatalf("%s from %d: got %v, want %v", name, from, got, want)
					}
				}
			},
		})
	})
}
