package nap

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary into the process that naps.
func TestMain(m *testing.M) {
	switch os.Args[0] {
	case "limited":
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 200, Max: 1000})
		syscall.Exec(self, []string{"napper"}, os.Environ())
	case "napper":
		takeNap()
	case "woken":
		tell()
	default:
		os.Exit(m.Run())
	}
}

// What a napper takes from its environment.
const (
	limitIs = "LIMIT="
	triesIs = "TRIES="
)

// takeNap is a process that naps beside its folder, which is its working
// folder, with a child that ends with the input.
func takeNap() {
	open := openFiles()
	in, _ := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 10)
	child := exec.Command("/bin/sh", "-c", "read line")
	child.Stdin = os.NewFile(uintptr(in), "input")
	if err := child.Start(); err != nil {
		fmt.Println(err)
		return
	}
	n := Nap{Name: "napping", Argv: []string{"woken", "of", strconv.Itoa(child.Process.Pid)}, Env: []string{"GORACE=atexit_sleep_ms=0", "A=1"},
		Keep: []uintptr{3}, Folder: ".", Files: []File{{"out", 3}, {"none", 0}}, Requests: "requests", Signal: syscall.SIGUSR1}
	syscall.CloseOnExec(3)
	for _, e := range os.Environ() {
		if text, ok := strings.CutPrefix(e, limitIs); ok {
			n.Limit, _ = time.ParseDuration(text)
		} else if text, ok := strings.CutPrefix(e, triesIs); ok {
			tries, _ = strconv.ParseInt(text, 10, 64)
		}
	}
	fmt.Println("begins with", open)
	fmt.Println(n.Take())
}

// tell tells what we find when we are awake again.
func tell() {
	open := openFiles()
	// Go leaves these two ignored until it is asked for them.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT)
	said, _ := exec.Command("/bin/sh", "-c", "ulimit -Sn; grep -E '^Sig(Blk|Ign)' /proc/self/status").CombinedOutput()
	fmt.Printf("args %q env %q child %q open %v\n", os.Args[:2], os.Environ(), said, open)
	text, err := bufio.NewReader(os.NewFile(3, "kept")).ReadString('\n')
	fmt.Printf("kept %q %v\n", text, err)
}

// openFiles are the descriptors of this process, but for those of Go's
// runtime.
func openFiles() (open []string) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		link, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !strings.HasPrefix(link, "anon_inode:[event") {
			open = append(open, e.Name())
		}
	}
	return open
}

// napper is a process that naps, seen from the test.
type napper struct {
	cmd   *exec.Cmd
	dir   string
	lines *bufio.Reader // what it says
	said  *bytes.Buffer // its standard error
	input io.Closer     // closed, it ends the child
	kept  *os.File      // the other end of its descriptor 3
	open  string        // the descriptors that it had open before the nap
}

// start starts a process of this program that naps. At the end of the test it
// is gone. prepare is called with its folder before it begins.
func start(t *testing.T, name, program string, prepare func(dir string), env ...string) *napper {
	t.Helper()
	n := &napper{dir: t.TempDir(), said: &bytes.Buffer{}}
	must(t, os.WriteFile(n.file("out"), []byte("old"), 0o600))
	if prepare != nil {
		prepare(n.dir)
	}
	input, stdin, err := os.Pipe()
	must(t, err)
	read, stdout, err := os.Pipe()
	must(t, err)
	kept, keep, err := os.Pipe()
	must(t, err)
	n.input, n.kept, n.lines = stdin, keep, bufio.NewReader(read)
	n.cmd = &exec.Cmd{Path: program, Args: []string{name}, Dir: n.dir, Env: append(env, "GORACE=atexit_sleep_ms=0"),
		Stdin: input, Stdout: stdout, Stderr: n.said, ExtraFiles: []*os.File{kept}}
	must(t, n.cmd.Start())
	for _, f := range []*os.File{input, stdout, kept} {
		f.Close()
	}
	t.Cleanup(func() {
		stdin.Close()
		keep.Close()
		n.cmd.Process.Kill()
		n.cmd.Wait()
		read.Close()
	})
	_, n.open, _ = strings.Cut(n.expectLine(t, "begins"), " with ")
	return n
}

const self = "/proc/self/exe"

func (n *napper) file(name string) string { return filepath.Join(n.dir, name) }

func (n *napper) line(t *testing.T) string {
	t.Helper()
	text, err := n.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("what the napper says: %q, %v, and %q", text, err, n.said)
	}
	return strings.TrimSuffix(text, "\n")
}

func (n *napper) expectLine(t *testing.T, begin string) (got string) {
	t.Helper()
	if got = n.line(t); !strings.HasPrefix(got, begin) {
		t.Fatalf("the napper says %q, want %q…", got, begin)
	}
	return got
}

// napping reports whether it is the tiny program that runs now.
func (n *napper) napping() bool {
	link, _ := os.Readlink(n.proc("exe"))
	return strings.HasPrefix(link, "/memfd:")
}

func (n *napper) proc(name string) string { return fmt.Sprintf("/proc/%d/%s", n.cmd.Process.Pid, name) }

// status is a line of what /proc says of it.
func (n *napper) status(t *testing.T, key string) string {
	t.Helper()
	b, err := os.ReadFile(n.proc("status"))
	must(t, err)
	_, text, _ := strings.Cut(string(b), key+":")
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(text)
}

// sleeps waits until it naps and has nothing left to look at.
func (n *napper) sleeps(t *testing.T) {
	t.Helper()
	until(t, "it naps", func() bool {
		pending, _ := strconv.ParseUint(n.status(t, "ShdPnd"), 16, 64)
		return n.napping() && n.status(t, "State") == "S (sleeping)" &&
			pending&(bit(syscall.SIGCHLD)|bit(syscall.SIGIO)|bit(syscall.SIGUSR1)) == 0
	})
}

// until waits for something that can only be asked for.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("after a minute it is not so that %s", what)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
