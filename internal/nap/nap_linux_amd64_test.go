package nap

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// request leaves a request in the folder of that name.
func request(dir, name string) error {
	folder := filepath.Join(dir, "requests")
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600)
}

// TestWhatEndsANap does each thing while the process naps, and before it does.
func TestWhatEndsANap(t *testing.T) {
	for name, do := range map[string]func(dir string) error{
		"a file grows":      func(dir string) error { return os.WriteFile(filepath.Join(dir, "out"), []byte("older"), 0o600) },
		"a file is cut":     func(dir string) error { return os.Truncate(filepath.Join(dir, "out"), 1) },
		"a file is made":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "none"), []byte("x"), 0o600) },
		"a file is deleted": func(dir string) error { return os.Remove(filepath.Join(dir, "out")) },
		"a file is no file": func(dir string) error {
			path := filepath.Join(dir, "none")
			return errors.Join(os.Symlink(path, path), os.WriteFile(filepath.Join(dir, "noise"), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, "napper", self, nil)
			n.sleeps(t)
			must(t, do(n.dir))
			n.expectLine(t, "args")
			n = start(t, "napper", self, func(dir string) { must(t, do(dir)) })
			n.expectLine(t, "args")
		})
	}
}

func TestARequestEndsANap(t *testing.T) {
	for i := range 6 { // two entries fill what is read at once
		must := func(err error) { must(t, err) }
		n := start(t, "napper", self, func(dir string) {
			for k := range i {
				must(request(dir, ".half"+strings.Repeat("x", 200)+strconv.Itoa(k)))
			}
		})
		n.sleeps(t)
		must(request(n.dir, "7"))
		must(n.cmd.Process.Signal(syscall.SIGUSR1))
		n.expectLine(t, "args")
	}
	n := start(t, "napper", self, func(dir string) { must(t, request(dir, "7")) })
	n.expectLine(t, "args")
}

func TestTheEndOfAChildEndsANap(t *testing.T) {
	n := start(t, "napper", self, nil)
	n.sleeps(t)
	n.input.Close()
	n.expectLine(t, "args")
}

// A child may end at any moment on the way from one program to the other.
func TestTheEndOfAChildIsNotMissed(t *testing.T) {
	for range 30 {
		n := start(t, "napper", self, nil)
		n.input.Close()
		n.expectLine(t, "args")
	}
}

func TestTimeEndsANap(t *testing.T) {
	n := start(t, "napper", self, nil, limitIs+"1ms")
	n.expectLine(t, "args")
}

// What is no news does not end a nap: it goes on until there is some.
func TestWhatDoesNotEndANap(t *testing.T) {
	n := start(t, "napper", self, nil, limitIs+"1h")
	n.sleeps(t)
	must(t, os.WriteFile(n.file("mark"), []byte("x"), 0o600))
	n.sleeps(t)
	must(t, os.WriteFile(n.file("requests"), nil, 0o600))
	n.sleeps(t)
	must(t, os.Remove(n.file("requests")))
	must(t, request(n.dir, ".7"))
	for sig := syscall.Signal(1); sig <= 64; sig++ {
		if sig != syscall.SIGKILL && sig != syscall.SIGSTOP {
			must(t, n.cmd.Process.Signal(sig))
			n.sleeps(t)
		}
	}
	child := n.child(t)
	must(t, syscall.Kill(child, syscall.SIGSTOP))
	must(t, syscall.Kill(child, syscall.SIGCONT))
	n.sleeps(t)
}

// child is the number of its child.
func (n *napper) child(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(n.proc("cmdline"))
	must(t, err)
	pid, err := strconv.Atoi(strings.Split(string(b), "\x00")[2])
	must(t, err)
	return pid
}

