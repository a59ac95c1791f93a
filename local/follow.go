package local

import (
	"context"
	"sort"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/internal/watch"
)

// Follow calls fn with the sizes of what there is to read, once, or with
// follow whenever there is more, until the job is final. final says that
// nothing will come any more. An error of fn ends it.
//
// fn is told of each child: what c has put out comes from nobody else. That is
// j itself where j is a child, or has one child and no more; of a job with
// many, c is one child after another, and at the end j, of which there is
// nothing to read.
func (j *Job) Follow(ctx context.Context, follow bool, fn func(c *Job, to spool.Sizes, final bool) error) error {
	return FollowAll(ctx, []*Job{j}, follow, fn)
}

// FollowAll is Follow for several jobs at once, as it comes. Without follow
// it goes from one to the next, and from child to child.
func FollowAll(ctx context.Context, jobs []*Job, follow bool, fn func(c *Job, to spool.Sizes, final bool) error) error {
	if follow && len(jobs) > 0 {
		return followAll(ctx, jobs, fn)
	}
	for _, j := range jobs {
		f := newFollowed(j)
		if _, _, err := f.look(true, fn); err != nil {
			return err
		}
		if f.gone {
			return notFound(j.ref.String())
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func followAll(ctx context.Context, jobs []*Job, fn func(c *Job, to spool.Sizes, final bool) error) error {
	w := watch.New()
	defer w.Close()
	deaths := newDeaths(w.Wake)
	defer deaths.close()
	// A step is in the index after it is in the folder.
	if err := jobs[0].source.watchSteps(w, jobs, true); err != nil {
		return err
	}
	open := make(map[*Job]*followed, len(jobs))
	for _, j := range jobs {
		open[j] = newFollowed(j)
	}
	left := append([]*Job(nil), jobs...)
	for first := true; ; first = false {
		w.Arm()
		kept := left[:0]
		var grown int64
		for _, j := range left {
			final, n, err := open[j].look(first || deaths.take(j), fn)
			if err != nil {
				return err
			}
			if grown += n; !final {
				kept = append(kept, j)
			}
		}
		if left = kept; len(left) == 0 {
			return nil
		}
		deaths.watch(left)
		if err := pause(ctx, w, grown); err != nil {
			return err
		}
	}
}

// followed is a job that is being followed.
type followed struct {
	j      *Job
	reader *store.Reader        // of a job with many children; nil before the first look
	open   []*Job               // children that have begun and were not passed on to their end
	begun  []*Job               // since the last look
	known  map[int]bool         // all that have begun
	seen   map[*Job]spool.Sizes // how much of those in open was passed on
	gone   bool                 // the job was removed
}

func newFollowed(j *Job) *followed {
	return &followed{j: j, seen: map[*Job]spool.Sizes{}, known: map[int]bool{}}
}

// look passes on what is new; grown is how many bytes that is. final says that
// nothing will come any more. With mend it makes sure that somebody looks
// after the job.
func (f *followed) look(mend bool, fn func(*Job, spool.Sizes, bool) error) (final bool, grown int64, err error) {
	r, ok, err := f.j.source.store.Read(f.j.ref.ID)
	if err == nil && ok && mend {
		r, err = f.j.source.mendSoon(context.Background(), r)
	}
	if f.gone = err == nil && !ok || isKind(err, job.NotFound); f.gone {
		return true, 0, nil // nothing will come any more
	}
	if err != nil {
		return true, 0, err
	}
	if r.Flags&store.Many == 0 {
		whole := spool.In(f.j.folder().Path, 1).Whole()
		f.j.part = &whole
		grown, err = f.lookAt(f.j, r.State.Final(), fn)
		return r.State.Final(), grown, err
	}
	return f.lookAtMany(r, fn)
}

// lookAt passes on what is new of one child. Its state was read before: a
// final one comes after the last byte.
func (f *followed) lookAt(c *Job, final bool, fn func(*Job, spool.Sizes, bool) error) (grown int64, err error) {
	sizes, err := c.part.Sizes()
	if err != nil {
		return 0, err
	}
	seen, looked := f.seen[c]
	if grown = sizes.Minus(seen).Total(); sizes == seen && looked && !final {
		return 0, nil
	}
	if f.seen[c] = sizes; final {
		delete(f.seen, c)
	}
	return grown, fn(c, sizes, final)
}

func (f *followed) lookAtMany(r store.Record, fn func(*Job, spool.Sizes, bool) error) (final bool, grown int64, err error) {
	f.refresh()
	kept := f.open[:0]
	for _, c := range f.open {
		through, n, err := f.lookAtOne(c, r.State.Final(), fn)
		if err != nil {
			return true, 0, err
		}
		if grown += n; !through {
			kept = append(kept, c)
		}
	}
	f.open = kept
	switch {
	case f.j.ref.Child != 0:
		return len(f.open) == 0, grown, nil
	case r.State.Final():
		f.j.part = &spool.Part{None: true}
		return true, grown, fn(f.j, spool.Sizes{}, true)
	}
	return false, grown, nil
}

// lookAtOne passes on what is new of one of many children. While it runs its
// files are held, or another child could get them before they are read.
func (f *followed) lookAtOne(c *Job, final bool, fn func(*Job, spool.Sizes, bool) error) (through bool, grown int64, err error) {
	part := partOf(c.folder(), f.reader.Meta, f.reader.Status, c.ref.Child)
	if !part.None && part.Until == nil {
		held, err := part.Hold()
		if err != nil {
			return true, 0, err
		}
		if held != nil {
			defer held.Close()
		}
		f.read() // it may have ended meanwhile
		part = partOf(c.folder(), f.reader.Meta, f.reader.Status, c.ref.Child)
	}
	c.part = &part
	through = final || c.through(f.reader.Status)
	grown, err = f.lookAt(c, through, fn)
	return through, grown, err
}

// refresh finds the children that have begun since the last look, those of
// the first look in order, others as they began.
func (f *followed) refresh() {
	first := f.reader == nil
	if first {
		f.reader = f.j.folder().Reader()
	}
	if first && f.j.ref.Child != 0 {
		f.open = []*Job{f.j}
	}
	f.read()
	f.open, f.begun = append(f.open, f.begun...), nil
	if first {
		sort.SliceStable(f.open, func(i, k int) bool { return f.open[i].ref.Child < f.open[k].ref.Child })
	}
}

// read reads what was added to the journal; of a damaged one, what can be
// read, each time from the start.
func (f *followed) read() {
	f.reader.Refresh(func(e store.Event) {
		if e.Try == 1 && f.j.ref.Child == 0 && !f.known[e.Child] {
			f.known[e.Child] = true
			f.begun = append(f.begun, f.j.child(e.Child))
		}
	})
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
