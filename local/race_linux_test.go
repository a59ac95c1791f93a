package local

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/backjob/job"
)

// finals are the final states in a job's journal.
func finals(t *testing.T, j *Job) (states []job.State) {
	t.Helper()
	for e, err := range j.Events(context.Background(), false) {
		if err != nil {
			t.Errorf("Events of job %v: %v", j.Ref(), err)
			return states
		}
		if e.New.State.Final() {
			states = append(states, e.New.State)
		}
	}
	return states
}

// A stop races with the end by itself: one of them wins, once, and all agree
// which. 80 times a run, as each takes processes; lifecycle_test.go has the
// thousand that take none.
func TestStopRacesWithTheEnd(t *testing.T) { stopAtTheEnd(t, 40) }

func stopAtTheEnd(t *testing.T, rounds int) {
	scripts := []string{":", "exit 3", "trap '' TERM; :", "echo out; echo err >&2", "/bin/true & :"}
	options := []job.StopOptions{{}, {Force: true}, {Signal: "SIGINT", Grace: time.Second}, {Grace: time.Millisecond}}
	var group sync.WaitGroup
	var jobs [2][]*Job
	var first [2][][]job.State
	for worker := range jobs {
		s := open(t) // a source is for one goroutine
		group.Go(func() {
			for i := range rounds {
				n := i + worker
				j, err := s.start(job.Spec{Argv: []string{"/bin/sh", "-c", scripts[n%len(scripts)]}, Async: n%7 == 0})
				if err != nil {
					t.Errorf("start: %v", err)
					return
				}
				if err := j.Stop(context.Background(), options[n%len(options)]); err != nil {
					t.Errorf("Stop of job %v: %v", j.Ref(), err)
				}
				info, err := j.Info()
				told := finals(t, j)
				if err != nil || len(told) != 1 || told[0] != info.State || info.EndTime.IsZero() {
					t.Errorf("job %v (%s) after Stop(%+v): got %v, %v, and final events %v, want one of the same state", j.Ref(), scripts[n%len(scripts)], options[n%len(options)], info.StateInfo, err, told)
				}
				if ended := info.State == job.Completed || info.State == job.Failed && info.Reason != nil && info.Reason.Error() == "exit status 3"; !ended && info.State != job.Stopped {
					t.Errorf("job %v (%s): got %v, want it Stopped or ended by itself", j.Ref(), scripts[n%len(scripts)], info.StateInfo)
				}
				first[worker] = append(first[worker], told)
				jobs[worker] = append(jobs[worker], j)
			}
		})
	}
	group.Wait()
	for worker := range jobs {
		for i, j := range jobs[worker] {
			waitForKeeper(t, j)
			if again, told := finals(t, j), first[worker][i]; fmt.Sprint(again) != fmt.Sprint(told) {
				t.Errorf("job %v: got final events %v when its keeper was gone, want %v for ever", j.Ref(), again, told)
			}
		}
	}
}

// Who sees Completed can read all.
func TestAllIsThereAtTheEnd(t *testing.T) {
	s := open(t)
	j := start(t, s, "for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo e$i >&2; done; printf last")
	must(t, j.Wait(context.Background()))
	var output, errs string
	for r, err := range j.Records(context.Background(), job.RecordOptions{}) {
		must(t, err)
		if r.Stream == job.Output {
			output += string(r.Text) + ","
		} else {
			errs += string(r.Text) + ","
		}
	}
	if output != "1,2,3,4,5,6,7,8,9,last," || errs != "e1,e2,e3,e4,e5,e6,e7,e8,e9," {
		t.Errorf("Records at the end: got %q and %q", output, errs)
	}
	var states []job.State
	for e, err := range j.Events(context.Background(), true) { // of a final job, it ends
		must(t, err)
		states = append(states, e.New.State)
	}
	if fmt.Sprint(states) != "[Running Completed]" {
		t.Errorf("Events: got %v", states)
	}
}

// Followers of records and events see all as it comes, and end with the job.
func TestFollowers(t *testing.T) {
	s := open(t)
	j := start(t, s, "echo begin; read line; exit 4")
	must(t, j.Wait(context.Background())) // standard input is /dev/null
	j = start(t, s, "echo one; exec tail -f /dev/null")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for r, err := range j.Records(ctx, job.RecordOptions{Follow: true, Streams: []job.Stream{job.Output}}) {
		if err == nil && string(r.Text) == "one" {
			cancel() // nothing else will come
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a follower that is cancelled: got %+v, %v", r, err)
		}
	}
	var states []job.State
	for e, err := range j.Events(context.Background(), true) {
		must(t, err)
		if states = append(states, e.New.State); e.New.State == job.Running {
			must(t, j.AskToStop(job.StopOptions{}))
		}
	}
	if fmt.Sprint(states) != "[Running Stopping Stopped]" {
		t.Errorf("a follower of events: got %v, want Running, Stopping and Stopped", states)
	}
}

func TestWaitIsCancelled(t *testing.T) {
	s := open(t)
	j := start(t, s, "exec tail -f /dev/null")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := j.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait with a context that is done: got %v, want its error", err)
	}
	if err := s.Remove(context.Background(), j); !isKind(err, job.WrongState) {
		t.Errorf("Remove of a running job: got %v, want a WrongState error", err)
	}
	if err := s.Remove(context.Background(), j.ChildJobs()[0]); !isKind(err, job.WrongState) {
		t.Errorf("Remove of a child: got %v, want a WrongState error", err)
	}
}
