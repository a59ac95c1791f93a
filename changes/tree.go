package changes

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// tree are the folders that are watched under a folder, top.
type tree struct {
	top    string
	ignore []string
	system system

	folders *folder
	paths   map[identity]string // where each is
}

// system is what a tree takes of an fsnotify.Watcher.
type system interface {
	Add(path string) error
	Remove(path string) error
}

// folder is one that is watched.
type folder struct {
	identity identity
	folders  map[string]*folder
}

func newTree(top string, ignore []string, system system) *tree {
	return &tree{top: top, ignore: ignore, system: system, paths: map[identity]string{}}
}

// take takes an event about a path under the tree, and tells what changed.
func (t *tree) take(path string, op fsnotify.Op, tell func(string)) error {
	if ignored(t.ignore, path) {
		return nil
	}
	if op == fsnotify.Write && t.find(path) != nil {
		return nil // some systems tell of a write to the folder when there was one to a file in it
	}
	tell(path)
	gone := op.Has(fsnotify.Remove) || op.Has(fsnotify.Rename)
	if gone {
		t.leave(path)
	}
	if gone || op.Has(fsnotify.Create) {
		// There may be another one by now. That a folder was moved comes twice,
		// the second time after the event of its new place.
		return t.enter(path, tell)
	}
	return nil
}

// enter watches a folder and all that are in it, and tells what is there: it
// may have been made before the watch stood. What is no folder, is gone again
// or may not be read is passed over, but for the top.
func (t *tree) enter(path string, tell func(string)) error {
	ok, err := t.watch(path)
	if ok {
		err = t.scan(path, tell)
	}
	if path == whole || exhausted(err) {
		return err
	}
	return nil
}

// watch watches one folder, if it is one and was not watched there before.
func (t *tree) watch(path string) (ok bool, err error) {
	if path != whole && t.find(filepath.Dir(path)) == nil {
		return false, nil // told late: the folder above was moved or removed since
	}
	full := filepath.Join(t.top, path)
	info, err := os.Lstat(full)
	if err != nil || !info.IsDir() {
		return false, err
	}
	if at, ok := t.paths[identify(info)]; ok {
		// It was moved here, and the event that says so is still to come.
		if at == path || at == whole || isAbove(at, path) {
			return false, nil
		}
		t.leave(at) // the system would go on with the watch that it has, under the old path
	}
	t.leave(path)
	if err := t.system.Add(full); err != nil {
		return false, err
	}
	t.join(path, identify(info))
	again, err := os.Lstat(full)
	if err != nil || !again.IsDir() || !os.SameFile(info, again) {
		t.leave(path) // maybe a link now, which the watch would have followed; it can have the same inode
		return false, err
	}
	return true, nil
}

// scan tells what is in a folder, and enters the folders in it.
func (t *tree) scan(path string, tell func(string)) error {
	entries, err := os.ReadDir(filepath.Join(t.top, path))
	for _, e := range entries {
		inner := filepath.Join(path, e.Name())
		if ignored(t.ignore, inner) {
			continue
		}
		tell(inner)
		if e.IsDir() {
			if err := t.enter(inner, tell); err != nil {
				return err
			}
		}
	}
	return err
}

// leave ends the watch of a folder and of all in it, if it is watched.
func (t *tree) leave(path string) {
	f := t.find(path)
	if f == nil {
		return
	}
	t.forget(path, f)
	if path != whole {
		delete(t.find(filepath.Dir(path)).folders, filepath.Base(path))
	}
}

// forget takes the watches off. Where there is none left, because the folder
// was removed or moved, the system says so, and that is well.
func (t *tree) forget(path string, f *folder) {
	for name, inner := range f.folders {
		t.forget(filepath.Join(path, name), inner)
	}
	t.system.Remove(filepath.Join(t.top, path))
	delete(t.paths, f.identity)
}

// join remembers a folder that is watched. The one above it is known.
func (t *tree) join(path string, id identity) {
	f := &folder{identity: id, folders: map[string]*folder{}}
	if path == whole {
		t.folders = f
	} else {
		t.find(filepath.Dir(path)).folders[filepath.Base(path)] = f
	}
	if id != (identity{}) {
		t.paths[id] = path
	}
}

func (t *tree) find(path string) *folder {
	f := t.folders
	if path == whole {
		return f
	}
	for name := range strings.SplitSeq(path, string(filepath.Separator)) {
		if f == nil {
			return nil
		}
		f = f.folders[name]
	}
	return f
}
