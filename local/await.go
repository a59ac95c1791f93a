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
//
// The record of a child of a job with many is that of the job with the
// child's state and times.
func (s *Source) Await(ctx context.Context, jobs []*Job, changed func(j *Job, r store.Record) (drop bool)) error {
	return s.await(ctx, jobs, false, changed)
}

// await is Await; with every also steps are told that change nothing for the
// job as a whole.
func (s *Source) await(ctx context.Context, jobs []*Job, every bool, changed func(j *Job, r store.Record) (drop bool)) error {
	w := watch.New()
	defer w.Close()
	if err := s.watchSteps(w, jobs, every); err != nil {
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
				if r, err = s.mendSoon(ctx, r); isKind(err, job.NotFound) {
					ok = false
				} else if err != nil {
					return err
				}
			}
			if ok {
				if r, err = j.own(r); err != nil {
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

// watchSteps watches what is written at the steps of these jobs: the index,
// and for children that change nothing there the journals.
func (s *Source) watchSteps(w *watch.Watcher, jobs []*Job, every bool) error {
	if err := w.Add(s.store.Dir); err != nil {
		return err
	}
	added := map[job.ID]bool{}
	for _, j := range jobs {
		if !every && j.ref.Child == 0 || added[j.ref.ID] {
			continue
		}
		added[j.ref.ID] = true
		if err := w.Add(j.folder().Path); err != nil && !missing(j.folder().Path) {
			return err
		}
	}
	return nil
}
