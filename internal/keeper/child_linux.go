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

// startFirst starts the program, unless a stop was asked for before that.
func (k *keeper) startFirst() {
	for _, r := range takeRequests(k.journal.Folder) {
		if r.Verb == "stop" {
			k.end(job.Stopped, nil, nil)
			return
		}
	}
	k.start()
}

// start starts the next attempt.
func (k *keeper) start() {
	k.attempt++
	if k.meta.Self {
		k.meta.Stdin = os.Stdin // what our starter was given for it, or nothing
	}
	c, err := command(k.journal.Folder, k.meta, "", k.attempt)
	pid := 0
	if err == nil {
		if pid, err = c.Start(); err != nil {
			err = startError(k.meta, err)
		}
	}
	closeFiles(c, k.meta)
	if k.meta.Self {
		os.Stdin.Close()
	}
	if err != nil {
		k.end(job.Failed, reasonOf(err), nil)
		return
	}
	k.ours, k.ended, k.timedOut = true, nil, false
	k.began(pid, k.attempt)
}

// began writes that an attempt runs.
func (k *keeper) began(pid, attempt int) {
	stat, _ := process.StatOf(pid)
	sizes, _ := k.sampler.spool.Sizes()
	k.attempt, k.program, k.ours = attempt, store.Process{PID: pid, Start: stat.Start}, true
	e := store.Event{Child: 1, Program: k.program, Boot: k.boot, Try: attempt,
		Sizes: [2]int64{sizes[spool.OutputFile], sizes[spool.ErrorFile]}}
	if k.life.State().State == job.NotStarted {
		k.move(job.Running, nil, e)
	} else {
		k.note(e)
	}
	k.startClock(k.meta.Timeout)
}

// programEnded is told once for each attempt.
func (k *keeper) programEnded(exit store.Exit) {
	k.ended = &exit
	if k.ask != nil {
		return // the stop goes on until the whole tree is gone
	}
	if holding := k.holding(); holding != "" {
		k.note(store.Event{Child: 1, Ended: &exit,
			Status: "the program has ended (" + outcome(exit) + "); waiting for what it left behind: " + holding})
		k.look.Reset(lingerLook)
		return
	}
	k.conclude()
}

// lingerLook is how often we look at what a program left behind, which may
// close its files without ending.
const lingerLook = 250 * time.Millisecond

// goOn looks whether what we wait for after the program's end has come.
func (k *keeper) goOn() {
	switch {
	case k.life.State().State.Final():
	case k.ask != nil:
		k.goOnStopping()
	case k.ended != nil && !k.waitingToRetry():
		if k.holding() == "" {
			k.conclude()
			return
		}
		k.look.Reset(lingerLook)
	}
}

// holding names the processes of the tree that still have the job's output
// open, "" if there are none: then no further byte can come.
func (k *keeper) holding() string {
	if _, _, any := process.Reap(); !any && k.ours {
		return "" // we have no children at all
	}
	var files []os.FileInfo
	for _, f := range []spool.File{spool.OutputFile, spool.ErrorFile} {
		if info, err := os.Stat(k.sampler.spool.Path(f)); err == nil {
			files = append(files, info)
		}
	}
	var names []string
	for _, s := range k.tree().Holding(files...) {
		names = append(names, strconv.Itoa(s.PID))
	}
	if len(names) == 0 {
		return ""
	}
	return "process " + strings.Join(names, ", ")
}

// conclude ends the attempt: the job is final, or tries again.
func (k *keeper) conclude() {
	k.look.Stop()
	k.stopClock()
	exit := *k.ended
	k.sampler.note()
	switch {
	case k.stopped:
		k.end(job.Stopped, nil, &exit)
	case k.timedOut:
		k.failed(fmt.Errorf("timed out after %v", k.meta.Timeout), exit)
	case exit.Code == 0:
		k.end(job.Completed, nil, &exit)
	default:
		k.failed(errors.New(outcome(exit)), exit)
	}
}

func (k *keeper) failed(reason error, exit store.Exit) {
	if k.attempt > k.meta.Retry {
		k.end(job.Failed, reason, &exit)
		return
	}
	k.note(store.Event{Child: 1, Ended: &exit, Status: fmt.Sprintf("attempt %d Failed: %v; waiting to try again", k.attempt, reason)})
	k.tell(fmt.Sprintf("attempt %d Failed: %v; attempt %d of %d begins", k.attempt, reason, k.attempt+1, k.meta.Retry+1))
	k.retryLater()
}

// retryLater begins the next attempt after the delay; a job that is Suspended
// begins none.
func (k *keeper) retryLater() {
	if k.held = k.life.State().State == job.Suspended; !k.held {
		k.retry.Reset(k.meta.RetryDelay)
	}
}

func (k *keeper) waitingToRetry() bool {
	c := store.Sum(k.meta.ID, k.meta.Children, k.events).Children[0]
	return strings.HasPrefix(c.Message, "attempt ")
}

func (k *keeper) startAgain() {
	k.note(store.Event{Child: 1, Status: "-"})
	k.start()
}

// tell adds an information record to the job's records.
func (k *keeper) tell(text string) {
	f, err := k.sampler.spool.Append(spool.RecordsFile)
	if err != nil {
		return // a full disk: the journal has it too
	}
	defer f.Close()
	b, err := json.Marshal(map[string]string{"stream": job.Information.String(), "text": text})
	if err == nil {
		f.Write(append(b, '\n'))
	}
	k.sampler.note()
}

// end writes the final state, after the last byte.
func (k *keeper) end(state job.State, reason error, exit *store.Exit) {
	k.deadline.Stop()
	k.retry.Stop()
	k.sampler.note()
	if exit != nil && exit.Code == -1 && exit.Signal == 0 && state == job.Failed && !k.timedOut {
		reason = fmt.Errorf("exit status unknown: its keeper was killed meanwhile, and %v", process.ErrUnknown)
	}
	k.move(state, reason, store.Event{Ended: exit})
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
