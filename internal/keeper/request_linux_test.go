package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
	"golang.org/x/sys/unix"
)

func folder(t *testing.T) store.Folder {
	t.Helper()
	return store.Folder{ID: 7, Path: t.TempDir()}
}

func TestRequestsComeInOrder(t *testing.T) {
	f := folder(t)
	if got := takeRequests(f); got != nil {
		t.Errorf("takeRequests with none left: got %v", got)
	}
	var want []Request
	for i := range 30 {
		r := Request{Verb: "stop", Child: i, Grace: time.Duration(i), Signal: "SIGINT", Force: i%2 == 0}
		must(t, r.Leave(f))
		want = append(want, r)
	}
	if got := takeRequests(f); !reflect.DeepEqual(got, want) {
		t.Errorf("takeRequests: got %v, want %v", got, want)
	}
	if got := takeRequests(f); got != nil {
		t.Errorf("takeRequests again: got %v, want none", got)
	}
}

func TestLeaveForAJobThatIsGone(t *testing.T) {
	f := store.Folder{ID: 7, Path: filepath.Join(t.TempDir(), "7")}
	var e *job.Error
	if err := (Request{Verb: "stop"}).Leave(f); !errors.As(err, &e) || e.Kind != job.NotFound {
		t.Errorf("Leave for a job that is gone: got %v, want a NotFound error", err)
	}
	if _, err := os.Stat(f.Path); err == nil {
		t.Error("Leave for a job that is gone made its folder")
	}
}

// Anything may lie in the folder of requests. What is none is taken away and
// does no harm; what it names stays.
func TestWhatIsNoRequest(t *testing.T) {
	outside := t.TempDir()
	precious := filepath.Join(outside, "precious")
	stop := `{"Verb":"stop"}`
	must(t, os.WriteFile(precious, []byte(stop), 0o600))
	write := func(text string) func(path string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	for name, put := range map[string]func(path string) error{
		"empty":               write(""),
		"no JSON":             write("stop"),
		"half written":        write(stop[:len(stop)-3]),
		"another type":        write(`["stop"]`),
		"a wrong type":        write(`{"Verb":"stop","Grace":"soon"}`),
		"a number too large":  write(`{"Verb":"stop","Child":1e99}`),
		"two at once":         write(stop + stop),
		"binary":              write("\x00\xff\x00"),
		"huge":                write(strings.Repeat("[", 1<<20)),
		"padded":              write(stop + strings.Repeat(" ", 1<<20)),
		"deep":                write(strings.Repeat("[", maxRequest)),
		"a link to a request": func(path string) error { return os.Symlink(precious, path) },
		"a link to itself":    func(path string) error { return os.Symlink(path, path) },
		"a link to a folder":  func(path string) error { return os.Symlink(outside, path) },
		"a link to nothing":   func(path string) error { return os.Symlink(path+".none", path) },
		"a folder": func(path string) error {
			return errors.Join(os.MkdirAll(path+"/deep/er", 0o700), write(stop)(path+"/deep/stop"))
		},
		"a pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a socket": func(path string) error { return unix.Mknod(path, unix.S_IFSOCK|0o600, 0) },
		"unreadable": func(path string) error {
			return os.WriteFile(path, nil, 0)
		},
	} {
		f := folder(t)
		must(t, Request{Verb: "suspend"}.Leave(f))
		must(t, put(filepath.Join(f.File(requestsFolder), "5 strange")))
		must(t, Request{Verb: "resume"}.Leave(f))
		got := takeRequests(f)
		if fmt.Sprint(got) != fmt.Sprint([]Request{{Verb: "suspend"}, {Verb: "resume"}}) {
			t.Errorf("%s among requests: got %v, want the two others", name, got)
		}
		if left, _ := os.ReadDir(f.File(requestsFolder)); len(left) != 0 {
			t.Errorf("%s among requests: %v is left", name, left)
		}
		if b, err := os.ReadFile(precious); string(b) != stop || err != nil {
			t.Fatalf("%s among requests: what it names is %q, %v", name, b, err)
		}
	}
}

// A request that is just being written is not looked at.
func TestARequestThatIsBeingWritten(t *testing.T) {
	f := folder(t)
	must(t, os.Mkdir(f.File(requestsFolder), 0o700))
	half := filepath.Join(f.File(requestsFolder), ".00000000001764000000.77")
	must(t, os.WriteFile(half, []byte(`{"Verb":`), 0o600))
	if got := takeRequests(f); got != nil {
		t.Errorf("takeRequests while one is being written: got %v", got)
	}
	must(t, os.WriteFile(half, []byte(`{"Verb":"stop"}`), 0o600))
	must(t, os.Rename(half, filepath.Join(f.File(requestsFolder), "00000000001764000000.77")))
	if got := takeRequests(f); len(got) != 1 || got[0].Verb != "stop" {
		t.Errorf("takeRequests once it is written: got %v, want it", got)
	}
}

func TestRequestsFolderThatIsNone(t *testing.T) {
	f := folder(t)
	must(t, os.WriteFile(f.File(requestsFolder), nil, 0o600))
	if got := takeRequests(f); got != nil {
		t.Errorf("takeRequests where a file is in the place of the folder: got %v", got)
	}
}
