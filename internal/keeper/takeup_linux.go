package keeper

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// takeUp reads what is known of the job, and goes on from there: the first
// keeper of a job as any later one.
func (k *keeper) takeUp() error {
	if err := k.read(); err != nil {
		return k.giveUp(err)
	}
	if k.boot = k.tally.Boot; !k.rest.napped {
		k.boot = process.BootID()
	}
	if k.final() {
		k.publish() // a keeper was killed between the journal and the index
		return nil
	}
	k.restarted = k.tally.Boot != "" && k.tally.Boot != k.boot
	if k.tally.Keeper.PID != os.Getpid() {
		self, _ := process.StatOf(os.Getpid())
		k.note(store.Event{Keeper: store.Process{PID: os.Getpid(), Start: self.Start}, Boot: k.boot})
	}
	if (!k.meta.Many() || k.meta.Self) && len(k.waiting) > 0 {
		k.takeUpOnly()
	}
	var lost []foreignProgram
	for _, c := range k.each() {
		if f, ok := c.takeUp(); ok {
			lost = append(lost, f)
		}
	}
	if len(lost) > 0 {
		go k.waitForeign(lost) // ends with the programs, or with us
	}
	k.collect() // when all our programs are known
	if k.restarted && !k.final() {
		k.endAfterRestart()
	}
	k.findFreeSlots()
	k.goOnAsAWhole()
	k.serveRequests()
	k.listen()
	k.settle()
	k.sample()
	return nil
}

// read reads the journal. Children that are final leave nothing behind but
// their part in the tally.
func (k *keeper) read() error {
	children := map[int]*child{}
	at := map[int]int64{} // of the children that have not begun
	err := k.journal.Scan(func(m store.Meta) {
		k.meta, k.tally = m, store.NewTally(m)
		for n := range k.tally.Children {
			at[n+1] = -1
		}
	}, func(e store.Event, place int64) {
		if !k.tally.Knows(e) {
			return
		}
		k.readEvent(e, place, children, at)
	})
	k.takeUpFunctions(children, at)
	for n, place := range at {
		k.waiting = append(k.waiting, waiting{n, place})
	}
	slices.SortFunc(k.waiting, func(a, b waiting) int { return a.number - b.number })
	for _, c := range children {
		if c.place > 0 {
			if e, err := k.journal.At(c.place); err == nil {
				c.status.Work = e.Work
			}
		}
		k.running = append(k.running, c)
	}
	slices.SortFunc(k.running, func(a, b *child) int { return a.number - b.number })
	k.slots.last = max(k.tally.Slots, archived)
	return err
}

func (k *keeper) readEvent(e store.Event, place int64, children map[int]*child, at map[int]int64) {
	k.readFor(e)
	if e.Child == 0 {
		k.tally.Add(e, nil)
		if e.State == job.Stopping {
			k.grace = e.Grace
		}
		return
	}
	c := children[e.Child]
	if c == nil {
		c = k.newChild(e.Child)
	}
	k.tally.Add(e, &c.status)
	if e.Step {
		c.life.Restore([]job.StateEvent{{Job: c.life.Job, New: c.status.State, Time: e.Time}})
	}
	switch {
	case c.status.State.State.Final():
		delete(children, e.Child)
		delete(at, e.Child)
		k.slots.occupy(c.status.Slot)
	case c.status.Attempt > 0 || e.Step:
		if children[e.Child] == nil {
			c.place = at[e.Child]
		}
		children[e.Child] = c
		delete(at, e.Child)
	case e.Work.Given(), e.Child > k.meta.Children:
		at[e.Child] = place
	}
}

// takeUpOnly deals with a child that has files of its own and of which the
// journal does not say that it began: it may have, as it is launched before
// that is written.
func (k *keeper) takeUpOnly() {
	if k.launched == 0 && !k.adopted {
		return // we are to start it
	}
	c := k.newChild(k.waiting[0].number)
	k.waiting = nil
	k.running = append(k.running, c)
	c.open(1)
	e := store.Event{Try: 1, Boot: k.boot}
	switch p, found := c.findStarted(1); {
	case k.launched != 0:
		c.began(k.launched, e)
	case found:
		c.began(p.PID, e)
	default:
		c.lose("never started, because its keeper was killed, or its journal is lost")
	}
}

