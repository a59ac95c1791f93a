package asjob_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/asjob"
	"github.com/backjob/job/internal/cli"
	"github.com/backjob/job/local"
	"go.uber.org/goleak"
)

// asVariable says which program the test binary is to be.
const asVariable = "ASJOB_TEST_AS"

// TestMain makes the test binary into the programs that the tests run, and
// into the keepers of their jobs.
func TestMain(m *testing.M) {
	as := os.Getenv(asVariable)
	if as != "forgetful" {
		asjob.Keep()
	}
	switch as {
	case "":
		goleak.VerifyTestMain(m)
	case "job":
		os.Exit(cli.Main(os.Args[1:]))
	case "talkative":
		os.Exit(talkative())
	case "late": // until the test has done something to the program's file
		await(os.Getenv("GATE"))
	case "twice":
		asjob.Keep()
	}
	os.Exit(asjob.Main(flag.NewFlagSet("prog", flag.ContinueOnError), os.Args[1:], work))
}

// talkative is a program that uses a Command by itself.
func talkative() int {
	c := asjob.Command{Verbose: true, Debug: true}
	if err := c.Run(context.Background(), os.Args[1:], work); err != nil {
		asjob.Report(os.Stderr, "prog", err)
	}
	return 0
}

// scene is a folder with a repository in it, for one test.
type scene struct {
	*testing.T
	dir string
	env []string
}

// setUp makes a scene. No process of it is left at the end of the test.
func setUp(t *testing.T) *scene {
	t.Helper()
	dir := t.TempDir()
	s := &scene{t, dir, append(os.Environ(), "JOB_REPOSITORY="+filepath.Join(dir, "repository"),
		"HOME="+dir, "TERM=xterm", "GORACE=atexit_sleep_ms=0")}
	t.Cleanup(s.clear)
	return s
}

func (s *scene) clear() {
	for _, j := range s.jobs() {
		if err := j.Stop(context.Background(), job.StopOptions{Force: true}); err != nil {
			s.Errorf("stopping a job that the test left: %v", err)
		}
	}
	poll(s.T, "the end of the test's processes", func() bool {
		return len(s.processes()) == 0
	})
}

// processes are those with the scene's folder in their arguments or their
// environment.
func (s *scene) processes() (pids []string) {
	for _, pattern := range []string{"/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(s.dir)) {
				pids = append(pids, filepath.Base(filepath.Dir(file)))
			}
		}
	}
	return pids
}

// source opens the scene's repository.
func (s *scene) source() *local.Source {
	s.Helper()
	source, err := local.Open(filepath.Join(s.dir, "repository"), local.Options{Warn: func(text string) { s.Errorf("got the warning %q", text) }})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { source.Close() })
	return source
}

func (s *scene) jobs() []job.Job {
	s.Helper()
	all, err := s.source().Find(context.Background(), job.Query{})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// job is the one of this name.
func (s *scene) job(name string) *local.Job {
	s.Helper()
	found, err := s.source().Find(context.Background(), job.Query{Jobs: []string{name}})
	if err != nil || len(found) != 1 {
		s.Fatalf("the jobs named %s: got %d, error %v, want one", name, len(found), err)
	}
	return found[0].(*local.Job)
}

// ended waits for the job of this name.
func (s *scene) ended(name string) *local.Job {
	s.Helper()
	j := s.job(name)
	if err := j.Wait(context.Background()); err != nil {
		s.Fatal(err)
	}
	return j
}

func (s *scene) info(j job.Job) job.Info {
	s.Helper()
	i, err := j.Info()
	if err != nil {
		s.Fatal(err)
	}
	return i
}

// text is what a job put out on a stream.
func (s *scene) text(j job.Job, stream job.Stream) string {
	s.Helper()
	var b strings.Builder
	for r, err := range j.Records(context.Background(), job.RecordOptions{Streams: []job.Stream{stream}}) {
		if err != nil {
			s.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", r.Text)
	}
	return b.String()
}

// command makes one that runs the test binary as one of its programs.
func (s *scene) command(as string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "prog"
	return s.as(as, cmd)
}

func (s *scene) as(as string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir, cmd.Env = s.dir, append(s.env, asVariable+"="+as)
	return cmd
}

// result is how a command ended.
type result struct {
	stdout, stderr string
	status         int // as a shell tells it
}

// run runs a command to its end: until nobody has its output open any more.
func (s *scene) run(cmd *exec.Cmd) result {
	s.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), statusOf(cmd)}
}

// prog runs the program that is made with Main.
func (s *scene) prog(args ...string) result {
	s.Helper()
	return s.run(s.command("flags", args...))
}

// start starts a job by the program.
func (s *scene) start(name string, args ...string) {
	s.Helper()
	s.started(s.command("flags", append([]string{"--as-job", "--job-name", name}, args...)...))
}

// started runs a command that starts a job, and looks what it says.
func (s *scene) started(cmd *exec.Cmd) {
	s.Helper()
	r := s.run(cmd)
	if r.status != 0 || r.stderr != "" || !strings.HasPrefix(r.stdout, "ID ") || strings.Count(r.stdout, "\n") != 2 {
		s.Fatalf("%q: got %+v, want a table of one job and nothing else", cmd.Args, r)
	}
}

func statusOf(cmd *exec.Cmd) int {
	if w := cmd.ProcessState.Sys().(syscall.WaitStatus); w.Signaled() {
		return 128 + int(w.Signal())
	}
	return cmd.ProcessState.ExitCode()
}

// binary puts the test binary into the scene's folder, as a file that may be
// deleted.
func (s *scene) binary(path string) string {
	s.Helper()
	path = filepath.Join(s.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.Fatal(err)
	}
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		s.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o700)
	if err == nil {
		_, err = io.Copy(to, from)
	}
	if err := errors.Join(err, to.Close()); err != nil {
		s.Fatal(err)
	}
	return path
}

// path is a file in the scene's folder.
func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// touch makes a file that a program waits for.
func (s *scene) touch(name string) {
	s.Helper()
	if err := os.WriteFile(s.path(name), nil, 0o600); err != nil {
		s.Fatal(err)
	}
}

func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for over := time.Now().Add(time.Minute); !done(); <-tick.C {
		if time.Now().After(over) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// await returns when the file is there.
func await(path string) {
	for range time.Tick(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
}
