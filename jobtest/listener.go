package jobtest

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
	"time"

	"github.com/backjob/job"
)

// listener ranges over events or records in a goroutine of its own.
type listener[T any] struct {
	trial *trial
	what  string

	mu   sync.Mutex
	got  []T
	err  error
	odd  string        // what it did that no sequence may do
	more chan struct{} // closed at the next change
	over bool
}

// endless is more than any script makes.
const endless = 10_000

// listen ranges over a sequence until it ends, or until keep, called with the
// number of what came so far, is false. A nil keep takes all.
func listen[T any](t *trial, what string, seq func() iter.Seq2[T, error], keep func(n int) bool) *listener[T] {
	l := &listener[T]{trial: t, what: what, more: make(chan struct{})}
	go l.run(seq, keep) // ends with the sequence, or not at all if that is bad
	return l
}

func (l *listener[T]) run(seq func() iter.Seq2[T, error], keep func(n int) bool) {
	defer l.change(func() { l.over = true })
	defer func() {
		if v := recover(); v != nil {
			l.change(func() { l.odd = fmt.Sprintf("panicked: %v\n%s", v, debug.Stack()) })
		}
	}()
	left := false
	seq()(func(value T, err error) bool {
		if left {
			l.change(func() { l.odd = "went on after the loop was left" })
			return false
		}
		n := 0
		l.change(func() {
			switch {
			case l.err != nil:
				l.odd = fmt.Sprintf("went on after the error %v", l.err)
			case err != nil:
				l.err = err
			case len(l.got) == endless:
				l.odd = fmt.Sprintf("does not end: it gave more than %d", endless)
			default:
				l.got = append(l.got, value)
			}
			n = len(l.got)
		})
		left = l.odd != "" || keep != nil && !keep(n)
		return !left
	})
}

func (l *listener[T]) change(how func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	how()
	close(l.more)
	l.more = make(chan struct{})
}

// until waits for holds to be true of what came so far.
func (l *listener[T]) until(holds func() bool) (ok bool) {
	timer := time.NewTimer(l.trial.kind.patience())
	defer timer.Stop()
	for {
		l.mu.Lock()
		ok, over, more := holds(), l.over, l.more
		l.mu.Unlock()
		if ok || over {
			return ok
		}
		select {
		case <-more:
		case <-timer.C:
			return false
		}
	}
}

// first waits for the first n.
func (l *listener[T]) first(n int) []T {
	l.trial.Helper()
	ok := l.until(func() bool { return len(l.got) >= n })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blameLocked()
	if !ok && l.over {
		l.trial.Fatalf("%s ended after %d (error %v): %v; wanted %d or more", l.what, len(l.got), l.err, brief(l.got), n)
	} else if !ok {
		l.trial.Fatalf("%s has given %d after %v: %v; wanted %d", l.what, len(l.got), l.trial.kind.patience(), brief(l.got), n)
	}
	return l.got[:n:n]
}

// all waits for the end of the sequence, which is to have no error.
func (l *listener[T]) all() []T {
	l.trial.Helper()
	got, err := l.end()
	if err != nil {
		l.trial.Fatalf("%s: got error %v after %d, wanted none", l.what, err, len(got))
	}
	return got
}

// end waits for the end of the sequence.
func (l *listener[T]) end() ([]T, error) {
	l.trial.Helper()
	ok := l.until(func() bool { return l.over })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blameLocked()
	if !ok {
		l.trial.Fatalf("%s has not ended after %v; it gave %d: %v", l.what, l.trial.kind.patience(), len(l.got), brief(l.got))
	}
	return l.got, l.err
}

func (l *listener[T]) blameLocked() {
	l.trial.Helper()
	if l.odd != "" {
		l.trial.Fatalf("%s %s", l.what, l.odd)
	}
}

// brief is a list as text, not all of it if it is long.
func brief[T any](all []T) string {
	if len(all) <= 10 {
		return fmt.Sprint(texts(all))
	}
	return fmt.Sprintf("%v … %v", texts(all[:5]), texts(all[len(all)-3:]))
}

// hearEvents listens to a job's events.
func hearEvents(t *trial, what string, j job.Job, ctx context.Context, follow bool, keep func(n int) bool) *listener[job.StateEvent] {
	return listen(t, what, func() iter.Seq2[job.StateEvent, error] { return j.Events(ctx, follow) }, keep)
}

// hearRecords listens to a job's records.
func hearRecords(t *trial, what string, j job.Job, ctx context.Context, o job.RecordOptions, keep func(n int) bool) *listener[job.Record] {
	return listen(t, what, func() iter.Seq2[job.Record, error] { return j.Records(ctx, o) }, keep)
}
