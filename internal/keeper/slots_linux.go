package keeper

import (
	"slices"

	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
)

// Many children share files, or there would be some for each. While a child
// runs it has files of its own, so that whatever it does to them, it does not
// to others. When it has ended, what it put out is brought to the files of the
// job's children that have ended, and the next child gets the emptied ones.
const archived = 1

// mostMoved is how many bytes a child may have put out for them to be moved.
// One with more keeps its files.
const mostMoved = 256 << 10

// slots are the numbers of the files of running children.
type slots struct {
	free     []int
	full     []int        // have to be emptied first; a reader held them
	last     int          // the highest number that was used
	occupied map[int]bool // by children that ended and keep them; known to a keeper that takes over
}

func (s *slots) give(n int) { s.free = append(s.free, n) }

func (s *slots) occupy(n int) {
	if n == archived {
		return
	}
	if s.occupied == nil {
		s.occupied = map[int]bool{}
	}
	s.occupied[n] = true
}

// shares reports whether the children share files. A program that runs its
// children itself writes their files too, and says where they stand.
func (k *keeper) shares() bool { return k.meta.Many() && !k.meta.Self }

// takeSlot gives the number of the files for a child that begins.
func (k *keeper) takeSlot() int {
	if !k.shares() {
		return 1
	}
	s := &k.slots
	s.full = slices.DeleteFunc(s.full, k.clear)
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return slot
	}
	s.last = max(s.last, archived) + 1
	return s.last
}

// clear empties the files with a number, and gives them to the next child. It
// is false while somebody reads them who saw the child before run.
func (k *keeper) clear(n int) bool {
	done, _ := spool.In(k.journal.Path, n).Clear()
	if done {
		k.slots.give(n)
	}
	return done
}

// putAway moves what a child put out that has ended, and says in its last
// event where it stands. It stays where it is if it is large, or if something
// is left that can write to its files: those are never used again.
func (c *child) putAway(e *store.Event) {
	k, sizes := c.k, c.sizes()
	until := [3]int64(sizes)
	e.Until = &until
	if sizes.Total() > mostMoved || !c.leftNothing() {
		return
	}
	base := spool.Sizes{}
	if sizes.Total() > 0 {
		var err error
		if base, err = k.moved(c.spool, sizes); err != nil {
			return // no room for it there
		}
	}
	for f := range until {
		until[f] += base[f]
	}
	e.Slot, e.Sizes = archived, base
	c.reusable = true
}

func (k *keeper) moved(from spool.Spool, sizes spool.Sizes) (base spool.Sizes, err error) {
	if k.archive == nil {
		if k.archive, err = spool.In(k.journal.Path, archived).Archive(); err != nil {
			return base, err
		}
	}
	return k.archive.Take(from, sizes)
}
