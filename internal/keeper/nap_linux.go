package keeper

import (
	"path/filepath"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/nap"
	"github.com/backjob/job/internal/spool"
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

// nextNap is when we nap if nothing happens until then; zero if there is
// something that only a keeper who is awake can see to.
func (k *keeper) nextNap() time.Time {
	if !nap.Possible || k.idle() == nil {
		return time.Time{}
	}
	return time.Now().Add(k.rest.after)
}

// idle gives the job's only child, if we just wait: for the end of its
// program, for output, for requests and for the end of its time. A job with
// many children, and one whose program is not our child as the job was
// adopted, has a keeper who stays awake; there are few of those.
func (k *keeper) idle() *child {
	if k.meta.Many() || len(k.running) != 1 || k.dense != 0 || !k.changes.Told() {
		return nil
	}
	c := k.running[0]
	switch c.state() {
	case job.Running, job.Blocked, job.Suspended:
		if c.ours && c.ended == nil && c.ask == nil && !c.fresh {
			return c
		}
	}
	return nil
}

// nap naps, unless there is news. It returns if it does not nap.
func (k *keeper) nap() {
	c := k.idle()
	if c == nil {
		return
	}
	sizes, err := c.spool.Sizes()
	if err != nil {
		return
	}
	if grown, _ := c.timeline.Note(time.Now(), sizes); !grown {
		c.doNap(sizes)
		// It is not possible here, or not now. Signals may be lost.
		k.rest.after *= 2
	}
	k.collect()
	k.serveRequests()
	k.sample()
}

// doNap returns if we cannot nap.
func (c *child) doNap(sizes spool.Sizes) {
	k := c.k
	r := rest{after: min(2*k.rest.after, napLater*NapAfter), left: c.timeLeft, began: monotonic()}
	n := nap.Nap{Name: processName, Env: environment(), Keep: []uintptr{journalFD},
		Folder: k.journal.Path, Requests: requestsFolder, Signal: Signal}
	for f, size := range sizes {
		n.Files = append(n.Files, nap.File{Name: filepath.Base(c.spool.Path(spool.File(f))), Size: size})
	}
	if !c.clock.IsZero() {
		r.left -= time.Since(c.clock)
		n.Limit = max(r.left, 1)
	}
	n.Argv = argv(k.journal.Folder, k.dir, r.how())
	n.Take()
}

// timeLeftNow is what is left of the timeout of the attempt that we take up.
// The clock of a nap is better than that of the journal, which may be set.
func (c *child) timeLeftNow() time.Duration {
	switch r := c.k.rest; {
	case r.began == 0:
		return c.k.meta.Timeout - c.status.Ran(time.Now())
	case c.state() == job.Suspended:
		return r.left
	default:
		return r.left - (monotonic() - r.began)
	}
}

// monotonic is the time since the machine started, which nobody sets.
func monotonic() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
