package changes

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// story is what a subscription tells, read by a goroutine of its own while
// the disk changes.
type story struct {
	mu   sync.Mutex
	told map[string]bool // since the last forget
	more chan struct{}   // a value after something was told
	err  chan error      // the last one, and the end
}

// listen begins, and is back when the watch stands.
func listen(ctx context.Context, root string) *story {
	s := &story{told: map[string]bool{}, more: make(chan struct{}, 1), err: make(chan error, 1)}
	ready := make(chan struct{})
	go func() {
		for c, err := range Under(root, Options{Settle: time.Millisecond, Longest: 5 * time.Millisecond, Ready: func() { close(ready) }})(ctx) {
			if err != nil {
				s.err <- err
				close(s.err)
				return
			}
			s.add(c.Paths)
		}
	}()
	<-ready
	return s
}

func (s *story) add(paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		s.told[p] = true
	}
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *story) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.told)
}

// missing is what of want was not told, nor the root as a whole.
func (s *story) missing(want []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told["."] {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(want), func(p string) bool { return s.told[p] })
}

// hears waits until all of want was told.
func (s *story) hears(t *rapid.T, what string, want []string) {
	for left := s.missing(want); len(left) > 0; left = s.missing(want) {
		select {
		case <-s.more:
		case err := <-s.err:
			t.Fatalf("%s: never told of %v: %v", what, left, err)
		}
	}
}

// under are all paths under a folder that are there.
func under(t *rapid.T, root string) (all, folders []string) {
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inner, _ := filepath.Rel(root, path)
		if e.IsDir() {
			folders = append(folders, inner)
		}
		if inner != "." {
			all = append(all, inner)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, folders
}

// deed does something at random. That it cannot be done is well.
func deed(t *rapid.T, dir string, paths *rapid.Generator[string]) {
	path := filepath.Join(dir, paths.Draw(t, "path"))
	switch rapid.SampledFrom([]string{"write", "write", "mkdir", "mkdir", "move", "move", "move", "remove", "link"}).Draw(t, "deed") {
	case "write":
		os.WriteFile(path, []byte("x"), 0o600)
	case "mkdir":
		os.MkdirAll(path, 0o700)
	case "move":
		if filepath.Base(path) == "up" {
			return // of a folder above the root the system does not tell it
		}
		os.Rename(path, filepath.Join(dir, paths.Draw(t, "to")))
	case "remove":
		os.RemoveAll(path)
	case "link":
		os.Symlink("..", path)
	}
}

func mark(t *rapid.T, root, name string, folders []string) (marks []string) {
	for _, folder := range folders {
		m := filepath.Join(folder, name)
		if err := os.WriteFile(filepath.Join(root, m), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		marks = append(marks, m)
	}
	return marks
}

// Whatever is made, moved and removed, in whatever order, while the watch goes
// after it: all that is there at the end was told, and all folders are
// watched. Nor is it lost when the root itself comes and goes.
func TestAnyOrder(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "c"})
	inside := rapid.Custom(func(t *rapid.T) string {
		return filepath.Join(append([]string{"up", "root"}, rapid.SliceOfN(names, 1, 3).Draw(t, "names")...)...)
	})
	anywhere := rapid.OneOf(inside, inside, rapid.SampledFrom([]string{"up", "up/root", "aside", "aside/root"}))
	for what, paths := range map[string]*rapid.Generator[string]{"inside": inside, "anywhere": anywhere} {
		t.Run(what, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				dir := temporary(t).dir
				root := filepath.Join(dir, "up/root")
				disk{t, dir}.mkdir("up/root")
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				s := listen(ctx, root)
				defer func() { cancel(); <-s.err }()
				for range rapid.IntRange(1, 25).Draw(rt, "deeds") {
					deed(rt, dir, paths)
				}
				if info, err := os.Stat(root); err != nil || !info.IsDir() {
					os.RemoveAll(filepath.Join(dir, "up"))
					disk{t, dir}.mkdir("up/root")
				}
				all, folders := under(rt, root)
				s.hears(rt, "what is there", all)
				s.hears(rt, "first marks", mark(rt, root, "mark-1", folders))
				if strings.Contains(what, "inside") {
					s.forget()
					s.hears(rt, "second marks", mark(rt, root, "mark-2", folders))
				}
			})
		})
	}
}
