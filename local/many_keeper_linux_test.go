package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// killKeeper kills the job's keeper, and returns when its lock is free. If it
// is not up yet, that is waited for.
func killKeeper(t *testing.T, j *Job) (killed bool) {
	t.Helper()
	for {
		_, status, err := j.folder().Read()
		must(t, err)
		if status.Tally.State().Final() {
			return false
		}
		if status.Keeper.PID == 0 {
			continue
		}
		if err := syscall.Kill(status.Keeper.PID, syscall.SIGKILL); err != nil {
			return false // it has ended by itself
		}
		syscall.Wait4(status.Keeper.PID, nil, 0, nil) // it may be our child
		journal, err := claimSoon(context.Background(), j.folder())
		must(t, err)
		must(t, journal.Close())
		return true
	}
}

// A keeper is killed while four children run and three wait: they all go on,
// each runs once, and what they put out is whole. Conformance 84.
func TestKeeperOfManyKilled(t *testing.T) {
	s, dir := open(t), t.TempDir()
	var scripts []string
	for n := range 7 {
		scripts = append(scripts, held(dir, fmt.Sprint(n+1))+"; exit $((JOB_CHILD == 2 ? 5 : 0))")
	}
	j := startMany(t, s, job.Spec{}, Many{Throttle: 4, Children: shells(scripts...)})
	await(t, j, "Running, Running, Running, Running, NotStarted, NotStarted, NotStarted")
	for n := range 4 {
		for range j.child(n+1).Records(context.Background(), job.RecordOptions{Follow: true}) {
			break
		}
	}
	if !killKeeper(t, j) {
		t.Fatal("the keeper could not be killed")
	}
	touch(t, dir, "2") // it ends while nobody looks after it
	if _, err := j.Info(); err != nil {
		t.Fatal(err)
	}
	must(t, j.child(2).Wait(context.Background()))
	second, err := j.child(2).Info()
	must(t, err)
	if reason := fmt.Sprint(second.StateInfo); reason != "Failed: exit status 5" && !strings.HasPrefix(reason, "Failed: exit status unknown") {
		t.Errorf("child 2, which ended while nobody looked: got %s", reason)
	}
	rest := second.StateInfo.String()
	await(t, j, "Running, "+rest+", Running, Running, Running, NotStarted, NotStarted")
	must(t, j.child(3).Stop(context.Background(), job.StopOptions{}))
	touch(t, dir, "1", "4", "5", "6", "7")
	must(t, j.Wait(context.Background()))
	if got, want := states(t, j), "Completed, "+rest+", Stopped, Completed, Completed, Completed, Completed"; got != want {
		t.Errorf("at the end: got %s, want %s", got, want)
	}
	var want []string
	for n := 1; n <= 7; n++ {
		if want = append(want, fmt.Sprintf("%d output begun", n)); n != 3 {
			want = append(want, fmt.Sprintf("%d output done", n))
		}
	}
	wantLines(t, "what they put out", texts(t, j, job.RecordOptions{}), want...)
}

// However often keepers are killed, each child runs once at most, in order,
// and has an end; one is not known how it ended only if its keeper was killed.
func TestKeepersOfManyKilledAgainAndAgain(t *testing.T) {
	s, dir := open(t), t.TempDir()
	const children = 24
	script := fmt.Sprintf("echo $JOB_CHILD >> %s/ran; echo out $JOB_CHILD; sleep 0.0$((JOB_CHILD %% 3))", dir)
	j := startMany(t, s, job.Spec{Argv: []string{"/bin/sh", "-c", script}}, Many{Throttle: 3, Children: make([]Child, children)})
	kills := 0
	for events := 20; ; events += 31 { // other moments each time
		err := j.source.await(context.Background(), []*Job{j}, true, func(_ *Job, r store.Record) bool {
			_, status, err := j.folder().Read()
			must(t, err)
			return r.State.Final() || status.Events > events
		})
		must(t, err)
		if !killKeeper(t, j) {
			break
		}
		kills++
	}
	must(t, j.Wait(context.Background()))
	b, err := os.ReadFile(filepath.Join(dir, "ran"))
	must(t, err)
	ran := strings.Fields(string(b))
	times := map[string]int{}
	for _, n := range ran {
		if times[n]++; times[n] > 1 {
			t.Errorf("child %s ran %d times", n, times[n])
		}
	}
	unknown := 0
	for _, c := range j.ChildJobs() {
		info, err := c.Info()
		must(t, err)
		switch {
		case info.State == job.Completed:
			wantLines(t, fmt.Sprint(c.ref), texts(t, c, job.RecordOptions{}), fmt.Sprintf("%[1]d output out %[1]d", c.ref.Child))
		case info.State == job.Failed && strings.HasPrefix(info.Reason.Error(), "exit status unknown"):
			unknown++
		default:
			t.Errorf("%v: got %v", c.ref, info.StateInfo)
		}
	}
	t.Logf("%d keepers killed, %d of %d children ran, %d ended unknown", kills, len(ran), children, unknown)
	if kills == 0 || unknown > 3*kills {
		t.Errorf("%d keepers were killed, and %d children ended unknown, want at most 3 for each", kills, unknown)
	}
}

// A program that was started when its keeper was killed, before that was
// written, is found by what it was given.
func TestStartedButNotWrittenDown(t *testing.T) {
	s, dir := open(t), t.TempDir()
	j := startMany(t, s, job.Spec{}, Many{Throttle: 2, Children: shells(held(dir, "1"), held(dir, "2"), held(dir, "3"))})
	await(t, j, "Running, Running, NotStarted")
	for range j.child(2).Records(context.Background(), job.RecordOptions{Follow: true}) {
		break
	}
	killKeeper(t, j)
	// The journal loses its last line, which says that child 2 runs.
	path := j.folder().File("journal")
	b, err := os.ReadFile(path)
	must(t, err)
	lines := slices.Collect(strings.Lines(string(b)))
	if last := lines[len(lines)-1]; !strings.Contains(last, "child=2 state=Running") {
		t.Fatalf("the journal ends with %q, want the begin of child 2", last)
	}
	must(t, os.Truncate(path, int64(len(b)-len(lines[len(lines)-1]))))
	await(t, j, "Running, Running, NotStarted")
	touch(t, dir, "1", "2", "3")
	must(t, j.Wait(context.Background()))
	wantLines(t, "what they put out", texts(t, j, job.RecordOptions{}),
		"1 output begun", "1 output done", "2 output begun", "2 output done", "3 output begun", "3 output done")
}

// After a restart of the machine what ran is Failed, and nothing begins that
// had not. Conformance 90.
func TestMachineRestartedWithMany(t *testing.T) {
	s, dir := open(t), t.TempDir()
	j := startMany(t, s, job.Spec{}, Many{Throttle: 1, Children: shells("true", held(dir, "2"), held(dir, "3"))})
	await(t, j, "Completed, Running, NotStarted")
	_, status, err := j.folder().Read()
	must(t, err)
	killKeeper(t, j)
	journal, err := claimSoon(context.Background(), j.folder())
	must(t, err)
	must(t, journal.Append(store.Event{Time: time.Now(), Keeper: status.Keeper, Boot: "00000000-0000-0000-0000-000000000000"}))
	must(t, journal.Close())
	await(t, j, "Completed, Failed: machine restarted, Stopped: machine restarted")
	info, err := j.Info()
	must(t, err)
	if got := info.StateInfo.String(); got != "Failed: machine restarted" {
		t.Errorf("the job: got %s, want Failed: machine restarted", got)
	}
	must(t, syscall.Kill(status.Each[1].Program.PID, syscall.SIGKILL))
}
