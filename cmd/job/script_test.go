//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// bound is how long a script waits for one thing to happen. It is no
// expectation: a thing that takes this long does not happen.
const bound = time.Minute

// TestMain makes the test binary into job itself, and into the few programs
// that the scripts need as jobs.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"job":    main,
		"args":   printArgs,
		"hold":   holdUntil,
		"detach": startDetached,
	})
}

// TestScript runs the specification: every script of testdata/script, each in
// a folder and with a repository of its own.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		Setup:              prepare,
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"begin":    begin,
			"ends":     ends,
			"terminal": terminal,
			"peak":     peak,
			"signal":   sendSignal,
			"waitfor":  waitFor,
			"alive":    alive,
			"gone":     gone,
			"frozen":   frozen,
			"json":     matchJSON,
			"keys":     haveKeys,
			"lines":    countLines,
			"remember": remember,
		},
	})
}

// TestReadme demands that the session in the README is the one that a script
// runs: the same commands in the same order.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/script/readme_session.txtar")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`(?m)^\$ (.*)`).FindAllStringSubmatch(string(readme), -1)
	ran := regexp.MustCompile(`(?m)^(?:exits \d+ )?(job .*)`).FindAllStringSubmatch(string(script), -1)
	if len(shown) == 0 {
		t.Fatal("README.md shows no command after a $")
	}
	for i, command := range shown {
		if i >= len(ran) || ran[i][1] != command[1] {
			t.Fatalf("command %d of README.md is %q: readme_session.txtar does not run it there", i+1, command[1])
		}
	}
}

// A scene is what one script has around it.
type scene struct {
	dir      string            // the script's $WORK; every process of the script has it in its environment
	begun    map[string]*begun // by the name given to begin
	watchdog *time.Timer       // ends a script that hangs
}

// A begun is a command that runs beside the script.
type begun struct {
	cmd            *exec.Cmd
	stdout, stderr string // paths of files, complete once ended is closed
	ended          chan struct{}
}

type sceneKey struct{}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

// prepare gives a script its own home and repository, and sees to it that no
// process outlives the script.
func prepare(env *testscript.Env) error {
	s := &scene{dir: env.WorkDir, begun: map[string]*begun{}}
	env.Values[sceneKey{}] = s
	env.Setenv("HOME", s.dir)
	env.Setenv("JOB_REPOSITORY", filepath.Join(s.dir, ".repo"))
	// A binary built with -race otherwise sleeps for a second at its exit.
	env.Setenv("GORACE", strings.TrimSpace("atexit_sleep_ms=0 "+os.Getenv("GORACE")))
	job, err := exec.LookPath("job")
	if err != nil {
		return err
	}
	s.watchdog = time.AfterFunc(2*bound, s.wakeHanging)
	env.Defer(func() { s.clear(env.T().(testing.TB), job, env.Vars) })
	return nil
}

// wakeHanging ends whatever the script is waiting for: a Go program then shows
// its stacks, the script fails there, the others go on.
func (s *scene) wakeHanging() {
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		for _, pid := range s.processes() {
			_ = syscall.Kill(pid, sig)
		}
		time.Sleep(time.Second) // for the stacks to be written
	}
}

// clear stops and removes every job of the script, then fails the test if a
// process of the script is still there.
func (s *scene) clear(t testing.TB, job string, env []string) {
	s.watchdog.Stop()
	for _, b := range s.begun {
		_ = b.cmd.Process.Kill()
		<-b.ended
	}
	for _, dir := range s.repositories() {
		for _, args := range [][]string{{"stop", "--grace", "1ms"}, {"remove", "--force"}} {
			cmd := exec.Command(job, append(args, "--repository", dir, "--name", "*")...)
			cmd.Dir, cmd.Env = s.dir, env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Logf("clearing up %s: job %s: %v\n%s", dir, args[0], err, out)
			}
		}
	}
	s.expectNoProcess(t)
}

func (s *scene) expectNoProcess(t testing.TB) {
	if poll(10*time.Second, func() bool { return len(s.processes()) == 0 }) {
		return
	}
	for _, pid := range s.processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		_, state := status(pid)
		t.Errorf("process %d (%s) is left after the script and the removal of all its jobs: %q", pid, state, line)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// repositories are the folders below $WORK that hold a repository.
func (s *scene) repositories() []string {
	var dirs []string
	_ = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if _, err := os.Stat(filepath.Join(path, "format")); err == nil {
			dirs = append(dirs, path)
			return fs.SkipDir
		}
		return nil
	})
	return dirs
}

