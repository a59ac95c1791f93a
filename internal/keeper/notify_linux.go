package keeper

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// notify runs the command that was to be run once the job is final, in the
// job's working directory and environment, and waits for it. What it puts out is lost;
// a failure stands in the journal.
func (k *keeper) notify() {
	c := process.Command{Dir: k.meta.Dir, Argv: []string{"sh", "-c", k.meta.Notify}, Path: "/bin/sh",
		Env: append(childEnv(k.journal.Folder, k.meta, firstAttempt),
			"JOB_STATE="+k.tally.State().String(), "JOB_EXIT_CODE="+k.exitText())}
	if shell := lookup(k.meta.Env, "JOB_SHELL"); shell != "" {
		c.Path, c.Argv[0] = shell, shell
	}
	pid, err := c.Start()
	if err != nil {
		k.noteAfterwards("notify: " + err.Error())
		return
	}
	for {
		ended, exit, any := process.Reap()
		switch {
		case ended == pid && exit.Code != 0:
			k.noteAfterwards("notify: " + outcome(store.Exit{Code: exit.Code, Signal: int(exit.Signal)}))
			return
		case ended == pid || !any:
			return
		case ended == 0:
			<-k.signals
		}
	}
}

// exitText is the exit status as a shell would give it, "" if there is none,
// or not one.
func (k *keeper) exitText() string {
	exit := k.tally.Exit
	switch {
	case k.meta.Many() && !k.meta.Self || exit == nil || exit.Code < 0 && exit.Signal == 0:
		return ""
	case exit.Signal != 0:
		return strconv.Itoa(128 + exit.Signal)
	}
	return strconv.Itoa(exit.Code)
}

// noteAfterwards writes a note after the lock was released. It is no step,
// and one write, so it may be written without it.
func (k *keeper) noteAfterwards(text string) {
	if err := k.journal.Append(store.Event{Time: time.Now(), Note: text}); err != nil {
		fmt.Fprintln(os.Stderr, text, job.Ref{ID: k.meta.ID})
	}
}
