package local

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// Remove forgets a job that is final, and deletes what it put out.
func (s *Source) Remove(ctx context.Context, given job.Job) error {
	j, ok := given.(*Job)
	if !ok || j == nil {
		return &job.Error{Kind: job.Invalid, Err: errors.New("this is no job of this source")}
	}
	if j.ref.Child != 0 {
		return &job.Error{Job: j.ref.String(), Kind: job.WrongState, Err: errors.New("a child cannot be removed alone"),
			Hint: "remove its job: job remove " + job.Ref{ID: j.ref.ID}.String()}
	}
	r, err := j.record()
	if err != nil {
		return err
	}
	if !r.State.Final() {
		return &job.Error{Job: j.ref.String(), Kind: job.WrongState, Err: errors.New("job is " + r.State.String()),
			Hint: "stop it first (job stop " + j.ref.String() + "), or use --force"}
	}
	if missing(j.folder().Path) {
		return s.store.Forget(j.ref.ID)
	}
	journal, err := claimSoon(ctx, j.folder())
	if err != nil {
		return err
	}
	return s.store.Remove(journal)
}

// letGo is how long a keeper may take between writing the final state and
// letting go of the lock.
const letGo = 5 * time.Second

// claimSoon takes the lock of a final job, which its keeper lets go of within
// a moment. A job that lost its journal has no lock; it gets one.
func claimSoon(ctx context.Context, f store.Folder) (*store.Journal, error) {
	for end := time.Now().Add(letGo); ; {
		journal, err := f.Claim()
		if isKind(err, job.Damaged) && missing(f.File("journal")) {
			journal, err = f.Restore()
		}
		if journal != nil || err != nil {
			return journal, err
		}
		if time.Now().After(end) {
			return nil, &job.Error{Job: job.Ref{ID: f.ID}.String(), Kind: job.Other, Err: errors.New("its keeper does not let go of it")}
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return err != nil
}
