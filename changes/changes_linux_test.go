package changes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
)

func TestEachChangeIsTold(t *testing.T) {
	d := temporary(t)
	d.mkdir("dir")
	w := watchUnder(t, d.dir, Options{}, func() { d.write("file") })
	w.only("file")
	for _, c := range []struct {
		what string
		do   func() error
		want []string
	}{
		{"a file grows", func() error { return os.WriteFile(d.at("file"), []byte("xyz"), 0o600) }, []string{"file"}},
		{"a file is cut", func() error { return os.Truncate(d.at("file"), 0) }, []string{"file"}},
		{"a file gets another mode", func() error { return os.Chmod(d.at("file"), 0o644) }, []string{"file"}},
		{"a file gets another time", func() error { return os.Chtimes(d.at("file"), time.Time{}, time.Unix(1, 0)) }, []string{"file"}},
		{"a file gets another name", func() error { return os.Rename(d.at("file"), d.at("dir/file")) }, []string{"dir/file", "file"}},
		{"a file is removed", func() error { return os.Remove(d.at("dir/file")) }, []string{"dir/file"}},
		{"a link is made", func() error { return os.Symlink("nowhere", d.at("link")) }, []string{"link"}},
		{"a folder is made", func() error { return os.Mkdir(d.at("dir/inner"), 0o700) }, []string{"dir/inner"}},
		{"a folder is removed", func() error { return os.Remove(d.at("dir/inner")) }, []string{"dir/inner"}},
		{"the root gets another mode", func() error { return os.Chmod(d.dir, 0o755) }, []string{"."}},
	} {
		t.Log(c.what)
		d.must(c.do())
		w.only(c.want...)
	}
}

// What is put into new folders before they can be watched is told; and what
// changes there later.
func TestNewFolders(t *testing.T) {
	d := temporary(t)
	w := watchUnder(t, d.dir, Options{}, func() {
		d.mkdir("a/b/c")
		d.write("a/b/c/early")
	})
	w.only("a", "a/b", "a/b/c", "a/b/c/early")
	d.write("a/b/c/late")
	w.only("a/b/c/late")
}

// The system goes on telling of a moved folder under its old name.
func TestMovedFolders(t *testing.T) {
	d := temporary(t)
	d.mkdir("a/inner")
	w := watchUnder(t, d.dir, Options{}, func() { d.move("a", "b") })
	w.until("a", "b", "b/inner")
	d.write("b/inner/file")
	w.only("b/inner/file")
	d.mkdir("c") // it is not looked at before there is another folder in it
	d.move("b", "c/b")
	d.mkdir("b/inner")
	w.until("b", "c", "c/b/inner/file", "b/inner")
	d.write("c/b/inner/file")
	d.write("b/inner/file")
	w.only("b/inner/file", "c/b/inner/file")
	d.move("c", "../"+fmt.Sprint(os.Getpid(), "-gone"))
	d.write("../" + fmt.Sprint(os.Getpid(), "-gone") + "/b/inner/other")
	d.write("mark")
	if told := w.until("mark"); strings.Contains(fmt.Sprint(told), "gone") {
		t.Errorf("a folder that was moved out: got %v", told)
	}
	d.write("../" + fmt.Sprint(os.Getpid(), "-gone") + "/b/inner/file")
	d.write("mark")
	w.only("mark")
}

func TestLinksAreNotFollowed(t *testing.T) {
	d, outside := temporary(t), temporary(t)
	d.mkdir("dir")
	d.link(outside.dir, "before")
	w := watchUnder(t, d.dir, Options{}, func() {
		d.link(outside.dir, "dir/after")
		d.link("..", "dir/up")
	})
	w.only("dir/after", "dir/up")
	outside.write("file")
	d.write("mark")
	w.only("mark")
}

func TestIgnored(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		want     []string
	}{
		{nil, []string{"#", "a", "a/cache", "a/cache/x", "a/mark", "cache", "cache/x", "mark"}},
		{[]string{"cache", ".*", "*~", "4913", "#*"}, []string{"a", "a/mark", "mark"}},
		{[]string{"a/cache", ".*", "*~", "4913", "#*", "?ark"}, []string{"a", "cache", "cache/x"}},
		{[]string{"/cache", "a", ".*", "*~", "4913", "#*"}, []string{"mark"}},
		{[]string{}, []string{"#", "#x#", ".#x", ".git", ".git/x", ".x.swp", "4913", "a", "a/cache", "a/cache/x", "a/mark", "cache", "cache/x", "mark", "x~"}},
	} {
		t.Run(fmt.Sprint(c.patterns), func(t *testing.T) {
			d := temporary(t)
			w := watchUnder(t, d.dir, Options{Ignore: c.patterns}, func() {
				for _, dir := range []string{".git", "cache", "a/cache"} {
					d.mkdir(dir)
					d.write(dir + "/x")
				}
				for _, file := range []string{"x~", ".x.swp", "4913", ".#x", "#x#", "#", "a/mark", "mark"} {
					d.write(file)
				}
			})
			w.only(c.want...)
			d.write(".git/y") // from a folder that is ignored nothing comes later either
			d.mkdir("end")
			if told := w.until("end"); c.patterns == nil && len(told) != 1 {
				t.Errorf("got %v, want end alone", told)
			}
		})
	}
}

