// Package examples tests the examples as people run them: built by the go
// command, each script of testdata a session with them and with job.
package examples

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the examples, and job, into a folder that comes first in PATH.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "job-examples-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", append(buildArgs(), "-o", dir, "./...", "../cmd/job")...)
	if out, err := build.CombinedOutput(); err != nil {
		os.Stderr.Write(out)
		return 1
	}
	os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return m.Run()
}

// buildArgs are those of go build; the examples are raced if we are.
func buildArgs() []string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return []string{"build", "-race"}
		}
	}
	return []string{"build"}
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: prepare,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// prepare gives a script a repository of its own, and stops what it leaves.
func prepare(env *testscript.Env) error {
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("JOB_REPOSITORY", filepath.Join(env.WorkDir, ".repository"))
	env.Setenv("GORACE", "atexit_sleep_ms=0") // not a second at each exit
	job, err := exec.LookPath("job")
	if err != nil {
		return err
	}
	env.Defer(func() {
		remove := exec.Command(job, "remove", "--force", "--name", "*")
		remove.Env = env.Vars
		if out, err := remove.CombinedOutput(); err != nil {
			env.T().Log("removing the jobs of the script: ", err, string(out))
		}
	})
	return nil
}

// exits N COMMAND [ARG…] runs a command and demands exactly that exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command [arg...]")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s: exit status %d, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}
