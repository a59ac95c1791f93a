package local

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// eventJob makes an event job that runs a script when something changes in a
// folder, which comes back. The script may wait for a file beside the folder.
func eventJob(t *testing.T, s *Source, on On, script string) (j *Job, folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "watched")
	must(t, os.Mkdir(folder, 0o700))
	on.Changed = folder
	j, err := s.StartOn(context.Background(), job.Spec{Argv: []string{"/bin/sh", "-c", script}, Dir: filepath.Dir(folder)}, on)
	must(t, err)
	return j, folder
}

// restart makes it look as if the machine was restarted since the job's keeper
// looked after it.
func restart(t *testing.T, j *Job) (status *store.Status) {
	t.Helper()
	_, status, err := j.folder().Read()
	must(t, err)
	killKeeper(t, j)
	journal, err := claimSoon(context.Background(), j.folder())
	must(t, err)
	must(t, journal.Append(store.Event{Time: time.Now(), Keeper: status.Keeper, Boot: "00000000-0000-0000-0000-000000000000"}))
	must(t, journal.Close())
	return status
}

// After a restart of the machine the next that opens the repository gives an
// event job a keeper. The run that was at work is Failed, which does not end
// the event job; the one that waited is run, and later events too.
func TestMachineRestartedWithAnEventJob(t *testing.T) {
	s := open(t)
	j, folder := eventJob(t, s, On{}, "[ $JOB_CHILD != 1 ] || exec sleep 1000")
	touch(t, folder, "a")
	await(t, j, "Running")
	touch(t, folder, "b")
	await(t, j, "Running, NotStarted")
	status := restart(t, j)
	defer syscall.Kill(status.Each[0].Program.PID, syscall.SIGKILL)

	again, err := Open(s.Folder(), Options{}) // as a job command does
	must(t, err)
	defer again.Close()
	await(t, j, "Failed: machine restarted, Completed")
	info, err := j.Info()
	must(t, err)
	if info.State != job.Running || !strings.HasPrefix(info.StatusMessage, "waits for changes of ") {
		t.Errorf("the event job: got %v (%s), want Running, and waiting", info.StateInfo, info.StatusMessage)
	}
	// The new keeper may not watch yet: what changes is told sooner or later.
	for n := 0; info.Children < 3; n++ {
		touch(t, folder, "c"+strings.Repeat("c", n%9))
		info, err = j.Info()
		must(t, err)
	}
}

// A job that is listed, and is none or is final, is taken off the list.
func TestResidentsThatAreGone(t *testing.T) {
	s := open(t)
	j := start(t, s, "true")
	must(t, j.Wait(context.Background()))
	must(t, s.store.Settle(j.ref.ID))
	must(t, s.store.Settle(77))
	again, err := Open(s.Folder(), Options{})
	must(t, err)
	must(t, again.Close())
	if left := s.store.Residents(); left != nil {
		t.Errorf("the list of residents: got %v, want none", left)
	}
	if _, err := os.Stat(filepath.Join(s.Folder(), "resident")); !os.IsNotExist(err) {
		t.Errorf("the file resident: got %v, want that it is not there", err)
	}
}

// However often keepers are killed, each step of another job has one run, and
// no program is run twice for it.
func TestKeepersOfAnEventJobKilledAgainAndAgain(t *testing.T) {
	s, dir := open(t), t.TempDir()
	script := "echo $JOB_EVENT >> " + dir + "/ran"
	j, err := s.StartOn(context.Background(), job.Spec{Argv: []string{"/bin/sh", "-c", script}},
		On{Of: "step*", State: job.Completed, KeepGoing: true})
	must(t, err)
	const steps = 12
	kills := 0
	for range steps {
		stepped, err := s.Start(context.Background(), job.Spec{Name: "step", Argv: []string{"true"}})
		must(t, err)
		if killKeeper(t, j) {
			kills++
		}
		must(t, stepped.Wait(context.Background()))
		again, err := Open(s.Folder(), Options{})
		must(t, err)
		must(t, again.Close())
	}
	err = s.await(context.Background(), []*Job{j}, true, func(*Job, store.Record) bool {
		_, status, err := j.folder().Read()
		return err != nil || status.Children == steps && status.Unfinished() == 0
	})
	must(t, err)
	_, status, err := j.folder().Read()
	must(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "ran"))
	must(t, err)
	times := map[string]int{}
	for _, event := range strings.Fields(string(b)) {
		if times[event]++; times[event] > 1 {
			t.Errorf("there were %d runs for %s", times[event], event)
		}
	}
	lost := status.ByState[job.Failed]
	t.Logf("%d keepers killed, %d runs, %d of them with an end that nobody saw", kills, len(times), lost)
	if status.Children != steps || len(times) < steps-lost || lost > kills {
		t.Errorf("%d events: got %d children, %d runs, %d lost", steps, status.Children, len(times), lost)
	}
}
