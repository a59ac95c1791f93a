package asjob_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
)

func init() { works["crowd"] = crowd }

// crowd has children that are stopped one by one: two work at once, the
// others wait. Each ends when it is stopped or its file is there.
func crowd(ctx context.Context, out *job.Writer, args []string) error {
	for _, name := range args {
		out.Go(ctx, name, func(ctx context.Context, out *job.Writer) error {
			out.Output("this is " + name)
			out.Warning(name + " waits")
			deaf := name == "deaf"
			for there := false; !there && (deaf || ctx.Err() == nil); {
				<-time.After(5 * time.Millisecond)
				_, err := os.Stat(name)
				there = err == nil
			}
			out.Output(name + " ends")
			return ctx.Err()
		})
	}
	out.Output("all are called")
	return nil
}

// children waits until a job has as many children, in these states.
func (s *scene) children(name string, want ...string) (children []job.Job) {
	s.Helper()
	j := s.job(name)
	got := ""
	poll(s.T, fmt.Sprint("children of ", name, " being ", want), func() bool {
		var states []string
		children = j.Children()
		for _, c := range children {
			states = append(states, s.info(c).State.String())
		}
		got = strings.Join(states, " ")
		return got == strings.Join(want, " ")
	})
	return children
}

// The children that the work makes are children of the job: with states,
// names and output of their own. Conformance 82.
func TestChildrenOfAsJob(t *testing.T) {
	s := setUp(t)
	t.Setenv("GOMAXPROCS", "2")
	s.env = append(s.env, "GOMAXPROCS=2")
	s.start("crowd", "crowd", "anna", "bert", "carl", "dora")
	children := s.children("crowd", "Running", "Running", "Running", "NotStarted", "NotStarted")
	for n, want := range []string{"crowd", "anna", "bert", "carl", "dora"} {
		if i := s.info(children[n]); i.Name != want || i.Ref.Child != n+1 {
			t.Errorf("child %d: got %v %q, want %q", n+1, i.Ref, i.Name, want)
		}
	}

	for _, number := range []int{3, 5} { // one that runs, one that has not begun
		if err := children[number-1].Stop(context.Background(), job.StopOptions{}); err != nil {
			t.Errorf("stopping child %d: %v", number, err)
		}
	}
	s.children("crowd", "Running", "Running", "Stopped", "Running", "Stopped")
	s.touch("anna")
	s.touch("carl")
	j := s.ended("crowd")
	s.children("crowd", "Completed", "Completed", "Stopped", "Completed", "Stopped")
	if i := s.info(j); i.State != job.Stopped || i.Children != 5 || i.ExitCode == nil || *i.ExitCode != 0 {
		t.Errorf("a job of which a child was stopped: got %v with %d children, exit %v, want Stopped with 5, exit 0", i.StateInfo, i.Children, i.ExitCode)
	}
	for n, want := range []string{"all are called\n", "this is anna\nanna ends\n", "this is bert\nbert ends\n", "this is carl\ncarl ends\n", ""} {
		if got := s.text(children[n], job.Output); got != want {
			t.Errorf("output of child %d: got %q, want %q", n+1, got, want)
		}
	}
	if got := s.text(children[1], job.Warning); got != "anna waits\n" {
		t.Errorf("warnings of child 2: got %q", got)
	}
}

// A child that fails says why, and so does the job.
func TestChildOfAsJobFails(t *testing.T) {
	s := setUp(t)
	s.start("broken", "family", "broken in two")
	j := s.ended("broken")
	children := s.children("broken", "Failed", "Completed", "Failed")
	if got := s.info(children[2]).StateInfo.String(); got != "Failed: broken in two" {
		t.Errorf("the child: got %s", got)
	}
	if got := s.info(children[0]).StateInfo.String(); got != "Failed: a child Failed: broken in two" {
		t.Errorf("the work: got %s, want its own reason in place of an exit status", got)
	}
	if i := s.info(j); i.State != job.Failed || i.ExitCode == nil || *i.ExitCode != 1 {
		t.Errorf("the job: got %v, exit %v, want Failed, exit 1", i.StateInfo, i.ExitCode)
	}
}

