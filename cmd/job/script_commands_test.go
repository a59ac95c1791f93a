//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// exits N COMMAND [ARG…]
//
// runs the command and demands exactly that exit code; a death by signal
// counts 128 and its number, as in a shell.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command [arg...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		expectCode(ts, args[1:], exit.ProcessState, args[0])
		return
	}
	ts.Check(err)
	expectCode(ts, args[1:], nil, args[0])
}

// begin NAME COMMAND [ARG…]
//
// runs the command beside the script, in a process group of its own. What it
// writes is to be found in $WORK/NAME.stdout and $WORK/NAME.stderr as it comes.
func begin(ts *testscript.TestScript, neg bool, args []string) {
	s := sceneOf(ts)
	if neg || len(args) < 2 || s.begun[args[0]] != nil {
		ts.Fatalf("usage: begin name command [arg...], each name once")
	}
	b := &begun{
		cmd:    commandIn(ts, args[1:]),
		stdout: filepath.Join(s.dir, args[0]+".stdout"),
		stderr: filepath.Join(s.dir, args[0]+".stderr"),
		ended:  make(chan struct{}),
	}
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ts.Check(b.start())
	s.begun[args[0]] = b
}

// commandIn makes a command with the script's environment and folder. Only the
// commands that testscript itself runs know them, so one of them has to tell.
func commandIn(ts *testscript.TestScript, args []string) *exec.Cmd {
	ts.Check(ts.Exec("sh", "-c", `env -0 >"$TMPDIR/environment"; pwd >"$TMPDIR/directory"; command -v "$1"`, "sh", args[0]))
	told := func(name string) string { return ts.ReadFile(filepath.Join(sceneOf(ts).dir, ".tmp", name)) }
	cmd := exec.Command(ts.MkAbs(strings.TrimSpace(ts.ReadFile("stdout"))), args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Env = strings.Split(strings.TrimSuffix(told("environment"), "\x00"), "\x00")
	cmd.Dir = strings.TrimSuffix(told("directory"), "\n")
	return cmd
}

// start starts the command with its output in files, so that it can be read
// while the command runs. The one goroutine ends with the command.
func (b *begun) start() error {
	stdout, err := os.Create(b.stdout)
	if err != nil {
		return err
	}
	defer stdout.Close()
	stderr, err := os.Create(b.stderr)
	if err != nil {
		return err
	}
	defer stderr.Close()
	b.cmd.Stdout, b.cmd.Stderr = stdout, stderr
	if err := b.cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(b.ended)
		_ = b.cmd.Wait() // its status is asked for by ends
	}()
	return nil
}

// ends NAME N
//
// waits for the command that was begun as NAME and demands that exit code.
// What it wrote is then what stdout and stderr look at.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ends name N")
	}
	b := begunAs(ts, args[0])
	select {
	case <-b.ended:
	case <-time.After(bound):
		_ = b.cmd.Process.Signal(syscall.SIGQUIT)
		<-b.ended
	}
	fmt.Fprint(ts.Stdout(), ts.ReadFile(b.stdout))
	fmt.Fprint(ts.Stderr(), ts.ReadFile(b.stderr))
	expectCode(ts, b.cmd.Args, b.cmd.ProcessState, args[1])
}

// peak NAME BASE MIB
//
// demands that the ended command NAME never had more than MIB mebibytes of
// memory more than the ended command BASE had. (Absolute numbers say little:
// the test binary may be built with -race.)
func peak(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: peak name base MiB")
	}
	var kilobytes [2]int64
	for i := range kilobytes {
		b := begunAs(ts, args[i])
		<-b.ended
		kilobytes[i] = b.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	}
	if limit := int64(number(ts, args[2])) << 10; kilobytes[0]-kilobytes[1] > limit {
		ts.Fatalf("%s took %d KiB, %s %d KiB: want at most %d KiB more", args[0], kilobytes[0], args[1], kilobytes[1], limit)
	}
}

// terminal COLUMNSxROWS COMMAND [ARG…]
//
// runs the command at a terminal of that size: as the leader of a session
// whose standard input, output and error it is. What it shows is then stdout.
// (testscript's own ttyin loses output, and never is standard output.)
func terminal(ts *testscript.TestScript, neg bool, args []string) {
	var size unix.Winsize
	if len(args) < 2 {
		ts.Fatalf("usage: terminal COLUMNSxROWS command [arg...]")
	}
	_, err := fmt.Sscanf(args[0], "%dx%d", &size.Col, &size.Row)
	ts.Check(err)
	ours, theirs, err := openTerminal(&size)
	ts.Check(err)
	defer ours.Close()
	cmd := commandIn(ts, args[1:])
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	theirs.Close()
	ts.Check(err)
	// Reading ends when nothing has the terminal open any more.
	ours.SetReadDeadline(time.Now().Add(bound))
	shown, _ := io.ReadAll(ours)
	err = cmd.Wait()
	fmt.Fprint(ts.Stdout(), strings.ReplaceAll(string(shown), "\r\n", "\n"))
	if (err != nil) != neg {
		ts.Fatalf("%s: %v", strings.Join(args[1:], " "), err)
	}
}

