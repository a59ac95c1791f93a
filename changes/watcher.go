package changes

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watcher keeps watching what root is: a folder with all under it, a file, or
// nothing as long as it is not there. One goroutine uses it.
type watcher struct {
	root   string
	ignore []string
	ready  func()
	burst  burst

	find func(root string) place
	at   place // what is watched

	// All of these are made anew together.
	system *fsnotify.Watcher
	inbox  *inbox
	filled sync.WaitGroup
	tree   *tree // nil unless root is a folder
}

// newWatcher makes a watcher that watches nothing yet. Close it.
func newWatcher(root string, o Options) *watcher {
	if o.Ignore == nil {
		o.Ignore = Usual()
	}
	b := burst{settle: cmp.Or(o.Settle, 100*time.Millisecond), longest: cmp.Or(o.Longest, time.Second)}
	return &watcher{root: root, ignore: o.Ignore, ready: o.Ready, burst: b, find: find, inbox: newInbox()}
}

// begin watches the root, which has to be there.
func (w *watcher) begin() error {
	if err := CheckPatterns(w.ignore); err != nil {
		return err
	}
	if _, err := os.Stat(w.root); err != nil {
		return explain(w.root, err)
	}
	if err := w.stand(); err != nil {
		return err
	}
	if w.ready != nil {
		w.ready()
	}
	return nil
}

// stand watches anew whatever root is now. When it returns the watch is whole:
// it looks again until nothing moved meanwhile.
func (w *watcher) stand() error {
	for {
		w.close()
		w.at = w.find(w.root)
		if err := w.open(); err != nil && !errors.Is(err, os.ErrNotExist) {
			return explain(w.root, err)
		} else if err == nil && w.at.same(w.find(w.root)) {
			return nil
		}
	}
}

func (w *watcher) open() error {
	system, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	w.system, w.inbox = system, newInbox()
	w.filled.Go(func() { w.inbox.fill(system.Events, system.Errors) })
	for _, folder := range w.at.around {
		if err := system.Add(folder); err != nil {
			return err
		}
	}
	if w.at.folder == nil {
		return nil
	}
	w.tree = newTree(w.at.real, w.ignore, system)
	return w.tree.enter(whole, func(string) {})
}

// close stops watching and waits until nothing of it is left.
func (w *watcher) close() {
	if w.system != nil {
		w.system.Close() // its only error is that of closing what was closed
		w.filled.Wait()
	}
	w.system, w.tree = nil, nil
}

// takeAll takes what the system told.
func (w *watcher) takeAll() error {
	inbox := w.inbox
	events, lost := inbox.take()
	if lost {
		w.add(whole)
		return w.stand()
	}
	for _, e := range events {
		if err := w.take(e); err != nil {
			return err
		}
		if w.inbox != inbox { // we stand anew: what is left is about what was before
			return nil
		}
	}
	return nil
}

func (w *watcher) take(e fsnotify.Event) error {
	name := filepath.Clean(e.Name)
	gone := e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)
	inner, ok := below(w.at.real, name)
	switch {
	case name == w.root || name == w.at.real:
		if w.tree == nil || e.Op != fsnotify.Write { // some systems tell of a write to the folder when there was one to a file in it
			w.add(whole)
		}
		return w.look(gone && w.tree != nil)
	case w.tree != nil && ok:
		if err := w.tree.take(inner, e.Op, w.add); err != nil {
			return explain(w.root, err)
		}
	case isAbove(name, w.root) || isAbove(name, w.at.real):
		return w.look(gone && slices.Contains(w.at.around, name))
	}
	return nil // beside the root
}

func (w *watcher) add(path string) { w.burst.add(path, time.Now()) }

// look sees what root is now, and watches it anew if that has to be watched in
// another way, or if what was watched is gone.
func (w *watcher) look(gone bool) error {
	before := w.at
	w.at = w.find(w.root)
	there := w.at.real != "" || before.real != ""
	if w.at.real != before.real || !sameFolder(w.at, before) || gone && there {
		w.add(whole)
	}
	if gone || !w.at.same(before) {
		return w.stand()
	}
	return nil
}

// place is what root is, and what has to be watched for it.
type place struct {
	real   string      // root without symbolic links; "" if it is not there
	folder os.FileInfo // nil unless it is a folder
	around []string    // folders to watch for root itself
}

func find(root string) place {
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return place{around: []string{above(root)}}
	}
	p := place{real: real}
	if info, err := os.Stat(real); err == nil && info.IsDir() {
		p.folder = info
	} else {
		p.around = []string{filepath.Dir(real)}
	}
	if info, err := os.Lstat(root); err == nil && info.Mode()&os.ModeSymlink != 0 {
		p.around = append(p.around, filepath.Dir(root)) // where it can be pointed elsewhere
	}
	return p
}

// above is the nearest folder above a path that is there.
func above(path string) string {
	for {
		up := filepath.Dir(path)
		if info, err := os.Stat(up); err == nil && info.IsDir() || up == path {
			return up
		}
		path = up
	}
}

// same tells whether both places are watched in the same way. A file and what
// is not there are: by the folder around.
func (p place) same(q place) bool {
	return sameFolder(p, q) && (p.folder == nil || p.real == q.real) && slices.Equal(p.around, q.around)
}

func sameFolder(p, q place) bool {
	if p.folder == nil || q.folder == nil {
		return p.folder == nil && q.folder == nil
	}
	return os.SameFile(p.folder, q.folder)
}

func isAbove(folder, path string) bool {
	_, ok := below(folder, path)
	return ok
}

// below gives a path relative to a folder that it is in.
func below(folder, path string) (string, bool) {
	if folder == "" || !strings.HasPrefix(path, folder) {
		return "", false
	}
	inner, err := filepath.Rel(folder, path)
	return inner, err == nil && inner != whole && inner != ".." && !strings.HasPrefix(inner, ".."+string(filepath.Separator))
}
