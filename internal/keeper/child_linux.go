package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
)

// child is one child of the job, from its first attempt until it is final.
type child struct {
	k      *keeper
	number int
	status store.ChildStatus // what the journal says of it so far
	life   job.Lifecycle
	place  int64 // where the journal says what it does; 0 if that is what the job says
	sampler

	ours     bool          // the program of this attempt is our child
	ended    *store.Exit   // how it ended; nil while it runs
	fresh    bool          // there is news: look how it goes on
	ask      *asking       // a stop that is being carried out; nil if none is
	stopped  bool          // a stop was asked for
	why      error         // of that stop; nil if somebody asked for it
	lost     bool          // nobody saw how it ended
	timedOut bool          // the attempt took too long
	held     bool          // the next attempt waits for a resume
	reusable bool          // its files may be used by another child
	timeLeft time.Duration // of the attempt's timeout, when its clock last started
	clock    time.Time     // when it started; zero while it stands still

	// What is due, and when; zero if it is not.
	lookAt   time.Time // at what is left of the tree
	deadline time.Time // the attempt's timeout
	retryAt  time.Time // the next attempt
}

func (k *keeper) newChild(number int) *child {
	c := &child{k: k, number: number}
	c.life.Job = job.Ref{ID: k.meta.ID, Child: number}
	return c
}

func (c *child) state() job.State { return c.life.State().State }

// start starts the next attempt. That it begins is written before it does:
// a program that was started and not written down could be started twice.
func (c *child) start() {
	k := c.k
	if c.files == 0 {
		c.open(k.takeSlot())
	}
	if k.meta.Self {
		k.meta.Stdin = os.Stdin // what our starter was given for it, or nothing
	}
	a := attempt{c.number, c.status.Attempt + 1, c.files, c.status.Work}
	cmd, err := command(k.journal.Folder, k.meta, "", a)
	pid := 0
	if err == nil {
		e := store.Event{Try: a.number, Sizes: c.sizes()}
		if k.meta.Many() {
			e.Slot = c.files
		}
		c.note(e)
		if pid, err = cmd.Start(); err != nil {
			err = startError(cmd.Argv[0], err)
		}
	}
	closeFiles(cmd, k.meta)
	if k.meta.Self {
		os.Stdin.Close()
	}
	if err != nil {
		c.end(job.Failed, reasonOf(err), nil)
		return
	}
	c.began(pid, store.Event{})
}

// began writes that an attempt runs.
func (c *child) began(pid int, e store.Event) {
	stat, _ := process.StatOf(pid)
	c.ours, c.ended, c.timedOut = true, nil, false
	e.Program = store.Process{PID: pid, Start: stat.Start}
	if !c.k.meta.Many() {
		e.Boot = c.k.boot
	}
	if c.state() == job.NotStarted {
		c.move(job.Running, nil, e)
	} else {
		c.note(e)
	}
	c.startClock(c.k.meta.Timeout)
}

// hasEnded takes note of how the program ended; goOn deals with it.
func (c *child) hasEnded(exit store.Exit) {
	if c.ended == nil {
		c.ended, c.fresh = &exit, true
	}
}

// due does what the time has come for.
func (c *child) due(now time.Time) {
	if isDue(c.retryAt, now) {
		c.retryAt = time.Time{}
		c.startAgain()
	}
	if isDue(c.deadline, now) {
		c.deadline = time.Time{}
		c.timeIsUp()
	}
	if isDue(c.lookAt, now) {
		c.lookAt = time.Time{}
		c.goOn()
	}
}

// lingerLook is how often we look at what a program left behind, which may
// close its files without ending.
const lingerLook = 250 * time.Millisecond

// goOn looks whether what we wait for has come: the end of a stop, or, after
// the program's end, that of what it left behind.
func (c *child) goOn() {
	switch {
	case c.state().Final():
	case c.ask != nil:
		c.goOnStopping()
	case c.ended != nil && !c.waitingToRetry():
		holding := c.holding()
		if holding == "" {
			c.conclude()
			return
		}
		if c.status.Ended == nil {
			c.note(store.Event{Ended: c.ended,
				Status: "the program has ended (" + outcome(*c.ended) + "); waiting for what it left behind: " + holding})
		}
		c.lookAt = time.Now().Add(lingerLook)
	}
}

