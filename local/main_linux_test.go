package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// TestMain makes the test binary into the keepers of the jobs that the tests
// start, and looks that no goroutine is left.
func TestMain(m *testing.M) {
	Keep()
	goleak.VerifyTestMain(m)
}

// open opens a repository of the test's own. At the end no job of it runs, and
// no keeper is left.
func open(t *testing.T) *Source {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "repository"), Options{Warn: func(text string) { t.Errorf("got the warning %q", text) }})
	must(t, err)
	t.Cleanup(func() {
		stopAll(t, s)
		must(t, s.Close())
	})
	return s
}

func stopAll(t *testing.T, s *Source) {
	t.Helper()
	must(t, s.Refresh())
	jobs, err := s.Find(context.Background(), job.Query{})
	must(t, err)
	for _, j := range jobs {
		must(t, j.Stop(context.Background(), job.StopOptions{Force: true}))
		waitForKeeper(t, j.(*Job))
	}
}

// waitForKeeper waits until the job's keeper is gone: it goes on for a moment
// after the final state. It is our child, as we started the job.
func waitForKeeper(t *testing.T, j *Job) {
	t.Helper()
	_, status, err := j.folder().Read()
	must(t, err)
	for {
		_, err := syscall.Wait4(status.Keeper.PID, nil, 0, nil)
		if err == nil || errors.Is(err, syscall.ECHILD) {
			return
		}
		if !errors.Is(err, syscall.EINTR) {
			t.Fatalf("waiting for the keeper %d: %v", status.Keeper.PID, err)
		}
	}
}

func start(t *testing.T, s *Source, script string) *Job {
	t.Helper()
	j, err := s.Start(context.Background(), job.Spec{Argv: []string{"/bin/sh", "-c", script}})
	must(t, err)
	return j.(*Job)
}

// bare is a job of which there are only files that it put out.
func bare(t rapid.TB, dir string, output, errors, records []byte) *Job {
	t.Helper()
	j := &Job{source: &Source{store: &store.Store{Dir: dir}}, ref: job.Ref{ID: 7}}
	must(t, os.MkdirAll(j.folder().Path, 0o700))
	for f, b := range [][]byte{output, errors, records} {
		must(t, os.WriteFile(spool.In(j.folder().Path, 1).Path(spool.File(f)), b, 0o600))
	}
	return j
}

// noteAll writes a timeline in which the files grow up to these sizes, a
// second from each to the next.
func noteAll(t rapid.TB, j *Job, sizes ...spool.Sizes) {
	t.Helper()
	line := spool.In(j.folder().Path, 1).Timeline()
	for i, size := range sizes {
		_, err := line.Note(time.Unix(int64(i), 0), size)
		must(t, err)
	}
	must(t, line.Close(false))
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
