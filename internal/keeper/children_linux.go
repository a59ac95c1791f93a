package keeper

import (
	"slices"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// waiting is a child that has not begun. What it is to run stands in the
// journal, so that a million of them need little memory.
type waiting struct {
	number int
	at     int64 // where the journal has its event; -1 if it runs what the job says
}

// add adds a child to an open job; it begins as soon as there is room, after
// those that were added before. Call it in the keeper's goroutine, as what is
// put into inbox is. ok is false once no more children can be added.
func (k *keeper) add(w store.Work) (number int, ok bool) {
	if !k.tally.Open {
		return 0, false
	}
	at, err := k.journal.End()
	if err != nil {
		return 0, false
	}
	number = k.tally.Children + 1
	// A child that is waiting is known by its number alone.
	k.newChild(number).note(store.Event{Work: w})
	k.waiting = append(k.waiting, waiting{number, at})
	return number, true
}

// closeJob says that no more children will be added: the job is final when
// all it has are. Its state follows from theirs if state is NotStarted;
// otherwise it is that final state, for this reason (nil if there is nothing
// to say). Children that have not begun still begin; see stopWaiting.
func (k *keeper) closeJob(state job.State, reason error) {
	if !k.tally.Open && !state.Final() || k.tally.Own.Final() {
		return
	}
	e := store.Event{Closed: true, Step: state.Final(), State: state}
	if reason != nil {
		e.Reason = reason.Error()
	}
	k.note(e)
}

// stopWaiting makes children that have not begun Stopped: the one with this
// number, or with 0 all.
func (k *keeper) stopWaiting(number int, reason error) {
	kept := k.waiting[:0]
	for _, w := range k.waiting {
		if number != 0 && w.number != number {
			kept = append(kept, w)
			continue
		}
		c := k.newChild(w.number)
		c.move(job.Stopped, reason, store.Event{})
	}
	k.waiting = kept
}

// admit begins children while there is room for them. Those that cannot be
// started leave room again: they are not all tried in one go, so that
// requests are heard.
func (k *keeper) admit() {
	for range k.throttle() {
		if !k.mayBegin() {
			return
		}
		next := k.waiting[0]
		k.waiting = k.waiting[1:]
		k.begin(next)
	}
	if k.mayBegin() {
		k.sampleAt = time.Now() // so that we come again
	}
}

func (k *keeper) mayBegin() bool {
	return len(k.waiting) > 0 && len(k.running) < k.throttle() && !k.tally.Held && !k.tally.Stop
}

func (k *keeper) begin(w waiting) {
	c := k.newChild(w.number)
	k.running = append(k.running, c)
	if w.at >= 0 {
		e, err := k.journal.At(w.at)
		if err != nil {
			c.lose("never started, because the journal has lost what it was to do")
			return
		}
		c.status.Work = e.Work
	}
	c.start()
}

// release lets go of a child that is final.
func (k *keeper) release(c *child) {
	k.running = slices.DeleteFunc(k.running, func(r *child) bool { return r == c })
	if c.files == 0 {
		return
	}
	c.timeline.Close(false)
	switch unused := c.status.Attempt == 0 && k.shares(); {
	case !c.reusable && !unused:
	case c.last.Total() > 0 || c.timeline.Written():
		if !k.clear(c.files) {
			k.slots.full = append(k.slots.full, c.files)
		}
	default:
		k.slots.give(c.files)
	}
}
