package job

import (
	"context"
	"iter"
	"sync"
)

// Log is an append-only list with any number of readers. Each reader keeps
// its own place, so none slows another and none misses an entry, however late
// it comes. The zero Log is empty and ready.
type Log[T any] struct {
	mu      sync.Mutex
	entries []T
	closed  bool
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// Append adds an entry at the end. It reports false, and adds nothing, once
// the log is closed.
func (l *Log[T]) Append(entry T) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.entries = append(l.entries, entry)
	l.wakeLocked()
	return true
}

// Close says that no entry will follow. Closing twice does nothing.
func (l *Log[T]) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.wakeLocked()
}

// Len is the number of entries so far.
func (l *Log[T]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// All ranges over the entries from index from on, each with its index, and
// waits for more until the log is closed or ctx is done.
func (l *Log[T]) All(ctx context.Context, from int) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := max(from, 0); ; i++ {
			entry, ok := l.next(ctx, i)
			if !ok || !yield(i, entry) {
				return
			}
		}
	}
}

// Now ranges over the entries from index from on that are there already.
func (l *Log[T]) Now(from int) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		l.mu.Lock()
		entries := l.entries // entries are never changed, only added
		l.mu.Unlock()
		for i := max(from, 0); i < len(entries); i++ {
			if !yield(i, entries[i]) {
				return
			}
		}
	}
}

func (l *Log[T]) next(ctx context.Context, i int) (entry T, ok bool) {
	for {
		l.mu.Lock()
		if i < len(l.entries) {
			entry = l.entries[i]
			l.mu.Unlock()
			return entry, true
		}
		if l.closed {
			l.mu.Unlock()
			return entry, false
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return entry, false
		}
	}
}

func (l *Log[T]) wakeLocked() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
