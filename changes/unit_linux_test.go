package changes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/backjob/job"
)

// fake is a system that does what a test wants where a folder is watched.
type fake struct {
	watched []string
	onAdd   func(path string) error
}

func (f *fake) Add(path string) error {
	f.watched = append(f.watched, path)
	return f.onAdd(path)
}

func (f *fake) Remove(path string) error {
	f.watched = slices.DeleteFunc(f.watched, func(w string) bool { return w == path })
	return nil
}

// A folder that becomes a link in the moment it is watched would be followed.
func TestFolderBecomesALink(t *testing.T) {
	d, outside := temporary(t), temporary(t)
	d.mkdir("a")
	f := &fake{onAdd: func(path string) error {
		if path == d.at("a") {
			d.remove("a")
			d.link(outside.dir, "a")
		}
		return nil
	}}
	if err := newTree(d.dir, nil, f).enter(whole, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if want := []string{d.dir}; !slices.Equal(f.watched, want) {
		t.Errorf("watched %v, want %v", f.watched, want)
	}
}

// A folder that was found already is not watched anew when the event of its
// making comes: what was told of it meanwhile would be lost.
func TestFolderIsToldAfterItWasFound(t *testing.T) {
	d := temporary(t)
	d.mkdir("a/b")
	f := &fake{onAdd: func(string) error { return nil }}
	tree := newTree(d.dir, nil, f)
	if err := errors.Join(tree.enter(whole, func(string) {}), tree.take("a/b", fsnotify.Create, func(string) {})); err != nil {
		t.Fatal(err)
	}
	if want := []string{d.dir, d.at("a"), d.at("a/b")}; !slices.Equal(f.watched, want) {
		t.Errorf("watched %v, want %v", f.watched, want)
	}
}

// What the root is may change until it is watched.
func TestRootComesWhileTheWatchIsSet(t *testing.T) {
	d := temporary(t)
	d.mkdir("root")
	w := newWatcher(d.at("root"), Options{})
	defer w.close()
	seen := []place{{around: []string{d.dir}}} // as if it had not been there yet
	w.find = func(root string) place {
		seen = append(seen, find(root))
		return seen[len(seen)-2]
	}
	if err := w.stand(); err != nil || w.tree == nil {
		t.Errorf("got %v and the watch %+v, want one of a folder", err, w.at)
	}
}

// Without the means to watch more, what is below is silent; so that is told.
func TestExhausted(t *testing.T) {
	for _, c := range []struct {
		err  error
		hint string
	}{
		{syscall.ENOSPC, "fs.inotify.max_user_watches"},
		{syscall.EMFILE, "fs.inotify.max_user_instances"},
		{syscall.ENOMEM, ""},
	} {
		d := temporary(t)
		d.mkdir("a/b")
		f := &fake{onAdd: func(path string) error {
			if path == d.at("a/b") {
				return c.err
			}
			return nil
		}}
		w := newWatcher(d.dir, Options{})
		w.at, w.tree = find(d.dir), newTree(d.dir, nil, f)
		w.tree.join(whole, identity{})
		err := w.take(fsnotify.Event{Name: d.at("a"), Op: fsnotify.Create})
		var e *job.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "watch "+d.dir+": ") || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%v: got %#v, want one about %s, with %q in its hint", c.err, err, d.dir, c.hint)
		}
	}
}

// A folder that we may not read is passed over, and what is beside it watched.
func TestForbidden(t *testing.T) {
	d := temporary(t)
	d.mkdir("a")
	d.mkdir("b")
	f := &fake{onAdd: func(path string) error {
		if path == d.at("a") {
			return syscall.EACCES
		}
		return nil
	}}
	tree := newTree(d.dir, nil, f)
	if err := tree.enter(whole, func(string) {}); err != nil || tree.find("a") != nil || tree.find("b") == nil {
		t.Errorf("got %v, watched %v, want all but a", err, f.watched)
	}
	f.onAdd = func(string) error { return syscall.EACCES }
	if err := newTree(d.dir, nil, f).enter(whole, func(string) {}); !errors.Is(err, syscall.EACCES) {
		t.Errorf("the top: got %v, want %v", err, syscall.EACCES)
	}
}

func TestBurstIsOver(t *testing.T) {
	now := time.Unix(1000, 0)
	b := burst{settle: 100 * time.Millisecond, longest: time.Second}
	b.add("b", now)
	b.add("a", now.Add(50*time.Millisecond))
	if got, want := b.due(), now.Add(150*time.Millisecond); !got.Equal(want) {
		t.Errorf("after two: due at %v, want %v", got, want)
	}
	b.add("a", now.Add(950*time.Millisecond))
	if got, want := b.due(), now.Add(time.Second); !got.Equal(want) {
		t.Errorf("after a long time: due at %v, want %v", got, want)
	}
	got := b.take("/root")
	if want := []string{"a", "b"}; got.Root != "/root" || !slices.Equal(got.Paths, want) || !got.Time.Equal(now.Add(950*time.Millisecond)) {
		t.Errorf("got %+v, want %v at the last of them", got, want)
	}
	if !b.empty() {
		t.Error("what was taken is still there")
	}
}

func TestTooManyNames(t *testing.T) {
	var b burst
	for i := range most {
		b.add(fmt.Sprint(i), time.Now())
	}
	b.add("0", time.Now())
	if got := len(b.paths); got != most {
		t.Errorf("got %d names, want %d", got, most)
	}
	b.add("one more", time.Now())
	b.add("and one", time.Now())
	if got := b.take("").Paths; !slices.Equal(got, []string{whole}) {
		t.Errorf("got %d names, want the root as a whole", len(got))
	}
}

func TestErrorsOfTheSystem(t *testing.T) {
	for _, c := range []struct {
		err  error
		lost bool
	}{
		{fsnotify.ErrEventOverflow, true},
		{syscall.EINVAL, false},
		{syscall.EIO, true},
	} {
		i, errs := newInbox(), make(chan error, 1)
		events := make(chan fsnotify.Event)
		errs <- c.err
		close(errs)
		close(events)
		i.fill(events, errs)
		if _, lost := i.take(); lost != c.lost {
			t.Errorf("%v: lost is %v, want %v", c.err, lost, c.lost)
		}
	}
}
