package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backjob/job"
)

// someJobs makes a repository with jobs in several states, one of them
// removed, and tells what Each has to say of it.
func someJobs(t *testing.T, dir string) (want string) {
	t.Helper()
	s := open(t, dir)
	for i, state := range []job.State{job.Completed, job.Failed, job.Running, job.Completed, job.Stopped} {
		m := create(t, s, fmt.Sprintf("job of some name, number %d, which is long enough to be cut", i), state)
		if i == 3 {
			j, err := s.Folder(m.ID).Claim()
			must(t, err)
			must(t, s.Remove(j))
		}
	}
	want = contents(t, s)
	must(t, s.Close())
	return want
}

// contents is all that the index says of jobs.
func contents(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	err := s.Each(func(r Record) bool {
		exit := "-"
		if r.Exit != nil {
			exit = fmt.Sprint(*r.Exit)
		}
		fmt.Fprintln(&b, r.ID, r.State, r.Flags, r.Instance, r.Created.UnixNano(), r.Begin.UnixNano(), r.End.UnixNano(), r.PID, r.Start, exit, r.Signal, r.Children, r.Name)
		return true
	})
	if err != nil {
		t.Errorf("Each: %v", err)
	}
	return b.String()
}

// damages does something to an index, and tells whether it is set aside then.
var damages = map[string]func(t *testing.T, index string) (aside bool){
	"gone":     func(t *testing.T, index string) bool { must(t, os.Remove(index)); return false },
	"empty":    func(t *testing.T, index string) bool { must(t, os.Truncate(index, 0)); return true },
	"header 0": func(t *testing.T, index string) bool { overwrite(t, index, 0, make([]byte, RecordSize)); return true },
	"header garbage": func(t *testing.T, index string) bool {
		overwrite(t, index, 3, []byte("garbage"))
		return true
	},
	"header of a larger index": func(t *testing.T, index string) bool {
		h := header{count: 6, generation: 1}.encode()
		overwrite(t, index, 0, h[:])
		return true
	},
	"first record":      func(t *testing.T, index string) bool { overwrite(t, index, 1*RecordSize+9, []byte("x")); return true },
	"last record":       func(t *testing.T, index string) bool { overwrite(t, index, 5*RecordSize+100, []byte("x")); return true },
	"record of another": func(t *testing.T, index string) bool { copyRecord(t, index, 1, 2); return true },
	"all records zeroed": func(t *testing.T, index string) bool {
		overwrite(t, index, RecordSize, make([]byte, 5*RecordSize))
		return true
	},
	"text": func(t *testing.T, index string) bool {
		must(t, os.WriteFile(index, bytes.Repeat([]byte("text\n"), 300), 0o600))
		return true
	},
}

func overwrite(t *testing.T, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(b, at)
	must(t, err)
	must(t, f.Close())
}

func copyRecord(t *testing.T, index string, from, to int) {
	t.Helper()
	b, err := os.ReadFile(index)
	must(t, err)
	overwrite(t, index, int64(to)*RecordSize, b[from*RecordSize:(from+1)*RecordSize])
}

func TestRebuild(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "repository")
			want := someJobs(t, dir)
			checkRebuild(t, dir, want, damage(t, filepath.Join(dir, "index")))
		})
	}
}

func TestRebuildOfAnIndexThatIsCut(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	want := someJobs(t, whole)
	for size := int64(0); size < 6*RecordSize; size += 16 {
		dir := filepath.Join(t.TempDir(), "cut")
		must(t, os.CopyFS(dir, os.DirFS(whole)))
		must(t, os.Truncate(filepath.Join(dir, "index"), size))
		checkRebuild(t, dir, want, true)
		if t.Failed() {
			t.Fatalf("that was the index cut to %d bytes", size)
		}
	}
}

