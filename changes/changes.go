package changes

import (
	"context"
	"iter"
	"path/filepath"
	"time"
)

// Change says what changed in one burst.
type Change struct {
	// Root is the path that was given, made absolute.
	Root string
	// Paths are relative to Root, sorted, each once. "." stands alone: Root
	// itself changed, and if it is a folder, anything under it may have.
	Paths []string
	// Time is when the last of it was noticed.
	Time time.Time
}

// Options tune what is told. The zero value ignores the usual and waits for
// 100 milliseconds of silence, but at most a second.
type Options struct {
	// Ignore are patterns, in the manner of path.Match, of what is not told
	// and not looked into. One with a slash is held against the path from the
	// root on (one at its beginning says no more), one without against each
	// name in it. Nil means [Usual]; for
	// nothing to be ignored, give an empty slice. The root's own name does not
	// count.
	Ignore []string

	// Settle is how long nothing changes before what has is told; 0 means
	// 100ms.
	Settle time.Duration

	// Longest is how long a change waits for others at most; 0 means 1s.
	Longest time.Duration

	// Ready is called, unless it is nil, when the watch stands: what changes
	// from then on is told.
	Ready func()
}

// Usual are the patterns that are ignored where none are given: the folder
// .git, and files that editors make for themselves.
func Usual() []string {
	return []string{
		".git",
		"*~", "4913", ".*.sw?", // vim
		".#*", "#*#", // emacs
		".goutputstream-*", "*___jb_???___", // gedit, JetBrains
	}
}

// look is how often the root is looked at for what the system does not tell.
const look = time.Minute

// Under tells what changes under a folder, or that a file does: see the
// package comment. It ends with ctx's error, or with one that says why it
// cannot go on. A relative path is meant from the folder we are in now.
func Under(path string, o Options) func(ctx context.Context) iter.Seq2[Change, error] {
	root, err := filepath.Abs(path)
	return func(ctx context.Context) iter.Seq2[Change, error] {
		return func(yield func(Change, error) bool) {
			if err != nil {
				yield(Change{}, explain(path, err))
				return
			}
			ticker := time.NewTicker(look)
			defer ticker.Stop()
			follow(ctx, newWatcher(root, o), ticker.C, yield)
		}
	}
}

// follow passes on what the watcher gathers. Each tick makes it look by itself.
func follow(ctx context.Context, w *watcher, ticks <-chan time.Time, yield func(Change, error) bool) {
	defer w.close()
	err := w.begin()
	for timer := time.NewTimer(0); err == nil; {
		if w.burst.empty() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(w.burst.due()))
		}
		select {
		case <-w.inbox.wake:
			err = w.takeAll()
		case <-ticks:
			err = w.look(false)
		case <-timer.C:
			if !yield(w.burst.take(w.root), nil) {
				return
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	yield(Change{}, err)
}