// processes are all living processes, of whatever kind, that descend from the
// script: its $WORK stands in their environment.
func (s *scene) processes() []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(append([]byte{0}, environ...), []byte("\x00WORK="+s.dir+"\x00")) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if _, state := status(pid); state != "" {
			pids = append(pids, pid)
		}
	}
	return pids
}

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

// objectsIn reads the last standard output as one JSON object a line.
func objectsIn(ts *testscript.TestScript) []map[string]any {
	var objects []map[string]any
	for _, line := range linesOf(ts.ReadFile("stdout")) {
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber() // an id or an offset stays as it was written
		var object map[string]any
		if err := d.Decode(&object); err != nil {
			ts.Fatalf("standard output has a line that is no JSON object: %v: %s", err, line)
		}
		objects = append(objects, object)
	}
	return objects
}

// objectAt is object n of the last standard output, from 1; 0 is the only one.
func objectAt(ts *testscript.TestScript, n int) map[string]any {
	objects := objectsIn(ts)
	if n == 0 {
		if len(objects) != 1 {
			ts.Fatalf("standard output has %d JSON objects, and the script does not say which one", len(objects))
		}
		n = 1
	}
	if n > len(objects) {
		ts.Fatalf("standard output has %d JSON objects, not %d", len(objects), n)
	}
	return objects[n-1]
}

func valueOf(object map[string]any, key string) string {
	var value any = object
	for part := range strings.SplitSeq(key, ".") {
		inner, _ := value.(map[string]any)
		v, ok := inner[part]
		if !ok {
			return "absent"
		}
		value = v
	}
	if text, ok := value.(string); ok {
		return text
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func begunAs(ts *testscript.TestScript, name string) *begun {
	b := sceneOf(ts).begun[name]
	if b == nil {
		ts.Fatalf("nothing was begun as %s", name)
	}
	return b
}

// processOf gives the process of a begun command, or the one whose number
// stands in a file, which may still have to be written.
func processOf(ts *testscript.TestScript, target string) int {
	if b := sceneOf(ts).begun[target]; b != nil {
		return b.cmd.Process.Pid
	}
	var text string
	if !poll(bound, func() bool {
		content, _ := os.ReadFile(ts.MkAbs(target))
		text = string(content)
		return strings.HasSuffix(text, "\n")
	}) {
		ts.Fatalf("%s holds no process number: %q", target, text)
	}
	return number(ts, strings.TrimSpace(text))
}

// living tells whether the process exists, as anything but a zombie.
func living(pid int) bool {
	_, state := status(pid)
	return state != ""
}

// status gives the parent of a process and its state (R, S, T, …), "" when
// it is gone or a zombie.
func status(pid int) (parent int, state string) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, ""
	}
	// The name in parentheses may itself hold blanks and parentheses.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
		return 0, ""
	}
	parent, _ = strconv.Atoi(fields[1])
	return parent, fields[0]
}

// expectCode fails the script if a command ended otherwise than wanted; a nil
// state is success.
func expectCode(ts *testscript.TestScript, command []string, state *os.ProcessState, want string) {
	got := 0
	if state != nil {
		got = state.ExitCode()
		if s := state.Sys().(syscall.WaitStatus); s.Signaled() {
			got = 128 + int(s.Signal())
		}
	}
	if got != number(ts, want) {
		ts.Fatalf("%s: exit code %d, want %s", strings.Join(command, " "), got, want)
	}
}

// poll asks until the answer is yes, or the time is over.
func poll(most time.Duration, done func() bool) bool {
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}

// printArgs is the program args: it prints its arguments, quoted as in Go, one
// a line.
func printArgs() {
	for _, arg := range os.Args[1:] {
		fmt.Printf("%q\n", arg)
	}
}

// holdUntil is the program hold: `hold FILE` runs until the file is there.
func holdUntil() {
	for {
		if _, err := os.Stat(os.Args[1]); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// startDetached is the program detach: `detach PID-FILE COMMAND [ARG…]` runs
// the command as a daemon would run itself, in a session of its own and with a
// parent that is gone, writes its process number and ends.
func startDetached() {
	const inner = "JOB_TEST_DETACHED"
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = "detach"
	cmd.Env = append(os.Environ(), inner+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Getenv(inner) != "" {
		cmd = exec.Command(os.Args[2], os.Args[3:]...)
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Start()
	if err == nil && os.Getenv(inner) != "" {
		err = os.WriteFile(os.Args[1], fmt.Appendln(nil, cmd.Process.Pid), 0o644)
	} else if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "detach:", err)
		os.Exit(1)
	}
}
