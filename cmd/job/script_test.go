//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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

	"github.com/backjob/job/internal/keeper"
	"github.com/rogpeppe/go-internal/testscript"
)

// bound is how long a script waits for one thing to happen. It is no
// expectation: a thing that takes this long does not happen.
const bound = time.Minute

// TestMain makes the test binary into job itself, and into the few programs
// that the scripts need as jobs.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"job":    mainNapping,
		"args":   printArgs,
		"hold":   holdUntil,
		"detach": startDetached,

		"children": startChildren,
	})
}

// napVariable says how soon keepers nap; "" leaves it to them.
const napVariable = "JOB_TEST_NAP"

// mainNapping is job with keepers that nap so soon.
func mainNapping() {
	if after, err := time.ParseDuration(os.Getenv(napVariable)); err == nil {
		keeper.NapAfter = after
	}
	main()
}

// TestScript runs the specification: every script of testdata/script, each in
// a folder and with a repository of its own.
func TestScript(t *testing.T) { run(t, testscript.Params{Dir: "testdata/script"}) }

// TestScriptNapping runs those about keepers again, with keepers that nap
// whenever nothing happens for a moment. (JOB_TEST_NAP=1ms go test does so
// with all scripts.)
func TestScriptNapping(t *testing.T) {
	t.Setenv(napVariable, "100us")
	var p testscript.Params
	for _, name := range []string{"keeper_killed_stopping", "stop_tree", "stop_race", "suspend_tree", "suspend_retry", "start_retry",
		"start_notify", "start_timeout", "start_left_behind", "start_nested", "wait_any", "receive_order"} {
		p.Files = append(p.Files, "testdata/script/"+name+".txtar")
	}
	run(t, p)
}

func run(t *testing.T, p testscript.Params) {
	p.Setup, p.RequireUniqueNames, p.Cmds = prepare, true, commands
	testscript.Run(t, p)
}

var commands = map[string]func(*testscript.TestScript, bool, []string){
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
	env.Setenv(napVariable, os.Getenv(napVariable))
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
		<-time.After(time.Second) // for the stacks to be written
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
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(most); time.Now().Before(deadline); <-tick.C {
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
	for range time.Tick(5 * time.Millisecond) {
		if _, err := os.Stat(os.Args[1]); err == nil {
			return
		}
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
