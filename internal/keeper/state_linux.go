package keeper

import (
	"errors"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// move makes the child step to a state; more is what the journal's line says
// beside it.
func (c *child) move(to job.State, reason error, more store.Event) {
	c.life.Keep = func(e job.StateEvent) error {
		more.Time, more.Step, more.State = e.Time, true, to
		if reason != nil {
			more.Reason = reason.Error()
		}
		c.k.write(c, more)
		return nil
	}
	// An illegal step would be a bug of ours; the table keeps it from doing
	// harm, and the journal tells of it.
	if err := c.life.Move(to, reason); err != nil {
		c.note(store.Event{Note: err.Error()})
	}
	if c.k.meta.Self && c.number == 1 {
		c.k.standStillWith(to)
	}
}

// note writes a fact about the child that is no step.
func (c *child) note(e store.Event) {
	e.Time = time.Now()
	c.k.write(c, e)
}

// note writes a fact, or a step, of the job as a whole.
func (k *keeper) note(e store.Event) {
	e.Time = time.Now()
	k.write(nil, e)
}

// write brings an event to the journal, then to the index: whoever reads the
// index may go on reading the folder. A full disk is waited out.
func (k *keeper) write(c *child, e store.Event) {
	var status *store.ChildStatus
	if c != nil {
		e.Child, status = c.number, &c.status
	}
	k.tally.Add(e, status)
	for {
		err := k.journal.Append(e)
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
			break
		}
		k.publish() // a record that is there is changed in place, which needs no room
		time.Sleep(fullDiskWait)
	}
	// Of many children most steps change nothing for the job.
	if record := k.tally.Record(k.meta); c == nil || !k.meta.Many() || record != k.told {
		k.publish()
	}
}

// fullDiskWait is how long a keeper waits before it tries again to write its
// journal on a full disk.
const fullDiskWait = 200 * time.Millisecond

func (k *keeper) publish() {
	s := store.Store{Dir: k.dir}
	k.told = k.tally.Record(k.meta)
	if err := s.Update(k.told); err != nil {
		// The journal has it; whoever reads the index mends it from there.
		syscall.Write(2, []byte("keeper: index: "+err.Error()+"\n"))
	}
}

// startClock starts the clock of the attempt's timeout with what is left.
func (c *child) startClock(left time.Duration) {
	if c.k.meta.Timeout == 0 {
		return
	}
	c.timeLeft, c.clock = max(left, 0), time.Now()
	c.deadline = c.clock.Add(c.timeLeft)
}

// stopClock stops it; a child that stands still uses up no time.
func (c *child) stopClock() {
	c.deadline = time.Time{}
	if !c.clock.IsZero() {
		c.timeLeft -= time.Since(c.clock)
		c.clock = time.Time{}
	}
}