func TestOneFile(t *testing.T) {
	d := temporary(t)
	d.write("file")
	w := watchUnder(t, d.at("file"), Options{}, func() { d.write("file") })
	w.only(".")
	for _, c := range []struct {
		what string
		do   func()
	}{
		{"it is replaced, as editors do", func() { d.write("new"); d.move("new", "file") }},
		{"it goes, and a copy comes", func() { d.move("file", "file~"); d.write("file") }},
		{"it is removed", func() { d.remove("file") }},
		{"it comes again", func() { d.write("file") }},
		{"its folder is moved", func() { d.move("", "../moved"); d.mkdir(""); d.write("file") }},
		{"it grows", func() { d.write("file") }},
	} {
		t.Log(c.what)
		c.do()
		w.only(".")
		d.write("beside")
	}
}

func TestRootComesAndGoes(t *testing.T) {
	d := temporary(t)
	d.mkdir("up/root/dir")
	d.mkdir("aside")
	w := watchUnder(t, d.at("up/root"), Options{}, func() { d.remove("up/root") })
	w.only(".")
	d.write("up/beside")
	d.mkdir("up/root/dir")
	w.only(".")
	d.write("up/root/dir/file")
	w.only("dir/file")

	d.remove("up")
	w.only(".")
	d.mkdir("up/root")
	d.write("up/root/file")
	w.only(".")
	d.write("up/root/file")
	w.only("file")

	d.move("up/root", "aside/root")
	w.only(".")
	d.write("aside/root/file")
	d.write("up/root") // a file now
	w.only(".")
	d.remove("up/root")
	d.move("aside/root", "up/root")
	w.only(".")
	d.mkdir("up/root/dir")
	w.only("dir")
	d.remove("up/root") // and back before anybody looks
	d.mkdir("up/root/dir")
	w.until(".")
	d.write("up/root/dir/file")
	w.only("dir/file")
}

func TestRootIsALink(t *testing.T) {
	d := temporary(t)
	d.mkdir("one/dir")
	d.mkdir("two/dir")
	d.link("one", "root")
	w := watchUnder(t, d.at("root"), Options{}, func() { d.write("one/dir/file") })
	w.only("dir/file")
	d.link("two", "next")
	d.move("next", "root")
	w.only(".")
	d.write("one/dir/file")
	d.write("two/dir/mark")
	w.only("dir/mark")
	d.remove("two")
	w.until(".")
}

// What the system does not tell is seen by looking: here, that the folder
// comes that a link points to.
func TestLooksByItself(t *testing.T) {
	d := temporary(t)
	d.mkdir("far/folder")
	d.link("far/folder", "root")
	w := newWatcher(d.at("root"), Options{Settle: time.Millisecond, Ready: func() { d.remove("far") }})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticks := make(chan time.Time, 1)
	n := 0
	follow(ctx, w, ticks, func(c Change, err error) bool {
		if err != nil || len(c.Paths) != 1 || c.Paths[0] != "." {
			t.Fatalf("got %v and %v, want the root", c, err)
		}
		d.mkdir("far/folder")
		ticks <- time.Time{}
		n++
		return n < 2
	})
	if n != 2 {
		t.Errorf("told %d times, want 2", n)
	}
}

func TestRefusals(t *testing.T) {
	d := temporary(t)
	d.write("file")
	for _, c := range []struct {
		path   string
		ignore []string
		want   string
	}{
		{"nothing", nil, "watch " + d.at("nothing") + ": no such file or directory"},
		{"file/x", nil, "watch " + d.at("file/x") + ": not a directory"},
		{"file", []string{"[a"}, "ignore [a: syntax error in pattern"},
	} {
		n := 0
		for _, err := range Under(d.at(c.path), Options{Ignore: c.ignore, Ready: func() { t.Errorf("%s: ready", c.path) }})(t.Context()) {
			n++
			var e *job.Error
			if !errors.As(err, &e) || e.Kind != job.Invalid || e.Hint == "" || err.Error() != c.want {
				t.Errorf("%s ignoring %q: got %#v (%v), want an error of kind Invalid with a hint: %s", c.path, c.ignore, err, err, c.want)
			}
		}
		if n != 1 {
			t.Errorf("%s: the range had %d turns, want 1", c.path, n)
		}
	}
}

// What comes in one go is one change.
func TestBurst(t *testing.T) {
	d := temporary(t)
	var want []string
	w := watchUnder(t, d.dir, Options{Settle: 500 * time.Millisecond, Longest: patience}, func() {
		for i := range 200 {
			want = append(want, fmt.Sprintf("%03d", i))
			d.write(want[i])
		}
	})
	c, err, _ := w.next()
	if err != nil || fmt.Sprint(c.Paths) != fmt.Sprint(want) {
		t.Errorf("got %v and %v, want 200 paths at once", c, err)
	}
}

// More events than there is room for are a change of the root, and the folders
// whose events were lost are watched nevertheless.
func TestOverflow(t *testing.T) {
	d := temporary(t)
	w := watchUnder(t, d.dir, Options{}, func() {
		d.write("a")
		d.write("b")
		for range 2 * room {
			d.must(os.Chmod(d.at("a"), 0o600))
			d.must(os.Chmod(d.at("b"), 0o600))
		}
		d.mkdir("dir")
	})
	w.only(".")
	d.write("dir/file")
	w.until("dir/file")
}

// When it ends nothing is left: no goroutine (see TestMain), no open file.
func TestNothingIsLeft(t *testing.T) {
	d := temporary(t)
	d.mkdir("a/b")
	before := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range Under(d.dir, Options{Settle: time.Millisecond, Ready: func() { d.write("a/b/file") }})(ctx) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("cancelled: got %v, want that it was", last)
	}
	for range Under(d.dir, Options{Settle: time.Millisecond, Ready: func() { d.write("a/b/file") }})(t.Context()) {
		break
	}
	if after := open(t); after != before {
		t.Errorf("%d files are open, %d before", after, before)
	}
}

func open(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
