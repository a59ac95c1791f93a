package local

import (
	"context"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/internal/watch"
)

// Await calls changed for each of the jobs with its record, first as it is
// now, then whenever the index has changed. It drops a job when changed
// returns true or the job was removed, and returns when it has dropped all,
// or with ctx's error.
//
// Nothing is polled: the index is written at each step of a job's life, and
// its folder is watched; a keeper that is killed cannot write, so the keepers
// are watched too.
func (s *Source) Await(ctx context.Context, jobs []*Job, changed func(j *Job, r store.Record) (drop bool)) error {
	w := watch.New()
	defer w.Close()
	if err := w.Add(s.store.Dir); err != nil {
		return err
	}
	deaths := newDeaths(w.Wake)
	defer deaths.close()
	open := append([]*Job(nil), jobs...)
	for first := true; ; first = false {
		w.Arm()
		kept := open[:0]
		for _, j := range open {
			r, ok, err := s.store.Read(j.ref.ID)
			if err != nil {
				return err
			}
			if ok && !r.State.Final() && (first || deaths.take(j)) {
				if r, err = s.mend(r); isKind(err, job.NotFound) {
					ok = false
				} else if err != nil {
					return err
				}
			}
			if ok && !changed(j, r) {
				kept = append(kept, j)
			}
		}
		if open = kept; len(open) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		deaths.watch(open)
		select {
		case <-w.C:
		case <-ctx.Done():
		}
	}
}
