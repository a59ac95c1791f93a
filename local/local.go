package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/keeper"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// Location is where all jobs of this source run.
const Location = "localhost"

// The types of the jobs of this source and of their children.
const (
	Type      = "BackgroundJob"
	SelfType  = "FunctionJob" // see [Source.StartSelf]
	EventType = "EventJob"    // see [Source.StartOn]
	ChildType = "ChildJob"
)

// Keep makes this process a job's keeper if it was executed to be one, and
// exits then. Call it first in main, before anything that costs time.
func Keep() {
	if len(os.Args) > 1 && os.Args[1] == keeper.Verb && os.Args[0] == "job" {
		os.Exit(keeper.Main(os.Args[2:]))
	}
}

// Source runs and finds the jobs of one repository folder. It is not safe for
// use by several goroutines.
type Source struct {
	store   *store.Store
	readers map[job.ID]*store.Reader // of jobs with many children that were looked at
}

var _ job.Source = (*Source)(nil)

// Options tune a Source. The zero value is good.
type Options struct {
	// Warn is told in a sentence what was found damaged and was mended. Nil
	// drops it.
	Warn func(string)
}

// Open opens the repository in folder dir, "" for the user's own. It is made
// on first use.
func Open(dir string, o Options) (*Source, error) {
	if dir == "" {
		var err error
		if dir, err = Dir(); err != nil {
			return nil, err
		}
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	s, err := store.Open(dir, o.Warn)
	if err != nil {
		return nil, err
	}
	source := &Source{s, map[job.ID]*store.Reader{}}
	source.revive()
	return source, nil
}

// Dir is the user's own repository: $JOB_REPOSITORY, else the folder job in
// $XDG_STATE_HOME or ~/.local/state.
func Dir() (string, error) {
	if dir := os.Getenv("JOB_REPOSITORY"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "job"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &job.Error{Kind: job.Other, Err: err, Hint: "set HOME, or name a repository with --repository DIR"}
	}
	return filepath.Join(home, ".local", "state", "job"), nil
}

// Close closes the repository. Its jobs go on.
func (s *Source) Close() error {
	process.ReapKeepers()
	return s.store.Close()
}

// Name is "local".
func (s *Source) Name() string { return "local" }

// Folder is the repository's folder.
func (s *Source) Folder() string { return s.store.Dir }

// Start makes a job and starts it. It returns once the program runs, or with
// spec.Async at once. A program that cannot be started is a NoProgram or
// NotRunnable error, and there is no job.
func (s *Source) Start(ctx context.Context, spec job.Spec) (job.Job, error) {
	j, err := s.start(spec)
	if err != nil {
		return nil, err
	}
	return j, nil
}

func (s *Source) start(spec job.Spec) (*Job, error) {
	if len(spec.Argv) == 0 {
		return nil, &job.Error{Kind: job.Invalid, Err: errors.New("no command was given")}
	}
	path, err := complete(&spec)
	if err != nil {
		return nil, err
	}
	return s.begin(store.Meta{Type: Type, Children: 1, Path: path, Spec: spec}, nil)
}

// StartSelf starts this very program again as a job: the file that we were
// executed from, even if another stands in its place by now, with spec.Argv
// as its arguments. The job reads on from input, if that is not nil, as from
// its standard input. Package asjob is what most programs want of this.
func (s *Source) StartSelf(ctx context.Context, spec job.Spec, input *os.File) (*Job, error) {
	if spec.Retry > 0 || spec.Async || spec.Input != "" || spec.InputFrom != nil {
		return nil, &job.Error{Kind: job.Invalid, Err: errors.New("a program that starts itself has one attempt, and reads on from our own input")}
	}
	spec.Async = true // where the program is, we know
	if _, err := complete(&spec); err != nil {
		return nil, err
	}
	spec.Async = false
	return s.begin(store.Meta{Type: SelfType, Children: 1, Path: self, Self: true, Spec: spec, Stdin: input}, nil)
}

// self is the file that a process was executed from.
const self = "/proc/self/exe"

// begin makes a job and gives it to its keeper.
func (s *Source) begin(m store.Meta, children []Child) (*Job, error) {
	journal, err := s.store.Create(&m)
	if err != nil {
		return nil, err
	}
	err = takeInput(m)
	if err == nil && children != nil {
		err = journal.AppendAll(added(m, children))
	}
	if err == nil && m.On != nil {
		err = s.store.Settle(m.ID)
	}
	var status *store.Status
	if err == nil {
		status, err = keeper.Begin(s.store, journal, m)
	}
	if err != nil {
		s.store.Discard(journal)
		return nil, err
	}
	journal.Close() // the keeper has it
	return &Job{source: s, ref: job.Ref{ID: m.ID}, meta: &m, status: status}, nil
}

// complete fills in what spec leaves open, refuses what cannot be, and finds
// the program.
func complete(spec *job.Spec) (path string, err error) {
	if spec.Name != "" {
		if err := job.CheckName(spec.Name); err != nil {
			return "", err
		}
	}
	if err := checkTexts(spec); err != nil {
		return "", err
	}
	if spec.Env == nil {
		spec.Env = os.Environ()
	}
	if spec.Command == "" {
		spec.Command = job.CommandText(spec.Argv)
	}
	if spec.Dir, err = absolute(spec.Dir); err != nil {
		return "", err
	}
	if info, err := os.Stat(spec.Dir); err != nil {
		return "", &job.Error{Kind: job.Other, Err: fmt.Errorf("folder %q cannot be the working directory: %w", spec.Dir, cause(err))}
	} else if !info.IsDir() {
		return "", &job.Error{Kind: job.Other, Err: fmt.Errorf("%q is no folder", spec.Dir)}
	}
	if spec.Input != "" {
		if spec.Input, err = absolute(spec.Input); err != nil {
			return "", err
		}
		if info, err := os.Stat(spec.Input); err != nil {
			return "", &job.Error{Kind: job.Other, Err: fmt.Errorf("input file %q: %w", spec.Input, cause(err))}
		} else if info.IsDir() {
			return "", &job.Error{Kind: job.Other, Err: fmt.Errorf("input file %q is a folder", spec.Input)}
		}
	}
	if spec.Async || len(spec.Argv) == 0 {
		return "", nil // whether there is a program is the keeper's business then
	}
	return keeper.Find(spec.Argv[0], spec.Dir, spec.Env)
}

// checkTexts refuses what cannot be passed to a program.
func checkTexts(spec *job.Spec) error {
	for _, text := range append(append([]string{spec.Dir, spec.Input}, spec.Argv...), spec.Env...) {
		if strings.IndexByte(text, 0) >= 0 {
			return &job.Error{Kind: job.Invalid, Err: errors.New("an argument has a NUL byte in it")}
		}
	}
	return nil
}

func absolute(path string) (string, error) {
	if filepath.IsAbs(path) {
		return path, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", &job.Error{Kind: job.Other, Err: fmt.Errorf("the working directory is not known: %w", cause(err)),
			Hint: "name one with --dir"}
	}
	if path == "" {
		return here, nil
	}
	return filepath.Join(here, path), nil
}

// takeInput takes all of InputFrom into the job's folder.
func takeInput(m store.Meta) error {
	if m.InputFrom == nil {
		return nil
	}
	f, err := os.OpenFile(m.Input, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, m.InputFrom)
	return errors.Join(err, f.Close())
}

// cause is the error without the path that os puts before it.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
