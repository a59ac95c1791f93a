package keeper

import (
	"os"
	"strconv"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
)

// Verb is the first argument of a process that is a keeper.
const Verb = "keep"

// processName is what ps calls a keeper.
const processName = "job-keeper"

// The descriptors of a keeper beside 0 to 2. Its standard error is the
// journal, so that what a crash prints is found there.
const (
	journalFD = 3 // the journal, locked
	goFD      = 4 // end of file says that the starter has written what it had to
	toldFD    = 5 // closed by the keeper once the journal tells the truth
)

// The last argument of a keeper says how it came to be.
const (
	launched = "program=" + process.PIDDigits // with the number of the program that it is the parent of
	fresh    = "fresh"                        // it is to start the program
	adopting = "adopt"                        // another keeper was here before it
	napping  = "napping:"                     // it naps, or did up to now; what it has to know follows
)

// argv is how a keeper is executed; `ps` shows it.
func argv(f store.Folder, dir, how string) []string {
	return []string{"job", Verb, dir, job.Ref{ID: f.ID}.String(), how}
}

// environment is all that a keeper needs; the job's own is in its meta.
func environment() []string {
	env := []string{"GOMAXPROCS=1"}
	if NapAfter != napAfter {
		env = append(env, napVariable+"="+NapAfter.String())
	}
	return env
}

// attempt is one run of a child's program.
type attempt struct {
	child, number int
	slot          int // the number of the files that it writes to
	store.Work
}

// firstAttempt is that of a job with one child that has files of its own.
var firstAttempt = attempt{child: 1, number: 1, slot: 1}

// command is what an attempt runs, with its files open. path is where the
// program is; "" has to be looked for.
func command(f store.Folder, m store.Meta, path string, a attempt) (c process.Command, err error) {
	c = process.Command{Path: path, Argv: a.Argv, Dir: m.Dir, Env: childEnv(f, m, a)}
	if c.Argv == nil {
		c.Argv = m.Argv
	}
	switch {
	case path == "" && m.Self:
		c.Path = "/proc/self/exe" // we are the same program, unless another keeper was here before us
	case path == "":
		if c.Path, err = Find(c.Argv[0], m.Dir, c.Env); err != nil {
			return c, err
		}
	}
	if c.Stdin, err = input(m); err != nil {
		return c, err
	}
	files := spool.In(f.Path, a.slot)
	if c.Stdout, err = files.Append(spool.OutputFile); err != nil {
		return c, err
	}
	c.Stderr = c.Stdout
	if !m.Merge {
		c.Stderr, err = files.Append(spool.ErrorFile)
	}
	return c, err
}

// input is what the program reads; nil for nothing.
func input(m store.Meta) (*os.File, error) {
	switch {
	case m.Stdin != nil:
		return m.Stdin, nil
	case m.Input != "":
		return os.Open(m.Input)
	}
	return nil, nil
}

// closeFiles closes what command opened.
func closeFiles(c process.Command, m store.Meta) {
	for _, f := range []*os.File{c.Stdin, c.Stdout, c.Stderr} {
		if f != nil && f != m.Stdin {
			f.Close()
		}
	}
}

// childEnv is the job's environment with the child's own, and with what a
// job sees of itself.
func childEnv(f store.Folder, m store.Meta, a attempt) []string {
	own := append(cookies(f, a.child, a.slot),
		"JOB_ID="+job.Ref{ID: m.ID}.String(),
		"JOB_NAME="+m.DisplayName(),
		"JOB_ATTEMPT="+strconv.Itoa(a.number))
	env := make([]string, 0, len(m.Env)+len(a.Env)+len(own))
	for _, e := range m.Env {
		if !isOwn(e, own) && !isOwn(e, a.Env) {
			env = append(env, e)
		}
	}
	for _, e := range a.Env {
		if !isOwn(e, own) {
			env = append(env, e)
		}
	}
	return append(env, own...)
}

func isOwn(entry string, own []string) bool {
	name, _, _ := strings.Cut(entry, "=")
	for _, o := range own {
		if strings.HasPrefix(o, name+"=") {
			return true
		}
	}
	return false
}

// cookies are the environment entries that together only processes of this
// child have.
func cookies(f store.Folder, child, slot int) []string {
	return []string{"JOB_CHILD=" + strconv.Itoa(child), "JOB_RECORDS=" + spool.In(f.Path, slot).Path(spool.RecordsFile)}
}
