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

// command is what an attempt of the child runs, with its files open. path is
// where the program is; "" has to be looked for.
func command(f store.Folder, m store.Meta, path string, attempt int) (c process.Command, err error) {
	c = process.Command{Path: path, Argv: m.Argv, Dir: m.Dir, Env: childEnv(f, m, attempt)}
	if path == "" {
		if c.Path, err = Find(m.Argv[0], m.Dir, m.Env); err != nil {
			return c, err
		}
	}
	if m.Input != "" {
		if c.Stdin, err = os.Open(m.Input); err != nil {
			return c, err
		}
	}
	files := spool.In(f.Path, 1)
	if c.Stdout, err = files.Append(spool.OutputFile); err != nil {
		return c, err
	}
	c.Stderr = c.Stdout
	if !m.Merge {
		c.Stderr, err = files.Append(spool.ErrorFile)
	}
	return c, err
}

func closeFiles(c process.Command) {
	for _, f := range []*os.File{c.Stdin, c.Stdout, c.Stderr} {
		if f != nil {
			f.Close()
		}
	}
}

// childEnv is the job's environment with what a job sees of itself.
func childEnv(f store.Folder, m store.Meta, attempt int) []string {
	own := []string{
		"JOB_ID=" + job.Ref{ID: m.ID}.String(),
		"JOB_CHILD=1",
		"JOB_NAME=" + m.DisplayName(),
		"JOB_ATTEMPT=" + strconv.Itoa(attempt),
		cookie(f),
	}
	env := make([]string, 0, len(m.Env)+len(own))
	for _, e := range m.Env {
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

// cookie is the environment entry that only processes of this job have.
func cookie(f store.Folder) string {
	return "JOB_RECORDS=" + spool.In(f.Path, 1).Path(spool.RecordsFile)
}
