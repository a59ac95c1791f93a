package changes

import (
	"maps"
	"slices"
	"time"
)

// most is how many names a change has at most. More of them are told as the
// root as a whole.
const most = 10_000

// whole stands for the root as a whole.
const whole = "."

// burst is what changed since the last change was told.
type burst struct {
	settle, longest time.Duration

	paths       map[string]bool // or whole alone
	first, last time.Time
}

func (b *burst) empty() bool { return len(b.paths) == 0 }

// add adds a path that changed, as was noticed at the time now.
func (b *burst) add(path string, now time.Time) {
	if b.empty() {
		b.first = now
	}
	b.last = now
	switch {
	case b.paths[whole]:
	case path == whole, len(b.paths) == most && !b.paths[path]:
		b.paths = map[string]bool{whole: true}
	case b.empty():
		b.paths = map[string]bool{path: true}
	default:
		b.paths[path] = true
	}
}

// due is when the burst is over.
func (b *burst) due() time.Time {
	settled, longest := b.last.Add(b.settle), b.first.Add(b.longest)
	if settled.Before(longest) {
		return settled
	}
	return longest
}

// take gives what was gathered and begins anew.
func (b *burst) take(root string) Change {
	c := Change{Root: root, Paths: slices.Sorted(maps.Keys(b.paths)), Time: b.last}
	b.paths = nil
	return c
}