// openTerminal makes a terminal: the side of who sits at it, and the other.
func openTerminal(size *unix.Winsize) (ours, theirs *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours = os.NewFile(uintptr(fd), "ptmx")
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size)
	}
	if err == nil {
		theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		ours.Close()
	}
	return ours, theirs, err
}

// signal NAME TARGET
//
// sends a signal (INT, HUP, …). TARGET is a command that was begun, or a file
// with the number of a process; with a hyphen before it, that process's whole
// group. After KILL the process is gone when signal returns.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal name [-]target")
	}
	sig := unix.SignalNum("SIG" + args[0])
	if sig == 0 {
		ts.Fatalf("no signal named %q", args[0])
	}
	target, group := strings.CutPrefix(args[1], "-")
	pid := processOf(ts, target)
	to := pid
	if group {
		to = -pid
	}
	ts.Check(syscall.Kill(to, sig))
	if sig == syscall.SIGKILL && !poll(bound, func() bool { return !living(pid) }) {
		ts.Fatalf("process %d of %s outlives SIGKILL", pid, target)
	}
}

// waitfor FILE [REGEXP]
//
// waits until the file is there, or until its content matches.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfor file [regexp]")
	}
	file := ts.MkAbs(args[0])
	pattern := regexp.MustCompile("(?m)" + strings.Join(args[1:], ""))
	var content []byte
	if !poll(bound, func() bool {
		var err error
		content, err = os.ReadFile(file)
		return err == nil && pattern.Match(content)
	}) {
		ts.Fatalf("waiting for %s: after %v it is %q", strings.Join(args, " "), bound, content)
	}
}

// alive PID-FILE…
//
// demands that the process whose number is in the file exists.
func alive(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		if pid := processOf(ts, file); living(pid) == neg {
			ts.Fatalf("process %d of %s: alive is %v", pid, file, !neg)
		}
	}
}

// gone [-wait] PID-FILE…
//
// demands that the process whose number is in the file exists no more, now or
// with -wait soon. A zombie is gone: only its parent still has to take note.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	wait := len(args) > 0 && args[0] == "-wait"
	if wait {
		args = args[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: gone [-wait] pidfile...")
	}
	for _, file := range args {
		pid := processOf(ts, file)
		if wait && poll(bound, func() bool { return !living(pid) }) {
			continue
		}
		if living(pid) {
			_, state := status(pid)
			ts.Fatalf("process %d of %s is still there (state %s)", pid, file, state)
		}
	}
}

// frozen PID-FILE…
//
// demands that the process whose number is in the file stands still (state T),
// or with ! that it does not; the kernel may take a moment for it.
func frozen(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		pid, state := processOf(ts, file), ""
		if !poll(bound, func() bool { _, state = status(pid); return (state == "T") != neg }) {
			ts.Fatalf("process %d of %s has state %q", pid, file, state)
		}
	}
}

// json [N] KEY VALUE
//
// looks at a JSON object in the last standard output: in its Nth line, or in
// the only one. KEY may lead into objects (children_by_state.Completed). A
// text is compared as it is, anything else as compact JSON; ~REGEXP matches
// either. A key that is missing has the value "absent".
func matchJSON(ts *testscript.TestScript, neg bool, args []string) {
	n := 0
	if len(args) == 3 {
		n, args = number(ts, args[0]), args[1:]
	}
	if len(args) != 2 {
		ts.Fatalf("usage: json [n] key value")
	}
	got := valueOf(objectAt(ts, n), args[0])
	matches := got == args[1]
	if pattern, ok := strings.CutPrefix(args[1], "~"); ok {
		matches = regexp.MustCompile(pattern).MatchString(got)
	}
	if matches == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

// keys KEY…
//
// demands that every JSON object of the last standard output has these keys.
func haveKeys(ts *testscript.TestScript, neg bool, args []string) {
	objects := objectsIn(ts)
	if neg || len(objects) == 0 {
		ts.Fatalf("usage: keys key..., with a JSON object in standard output")
	}
	for i, object := range objects {
		for _, key := range args {
			if _, ok := object[key]; !ok {
				ts.Fatalf("object %d has no key %s", i+1, key)
			}
		}
	}
}

// lines N [FILE]
//
// counts the lines of the last standard output, or of a file.
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: lines n [file]")
	}
	text := ts.ReadFile(append(args, "stdout")[1])
	if got := len(linesOf(text)); (got == number(ts, args[0])) == neg {
		ts.Fatalf("%d lines", got)
	}
}

// remember NAME [[N] KEY]
//
// puts the last standard output, less the newline at its end, or one value
// from a JSON object in it, into an environment variable.
func remember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 3 {
		ts.Fatalf("usage: remember name [[n] key]")
	}
	value := strings.TrimSuffix(ts.ReadFile("stdout"), "\n")
	switch len(args) {
	case 2:
		value = valueOf(objectAt(ts, 0), args[1])
	case 3:
		value = valueOf(objectAt(ts, number(ts, args[1])), args[2])
	}
	ts.Setenv(args[0], value)
}
