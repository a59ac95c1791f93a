package job

import (
	"context"
	"iter"
	"math/bits"
	"sync"
)

// Log is an append-only list with any number of readers. Each reader keeps
// its own place, so none slows another and none misses an entry, however late
// it comes. The zero Log is empty and ready.
type Log[T any] struct {
	mu      sync.Mutex
	blocks  [][]T // see place; an entry is never moved or changed once it is there
	length  int
	closed  bool
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// The first block has smallBlock entries, each further one twice as many up
// to largeBlock, and so all after that. Nothing is copied when a log grows.
const (
	smallBits  = 2
	largeBits  = 12
	smallBlock = 1 << smallBits
	largeBlock = 1 << largeBits
	grown      = 2*largeBlock - smallBlock // entries in the blocks up to the first large one
)

// place is the block of entry i, and its index in there.
func place(i int) (block, at int) {
	if i >= grown {
		rest := i - grown
		return largeBits - smallBits + 1 + rest>>largeBits, rest & (largeBlock - 1)
	}
	block = bits.Len(uint(i+smallBlock)) - smallBits - 1
	return block, i - (smallBlock<<block - smallBlock)
}

func blockSize(block int) int { return smallBlock << min(block, largeBits-smallBits) }

// Append adds an entry at the end. It reports false, and adds nothing, once
// the log is closed.
func (l *Log[T]) Append(entry T) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appendLocked(entry)
}

func (l *Log[T]) appendLocked(entry T) bool {
	if l.closed {
		return false
	}
	block, at := place(l.length)
	if block == len(l.blocks) {
		l.blocks = append(l.blocks, make([]T, blockSize(block)))
	}
	l.blocks[block][at] = entry
	l.length++
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
	return l.length
}

// view is what a log held at some time. It needs no lock: entries are added
// to the log beyond it.
type view[T any] struct {
	blocks [][]T
	length int
}

func (v view[T]) entry(i int) T {
	block, at := place(i)
	return v.blocks[block][at]
}

func (l *Log[T]) view() view[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return view[T]{l.blocks, l.length}
}

// All ranges over the entries from index from on, each with its index, and
// waits for more until the log is closed or ctx is done.
func (l *Log[T]) All(ctx context.Context, from int) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := max(from, 0); ; {
			there, ok := l.wait(ctx, i)
			if !ok {
				return
			}
			for ; i < there.length; i++ {
				if !yield(i, there.entry(i)) {
					return
				}
			}
		}
	}
}

// Now ranges over the entries from index from on that are there already.
func (l *Log[T]) Now(from int) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		there := l.view()
		for i := max(from, 0); i < there.length; i++ {
			if !yield(i, there.entry(i)) {
				return
			}
		}
	}
}

// wait returns once there is an entry i, with all that there is then; ok is
// false if there will be none, or ctx is done before.
func (l *Log[T]) wait(ctx context.Context, i int) (there view[T], ok bool) {
	for {
		l.mu.Lock()
		there, closed := view[T]{l.blocks, l.length}, l.closed
		if i >= there.length && !closed && l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		if i < there.length {
			return there, true
		}
		if closed || park(ctx, changed) != nil {
			return there, false
		}
	}
}

func (l *Log[T]) wakeLocked() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
