package keeper

import (
	"errors"
	"syscall"
	"time"
	"unsafe"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// move steps to a state; more is what the journal's line says beside it.
func (k *keeper) move(to job.State, reason error, more store.Event) {
	k.life.Keep = func(e job.StateEvent) error {
		more.Time, more.Child, more.Step, more.State = e.Time, 1, true, to
		if reason != nil {
			more.Reason = reason.Error()
		}
		k.write(more)
		return nil
	}
	// An illegal step would be a bug of ours; the table keeps it from doing
	// harm, and the journal tells of it.
	if err := k.life.Move(to, reason); err != nil {
		k.note(store.Event{Note: err.Error()})
	}
}

// note writes a fact that is no step.
func (k *keeper) note(e store.Event) {
	e.Time = time.Now()
	k.write(e)
}

// write brings an event to the journal, then to the index: whoever reads the
// index may go on reading the folder. A full disk is waited out.
func (k *keeper) write(e store.Event) {
	for {
		err := k.journal.Append(e)
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
			break
		}
		k.events = append(k.events, e)
		k.publish() // a record that is there is changed in place, which needs no room
		k.events = k.events[:len(k.events)-1]
		time.Sleep(fullDiskWait)
	}
	k.events = append(k.events, e)
	k.publish()
}

// fullDiskWait is how long a keeper waits before it tries again to write its
// journal on a full disk.
const fullDiskWait = 200 * time.Millisecond

func (k *keeper) publish() {
	s := store.Store{Dir: k.dir}
	record := store.Sum(k.meta.ID, k.meta.Children, k.events).Record(k.meta)
	if err := s.Update(record); err != nil {
		// The journal has it; whoever reads the index mends it from there.
		syscall.Write(2, []byte("keeper: index: "+err.Error()+"\n"))
	}
}

// startClock starts the clock of the attempt's timeout with what is left.
func (k *keeper) startClock(left time.Duration) {
	if k.meta.Timeout == 0 {
		return
	}
	k.timeLeft, k.clock = max(left, 0), time.Now()
	k.deadline.Reset(k.timeLeft)
}

// stopClock stops it; a job that stands still uses up no time.
func (k *keeper) stopClock() {
	k.deadline.Stop()
	if !k.clock.IsZero() {
		k.timeLeft -= time.Since(k.clock)
		k.clock = time.Time{}
	}
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func namePointer(name string) uintptr {
	b := append([]byte(name), 0)
	return uintptr(unsafe.Pointer(&b[0]))
}
