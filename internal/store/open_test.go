package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backjob/job"
)

// What is no repository of ours is refused, and nothing in it is touched.
func TestOpenRefuses(t *testing.T) {
	format := func(text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "format"), []byte(text), 0o600))
		}
	}
	for _, c := range []struct {
		name string
		kind job.Kind
		make func(t *testing.T, dir string)
	}{
		{"others can write", job.Refused, func(t *testing.T, dir string) { must(t, os.Chmod(dir, 0o702)) }},
		{"the group can write", job.Refused, func(t *testing.T, dir string) { must(t, os.Chmod(dir, 0o720)) }},
		{"somebody's files", job.Refused, func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o600))
		}},
		{"somebody's folder", job.Refused, func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, "src"), 0o700)) }},
		{"another format", job.Refused, format("MP3\n")},
		{"a format without a number", job.Refused, format("job repository, format \n")},
		{"a newer format", job.TooNew, format("job repository, format 2\n")},
		{"a much newer format", job.TooNew, format("job repository, format 9000\n")},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			before := listing(t, dir)
			s, err := Open(dir, func(text string) { t.Errorf("got the warning %q, want none", text) })
			var e *job.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Hint == "" || !strings.Contains(err.Error(), dir) {
				t.Errorf("Open: got %v, %v, want a %v error with a hint that names the folder", s, err, c.kind)
			}
			if after := listing(t, dir); after != before {
				t.Errorf("Open changed the folder: got %q, want %q", after, before)
			}
		})
	}
}

func TestOpenOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("mine"), 0o600))
	var e *job.Error
	if _, err := Open(path, func(string) {}); !errors.As(err, &e) || e.Kind != job.Refused {
		t.Errorf("Open of a file: got %v, want a Refused error", err)
	}
	if _, err := Open(filepath.Join(path, "below"), func(string) {}); err == nil {
		t.Error("Open below a file: got no error")
	}
}

// The folder itself may be a link; who may write is asked of what it means.
func TestOpenThroughALink(t *testing.T) {
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	create(t, open(t, link), "a", job.Completed)
	must(t, os.Chmod(dir, 0o777))
	if _, err := Open(link, func(string) {}); err == nil {
		t.Error("Open through a link of a folder that others can write to: got no error")
	}
}

// A relative path stays the same folder when the process goes elsewhere.
func TestOpenOfARelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	s := open(t, "repository")
	if !filepath.IsAbs(s.Dir) {
		t.Errorf("Dir: got %q, want an absolute path", s.Dir)
	}
	t.Chdir(t.TempDir())
	create(t, s, "a", job.Completed)
}

// A first use that was killed anywhere is finished by the next.
func TestFirstUseKilled(t *testing.T) {
	for _, there := range [][]string{{}, {"format"}, {"format", "jobs/"}, {"jobs/"}, {"format", "jobs/", "index.new"}} {
		dir := t.TempDir()
		for _, name := range there {
			if folder, ok := strings.CutSuffix(name, "/"); ok {
				must(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
			} else {
				must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
			}
		}
		s := open(t, dir)
		if m := create(t, s, "first", job.Completed); m.ID != 1 {
			t.Errorf("a first use killed with %q: got id %d, want 1", there, m.ID)
		}
	}
}

// listing is the names and contents of all that is in a folder.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var text []byte
			text, err = os.ReadFile(path)
			b.WriteString(path + ":" + string(text) + "\n")
		} else if path != dir {
			b.WriteString(path + "\n")
		}
		return err
	})
	must(t, err)
	return b.String()
}
