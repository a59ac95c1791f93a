package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/backjob/job"
	"github.com/backjob/job/jobtest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Conformance 80. The source, and with it its jobs, does what everybody expects
// of one. The jobs follow scripts in place of compressing a file.
func TestSource(t *testing.T) {
	var scripts sync.Map // by the name of the file
	var last atomic.Int64
	jobtest.TestSource(t, jobtest.Source{
		Open: func(testing.TB) job.Source {
			return &Source{work: func(ctx context.Context, out *job.Writer, path string) error {
				s, _ := scripts.Load(path)
				return s.(jobtest.Script).Work(ctx, out)
			}}
		},
		Spec: func(_ testing.TB, s jobtest.Script) job.Spec {
			path := strconv.FormatInt(last.Add(1), 10)
			scripts.Store(path, s)
			return job.Spec{Argv: []string{path}}
		},
		Lacks: jobtest.Children,
	})
}

func TestCompress(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "text")
	text := bytes.Repeat([]byte("the same again. "), 100_000)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	j := start(t, path)
	if err := j.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(got, text) {
		t.Errorf("what was unpacked again: got %d bytes, %v, want the %d that were packed", len(got), err, len(text))
	}
	for s, err := range job.Values[Saving](j.Records(t.Context(), job.RecordOptions{})) {
		if err != nil || s.Before != int64(len(text)) || s.After <= 0 || s.After >= s.Before {
			t.Errorf("the result: got %+v, %v, want fewer bytes after than the %d before", s, err, len(text))
		}
	}
}

// A job that is stopped, or Failed, leaves nothing behind.
func TestNoHalfFile(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil { // a hole: it takes no room, and an hour
		t.Fatal(err)
	}
	stopped, failed := start(t, huge), start(t, filepath.Join(dir, "nosuch"))
	if err := stopped.Stop(t.Context(), job.StopOptions{}); err != nil {
		t.Errorf("Stop: got %v, want nil", err)
	}
	if err := failed.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for j, want := range map[job.Job]job.State{stopped: job.Stopped, failed: job.Failed} {
		if i, _ := j.Info(); i.State != want {
			t.Errorf("%s: got %v, want %v", i.Command, i.StateInfo, want)
		}
	}
	if i, _ := failed.Info(); !errors.Is(i.Reason, os.ErrNotExist) {
		t.Errorf("the reason of a file that is not there: got %v, want that it does not exist", i.Reason)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder: got %v, %v, want the one file that was there", left, err)
	}
}

func start(t *testing.T, path string) job.Job {
	t.Helper()
	j, err := (&Source{}).Start(t.Context(), job.Spec{Argv: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// Joined with a Memory in a Repository, both are found and removed as one.
func TestRepository(t *testing.T) {
	work := func(_ context.Context, out *job.Writer, path string) error { out.Output("packed " + path); return nil }
	memory := &job.Memory{}
	repository := job.NewRepository(&Source{work: work}, memory)
	for _, name := range []string{"alpha", "beta"} {
		if _, err := repository.Start(t.Context(), job.Spec{Name: name, Argv: []string{name + ".txt"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := memory.Add(job.Go(t.Context(), "alphabet", func(context.Context, *job.Writer) error { return nil })); err != nil {
		t.Fatal(err)
	}
	if got := names(t, repository, job.Query{Jobs: []string{"alpha*"}}); got != "alpha alphabet" {
		t.Errorf("the jobs named alpha*: got %q, want those of both sources", got)
	}
	if got := names(t, repository, job.Query{Command: "gzip *"}); got != "alpha beta" {
		t.Errorf("the jobs with a command gzip *: got %q, want the compressions", got)
	}
	all, err := repository.Find(t.Context(), job.Query{})
	if err != nil {
		t.Fatal(err)
	}
	if err := job.WaitAll(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	for _, j := range all {
		if err := repository.Remove(t.Context(), j, false); err != nil {
			t.Errorf("Remove: got %v, want nil", err)
		}
	}
	if got := names(t, repository, job.Query{}); got != "" {
		t.Errorf("after the removal of all: got %q, want none", got)
	}
}

func names(t *testing.T, r *job.Repository, q job.Query) string {
	t.Helper()
	found, err := r.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, j := range found {
		i, err := j.Info()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, i.Name)
	}
	return strings.Join(names, " ")
}