// A function that does not listen cannot be killed alone: whoever asked is
// told, and the job goes on.
func TestChildThatDoesNotListen(t *testing.T) {
	s := setUp(t)
	s.start("crowd", "crowd", "deaf")
	children := s.children("crowd", "Running", "Running")
	err := children[1].Stop(context.Background(), job.StopOptions{Grace: time.Millisecond})
	var e *job.Error
	if !errors.As(err, &e) || e.Hint != "job stop 1 ends its program, with all its children" {
		t.Errorf("stopping a function that does not listen: got %v, want an error with a hint", err)
	}
	s.children("crowd", "Running", "Stopping")
	s.touch("deaf")
	s.ended("crowd")
	s.children("crowd", "Completed", "Stopped")
}

// The keeper is killed while children run: the next one knows of all, and of
// what they do from then on.
func TestKeeperOfChildrenIsKilled(t *testing.T) {
	s := setUp(t)
	s.env = append(s.env, "GOMAXPROCS=1")
	s.start("crowd", "crowd", "anna", "bert")
	s.children("crowd", "Running", "Running", "NotStarted")
	keeper := s.parent(s.info(s.job("crowd")).PID)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.children("crowd", "Running", "Running", "NotStarted")
	s.touch("anna")
	children := s.children("crowd", "Running", "Completed", "Running")
	s.touch("bert")
	s.ended("crowd")
	s.children("crowd", "Completed", "Completed", "Completed")
	if got := s.text(children[2], job.Output); got != "this is bert\nbert ends\n" {
		t.Errorf("output of the second: got %q", got)
	}
}

// When the program is killed its children have not ended by themselves.
func TestProgramWithChildrenIsKilled(t *testing.T) {
	s := setUp(t)
	s.env = append(s.env, "GOMAXPROCS=1")
	s.start("crowd", "crowd", "anna", "bert")
	s.children("crowd", "Running", "Running", "NotStarted")
	if err := syscall.Kill(s.info(s.job("crowd")).PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ended("crowd")
	children := s.children("crowd", "Failed", "Failed", "Failed")
	if got := s.info(children[1]).StateInfo.String(); got != "Failed: the job's program ended before it did" {
		t.Errorf("a child whose program was killed: got %s", got)
	}
}

// A stop of the job, and a suspension, are its children's too.
func TestStopAndSuspendWithChildren(t *testing.T) {
	s := setUp(t)
	s.env = append(s.env, "GOMAXPROCS=1")
	s.start("crowd", "crowd", "anna", "bert")
	children := s.children("crowd", "Running", "Running", "NotStarted")
	j := s.job("crowd")
	if err := j.Suspend(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := s.info(j).State; got != job.Suspended {
		t.Errorf("suspended: got %v, children %v %v", got, s.info(children[0]).State, s.info(children[1]).State)
	}
	if err := children[1].(job.Suspender).Resume(context.Background()); err == nil {
		t.Error("resuming a function alone: got no error")
	}
	if err := j.Resume(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.children("crowd", "Running", "Running", "NotStarted")
	if err := j.Stop(context.Background(), job.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	s.children("crowd", "Stopped", "Stopped", "Stopped")
	if got := s.text(children[1], job.Output); got != "this is anna\nanna ends\n" {
		t.Errorf("last words of a child: got %q", got)
	}
}

// Garbage in the file that tells of children hurts nobody.
func TestGarbageAboutChildren(t *testing.T) {
	s := setUp(t)
	s.env = append(s.env, "GOMAXPROCS=1")
	s.start("crowd", "crowd", "anna")
	s.children("crowd", "Running", "Running")
	f, err := os.OpenFile(s.path("repository/jobs/0/1/children"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "no JSON\n{}\n[1]\n", `{"child":99,"state":"Running","slot":9}`, "\n", `{"child":-1,"state":"Running"}`, "\n", `{"child":2,"state":"Elsewhere"}`, "\n", `{"child":3,"state":"Running","slot":7}`, "\n", strings.Repeat("x", 1<<20), "\n")
	f.Close()
	s.touch("anna")
	s.ended("crowd")
	children := s.children("crowd", "Completed", "Completed", "Failed") // the third is one that was invented
	if got := s.text(children[1], job.Output); got != "this is anna\nanna ends\n" {
		t.Errorf("output: got %q", got)
	}
}
