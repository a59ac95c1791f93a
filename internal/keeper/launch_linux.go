package keeper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// Begin starts the job of a journal that was just created, and gives its
// keeper the journal. It returns once the program runs; the state is written
// then. With m.Async, and where there are many children, it returns as soon as
// there is a keeper. If the program
// cannot be started it is an error, and nothing runs.
func Begin(s *store.Store, j *store.Journal, m store.Meta) (*store.Status, error) {
	switch {
	case m.On != nil:
		return beginListening(s, j, m)
	case !process.CanLaunch:
		return beginByKeeper(s, j, m)
	case m.Async, m.Many() && !m.Self:
		return beginLater(s, j, m)
	}
	c, err := command(j.Folder, m, m.Path, firstAttempt)
	defer closeFiles(c, m)
	if err != nil {
		return nil, err
	}
	wait, done, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer wait.Close()
	defer done.Close() // the keeper goes on
	e := store.Event{Child: 1, Step: true, State: job.Running, Try: 1}
	if m.Many() {
		e.Slot = 1
	}
	_, program, err := process.Launch(c, process.Keeper{
		Argv: argv(j.Folder, s.Dir, launched), Env: environment(),
		Files: [6]*os.File{nil, nil, j.File(), j.File(), wait, nil},
	}, func(keeper int) {
		stat, _ := process.StatOf(keeper)
		e.Keeper, e.Boot = store.Process{PID: keeper, Start: stat.Start}, process.BootID()
	})
	if err != nil {
		return nil, startError(m.Argv[0], err)
	}
	stat, _ := process.StatOf(program)
	e.Time, e.Program = time.Now(), store.Process{PID: program, Start: stat.Start}
	status := store.Sum(m, e)
	return status, errors.Join(j.Append(e), s.Update(status.Record(m)))
}

// beginLater leaves all to the keeper. It is a job from the moment that there
// is a keeper for it.
func beginLater(s *store.Store, j *store.Journal, m store.Meta) (*store.Status, error) {
	wait, done, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer wait.Close()
	defer done.Close() // the keeper goes on
	status, err := statusOf(j, m)
	if err != nil {
		return status, err
	}
	_, _, err = process.Launch(process.Command{}, process.Keeper{
		Argv: argv(j.Folder, s.Dir, launched), Env: environment(),
		Files: [6]*os.File{nil, nil, j.File(), j.File(), wait, nil},
	}, nil)
	if err != nil {
		return status, err
	}
	return status, s.Update(status.Record(m))
}

// beginListening starts the keeper of an event job. It returns when the keeper
// would hear of an event; if it cannot, that is an error.
func beginListening(s *store.Store, j *store.Journal, m store.Meta) (*store.Status, error) {
	told, err := fork(s.Dir, j, fresh, nil)
	if err != nil {
		return nil, err
	}
	defer told.Close()
	if _, err := io.Copy(io.Discard, told); err != nil {
		return nil, err
	}
	_, status, err := j.Read()
	switch {
	case err != nil:
	case status.Events == 0:
		err = errors.New("its keeper was killed as it began")
	case status.Own == job.Failed && status.Children == 0:
		err = &job.Error{Kind: job.Other, Err: status.State().Reason}
	}
	return status, err
}

// statusOf is how a job stands that nobody looks after yet.
func statusOf(j *store.Journal, m store.Meta) (*store.Status, error) {
	if !m.Many() {
		return store.Sum(m), nil
	}
	_, status, err := j.Read() // its children stand there
	return status, err
}

// beginByKeeper lets the keeper start the program.
func beginByKeeper(s *store.Store, j *store.Journal, m store.Meta) (status *store.Status, err error) {
	later := m.Async || m.Many() && !m.Self
	if status, err = statusOf(j, m); err != nil {
		return status, err
	}
	if later { // from here on it is a job, whatever becomes of it
		if err := s.Update(status.Record(m)); err != nil {
			return status, err
		}
	}
	told, err := fork(s.Dir, j, fresh, m.Stdin)
	if err != nil {
		return status, err
	}
	defer told.Close()
	if later {
		return status, nil
	}
	if _, err := io.Copy(io.Discard, told); err != nil {
		return status, err
	}
	_, status, err = j.Read()
	if c := status.Each[0]; err == nil && c.State.State == job.Failed && c.Program.PID == 0 {
		err = &job.Error{Kind: job.NotRunnable, Err: c.State.Reason}
	}
	return status, err
}

// Adopt starts a keeper for a job that lost its own. j is its journal, which
// we claimed. It returns when the journal tells the truth again.
func Adopt(s *store.Store, j *store.Journal) error {
	told, err := fork(s.Dir, j, adopting, nil)
	if err != nil {
		return err
	}
	defer told.Close()
	_, err = io.Copy(io.Discard, told)
	return err
}

// fork executes a keeper, with input as its standard input, for the program
// of a job that starts itself. The file that comes back ends when the keeper has
// written what is true, or is dead.
func fork(dir string, j *store.Journal, how string, input *os.File) (told *os.File, err error) {
	told, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer tell.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(err, told.Close())
	}
	defer null.Close()
	if input == nil {
		input = null
	}
	fd := j.File().Fd()
	pid, err := syscall.ForkExec("/proc/self/exe", argv(j.Folder, dir, how), &syscall.ProcAttr{
		Dir: "/", Env: environment(),
		Files: []uintptr{input.Fd(), null.Fd(), fd, fd, null.Fd(), tell.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, errors.Join(err, told.Close())
	}
	process.Mind(pid)
	return told, nil
}

// startError says why a program could not be started.
func startError(program string, err error) error {
	kind := job.NotRunnable
	switch {
	case errors.Is(err, syscall.ENOENT):
		// It was there when we looked: what is missing is its interpreter.
		err = fmt.Errorf("%q cannot be executed: the interpreter that its first line names, or its loader, was not found", program)
	case errors.Is(err, syscall.ENOEXEC):
		return &job.Error{Kind: kind, Err: fmt.Errorf("%q cannot be executed: %w", program, err),
			Hint: "a script needs a first line such as #!/bin/sh"}
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return &job.Error{Kind: job.Other, Err: err, Hint: "allow more open files: ulimit -n"}
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM):
		kind = job.Other
		err = fmt.Errorf("no process can be made: %w", err)
	default:
		err = fmt.Errorf("%q cannot be executed: %w", program, err)
	}
	return &job.Error{Kind: kind, Err: err}
}
