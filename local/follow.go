package local

import (
	"context"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/watch"
)

// Follow calls fn with the sizes of what there is to read, once, or with
// follow whenever there is more, until the job is final. final says that
// nothing will come any more. An error of fn ends it.
func (j *Job) Follow(ctx context.Context, follow bool, fn func(to spool.Sizes, final bool) error) error {
	return FollowAll(ctx, []*Job{j}, follow, func(_ *Job, to spool.Sizes, final bool) error { return fn(to, final) })
}

// FollowAll is Follow for several jobs at once, as it comes.
func FollowAll(ctx context.Context, jobs []*Job, follow bool, fn func(j *Job, to spool.Sizes, final bool) error) error {
	if !follow || len(jobs) == 0 {
		for _, j := range jobs {
			if err := j.lookOnce(fn); err != nil {
				return err
			}
		}
		return nil
	}
	return followAll(ctx, jobs, fn)
}

func (j *Job) lookOnce(fn func(j *Job, to spool.Sizes, final bool) error) error {
	r, err := j.record()
	if err != nil {
		return err
	}
	sizes, err := j.Spool().Sizes()
	if err != nil {
		return err
	}
	return fn(j, sizes, r.State.Final())
}

func followAll(ctx context.Context, jobs []*Job, fn func(j *Job, to spool.Sizes, final bool) error) error {
	w := watch.New()
	defer w.Close()
	deaths := newDeaths(w.Wake)
	defer deaths.close()
	for _, j := range jobs {
		if err := w.Add(j.folder().Path); err != nil {
			return err
		}
	}
	// A step is in the index after it is in the folder.
	if err := w.Add(jobs[0].source.store.Dir); err != nil {
		return err
	}
	open := append([]*Job(nil), jobs...)
	seen := map[*Job]spool.Sizes{}
	for first := true; ; first = false {
		w.Arm()
		kept := open[:0]
		var grown int64
		for _, j := range open {
			final, n, err := j.lookAgain(first || deaths.take(j), seen, fn)
			if err != nil {
				return err
			}
			if grown += n; !final {
				kept = append(kept, j)
			}
		}
		if open = kept; len(open) == 0 {
			return nil
		}
		deaths.watch(open)
		if err := pause(ctx, w, grown); err != nil {
			return err
		}
	}
}

// lookAgain passes on what is new of a job; grown is how many bytes that is.
func (j *Job) lookAgain(mend bool, seen map[*Job]spool.Sizes, fn func(*Job, spool.Sizes, bool) error) (final bool, grown int64, err error) {
	r, ok, err := j.source.store.Read(j.ref.ID)
	if err == nil && !ok {
		return true, 0, nil // removed meanwhile: nothing will come any more
	}
	if err == nil && mend {
		r, err = j.source.mend(r)
	}
	if err != nil {
		return true, 0, ignoreNotFound(err)
	}
	sizes, err := j.Spool().Sizes() // after the state: a final one comes after the last byte
	if err != nil {
		return true, 0, err
	}
	if grown = sizes.Minus(seen[j]).Total(); sizes != seen[j] || r.State.Final() {
		seen[j] = sizes
		err = fn(j, sizes, r.State.Final())
	}
	return r.State.Final(), grown, err
}

func ignoreNotFound(err error) error {
	if isKind(err, job.NotFound) {
		return nil
	}
	return err
}

// pause waits for the next change. After a little that came it waits a
// moment longer, so that a job that writes line after line does not wake us
// for each.
func pause(ctx context.Context, w *watch.Watcher, grown int64) error {
	if grown > 0 && grown < 64<<10 {
		if err := sleep(ctx, settle); err != nil {
			return err
		}
	}
	if grown > 0 {
		return ctx.Err()
	}
	select {
	case <-w.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle is how long a follower lets things come before it looks again.
const settle = 3 * time.Millisecond

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