// conclude ends the attempt: the child is final, or tries again.
func (c *child) conclude() {
	c.lookAt = time.Time{}
	c.stopClock()
	exit := *c.ended
	c.sample()
	switch {
	case c.stopped:
		c.end(job.Stopped, c.life.State().Reason, &exit)
	case c.timedOut:
		c.failed(fmt.Errorf("timed out after %v", c.k.meta.Timeout), exit)
	case exit.Code == 0:
		c.end(job.Completed, nil, &exit)
	default:
		c.failed(c.k.whyFailed(exit), exit)
	}
}

// whyFailed is the reason that the program gave, or how it ended.
func (k *keeper) whyFailed(exit store.Exit) error {
	k.hear()
	if k.functions.reason != "" && exit.Code > 0 {
		return errors.New(k.functions.reason)
	}
	return errors.New(outcome(exit))
}

func (c *child) failed(reason error, exit store.Exit) {
	tried, most := c.status.Attempt, c.k.meta.Retry+1
	if tried >= most {
		c.end(job.Failed, reason, &exit)
		return
	}
	c.note(store.Event{Ended: &exit, Status: fmt.Sprintf("%s%d Failed: %v; waiting to try again", retryStatus, tried, reason)})
	c.tell(job.Information, fmt.Sprintf("attempt %d Failed: %v; attempt %d of %d begins", tried, reason, tried+1, most))
	c.retryLater()
}

// retryStatus is how the status of a child begins that waits to try again.
const retryStatus = "attempt "

// retryLater begins the next attempt after the delay; a child that is
// Suspended begins none.
func (c *child) retryLater() {
	if c.held = c.state() == job.Suspended; !c.held {
		c.retryAt = time.Now().Add(c.k.meta.RetryDelay)
	}
}

func (c *child) waitingToRetry() bool { return strings.HasPrefix(c.status.Message, retryStatus) }

func (c *child) startAgain() {
	c.note(store.Event{Status: "-"})
	c.start()
}

// tell adds a record to the child's records.
func (c *child) tell(stream job.Stream, text string) {
	f, err := c.spool.Append(spool.RecordsFile)
	if err != nil {
		return // a full disk: the journal has it too
	}
	defer f.Close()
	b, err := json.Marshal(map[string]string{"stream": stream.String(), "text": text})
	if err == nil {
		f.Write(append(b, '\n'))
	}
	c.sample()
}

// end writes the final state, after the last byte.
func (c *child) end(state job.State, reason error, exit *store.Exit) {
	if c.k.meta.Self {
		c.k.endFunctions(state == job.Stopped, reason)
	}
	c.deadline, c.retryAt, c.lookAt = time.Time{}, time.Time{}, time.Time{}
	c.sample()
	if exit != nil && exit.Code == -1 && exit.Signal == 0 && state == job.Failed && !c.timedOut {
		reason = fmt.Errorf("exit status unknown: its keeper was killed meanwhile, and %v", process.ErrUnknown)
		c.lost = true
	}
	e := store.Event{Ended: exit, Lost: c.lost}
	if c.k.shares() && c.status.Attempt > 0 {
		c.putAway(&e)
	}
	c.move(state, reason, e)
	c.k.release(c)
	if state == job.Failed && !c.lost {
		c.k.runFailed(c.number, reason.Error())
	}
}

// lose ends a child of which nobody saw how it ended.
func (c *child) lose(reason string) {
	c.lost = true
	c.end(job.Failed, errors.New(reason), nil)
}

// outcome says in words how a program ended.
func outcome(exit store.Exit) string {
	switch {
	case exit.Signal != 0:
		return "signal: " + process.SignalName(syscall.Signal(exit.Signal))
	case exit.Code < 0:
		return "exit status unknown"
	}
	return "exit status " + strconv.Itoa(exit.Code)
}

// reasonOf is the error without the parts that say which job and verb.
func reasonOf(err error) error {
	var e *job.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}
