package process

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary into the processes that the tests start.
func TestMain(m *testing.M) {
	switch {
	case os.Args[0] == "keeper":
		keep()
	case len(os.Args) == 2 && os.Args[1] == "launch":
		launchAndStart()
	default:
		os.Exit(m.Run())
	}
}

// keep is a keeper: it says on descriptor 3 what it is, then what becomes of
// its children, and ends when it has none.
func keep() {
	told := os.NewFile(3, "told")
	syscall.CloseOnExec(3)
	var subreaper uint64
	unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptrOf(&subreaper), 0, 0, 0)
	self, _ := StatOf(os.Getpid())
	dir, _ := os.Getwd()
	fmt.Fprintf(told, "keeper %d parent %d session %d subreaper %d dir %s env %q args %q\n",
		self.PID, self.Parent, self.Session, subreaper, dir, os.Environ(), os.Args)
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == nil {
			fmt.Fprintf(told, "ended %d\n", pid)
		} else if !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}

// launchAndStart shows what of our surroundings reaches a program.
func launchAndStart() {
	c := sh(`ulimit -Sn; echo $GOMAXPROCS; umask`)
	c.Env, c.Stdout, c.Stderr = os.Environ(), os.Stdout, os.Stderr
	keeper, _, err := launch(c, Keeper{Argv: keeperArgv(), Env: keeperEnv})
	if err != nil {
		fmt.Println(err)
		return
	}
	syscall.Wait4(keeper, nil, 0, nil)
	if pid, err := c.Start(); err != nil {
		fmt.Println(err)
	} else {
		syscall.Wait4(pid, nil, 0, nil)
	}
}

// A binary built with -race otherwise sleeps for a second at its exit.
var keeperEnv = []string{"GOMAXPROCS=1", "GORACE=atexit_sleep_ms=0"}

func keeperArgv() []string { return []string{"keeper", "program=" + PIDDigits} }

func launch(c Command, k Keeper) (keeper, program int, err error) {
	return Launch(c, k, func(int) {})
}

func sh(script string, args ...string) Command {
	return Command{Path: "/bin/sh", Argv: append([]string{"sh", "-c", script, "sh"}, args...), Dir: "/", Env: []string{"PATH=/usr/bin:/bin"}}
}

// kept is a program under a keeper.
type kept struct {
	keeper, program int

	begin *os.File      // closed, it lets the keeper execute itself
	told  *bufio.Reader // what the keeper says
	lines *bufio.Reader // what the program puts out
	input *os.File      // its standard input
}

// start launches a program. At the end of the test nothing of it is left.
func start(t *testing.T, c Command) *kept {
	t.Helper()
	wait, begin := pipe(t)
	told, tell := pipe(t)
	lines, out := pipe(t)
	in, input := pipe(t)
	c.Stdin, c.Stdout, c.Stderr = in, out, out
	k := &kept{begin: begin, told: bufio.NewReader(told), lines: bufio.NewReader(lines), input: input}
	var err error
	k.keeper, k.program, err = launch(c, Keeper{Argv: keeperArgv(), Env: keeperEnv, Files: [6]*os.File{nil, nil, os.Stderr, tell, wait, nil}})
	for _, f := range []*os.File{wait, tell, out, in} {
		f.Close()
	}
	if err != nil {
		t.Fatalf("Launch(%q): %v", c.Argv, err)
	}
	t.Cleanup(func() { k.end(t) })
	return k
}

// end kills what is left of a program, and waits for its keeper, which ends
// after all that descends from it.
func (k *kept) end(t *testing.T) {
	t.Helper()
	k.begin.Close()
	k.input.Close()
	k.tree().Signal(syscall.SIGKILL)
	if _, err := io.Copy(io.Discard, k.told); err != nil {
		t.Errorf("the keeper: %v", err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(k.keeper, &status, 0, nil); errors.Is(err, syscall.ECHILD) {
		return // a later Launch has taken it
	} else if err != nil || !status.Exited() || status.ExitStatus() != 0 {
		t.Errorf("the keeper ended with %v, %v", status, err)
	}
}

func (k *kept) tree() Tree { return Tree{Keeper: k.keeper, Session: k.program} }

// line waits for the next line that the program puts out.
func (k *kept) line(t *testing.T) string {
	t.Helper()
	text, err := k.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("the next line of the program: %q, %v", text, err)
	}
	return strings.TrimSuffix(text, "\n")
}

func pipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { read.Close(); write.Close() })
	return read, write
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outputOf runs a program that was started by one of the two ways to its end.
func outputOf(t *testing.T, c Command, way string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	c.Stdout, c.Stderr = f, f
	var pid int
	if way == "Start" {
		pid, err = c.Start()
	} else {
		pid, _, err = launch(c, Keeper{Argv: keeperArgv(), Env: keeperEnv})
	}
	if err != nil {
		t.Fatalf("%s(%q): %v", way, c.Argv, err)
	}
	_, err = syscall.Wait4(pid, nil, 0, nil)
	must(t, err)
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

// under runs the test binary with other limits than ours.
func under(t *testing.T, shell string, role string, env ...string) string {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", shell+`; exec "$0" `+role, os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "GORACE=atexit_sleep_ms=0")...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil || errors.Len() > 0 {
		t.Fatalf("%s: %v, %s", shell, err, errors.Bytes())
	}
	return string(out)
}