// takeUp goes on with a child that has begun. If its program is not our
// child, it has to be waited for in another way.
func (c *child) takeUp() (f foreignProgram, ok bool) {
	s := &c.status
	if c.files == 0 {
		c.open(max(s.Slot, 1))
	}
	c.ended, c.stopped = s.Ended, s.State.State == job.Stopping
	if c.k.restarted || s.Boot != "" && s.Boot != c.k.boot {
		c.lose("machine restarted")
		return f, false
	}
	if s.Program.PID == 0 && c.ended == nil && !c.foundStarted() {
		return f, false
	}
	c.startClock(c.timeLeftNow())
	switch s.State.State {
	case job.Suspended:
		c.stopClock()
	case job.Suspending: // our forerunner did not come to the end of it
		c.standStill()
	}
	if c.ended == nil {
		f, ok = c.findProgram()
	}
	switch {
	case c.stopped:
		c.beginStop(Request{Verb: "stop", Grace: s.Grace})
	case c.ended != nil && c.waitingToRetry():
		c.retryLater()
	default:
		c.fresh = true
	}
	return f, ok
}

// foundStarted looks for the program of an attempt that was to begin when our
// forerunner was killed. It is not started again if it cannot be found: it
// may have ended already.
func (c *child) foundStarted() bool {
	p, found := c.findStarted(c.status.Attempt)
	if found {
		c.began(p.PID, store.Event{})
		return true
	}
	c.lose("exit status unknown: its keeper was killed as it was started")
	return false
}

// findStarted looks for the program of an attempt by the environment and the
// files that it was given.
func (c *child) findStarted(attempt int) (p process.Stat, found bool) {
	t := process.Tree{Lost: true, Spare: isKeeper, Files: c.fileInfos(),
		Cookies: append(cookies(c.k.journal.Folder, c.number, c.files), "JOB_ATTEMPT="+strconv.Itoa(attempt))}
	for _, s := range t.Members() {
		if s.PID == s.Session {
			return s, true
		}
	}
	return p, false
}

// findProgram finds the program that the journal speaks of.
func (c *child) findProgram() (f foreignProgram, ok bool) {
	p := c.status.Program
	stat, err := process.StatOf(p.PID)
	if c.ours = c.k.rest.napped || err == nil && stat.Parent == os.Getpid() && stat.Start == p.Start; c.ours {
		return f, false
	}
	handle, err := process.Open(p.PID, p.Start)
	if err != nil {
		c.hasEnded(store.Exit{Code: -1})
		return f, false
	}
	return foreignProgram{c, handle}, true
}

// foreignProgram is a program that is not our child.
type foreignProgram struct {
	child  *child
	handle process.Handle
}

// foreign is how one ended.
type foreign struct {
	child *child
	exit  store.Exit
}

// waitForeign tells of the end of each of these programs.
func (k *keeper) waitForeign(programs []foreignProgram) {
	for len(programs) > 0 {
		handles := make([]process.Handle, len(programs))
		for i, p := range programs {
			handles[i] = p.handle
		}
		i := process.WaitAny(handles, nil)
		go k.tellForeign(programs[i]) // ends within seconds, or with us
		programs = slices.Delete(programs, i, i+1)
	}
}

// tellForeign tells how a program ended, which we may learn only once its
// parent has looked.
func (k *keeper) tellForeign(p foreignProgram) {
	defer p.handle.Close()
	exit, err := p.handle.Exit()
	if err != nil {
		exit.Code = -1
	}
	k.foreign <- foreign{p.child, store.Exit{Code: exit.Code, Signal: int(exit.Signal)}}
}

// endAfterRestart ends a job whose machine was restarted: what has not begun
// is not begun in another surrounding, days later. An event job goes on, as it
// was meant to.
func (k *keeper) endAfterRestart() {
	if k.meta.On != nil {
		return
	}
	why := errors.New("machine restarted")
	k.closeJob(job.Failed, why)
	k.stopWaiting(0, why)
}

// findFreeSlots finds the files that can be written to. Where a process is
// left that an ended child may have left behind, none of those that were used
// is used again.
func (k *keeper) findFreeSlots() {
	if !k.shares() || k.slots.last == archived || !k.adopted && len(k.orphans()) > 0 {
		return
	}
	used := map[int]bool{}
	of := map[string]bool{} // the numbers of running children
	for _, c := range k.running {
		used[c.files], of[strconv.Itoa(c.number)] = true, true
	}
	here := k.journal.Path + string(filepath.Separator)
	for _, s := range process.Every() {
		if given := s.Environ("JOB_RECORDS", "JOB_CHILD"); strings.HasPrefix(given[0], here) && !of[given[1]] {
			return
		}
	}
	for n := k.slots.last; n > archived; n-- {
		if !used[n] && !k.slots.occupied[n] {
			k.slots.full = append(k.slots.full, n)
		}
	}
}

// goOnAsAWhole carries on with what was asked of the whole job.
func (k *keeper) goOnAsAWhole() {
	switch {
	case k.final():
	case k.tally.Stop:
		k.stop(Request{Verb: "stop", Grace: k.grace})
	case k.tally.Held:
		for _, c := range k.each() {
			c.serve(Request{Verb: "suspend"})
		}
	}
}
