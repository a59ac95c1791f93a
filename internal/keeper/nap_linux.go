package keeper

import (
	"path/filepath"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/nap"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
	"golang.org/x/sys/unix"
)

// A keeper whose job is quiet naps: it executes a tiny program in its place,
// see package nap. That executes a keeper again when something happened,
// which takes the job up as any keeper does. Whatever naps is still the
// keeper: it has the same number, and holds the lock.
//
// To take up a job is much to do, and the system may be short of memory or of
// open files just then. What was so when the nap began, and cannot have
// changed, is therefore not asked again: that the program is our child, and
// that the machine was not restarted.

// napAfterQuiet has us nap if nothing happens for a while from now on.
func (k *keeper) napAfterQuiet() {
	if nap.Possible && k.idle() {
		k.quiet.Reset(k.rest.after)
		return
	}
	k.quiet.Stop()
}

// nap naps, unless there is something that only a keeper who is awake can
// see to. It returns if it does not nap.
func (k *keeper) nap() {
	if !k.idle() {
		return
	}
	sizes, err := k.sampler.spool.Sizes()
	if err != nil {
		return
	}
	if grown, _ := k.sampler.timeline.Note(time.Now(), sizes); grown {
		k.sample()
		return
	}
	k.doNap(sizes)
	// It is not possible here, or not now. Signals may be lost.
	k.rest.after *= 2
	k.reap()
	k.serveRequests()
	k.sample()
}

// idle reports whether we only wait: for the end of our child, for output,
// for requests and for the end of its time. A job that was adopted is looked
// after by a keeper who stays awake; there are few of those.
func (k *keeper) idle() bool {
	switch k.life.State().State {
	case job.Running, job.Blocked, job.Suspended:
		return k.ours && k.ended == nil && k.ask == nil && k.sampler.dense == 0 && k.changes.Told()
	}
	return false
}

// doNap returns if we cannot nap.
func (k *keeper) doNap(sizes spool.Sizes) {
	r := rest{after: min(2*k.rest.after, napLater*NapAfter), left: k.timeLeft, began: monotonic()}
	n := nap.Nap{Name: processName, Env: environment(), Keep: []uintptr{journalFD},
		Folder: k.journal.Path, Requests: requestsFolder, Signal: Signal}
	for f, size := range sizes {
		n.Files = append(n.Files, nap.File{Name: filepath.Base(k.sampler.spool.Path(spool.File(f))), Size: size})
	}
	if !k.clock.IsZero() {
		r.left -= time.Since(k.clock)
		n.Limit = max(r.left, 1)
	}
	n.Argv = argv(k.journal.Folder, k.dir, r.how())
	n.Take()
}

// timeLeftOf is what is left of the timeout of the attempt that we take up.
// The clock of a nap is better than that of the journal, which may be set.
func (k *keeper) timeLeftOf(child store.ChildStatus) time.Duration {
	switch {
	case !k.rest.napped:
		return k.meta.Timeout - child.Ran(time.Now())
	case k.life.State().State == job.Suspended:
		return k.rest.left
	}
	return k.rest.left - (monotonic() - k.rest.began)
}

// monotonic is the time since the machine started, which nobody sets.
func monotonic() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
