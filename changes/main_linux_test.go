package changes

import (
	"context"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to come: less than look, which
// would put right what was missed.
const patience = 20 * time.Second

// watched is a subscription that is pulled by hand: what a test does between
// two pulls is done when the next one begins to look.
type watched struct {
	t    *testing.T
	root string
	next func() (Change, error, bool)
	told map[string]bool
}

// watchUnder begins. As soon as the watch stands, and before anything is
// looked at, it does what is given.
func watchUnder(t *testing.T, root string, o Options, do func()) *watched {
	t.Helper()
	if o.Settle == 0 {
		o.Settle = time.Millisecond
	}
	o.Ready = do
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	next, stop := iter.Pull2(Under(root, o)(ctx))
	t.Cleanup(func() { stop(); cancel() })
	return &watched{t: t, root: root, next: next, told: map[string]bool{}}
}

// until pulls until all of want was told, and gives all that was told since
// the last time.
func (w *watched) until(want ...string) []string {
	w.t.Helper()
	for slices.ContainsFunc(want, func(p string) bool { return !w.told[p] }) {
		c, err, _ := w.next()
		if err != nil {
			w.t.Fatalf("waiting for %v: got %v and %v", want, slices.Sorted(maps.Keys(w.told)), err)
		}
		if !slices.IsSorted(c.Paths) || len(slices.Compact(slices.Clone(c.Paths))) != len(c.Paths) || c.Root != w.root || c.Time.IsZero() {
			w.t.Errorf("got %+v, want the root %s, sorted paths, each once, and a time", c, w.root)
		}
		for _, p := range c.Paths {
			w.told[p] = true
		}
	}
	told := slices.Sorted(maps.Keys(w.told))
	clear(w.told)
	return told
}

// only is until, where nothing else may be told.
func (w *watched) only(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if got := w.until(want...); !slices.Equal(got, want) {
		w.t.Errorf("got %v, want %v", got, want)
	}
}

// disk does things under a folder.
type disk struct {
	t   testing.TB
	dir string
}

func (d disk) at(path string) string { return filepath.Join(d.dir, path) }

func (d disk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d disk) write(path string) {
	d.t.Helper()
	d.must(os.WriteFile(d.at(path), []byte("x"), 0o600))
}

func (d disk) mkdir(path string) {
	d.t.Helper()
	d.must(os.MkdirAll(d.at(path), 0o700))
}

func (d disk) move(from, to string) {
	d.t.Helper()
	d.must(os.Rename(d.at(from), d.at(to)))
}

func (d disk) remove(path string) {
	d.t.Helper()
	d.must(os.RemoveAll(d.at(path)))
}

func (d disk) link(to, path string) {
	d.t.Helper()
	d.must(os.Symlink(to, d.at(path)))
}

// temporary is a folder without symbolic links on the way to it.
func temporary(t *testing.T) disk {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return disk{t, dir}
}