// checkRebuild looks at a repository whose index was damaged: all jobs are
// there, the damage is said once, what was there is kept.
func checkRebuild(t *testing.T, dir, want string, aside bool) {
	t.Helper()
	before, _ := os.ReadFile(filepath.Join(dir, "index"))
	var said warnings
	s := openWarned(t, dir, said.add)
	if got := contents(t, s); got != want {
		t.Errorf("after the rebuild: got\n%swant\n%s", got, want)
	}
	if len(said) != 1 || !strings.Contains(said[0], dir) || !strings.Contains(said[0], "4 jobs, 0 damaged") {
		t.Errorf("warnings: got %q, want one that tells of 4 jobs", said)
	}
	kept, _ := filepath.Glob(filepath.Join(dir, "index.damaged-*"))
	if aside != (len(kept) == 1) {
		t.Errorf("set aside: got %v, want one %v", kept, aside)
	}
	for _, path := range kept {
		if b, _ := os.ReadFile(path); !bytes.Equal(b, before) || !strings.Contains(said[0], filepath.Base(path)) {
			t.Errorf("%s: want the damaged index as it was, and named in %q", path, said)
		}
	}
	m := someMeta("next")
	j, err := s.Create(&m)
	must(t, err)
	if j.Close(); m.ID != 6 {
		t.Errorf("Create after the rebuild: got id %d, want 6", m.ID)
	}
	open(t, dir) // says nothing any more
}

// Also where the folder's name has signs of a pattern in it.
func TestRebuildInAFolderOfAnyName(t *testing.T) {
	for _, name := range []string{"a[b]c", "what?", "st*r", `back\slash`, "[", "new\nline", "blank s", "ü"} {
		dir := filepath.Join(t.TempDir(), name)
		want := someJobs(t, dir)
		must(t, os.Remove(filepath.Join(dir, "index")))
		var said warnings
		if got := contents(t, openWarned(t, dir, said.add)); got != want {
			t.Errorf("the index of a repository named %q is gone: got %q after the rebuild (%q), want\n%s", name, got, said, want)
		}
	}
}

// A power cut may leave any file empty.
func TestFormatIsLost(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"gone":  os.Remove,
	} {
		for _, look := range []bool{false, true} {
			for _, withIndex := range []bool{false, true} {
				dir := filepath.Join(t.TempDir(), "repository")
				want := someJobs(t, dir)
				if look { // the file blocks is there then
					s := open(t, dir)
					_, _, _, err := s.Newest(1)
					must(t, err)
				}
				if !withIndex {
					must(t, os.Remove(filepath.Join(dir, "index")))
				}
				must(t, lose(filepath.Join(dir, "format")))
				s, err := Open(dir, func(string) {})
				if err != nil {
					t.Errorf("format %s, blocks %v, index %v: Open: %v, want the jobs", name, look, withIndex, err)
					continue
				}
				if got := contents(t, s); got != want {
					t.Errorf("format %s, blocks %v, index %v: got %q, want\n%s", name, look, withIndex, got, want)
				}
				s.Close()
				open(t, dir)
			}
		}
	}
}

// A rebuild finishes removals, keeps its hands off what is not ours, and
// gives out no id of a removed job.
func TestRebuildAmongStrangers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "repository")
	want := someJobs(t, dir)
	strangers := []string{"jobs/0/notes", "jobs/0/07", "jobs/1/3", "jobs/readme", "jobs/0/-1"}
	for _, name := range strangers {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	must(t, os.MkdirAll(filepath.Join(dir, "jobs/0/2.removed/deep"), 0o700))
	must(t, os.Remove(filepath.Join(dir, "index")))
	if got := contents(t, openWarned(t, dir, func(string) {})); got != want {
		t.Errorf("rebuild among strangers: got\n%swant\n%s", got, want)
	}
	for _, name := range strangers {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s, which is not ours, after the rebuild: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "jobs/0/2.removed")); err == nil {
		t.Error("jobs/0/2.removed, which a removal left: still there after the rebuild")
	}
}

// The last job was removed; its id is not given out again.
func TestRebuildAfterTheLastWasRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	create(t, s, "a", job.Completed)
	m := create(t, s, "b", job.Completed)
	j, err := s.Folder(m.ID).Claim()
	must(t, err)
	must(t, s.Remove(j))
	must(t, os.Remove(filepath.Join(dir, "index")))
	s = openWarned(t, dir, func(string) {})
	if next := create(t, s, "c", job.Completed); next.ID != 3 {
		t.Errorf("Create after job 2 was removed and the index lost: got id %d, want 3", next.ID)
	}
}
