package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/backjob/job/internal/store"
)

// repository is one of job's repositories, made for this run.
type repository struct {
	b   *bench
	dir string
}

// repository makes an empty repository. Whatever still runs in it when the
// run ends is stopped.
func (b *bench) repository(name string) (*repository, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}
	r := &repository{b: b, dir: dir}
	b.leave = append(b.leave, func() { r.removeAll() })
	return r, nil
}

// command is a call of job on this repository.
func (r *repository) command(args ...string) *exec.Cmd {
	c := exec.Command(r.b.job, args...)
	c.Env = append(os.Environ(), "JOB_REPOSITORY="+r.dir)
	return c
}

// patience bounds the waits of settle: a keeper that hangs is told, not waited
// for.
const patience = time.Minute

// settle waits until all jobs are final and their keepers are gone, so that
// what is left of one run does not slow the next one down. A keeper's last
// deed, the sync, comes after `job wait` has returned.
func (r *repository) settle() error {
	if err := run(r.command("wait", "-q", "--timeout", patience.String())); err != nil {
		return fmt.Errorf("%w\n%s", err, r.states())
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		pids, err := r.keepers()
		if err != nil || len(pids) == 0 {
			return err
		}
		if err := r.b.interrupted(); err != nil {
			return err
		}
		time.Sleep(time.Millisecond) // nobody tells us; and nothing is being timed
	}
	return fmt.Errorf("all jobs are final, and keepers are still there after %v:\n%s", patience, r.states())
}

// keepers are the processes that stay with this repository's jobs. They show
// themselves as `job keep REPOSITORY ID`.
func (r *repository) keepers() ([]int, error) {
	return processes(func(pid int) bool {
		args := commandLine(pid)
		return len(args) > 2 && filepath.Base(args[0]) == "job" && args[1] == "keep" && args[2] == r.dir
	})
}

// removeAll stops and removes every job.
func (r *repository) removeAll() error {
	return run(r.command("remove", "--force", "--name", "*"))
}

// states is the table of all jobs, to be told when something went wrong.
func (r *repository) states() string {
	text, err := output(r.command("get"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(text)
}

// wholeJobs is how many jobs of a made repository have a folder too: more than
// a listing shows.
const wholeJobs = 100

// makeRepository makes a repository of n finished jobs in dir. Starting a
// million of them would take an hour, so the store writes them.
func makeRepository(dir string, n int) error { return store.Fill(dir, n, wholeJobs) }
