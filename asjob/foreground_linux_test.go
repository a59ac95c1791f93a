package asjob_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestForegroundStreams(t *testing.T) {
	s := setUp(t)
	const talk = "something went wrong\nwarning: careful\ninformation: by the way\n"
	want := result{"result one\nresult two\n", talk, 0}
	if got := s.prog("say"); got != want {
		t.Errorf("prog say: got %+v, want %+v", got, want)
	}
	want.stderr = "something went wrong\nwarning: careful\nverbose: in detail\ndebug: x = 7\ninformation: by the way\n"
	if got := s.run(s.command("talkative", "say")); got != want {
		t.Errorf("with Verbose and Debug: got %+v, want %+v", got, want)
	}
	want = result{"the first's\n", "warning: the second's\n", 0}
	if got := s.prog("family"); got != want {
		t.Errorf("what children put out: got %+v, want %+v", got, want)
	}
	if all := s.jobs(); len(all) != 0 {
		t.Errorf("jobs after work in the foreground: got %d, want none", len(all))
	}
}

// At a terminal progress is one line, which what follows writes over.
func TestForegroundAtTerminal(t *testing.T) {
	s := setUp(t)
	const (
		before = "result one\nsomething went wrong\nwarning: careful\ninformation: by the way\n"
		after  = "result two\n"
		clear  = "\r\x1b[K"
	)
	wide := before + "\rsaying: nearly 40%\x1b[K" + "\rsaying\x1b[K" + clear + after
	if got := s.terminal(80, s.command("flags", "say")); got != wide {
		t.Errorf("at a terminal: got %q, want %q", got, wide)
	}
	narrow := before + "\rsaying: n\x1b[K" + "\rsaying\x1b[K" + clear + after
	if got := s.terminal(10, s.command("flags", "say")); got != narrow {
		t.Errorf("at a terminal of 10 columns: got %q, want %q", got, narrow)
	}
	dumb := s.command("flags", "say")
	dumb.Env = append(dumb.Env, "TERM=dumb")
	if got := s.terminal(80, dumb); got != before+after {
		t.Errorf("at a dumb terminal: got %q, want %q", got, before+after)
	}
}

// terminal runs a command at a terminal, and gives what that shows.
func (s *scene) terminal(columns uint16, cmd *exec.Cmd) string {
	s.Helper()
	ours, theirs := s.openTerminal(columns)
	defer ours.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err := cmd.Start()
	theirs.Close()
	if err != nil {
		s.Fatal(err)
	}
	// Reading ends when nothing has the terminal open any more.
	ours.SetReadDeadline(time.Now().Add(time.Minute))
	shown, _ := io.ReadAll(ours)
	if err := cmd.Wait(); err != nil {
		s.Errorf("%q at a terminal: %v", cmd.Args, err)
	}
	return strings.ReplaceAll(string(shown), "\r\n", "\n")
}

// openTerminal makes a terminal: the side of who sits at it, and the other.
func (s *scene) openTerminal(columns uint16) (ours, theirs *os.File) {
	s.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		s.Fatal(err)
	}
	ours = os.NewFile(uintptr(fd), "ptmx")
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err == nil {
		theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		s.Fatal(err)
	}
	return ours, theirs
}

func TestForegroundExitStatus(t *testing.T) {
	s := setUp(t)
	for _, c := range []struct {
		args   string
		status int
		stderr string // how it begins
	}{
		{"say", 0, "something went wrong\n"},
		{"fail broken", 1, "prog: broken\n"},
		{"family broken", 1, "warning: the second's\nprog: a child Failed: broken\n"},
		{"explode", 1, "prog: panic: at the disco\n\ngoroutine "},
		{"nosuch", 2, "prog: no work is named [\"nosuch\"]\nhint: say, for example\n"},
		{"--nosuch say", 2, "flag provided but not defined: -nosuch\nUsage of prog:\n"},
		{"--help", 0, "Usage of prog:\n  -as-job\n"},
		{"--job-name me say", 2, "prog: a name was given for a job, and no job is to be started\nhint: add --as-job\n"},
	} {
		if got := s.prog(strings.Fields(c.args)...); got.status != c.status || !strings.HasPrefix(got.stderr, c.stderr) {
			t.Errorf("prog %s: got status %d, stderr %q, want %d, %q…", c.args, got.status, got.stderr, c.status, c.stderr)
		}
	}
	if got := s.prog("explode"); !strings.Contains(got.stderr, "work_linux_test.go") {
		t.Errorf("prog explode: got stderr %q, want the stack with the place of the panic", got.stderr)
	}
}

func TestForegroundInterrupted(t *testing.T) {
	s := setUp(t)
	for _, c := range []struct {
		work   string
		signal syscall.Signal
		status int
		stdout string
	}{
		{"hold", syscall.SIGINT, 130, "holding\nlast words\n"},
		{"hold", syscall.SIGTERM, 143, "holding\nlast words\n"},
		{"deaf", syscall.SIGINT, 130, "holding\nheard\n"}, // and a second one kills
	} {
		cmd := s.command("flags", c.work)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewReader(stdout)
		var got string
		for line, err := said.ReadString('\n'); err == nil; line, err = said.ReadString('\n') {
			if got += line; line == "holding\n" || line == "heard\n" {
				cmd.Process.Signal(c.signal)
			}
		}
		cmd.Wait()
		if statusOf(cmd) != c.status || got != c.stdout {
			t.Errorf("prog %s, %v: got status %d, %q, want %d, %q", c.work, c.signal, statusOf(cmd), got, c.status, c.stdout)
		}
	}
}