// The process is small while it naps, and shows its name and arguments; then
// it is as it was.
func TestTheProcessStaysWhatItIs(t *testing.T) {
	n := start(t, "limited", self, nil)
	n.sleeps(t)
	if kb, err := strconv.Atoi(strings.TrimSuffix(n.status(t, "VmRSS"), " kB")); err != nil || kb > 32 {
		t.Errorf("memory while it naps: got %q, want at most 32 kB", n.status(t, "VmRSS"))
	}
	if name := n.status(t, "Name"); name != "napping" {
		t.Errorf("name while it naps: got %q, want napping", name)
	}
	// Signals that would end a program that handles none.
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGIO, 40} {
		must(t, n.cmd.Process.Signal(sig))
	}
	must(t, os.WriteFile(n.file("out"), nil, 0o600))
	want := `args ["woken" "of"] env ["GORACE=atexit_sleep_ms=0" "A=1"] child "200\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n" open ` + n.open
	if got := n.line(t); got != want {
		t.Errorf("awake: got\n%s, want\n%s", got, want)
	}
	n.kept.WriteString("still there\n")
	n.expectLine(t, `kept "still there\n" <nil>`)
	if err := n.cmd.Wait(); err != nil {
		t.Errorf("the process: %v", err)
	}
}

// executable is a copy of this program, which may be changed.
func executable(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	from, err := os.Open(self)
	must(t, err)
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o700)
	must(t, err)
	_, err = io.Copy(to, from)
	must(t, errors.Join(err, to.Close()))
	return path
}

// It goes on as the program that it was, whatever became of the file's name.
func TestTheProgramIsReplaced(t *testing.T) {
	program := executable(t)
	n := start(t, "napper", program, nil)
	n.sleeps(t)
	must(t, os.Remove(program))
	must(t, os.WriteFile(program, []byte("something else"), 0o700))
	n.input.Close()
	n.expectLine(t, "args")
}

// A file that is open for writing cannot be executed; it is tried again.
func TestTheProgramCannotBeExecutedYet(t *testing.T) {
	program := executable(t)
	n := start(t, "napper", program, nil)
	n.sleeps(t)
	f, err := os.OpenFile(program, os.O_WRONLY, 0)
	must(t, err)
	n.input.Close()
	until(t, "it tries", func() bool { return n.status(t, "SigBlk") == "0000000000000000" })
	must(t, n.cmd.Process.Signal(syscall.SIGTERM))
	if !n.napping() {
		t.Error("a file that is open for writing was executed")
	}
	must(t, f.Close())
	n.expectLine(t, "args")
}

func TestTheProgramCannotBeExecutedAtAll(t *testing.T) {
	program := executable(t)
	n := start(t, "napper", program, nil, triesIs+"2")
	n.sleeps(t)
	f, err := os.OpenFile(program, os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	n.input.Close()
	n.cmd.Wait()
	if got := n.said.String(); n.cmd.ProcessState.ExitCode() != 1 || got != "keeper: cannot be executed again\n" {
		t.Errorf("a program that cannot be executed: got %v and %q, want exit status 1 and a word why", n.cmd.ProcessState, got)
	}
}

// A nap that cannot be taken changes nothing.
func TestTakeThatCannotBe(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	blocked := func() (mask uint64) {
		setMask(nil, &mask)
		return mask
	}
	before, fds := blocked(), openFiles()
	good := Nap{Name: "x", Argv: []string{"x"}, Folder: t.TempDir(), Requests: "requests", Signal: syscall.SIGUSR1}
	bad := good
	bad.Folder = filepath.Join(good.Folder, "none")
	if err := bad.Take(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Take in a folder that is not there: got %v", err)
	}
	bad = good
	bad.Argv = []string{"a\x00b"} // which is found last
	if err := bad.Take(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("Take with an argument that cannot be: got %v", err)
	}
	if after := blocked(); after != before {
		t.Errorf("blocked signals: got %x, had %x", after, before)
	}
	if after := openFiles(); !slices.Equal(after, fds) {
		t.Errorf("open files: got %v, had %v", after, fds)
	}
}
