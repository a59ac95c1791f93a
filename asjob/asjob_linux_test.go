package asjob_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/backjob/job"
	"github.com/backjob/job/local"
)

// Conformance 82. The job is printed, and we come back while it runs. No other program is
// needed: not even a PATH.
func TestAsJob(t *testing.T) {
	s := setUp(t)
	cmd := s.command("flags", "--as-job", "--job-name", "held", "hold")
	cmd.Env = append(cmd.Env, "PATH=")
	s.started(cmd)
	j := s.job("held")
	got := s.info(j)
	if got.State != job.Running || got.Type != local.SelfType || got.Command != "prog --as-job --job-name held hold" || got.Dir != s.dir {
		t.Errorf("a job that was just started: got %+v, want it Running, %s, in %s", got, local.SelfType, s.dir)
	}
	untilItSays(s, j, "holding\n")
	if err := j.Stop(t.Context(), job.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := s.info(j); got.State != job.Stopped {
		t.Errorf("a job that was stopped: got %v, want Stopped", got.StateInfo)
	}
	if got := s.text(j, job.Output); got != "holding\nlast words\n" {
		t.Errorf("what a job put out that was stopped: got %q, want its last words too", got)
	}
}

func untilItSays(s *scene, j *local.Job, text string) {
	s.Helper()
	poll(s.T, fmt.Sprintf("the job to put out %q", text), func() bool { return strings.HasSuffix(s.text(j, job.Output), text) })
}

func TestJobEnds(t *testing.T) {
	s := setUp(t)
	for _, c := range []struct {
		args   string
		state  job.State
		status int
		reason string
		stderr string // how it begins
	}{
		{"say", job.Completed, 0, "", "something went wrong\n"},
		{"fail broken", job.Failed, 1, "broken", "prog: broken\n"},
		{"explode", job.Failed, 1, "panic: at the disco", "prog: panic: at the disco\n\ngoroutine "},
		{"nosuch", job.Failed, 2, "no work is named [\"nosuch\"]", "prog: no work is named [\"nosuch\"]\nhint: say, for example\n"},
	} {
		s.start("job", strings.Fields(c.args)...)
		j := s.ended("job")
		got := s.info(j)
		if got.State != c.state || got.ExitCode == nil || *got.ExitCode != c.status {
			t.Errorf("prog --as-job %s: got %v, exit status %v, want %v, %d", c.args, got.StateInfo, got.ExitCode, c.state, c.status)
		}
		if got := got.StateInfo.String(); got != (job.StateInfo{State: c.state, Reason: reason(c.reason)}).String() {
			t.Errorf("prog --as-job %s: got %s, want the reason %q", c.args, got, c.reason)
		}
		if got := s.text(j, job.ErrorStream); !strings.HasPrefix(got, c.stderr) {
			t.Errorf("the errors of prog --as-job %s: got %q, want %q…", c.args, got, c.stderr)
		}
		if c.args == "explode" && !strings.Contains(s.text(j, job.ErrorStream), "work_linux_test.go") {
			t.Errorf("the errors of prog --as-job explode: got %q, want the stack too", s.text(j, job.ErrorStream))
		}
		if err := s.source().Remove(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
}

func reason(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// The functions that the work starts are children: the program is the first.
func TestChildrenOfAJob(t *testing.T) {
	s := setUp(t)
	s.start("family", "family", "broken")
	j := s.ended("family")
	if got := s.info(j); got.State != job.Failed || got.Children != 3 {
		t.Errorf("a job one of whose children Failed: got %v, %d children, want Failed, 3", got.StateInfo, got.Children)
	}
	var got []string
	for _, child := range j.Children()[1:] {
		i := s.info(child)
		got = append(got, fmt.Sprintf("%s %v %s%s", i.Name, i.StateInfo, s.text(child, job.Output), s.text(child, job.Warning)))
	}
	want := []string{"first Completed the first's\n", "second Failed: broken the second's\n"}
	if !slices.Equal(got, want) {
		t.Errorf("the children that the work started: got %q, want %q", got, want)
	}
	if got := s.text(j.Children()[0].(*local.Job), job.ErrorStream); got != "prog: a child Failed: broken\n" {
		t.Errorf("the errors of the program itself: got %q", got)
	}
}

// All streams are kept apart, and job tells of each.
func TestStreamsOfAJob(t *testing.T) {
	s := setUp(t)
	s.start("talk", "say")
	s.ended("talk")
	r := s.run(s.command("job", "receive", "talk", "--json"))
	got := map[string][]string{}
	for line := range strings.Lines(r.stdout) {
		var record struct {
			Stream, Text, Activity, Status string
			Percent                        int
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("job receive --json: got the line %q: %v", line, err)
		}
		if record.Activity != "" {
			record.Text += fmt.Sprintf("|%s|%s|%d", record.Activity, record.Status, record.Percent)
		}
		got[record.Stream] = append(got[record.Stream], record.Text)
	}
	for stream, want := range map[string][]string{
		"output":      {"result one", "result two"},
		"error":       {"something went wrong"},
		"warning":     {"careful"},
		"verbose":     {"in detail"},
		"debug":       {"x = 7"},
		"information": {"by the way"},
		"progress":    {"saying: nearly 40%|saying|nearly|40", "saying|saying||0"},
	} {
		if !slices.Equal(got[stream], want) {
			t.Errorf("the stream %s of job receive --json: got %q, want %q", stream, got[stream], want)
		}
	}
}

// A lot of output comes through whole and in order.
func TestMuchOutput(t *testing.T) {
	s := setUp(t)
	s.start("count", "count")
	got, n := s.text(s.ended("count"), job.Output), 0
	for line := range strings.Lines(got) {
		if line != fmt.Sprintln(n) {
			t.Fatalf("line %d: got %q", n+1, line)
		}
		n++
	}
	if n != 20_000 {
		t.Errorf("got %d lines, want 20000", n)
	}
}

// A job is not Completed that has lost a part of its output.
func TestOutputThatDoesNotFit(t *testing.T) {
	s := setUp(t)
	cmd := exec.Command("sh", "-c", `ulimit -f 64; exec "$0" --as-job --job-name full count`, s.binary("prog"))
	s.started(s.as("flags", cmd))
	j := s.ended("full")
	if got := s.info(j); got.State != job.Failed {
		t.Errorf("a job that could not write all of its output: got %v, want Failed", got.StateInfo)
	}
	if got := s.text(j, job.ErrorStream); !strings.Contains(got, "file too large") {
		t.Errorf("its errors: got %q, want that the file was too large", got)
	}
}

func TestStandardInput(t *testing.T) {
	s := setUp(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.command("flags", "--as-job", "--job-name", "pipe", "cat")
	cmd.Stdin = read
	s.started(cmd) // it has come back, and nothing was written so far
	read.Close()
	if _, err := write.WriteString("through the pipe\nthe end"); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if got := s.text(s.ended("pipe"), job.Output); got != "through the pipe\nthe end\n" {
		t.Errorf("a job that reads a pipe: got %q", got)
	}

	if err := os.WriteFile(s.path("file"), []byte("first\nsecond\nthird\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.started(s.as("flags", exec.Command("sh", "-c", `exec <file; read first; exec "$0" --as-job --job-name file cat`, s.binary("prog"))))
	if got := s.text(s.ended("file"), job.Output); got != "second\nthird\n" {
		t.Errorf("a job that goes on with a file: got %q, want the lines that were not read so far", got)
	}

	// A terminal stays with the shell.
	s.terminal(80, s.command("flags", "--as-job", "--job-name", "terminal", "cat"))
	if j := s.ended("terminal"); s.info(j).State != job.Completed || s.text(j, job.Output) != "" {
		t.Errorf("a job that was started at a terminal: got %v, %q, want nothing read", s.info(j).StateInfo, s.text(j, job.Output))
	}
}

// However the program is found, the job is this program in this folder.
func TestWhereTheProgramIs(t *testing.T) {
	s := setUp(t)
	s.binary("bin/prog")
	for how, script := range map[string]string{
		"relative": `exec bin/prog --as-job --job-name "$0" where`,
		"path":     `mkdir elsewhere; cd elsewhere; PATH=$PATH:$OLDPWD/bin; exec prog --as-job --job-name "$0" where`,
		"upward":   `mkdir below; cd below; exec ../bin/prog --as-job --job-name "$0" where`,
	} {
		s.started(s.as("flags", exec.Command("sh", "-c", script, how)))
		name, dir := "bin/prog", s.dir
		switch how {
		case "path":
			name, dir = "prog", s.path("elsewhere")
		case "upward":
			name, dir = "../bin/prog", s.path("below")
		}
		want := fmt.Sprintf("%s in %s, process prog\n", name, dir)
		if got := s.text(s.ended(how), job.Output); got != want {
			t.Errorf("started by %s: got %q, want %q", script, got, want)
		}
	}
}

// Another program in the place of ours, or none, changes nothing for a job of
// ours, neither before it has begun nor while it runs.
func TestProgramReplaced(t *testing.T) {
	for how, change := range map[string]func(path string) error{
		"deleted": os.Remove,
		"replaced": func(path string) error {
			return errors.Join(
				os.WriteFile(path+".new", []byte("#!/bin/sh\necho another program\n"), 0o700),
				os.Rename(path+".new", path))
		},
	} {
		t.Run(how, func(t *testing.T) {
			s := setUp(t)
			path := s.binary("prog")
			during := exec.Command(path, "--as-job", "--job-name", "during", "await", "go")
			s.started(s.as("flags", during))
			before := exec.Command(path, "--as-job", "--job-name", "before", "await", "go")
			s.as("late", before).Env = append(before.Env, "GATE="+s.path("gate"))
			if err := before.Start(); err != nil {
				t.Fatal(err)
			}
			poll(t, "the program to be executed", func() bool { // no longer us, or a shell
				exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", before.Process.Pid))
				return err == nil && exe == path
			})
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			s.touch("gate")
			if err := before.Wait(); err != nil {
				t.Fatalf("starting a job when its program's file is %s: %v", how, err)
			}
			s.touch("go")
			for _, name := range []string{"before", "during"} {
				j := s.ended(name)
				if got := s.text(j, job.Output); s.info(j).State != job.Completed || got != "waiting\nit is there\n" {
					t.Errorf("a job whose file was %s %s: got %v, %q", how, name, s.info(j).StateInfo, got)
				}
			}
		})
	}
}

// What the work executes is not taken for the work: neither this program in
// the foreground, nor as a job of its own.
func TestProgramInAJobOfItself(t *testing.T) {
	s := setUp(t)
	s.start("front", "again", "where")
	want := fmt.Sprintf("prog in %s, process exe\n", s.dir)
	if got := s.text(s.ended("front"), job.Output); got != want {
		t.Errorf("the program in a job of itself: got %q, want %q", got, want)
	}
	s.start("outer", "again", "--as-job", "--job-name", "inner", "say")
	outer, inner := s.ended("outer"), s.ended("inner")
	if got := s.text(outer, job.Output); !strings.Contains(got, " inner ") || strings.Contains(got, "result") {
		t.Errorf("a job that starts a job of the same program: got %q, want its row in the table", got)
	}
	if got := s.text(inner, job.Output); got != "result one\nresult two\n" {
		t.Errorf("the job that it started: got %q", got)
	}
	if n := len(s.jobs()); n != 3 {
		t.Errorf("got %d jobs, want 3", n)
	}
}

func TestEnvironmentOfTheWork(t *testing.T) {
	s := setUp(t)
	s.start("env", "env")
	got := strings.Fields(s.text(s.ended("env"), job.Output))
	slices.Sort(got)
	want := []string{"JOB_ATTEMPT", "JOB_CHILD", "JOB_ID", "JOB_NAME", "JOB_RECORDS", "JOB_REPOSITORY"}
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("what is ours in the environment of the work and of what it starts: got %v, want %v", got, want)
	}
}

// A program may call Keep twice, its own main and a library's.
func TestKeepTwice(t *testing.T) {
	s := setUp(t)
	s.started(s.command("twice", "--as-job", "--job-name", "twice", "say"))
	if got := s.text(s.ended("twice"), job.Output); got != "result one\nresult two\n" {
		t.Errorf("the job of a program that calls Keep twice: got %q", got)
	}
	if n := len(s.jobs()); n != 1 {
		t.Errorf("got %d jobs, want 1", n)
	}
}

func TestNoJob(t *testing.T) {
	s := setUp(t)
	for _, c := range []struct {
		as, name string
		want     result
	}{
		{"forgetful", "job", result{"", "prog: this program cannot keep jobs\nhint: its author has to call asjob.Keep at the top of main\n", 1}},
		{"flags", "7.2", result{"", "prog: the name \"7.2\" looks like an id\nhint: use letters, digits, blanks and signs other than /\n", 2}},
		{"flags", "a/b", result{"", "prog: the name \"a/b\" has a slash\nhint: use letters, digits, blanks and signs other than /\n", 2}},
	} {
		if got := s.run(s.command(c.as, "--as-job", "--job-name", c.name, "say")); got != c.want {
			t.Errorf("%s, --job-name %s: got %+v, want %+v", c.as, c.name, got, c.want)
		}
	}
	if n := len(s.jobs()); n != 0 {
		t.Errorf("got %d jobs, want none", n)
	}
}

// The keeper is killed: the job goes on, and who looks next finds the truth.
func TestKeeperKilled(t *testing.T) {
	s := setUp(t)
	s.start("orphan", "await", "go", "broken")
	j := s.job("orphan")
	untilItSays(s, j, "waiting\n")
	keeper := s.parent(s.info(j).PID)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.touch("go")
	j = s.ended("orphan")
	got := s.info(j)
	known := got.ExitCode != nil && *got.ExitCode == 1
	if got.State != job.Failed || !known && !strings.Contains(got.Reason.Error(), "exit status unknown") {
		t.Errorf("a job whose keeper was killed: got %v, exit status %v, want Failed and 1, or that it is not known", got.StateInfo, got.ExitCode)
	}
	if out, errs := s.text(j, job.Output), s.text(j, job.ErrorStream); out != "waiting\nit is there\n" || errs != "prog: broken\n" {
		t.Errorf("what it put out: got %q and %q, want all of it", out, errs)
	}
}

// parent is the process that is a process's parent.
func (s *scene) parent(pid int) (parent int) {
	s.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(stat[strings.LastIndexByte(string(stat), ')'):]), ") %c %d", new(rune), &parent); err != nil {
		s.Fatal(err)
	}
	return parent
}
