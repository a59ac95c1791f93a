package keeper

import (
	"errors"
	"fmt"
	"os"
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
		state := k.life.State().State
		switch {
		case state.Final():
			return
		case r.Verb == "stop":
			k.beginStop(r)
		case r.Verb == "suspend" && (state == job.Running || state == job.Blocked):
			k.suspend()
		case r.Verb == "resume" && state == job.Suspended:
			k.resume()
		}
	}
}

// tree is the job's processes.
func (k *keeper) tree() process.Tree {
	t := process.Tree{Session: k.program.PID, Spare: isKeeper}
	t.Keeper = os.Getpid()
	if !k.ours {
		t.Cookie = cookie(k.journal.Folder)
	}
	return t
}

// isKeeper spares the keepers of jobs that our job started: those are jobs of
// their own, and go on. The job's journal has to say so too.
func isKeeper(pid int) bool {
	args := process.Arguments(pid)
	if len(args) < 4 || args[0] != "job" || args[1] != Verb {
		return false
	}
	ref, ok := job.ParseRef(args[3])
	if !ok {
		return false
	}
	_, status, err := store.FolderIn(args[2], ref.ID).Read()
	return err == nil && status.Keeper.PID == pid
}

// beginStop asks the tree to end. A second stop can only be more urgent.
func (k *keeper) beginStop(r Request) {
	if k.waitingToRetry() {
		k.retry.Stop()
		k.stopped = true
		k.end(job.Stopped, nil, k.ended)
		return
	}
	k.stopped = true
	grace := k.meta.GraceTime()
	if r.Grace != 0 {
		grace = r.Grace
	}
	if r.Force || grace <= 0 {
		grace = -1 // as the journal says it
	}
	if k.life.State().State != job.Stopping {
		k.move(job.Stopping, nil, store.Event{Grace: grace})
	}
	k.askTree(max(grace, 0), r.Signal)
}

// timeIsUp ends an attempt that took too long.
func (k *keeper) timeIsUp() {
	if k.ask != nil {
		return
	}
	k.timedOut = true
	k.note(store.Event{Child: 1, Status: fmt.Sprintf("timed out after %v, is being stopped", k.meta.Timeout)})
	k.askTree(k.meta.GraceTime(), "")
}

func (k *keeper) askTree(grace time.Duration, name string) {
	until := time.Now().Add(grace)
	if k.ask == nil || until.Before(k.ask.until) {
		k.ask = &asking{until: until}
	}
	if grace > 0 {
		sig := process.ParseSignal(name)
		if sig == 0 {
			sig = syscall.SIGTERM
		}
		k.tree().Signal(sig)
		k.tree().Signal(syscall.SIGCONT) // what stands still cannot answer
	}
	k.goOnStopping()
}

// goOnStopping looks what is left of the tree, and kills it when its time is
// up. The stop is through when nothing is left and the program's end is known.
func (k *keeper) goOnStopping() {
	if k.ended == nil && k.ours {
		k.reapOnly()
	}
	left := k.tree().Members()
	if len(left) == 0 && (k.ended != nil || !k.ours && !process.Alive(k.program.PID, k.program.Start)) {
		k.stopThrough()
		return
	}
	if !time.Now().Before(k.ask.until) {
		if !k.ask.killing {
			k.ask.killing, k.ask.rounds = true, 0
		}
		k.tree().Signal(syscall.SIGKILL)
		if k.ask.rounds == 200 {
			k.note(store.Event{Child: 1, Status: "process " + strconv.Itoa(left[0].PID) + " cannot be killed; still trying"})
		}
	}
	k.ask.rounds++
	k.look.Reset(min(stopLook*time.Duration(k.ask.rounds), stopLooks, max(time.Until(k.ask.until), stopLook)))
}

// reapOnly takes the program's end without going on from there.
func (k *keeper) reapOnly() {
	for {
		pid, exit, _ := process.Reap()
		if pid == 0 {
			return
		}
		if pid == k.program.PID {
			k.ended = &store.Exit{Code: exit.Code, Signal: int(exit.Signal), User: exit.User,
				System: exit.System, MaxRSS: exit.MaxRSS}
		}
	}
}

func (k *keeper) stopThrough() {
	if k.ended == nil { // adopted, and gone before its handle told us
		select {
		case exit := <-k.foreign:
			k.ended = &exit
		case <-time.After(foreignEnd):
			k.ended = &store.Exit{Code: -1}
		}
	}
	k.ask = nil
	k.conclude()
}

func (k *keeper) suspend() {
	k.move(job.Suspending, nil, store.Event{})
	k.standStill()
}

func (k *keeper) standStill() {
	if !k.tree().Freeze(freezing) {
		k.tree().Signal(syscall.SIGCONT)
		k.move(job.Running, errors.New("a process did not stand still"), store.Event{})
		return
	}
	k.stopClock()
	k.held = k.retry.Stop()
	k.move(job.Suspended, nil, store.Event{})
}

func (k *keeper) resume() {
	k.tree().Signal(syscall.SIGCONT)
	if k.ended == nil {
		k.startClock(k.timeLeft)
	}
	k.move(job.Running, nil, store.Event{})
	if k.held {
		k.retryLater()
	}
}
