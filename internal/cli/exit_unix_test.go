//go:build unix

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/backjob/job"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("anything"), 1},
		{&job.Error{Kind: job.Other}, 1}, {&job.Error{Kind: job.Invalid}, 2}, {&job.Error{Kind: job.NotFound}, 3},
		{&job.Error{Kind: job.WrongState}, 4}, {&job.Error{Kind: job.AllBlocked}, 5}, {&job.Error{Kind: job.TimedOut}, 124},
		{&job.Error{Kind: job.NotRunnable}, 126}, {&job.Error{Kind: job.NoProgram}, 127},
		{&job.Error{Kind: job.Refused}, 1}, {&job.Error{Kind: job.Damaged}, 1}, {&job.Error{Kind: job.TooNew}, 1}, {&job.Error{Kind: job.Unsupported}, 1},
		{interruption(syscall.SIGINT), 130}, {interruption(syscall.SIGTERM), 143},
		{fmt.Errorf("around: %w", &job.Error{Kind: job.NotFound}), 3},
		{usage("x", ""), 2}, {errAllBlocked, 5},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("exitCode(%#v): got %d, want %d", c.err, got, c.want)
		}
	}
}

// The heaviest counts, whatever comes first.
func TestExitWith(t *testing.T) {
	light := []int{0, exitFailed, exitState, exitBlocked, exitNotFound, exitUsage, exitTimedOut, exitTerminated, exitInterrupted}
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOf(rapid.IntRange(0, len(light)-1)).Draw(t, "codes")
		c, most := call{}, 0
		for _, i := range codes {
			c.exitWith(light[i])
			most = max(most, i)
		}
		if c.exit != light[most] {
			t.Fatalf("exitWith of %v in %v: got %d, want %d", codes, light, c.exit, light[most])
		}
	})
	c := call{}
	c.exitWith(exitNoProgram)
	if c.exitWith(exitFailed); c.exit != exitNoProgram {
		t.Errorf("exitWith(127), then 1: got %d, want 127", c.exit)
	}
}

func TestFail(t *testing.T) {
	for _, c := range []struct {
		err        error
		exit       int
		want, hint string
	}{
		{&job.Error{Kind: job.NotFound, Job: "x", Err: errors.New(`no job named "x"`)}, 3, "job: no job named \"x\"\n", ""},
		{&job.Error{Kind: job.WrongState, Job: "7", Err: errors.New("job is Running"), Hint: "stop it first"}, 4, "job: remove 7: job is Running\n", "stop it first"},
		{errors.New("broken"), 1, "job: remove: broken\n", ""},
		{usage("what", "how"), 2, "job: remove: what\n", "how"},
		{usage("what", ""), 2, "job: remove: what\n", "job remove --help shows how it is used"},
		{fmt.Errorf("write: %w", syscall.ENOSPC), 1, "job: remove: write: no space left on device\n", "the disk is full"},
		{errors.Join(errors.New("a"), &job.Error{Kind: job.NotFound, Err: errors.New("b")}), 3, "job: remove: a\njob: b\n", ""},
		{fmt.Errorf("write: %w", syscall.EPIPE), 1, "", ""},
		{&job.Error{Kind: job.TimedOut, Err: errors.New("timed out")}, 124, "", ""},
		{interruption(syscall.SIGINT), 130, "", ""},
	} {
		var said strings.Builder
		x := call{verb: build("rm"), err: &said}
		x.fail(c.err)
		got, hint, _ := strings.Cut(said.String(), "hint: ")
		if got != c.want || x.exit != c.exit || !strings.HasPrefix(hint, c.hint) || (hint == "") != (c.hint == "") {
			t.Errorf("fail(%v): said %q, exit %d, want %q, hint %q, exit %d", c.err, said.String(), x.exit, c.want, c.hint, c.exit)
		}
	}
}

func TestSuggestion(t *testing.T) {
	for word, want := range map[string]string{"strat": "start", "recieve": "receive", "pasue": "pause", "zzz": "", "_complete": ""} {
		got := suggestion(word)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("suggestion(%q): got %q, want %q in it", word, got, want)
		}
	}
}

func TestStatusOf(t *testing.T) {
	zero, three := 0, 3
	for _, c := range []struct {
		info job.Info
		want int
	}{
		{job.Info{StateInfo: job.StateInfo{State: job.Completed}, ExitCode: &zero}, 0},
		{job.Info{StateInfo: job.StateInfo{State: job.Failed}, ExitCode: &three}, 3},
		{job.Info{StateInfo: job.StateInfo{State: job.Failed}, Signal: "SIGKILL"}, 137},
		{job.Info{StateInfo: job.StateInfo{State: job.Stopped}, Signal: "SIGTERM"}, 143},
		{job.Info{StateInfo: job.StateInfo{State: job.Stopped}, ExitCode: &zero}, 1},
		{job.Info{StateInfo: job.StateInfo{State: job.Failed}}, 1},
	} {
		if got := statusOf(c.info); got != c.want {
			t.Errorf("statusOf(%+v): got %d, want %d", c.info, got, c.want)
		}
	}
}

func TestInterruptible(t *testing.T) {
	ctx, done := interruptible()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := because(ctx, ctx.Err()); err != interruption(syscall.SIGTERM) || exitCode(err) != 143 {
		t.Errorf("a context ended by SIGTERM: got %v, want that as its reason", err)
	}
	done()
	ctx, done = interruptible()
	done()
	if err := because(ctx, ctx.Err()); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that was given back: got %v", err)
	}
	if err := because(context.Background(), errors.New("x")); err == nil || err.Error() != "x" {
		t.Errorf("because of another error: got %v, want it", err)
	}
}
