package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/internal/watch"
)

// TestMain makes the test binary into a keeper that adds children to its job
// while it runs.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[0] == "job" && os.Args[1] == Verb {
		keepAndFeed(os.Args[2:])
		return
	}
	os.Exit(m.Run())
}

// fed is how many children a test's keeper adds.
const fed = 20

// keepAndFeed is a keeper whose children come one by one from a goroutine, as
// those of a subscription do. A keeper that takes over goes on with the next.
func keepAndFeed(args []string) {
	k, err := newKeeper(args)
	if err != nil {
		panic(err)
	}
	go func() {
		for more := true; more; {
			added := make(chan bool)
			k.inbox <- func() { added <- k.feed() }
			more = <-added
		}
	}()
	if err := k.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (k *keeper) feed() (more bool) {
	if k.tally.Children == fed {
		if k.meta.Command == "ends Failed" {
			k.closeJob(job.Failed, errors.New("the subscription ended"))
		} else {
			k.closeJob(job.NotStarted, nil)
		}
		return false
	}
	n := k.tally.Children + 1
	_, ok := k.add(store.Work{Command: fmt.Sprint("child ", n), Env: []string{fmt.Sprint("N=", n)}})
	return ok
}

// openJob starts a job with no children to which its keeper adds some.
func openJob(t *testing.T, command string) (s *store.Store, f store.Folder) {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "r"), func(text string) { t.Error(text) })
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	m := store.Meta{Type: "Test", Open: true, Throttle: 2, Spec: job.Spec{Argv: []string{"/bin/sh", "-c", `echo "$N $JOB_CHILD"`}, Dir: "/", Command: command}}
	j, err := s.Create(&m)
	must(t, err)
	status, err := Begin(s, j, m)
	must(t, err)
	if state := status.State().State; state != job.NotStarted {
		t.Errorf("an open job without children: got %v, want NotStarted", state)
	}
	must(t, j.Close())
	return s, s.Folder(m.ID)
}

// awaitStatus waits until the journal says what done looks for.
func awaitStatus(t *testing.T, f store.Folder, done func(*store.Status) bool) *store.Status {
	t.Helper()
	w := watch.New()
	defer w.Close()
	must(t, w.Add(f.Path))
	r := f.Reader()
	for {
		w.Arm()
		must(t, r.Refresh(nil))
		if done(r.Status) {
			return r.Status
		}
		<-w.C
	}
}

func final(s *store.Status) bool { return s.Tally.State().Final() }

// reaped waits until the keeper, which is our child, is gone.
func reaped(s *store.Status) { syscall.Wait4(s.Keeper.PID, nil, 0, nil) }

func TestChildrenAreAddedWhileItRuns(t *testing.T) {
	for command, want := range map[string]string{"": "Completed", "ends Failed": "Failed: the subscription ended"} {
		s, f := openJob(t, command)
		status := awaitStatus(t, f, final)
		reaped(status)
		if got := status.State().String(); got != want || status.Children != fed || status.ByState[job.Completed] != fed || status.Open {
			t.Errorf("%q: got %s, %d children, %v, want %s and all %d Completed", command, got, status.Children, status.ByState, want, fed)
		}
		if r, ok, err := s.Read(f.ID); err != nil || !ok || r.Children != fed || !r.State.Final() || r.Flags != store.Many {
			t.Errorf("%q: the index: got %+v, %v, %v", command, r, ok, err)
		}
		for i, c := range status.Each {
			if want := fmt.Sprintf("%d %[1]d\n", i+1); c.Command != fmt.Sprint("child ", i+1) || outputOf(t, f, c) != want {
				t.Errorf("child %d: got %q, output %q, want %q", i+1, c.Command, outputOf(t, f, c), want)
			}
		}
	}
}

func outputOf(t *testing.T, f store.Folder, c store.ChildStatus) string {
	t.Helper()
	b, err := os.ReadFile(f.File(fmt.Sprint(c.Slot, ".output")))
	must(t, err)
	return string(b[c.From[0]:c.Until[0]])
}

// The keeper is killed in between: the next one goes on adding, and no child
// is run twice or left out.
func TestKeeperThatAddsIsKilled(t *testing.T) {
	s, f := openJob(t, "")
	for round := 1; round <= 5; round++ {
		status := awaitStatus(t, f, func(s *store.Status) bool { return final(s) || s.Keeper.PID != 0 && s.Children > 2*round })
		if final(status) {
			break
		}
		must(t, syscall.Kill(status.Keeper.PID, syscall.SIGKILL))
		reaped(status)
		var j *store.Journal
		for j == nil { // a program that was just being started has it open until it is executed
			var err error
			j, err = f.Claim()
			must(t, err)
		}
		must(t, Adopt(s, j))
		must(t, j.Close())
	}
	status := awaitStatus(t, f, final)
	reaped(status)
	for i, c := range status.Each {
		known := c.State.State == job.Completed || c.State.State == job.Failed && strings.HasPrefix(c.State.Reason.Error(), "exit status unknown")
		if !known || c.Until == nil {
			t.Errorf("child %d: got %v, %v", i+1, c.State, c.Until)
			continue
		}
		if got, want := outputOf(t, f, c), fmt.Sprintf("%d %[1]d\n", i+1); got != want && (c.State.State == job.Completed || got != "") {
			t.Errorf("child %d, %v: got output %q, want %q", i+1, c.State, got, want)
		}
	}
	if status.Children != fed {
		t.Errorf("got %d children, want %d", status.Children, fed)
	}
}

// A job to which children could still be added is Stopped by a stop, though
// all it had were Completed.
func TestStopOfAnOpenJob(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "r"), func(text string) { t.Error(text) })
	must(t, err)
	defer s.Close()
	k := &keeper{dir: s.Dir}
	m := store.Meta{Open: true, Throttle: 1, Spec: job.Spec{Argv: []string{"true"}, Dir: "/"}}
	k.journal, err = s.Create(&m)
	must(t, err)
	defer k.journal.Close()
	k.meta, k.tally = m, store.NewTally(m)
	for _, w := range []string{"a", "b"} {
		if n, ok := k.add(store.Work{Command: w}); !ok || n != len(k.waiting) {
			t.Fatalf("add: got %d, %v", n, ok)
		}
	}
	k.stopWaiting(1, nil)
	if len(k.waiting) != 1 || k.waiting[0].number != 2 {
		t.Errorf("after the stop of child 1: %v wait, want child 2", k.waiting)
	}
	k.stop(Request{Verb: "stop"})
	if _, ok := k.add(store.Work{}); ok || len(k.waiting) != 0 {
		t.Errorf("after the stop: add: got %v, and %d wait, want neither", ok, len(k.waiting))
	}
	_, status, err := k.journal.Read()
	must(t, err)
	if got := status.State().State; got != job.Stopped || status.ByState[job.Stopped] != 2 {
		t.Errorf("after the stop: got %v, %v", got, status.ByState)
	}
}
