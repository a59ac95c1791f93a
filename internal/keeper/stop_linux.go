package keeper

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// asking is a stop on its way: the tree was asked to end and has until then.
type asking struct {
	until   time.Time
	killing bool
	rounds  int
	unknown time.Time // when we give up to learn how the program ended; zero while it is there
}

// The looks at a tree that was asked to end, or killed.
const (
	stopLook  = 5 * time.Millisecond
	stopLooks = 50 * time.Millisecond // the longest step between two looks
	// foreignEnd is how long the end of a program may stay unknown that is not
	// our child; the one whose child it is may be slow to look.
	foreignEnd = 6 * time.Second
	freezing   = 5 * time.Second // how long processes may take to stand still
)

// serveRequests carries out what was left for us.
func (k *keeper) serveRequests() {
	for _, r := range takeRequests(k.journal.Folder) {
		switch {
		case k.final():
			return
		case k.meta.Many() && r.Child == 0:
			k.serve(r)
		default:
			k.serveChild(max(r.Child, 1), r)
		}
	}
}

// serve carries out a request that is about the job as a whole.
func (k *keeper) serve(r Request) {
	switch r.Verb {
	case "stop":
		k.stop(r)
	case "suspend":
		if !k.tally.Held && !k.tally.Stop {
			k.note(store.Event{Step: true, State: job.Suspended})
		}
	case "resume":
		if k.tally.Held {
			k.note(store.Event{Step: true, State: job.Running})
		}
	}
	if r.Verb != "stop" {
		for _, c := range k.each() {
			c.serve(r)
		}
	}
}

func (k *keeper) serveChild(number int, r Request) {
	if c := k.functions.each[number]; c != nil {
		k.askFunction(c, r)
		return
	}
	for _, c := range k.each() {
		if c.number == number {
			c.serve(r)
			return
		}
	}
	if r.Verb == "stop" {
		k.stopWaiting(number, nil)
	}
}

func (c *child) serve(r Request) {
	switch state := c.state(); {
	case state.Final():
	case r.Verb == "stop":
		c.beginStop(r)
	case r.Verb == "suspend" && (state == job.Running || state == job.Blocked):
		c.suspend()
	case r.Verb == "resume" && state == job.Suspended:
		c.resume()
	}
}

// stop stops the job as a whole: what has not begun never will, everything
// that runs is asked to end, also what children that ended have left behind.
func (k *keeper) stop(r Request) {
	grace := k.graceOf(r)
	if k.tally.Open {
		k.closeJob(job.Stopped, nil)
	}
	if !k.tally.Stop && !k.final() {
		k.note(store.Event{Step: true, State: job.Stopping, Grace: grace})
	}
	k.stopWaiting(0, nil)
	if grace > 0 {
		k.signalAll(r.Signal)
	}
	for _, c := range k.each() {
		c.beginStop(Request{Verb: r.Verb, Grace: grace, Force: r.Force, Signal: signalled})
	}
}

// signalled as the signal of a stop says that the tree was asked already.
const signalled = "none"

// signalAll asks all processes of the job to end, each once.
func (k *keeper) signalAll(signal string) {
	all := process.Every()
	members := k.whole().Among(all)
	for _, c := range k.running {
		if !c.ours {
			members = append(members, c.tree().Among(all)...)
		}
	}
	ask(members, signal)
}

func ask(members []process.Stat, signal string) {
	if signal == signalled {
		return
	}
	sig := process.ParseSignal(signal)
	if sig == 0 {
		sig = syscall.SIGTERM
	}
	process.SignalAll(members, sig)
	process.SignalAll(members, syscall.SIGCONT) // what stands still cannot answer
}

// graceOf is the time between asking and killing, -1 for none, as the journal
// says it.
func (k *keeper) graceOf(r Request) time.Duration {
	grace := k.meta.GraceTime()
	if r.Grace != 0 {
		grace = r.Grace
	}
	if r.Force || grace <= 0 {
		return -1
	}
	return grace
}

// beginStop asks the tree to end. A second stop can only be more urgent.
func (c *child) beginStop(r Request) {
	c.stopped = true
	if c.waitingToRetry() {
		c.end(job.Stopped, c.why, c.ended)
		return
	}
	grace := c.k.graceOf(r)
	if c.state() != job.Stopping {
		c.move(job.Stopping, c.why, store.Event{Grace: grace})
	}
	c.askTree(max(grace, 0), r.Signal)
}

// timeIsUp ends an attempt that took too long.
func (c *child) timeIsUp() {
	if c.ask != nil {
		return
	}
	c.timedOut = true
	c.note(store.Event{Status: fmt.Sprintf("timed out after %v, is being stopped", c.k.meta.Timeout)})
	c.askTree(c.k.meta.GraceTime(), "")
}

func (c *child) askTree(grace time.Duration, signal string) {
	until := time.Now().Add(grace)
	if c.ask == nil || until.Before(c.ask.until) {
		c.ask = &asking{until: until}
	}
	if grace > 0 {
		ask(c.tree().Members(), signal)
	}
	c.fresh = true
}

// goOnStopping looks what is left of the tree, and kills it when its time is
// up. The stop is through when nothing is left and the program's end is known.
func (c *child) goOnStopping() {
	c.k.collect()
	left := c.tree().Members()
	if len(left) == 0 && c.endIsKnown() {
		c.ask = nil
		c.conclude()
		return
	}
	if !time.Now().Before(c.ask.until) {
		if !c.ask.killing {
			c.ask.killing, c.ask.rounds = true, 0
		}
		process.SignalAll(left, syscall.SIGKILL)
		if c.ask.rounds == 200 && len(left) > 0 {
			c.note(store.Event{Status: "process " + strconv.Itoa(left[0].PID) + " cannot be killed; still trying"})
		}
	}
	c.ask.rounds++
	step := min(stopLook*time.Duration(c.ask.rounds), stopLooks, max(time.Until(c.ask.until), stopLook))
	c.lookAt = time.Now().Add(step)
}

// endIsKnown reports whether it is known how the program ended. One that is
// not our child may be gone before its handle tells; that is waited for a
// while.
func (c *child) endIsKnown() bool {
	if c.ended != nil || c.ours || process.Alive(c.status.Program.PID, c.status.Program.Start) {
		return c.ended != nil
	}
	if c.ask.unknown.IsZero() {
		c.ask.unknown = time.Now().Add(foreignEnd)
	}
	if time.Now().After(c.ask.unknown) {
		c.ended = &store.Exit{Code: -1}
	}
	return c.ended != nil
}

func (c *child) suspend() {
	c.move(job.Suspending, nil, store.Event{})
	c.standStill()
}

func (c *child) standStill() {
	if !c.tree().Freeze(freezing) {
		c.tree().Signal(syscall.SIGCONT)
		c.move(job.Running, errors.New("a process did not stand still"), store.Event{})
		return
	}
	c.stopClock()
	if !c.retryAt.IsZero() {
		c.held, c.retryAt = true, time.Time{}
	}
	c.move(job.Suspended, nil, store.Event{})
}

func (c *child) resume() {
	c.tree().Signal(syscall.SIGCONT)
	if c.ended == nil {
		c.startClock(c.timeLeft)
	}
	c.move(job.Running, nil, store.Event{})
	if c.held {
		c.retryLater()
	}
}
