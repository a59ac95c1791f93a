package keeper

import (
	"errors"
	"reflect"
	"testing"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		exit store.Exit
		want string
	}{
		{store.Exit{Code: 3}, "exit status 3"}, {store.Exit{Code: 255}, "exit status 255"},
		{store.Exit{Code: -1, Signal: 9}, "signal: SIGKILL"}, {store.Exit{Code: -1, Signal: 15}, "signal: SIGTERM"},
		{store.Exit{Code: -1}, "exit status unknown"},
	} {
		if got := outcome(c.exit); got != c.want {
			t.Errorf("outcome(%+v): got %q, want %q", c.exit, got, c.want)
		}
	}
}

// A job's own variables win over those of the job that started it.
func TestChildEnv(t *testing.T) {
	f := store.Folder{ID: 7, Path: "/r/jobs/0/7"}
	m := store.Meta{ID: 7, Spec: job.Spec{Env: []string{"A=1", "JOB_ID=3", "JOB_IDX=kept", "B=\xff=", "JOB_RECORDS=/old", "A=2", "JOB_ATTEMPT=9", "=odd", "bare"}}}
	got := childEnv(f, m, attempt{child: 1, number: 2, slot: 1})
	want := []string{"A=1", "JOB_IDX=kept", "B=\xff=", "A=2", "=odd", "bare",
		"JOB_CHILD=1", "JOB_RECORDS=/r/jobs/0/7/1.records", "JOB_ID=7", "JOB_NAME=Job7", "JOB_ATTEMPT=2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("childEnv: got %q, want %q", got, want)
	}
	a := attempt{child: 3, number: 1, slot: 2, Work: store.Work{Env: []string{"A=9", "JOB_ID=8"}}}
	want = []string{"JOB_IDX=kept", "B=\xff=", "=odd", "bare", "A=9",
		"JOB_CHILD=3", "JOB_RECORDS=/r/jobs/0/7/2.records", "JOB_ID=7", "JOB_NAME=Job7", "JOB_ATTEMPT=1"}
	if got := childEnv(f, m, a); !reflect.DeepEqual(got, want) {
		t.Errorf("childEnv of a child with variables of its own: got %q, want %q", got, want)
	}
}

func TestReasonOf(t *testing.T) {
	cause := errors.New("cause")
	if got := reasonOf(&job.Error{Op: "start", Job: "7", Err: cause}); got != cause {
		t.Errorf("reasonOf an error of a job: got %v, want its cause", got)
	}
	if got := reasonOf(cause); got != cause {
		t.Errorf("reasonOf another: got %v, want it", got)
	}
	empty := &job.Error{Kind: job.Damaged}
	if got := reasonOf(empty); got != error(empty) {
		t.Errorf("reasonOf an error without a cause: got %v, want it", got)
	}
}
