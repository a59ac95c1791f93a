// Command getproc lists the processes of this machine, in the foreground or,
// with --as-job, in the background: the sample of PowerShell's "How to Support
// Jobs". It shows one function that does both, results of a type of one's own,
// warnings, and an error that makes the job Failed.
//
//	go run ./examples/getproc 'go*' bash
//	go run ./examples/getproc --as-job --job-name procs
//	job receive procs
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/backjob/job"
	"github.com/backjob/job/asjob"
)

func main() {
	asjob.Keep() // first of all: this process may be a job's keeper
	dir := flag.String("proc", "/proc", "`folder` in which the system tells of its processes")
	os.Exit(asjob.Main(flag.CommandLine, os.Args[1:],
		func(ctx context.Context, out *job.Writer, patterns []string) error {
			return list(ctx, out, *dir, patterns)
		}))
}

// Process is a process of this machine.
type Process struct {
	PID  int
	Name string
	RSS  int64 // bytes of memory
}

// String is the line that a person sees.
func (p Process) String() string {
	return fmt.Sprintf("%7d  %8.1f MiB  %s", p.PID, float64(p.RSS)/(1<<20), p.Name)
}

// list puts out the processes that a pattern matches, all if there is none. A
// pattern that matches nothing is an error, after all the others were served.
func list(ctx context.Context, out *job.Writer, dir string, patterns []string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	matched := map[string]bool{}
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err() // somebody stopped us
		}
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // no process
		}
		p, err := read(dir, pid)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
			continue // it has ended meanwhile
		case err != nil:
			out.Warning(fmt.Sprintf("process %d is left out: %v", pid, err))
		case p.matches(patterns, matched):
			out.Output(p)
		}
	}
	return missing(patterns, matched)
}

// read asks the system for one process.
func read(dir string, pid int) (Process, error) {
	f, err := os.Open(filepath.Join(dir, strconv.Itoa(pid), "status"))
	if err != nil {
		return Process{}, err
	}
	defer f.Close()
	p := Process{PID: pid}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch value = strings.TrimSpace(value); key {
		case "Name":
			p.Name = value
		case "VmRSS": // "1234 kB"; the kernel's own processes have none
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
			if err != nil {
				return p, fmt.Errorf("its memory is %q", value)
			}
			p.RSS = kilobytes << 10
		}
	}
	return p, lines.Err()
}

// matches reports whether a pattern matches the name, and notes which do.
func (p Process) matches(patterns []string, matched map[string]bool) bool {
	found := len(patterns) == 0
	for _, pattern := range patterns {
		if job.MatchPattern(pattern, p.Name) {
			matched[pattern], found = true, true
		}
	}
	return found
}

func missing(patterns []string, matched map[string]bool) error {
	var errs []error
	for _, pattern := range patterns {
		if !matched[pattern] {
			errs = append(errs, fmt.Errorf("no process is named %q", pattern))
		}
	}
	return errors.Join(errs...)
}
