package cobrajob_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/asjob"
	"github.com/backjob/job/asjob/cobrajob"
	"github.com/backjob/job/local"
	"github.com/spf13/cobra"
)

const asVariable = "COBRAJOB_TEST"

// TestMain makes the test binary into a program with a command tree, and into
// the keepers of its jobs.
func TestMain(m *testing.M) {
	asjob.Keep()
	switch os.Getenv(asVariable) {
	case "":
		os.Exit(m.Run())
	case "plain": // what a program does that knows nothing of Main
		if program().Execute() != nil {
			os.Exit(7)
		}
		os.Exit(0)
	}
	os.Exit(cobrajob.Main(program()))
}

// program is prog, whose subcommand do works, by its first argument.
func program() *cobra.Command {
	root := &cobra.Command{Use: "prog", PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
		if text, _ := cmd.Flags().GetString("hook"); text != "" {
			return errors.New(text)
		}
		return nil
	}}
	do := &cobra.Command{Use: "do WORK", Args: cobra.ExactArgs(1)}
	do.Flags().String("hook", "", "")
	shout := do.Flags().Bool("shout", false, "")
	cobrajob.Add(do, func(ctx context.Context, out *job.Writer, args []string) error {
		return work(ctx, out, args[0], *shout)
	})
	root.AddCommand(do)
	return root
}

func work(ctx context.Context, out *job.Writer, what string, shout bool) error {
	if shout {
		what = strings.ToUpper(what)
	}
	out.Output(what)
	out.Warning("careful")
	switch what {
	case "fail":
		return &job.Error{Err: errors.New("broken"), Hint: "mend it"}
	case "hold":
		<-ctx.Done()
		out.Output("last words")
		return ctx.Err()
	}
	return nil
}

// command runs the program, with a repository in dir.
func command(dir, as string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "prog"
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asVariable+"="+as, "JOB_REPOSITORY="+filepath.Join(dir, "repository"), "GORACE=atexit_sleep_ms=0")
	return cmd
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		as, args       string
		status         int
		stdout, stderr string // stderr is how it ends
	}{
		{"main", "do once", 0, "once\n", "warning: careful\n"},
		{"main", "do --shout once", 0, "ONCE\n", "warning: careful\n"},
		{"main", "do fail", 1, "fail\n", "warning: careful\nprog: broken\nhint: mend it\n"},
		{"main", "do --nosuch once", 2, "", "prog: unknown flag: --nosuch\n"},
		{"main", "do", 2, "", "prog: accepts 1 arg(s), received 0\n"},
		{"main", "nosuch", 2, "", "prog: unknown command \"nosuch\" for \"prog\"\n"},
		{"main", "do once --job-name me", 2, "", "hint: add --as-job\n"},
		{"main", "do once --as-job --job-name a/b", 2, "", "prog: the name \"a/b\" has a slash\nhint: use letters, digits, blanks and signs other than /\n"},
		{"main", "do once --hook no", 2, "", "prog: no\n"},
		{"plain", "do once", 0, "once\n", "warning: careful\n"},
		{"plain", "do fail", 7, "fail\n", "warning: careful\nError: broken\n"},
	} {
		var stdout, stderr bytes.Buffer
		cmd := command(t.TempDir(), c.as, strings.Fields(c.args)...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != c.status || stdout.String() != c.stdout || !strings.HasSuffix(stderr.String(), c.stderr) {
			t.Errorf("prog %s (%s): got status %d, stdout %q, stderr %q, want %d, %q, …%q",
				c.args, c.as, got, stdout.String(), stderr.String(), c.status, c.stdout, c.stderr)
		}
	}
}

func TestInterrupted(t *testing.T) {
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		cmd := command(t.TempDir(), "main", "do", "hold")
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var got string
		said := bufio.NewReader(stdout)
		for line, err := said.ReadString('\n'); err == nil; line, err = said.ReadString('\n') {
			if got += line; line == "hold\n" {
				cmd.Process.Signal(signal)
			}
		}
		cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != want || got != "hold\nlast words\n" {
			t.Errorf("prog do hold, %v: got status %d, %q, want %d and its last words", signal, status, got, want)
		}
	}
}

// A subcommand with flags of its own is a job with all of them.
func TestAsJob(t *testing.T) {
	dir := t.TempDir()
	for as, name := range map[string]string{"main": "first", "plain": "second"} {
		out, err := command(dir, as, "do", "--as-job", "--job-name", name, "--shout", "once").CombinedOutput()
		if err != nil || !strings.Contains(string(out), name) || strings.Contains(string(out), "ONCE") {
			t.Fatalf("prog do --as-job (%s): got %v, %q, want a job named %s in a table", as, err, out, name)
		}
		j := find(t, dir, name)
		if err := j.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := j.Info()
		if err != nil || info.State != job.Completed {
			t.Errorf("the job: got %v, %v, want Completed", info.StateInfo, err)
		}
		for stream, want := range map[job.Stream]string{job.Output: "ONCE", job.Warning: "careful"} {
			if got := text(t, j, stream); got != want {
				t.Errorf("the stream %v of the job: got %q, want %q", stream, got, want)
			}
		}
		untilGone(t, dir)
	}
}

func find(t *testing.T, dir, name string) job.Job {
	t.Helper()
	source, err := local.Open(filepath.Join(dir, "repository"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	found, err := source.Find(t.Context(), job.Query{Jobs: []string{name}})
	if err != nil || len(found) != 1 {
		t.Fatalf("the jobs named %s: got %d, %v, want one", name, len(found), err)
	}
	return found[0]
}

func text(t *testing.T, j job.Job, stream job.Stream) string {
	t.Helper()
	var lines []string
	for r, err := range j.Records(t.Context(), job.RecordOptions{Streams: []job.Stream{stream}}) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(r.Text))
	}
	return strings.Join(lines, "\n")
}

// untilGone waits for the keepers, which go on for a moment after the end.
func untilGone(t *testing.T, dir string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for over := time.Now().Add(time.Minute); time.Now().Before(over); <-tick.C {
		left := 0
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, file := range files {
			if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte(dir)) {
				left++
			}
		}
		if left == 0 {
			return
		}
	}
	t.Error("a keeper is left a minute after the end of its job")
}
