package local

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/keeper"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
)

// Job is a job of this machine, or one of its children.
type Job struct {
	source *Source
	ref    job.Ref
	meta   *store.Meta   // what was started; nil if we did not start it
	status *store.Status // as it was then
	part   *spool.Part   // what it has put out, once a follower looked; nil if none did
}

var (
	_ job.Job       = (*Job)(nil)
	_ job.Suspender = (*Job)(nil)
)

// Ref is the job's id.
func (j *Job) Ref() job.Ref { return j.ref }

// Parent is the job itself, or the job whose child it is.
func (j *Job) Parent() *Job {
	return &Job{source: j.source, ref: job.Ref{ID: j.ref.ID}}
}

func (j *Job) folder() store.Folder { return j.source.store.Folder(j.ref.ID) }

// Events ranges over the steps of the job's children, and of the job where it
// makes one as a whole; of a child, over its own.
func (j *Job) Events(ctx context.Context, follow bool) iter.Seq2[job.StateEvent, error] {
	return func(yield func(job.StateEvent, error) bool) {
		reader, sum := j.folder().Reader(), store.Sum(store.Meta{ID: j.ref.ID})
		tell := func() (final, more bool) {
			more = true
			err := reader.Refresh(func(e store.Event) {
				step, stepped := sum.Add(e)
				if more && stepped && (j.ref.Child == 0 || e.Child == j.ref.Child) {
					more = yield(step, nil)
				}
			})
			if err != nil && more {
				return true, yield(job.StateEvent{}, err)
			}
			return j.through(reader.Status), more
		}
		final, more := tell()
		if !follow || final || !more {
			return
		}
		err := j.source.await(ctx, []*Job{j}, true, func(*Job, store.Record) bool {
			final, more = tell()
			return final || !more
		})
		if err != nil && more {
			yield(job.StateEvent{}, err)
		}
	}
}

// through reports whether the job, or the child that j is, is final.
func (j *Job) through(s *store.Status) bool {
	if n := j.ref.Child; n > 0 && n <= len(s.Each) {
		return s.Each[n-1].State.State.Final()
	}
	return s.Tally.State().Final()
}

// Wait returns when the job is final.
func (j *Job) Wait(ctx context.Context) error {
	return j.source.Await(ctx, []*Job{j}, func(_ *Job, r store.Record) bool { return r.State.Final() })
}

// Stop asks the job's whole process tree to end, waits, and kills what is
// left. It returns when the job is final and no process of it is left.
func (j *Job) Stop(ctx context.Context, o job.StopOptions) error {
	if o.Signal != "" && process.ParseSignal(o.Signal) == 0 {
		return &job.Error{Kind: job.Invalid, Err: errors.New("no signal is named " + o.Signal), Hint: "kill -l lists them"}
	}
	r, err := j.record()
	if err != nil || r.State.Final() {
		return err
	}
	if err := j.AskToStop(o); err != nil {
		return err
	}
	if o.Child != 0 && j.ref.Child == 0 {
		j = j.child(o.Child)
	}
	return j.AwaitStop(ctx, o)
}

// AwaitStop waits for the end of a job that was asked to stop. It comes, as
// processes are killed in the end; but a child that is a function of its job's
// program can only be asked. If it has not returned when the grace is over,
// that is an error, and it goes on.
func (j *Job) AwaitStop(ctx context.Context, o job.StopOptions) error {
	r, err := j.record()
	if err != nil || r.State.Final() {
		return err
	}
	m, _, err := j.source.read(r)
	if err != nil || !m.Self || j.ref.Child <= 1 {
		return j.Wait(ctx)
	}
	grace := o.Grace
	if grace == 0 {
		grace = m.GraceTime()
	}
	bounded, end := context.WithTimeout(ctx, grace)
	defer end()
	if err = j.Wait(bounded); err == nil || ctx.Err() != nil {
		return err
	}
	return &job.Error{Job: j.ref.String(), Kind: job.Other, Err: fmt.Errorf("the function has not returned after %v", grace),
		Hint: "job stop " + job.Ref{ID: j.ref.ID}.String() + " ends its program, with all its children"}
}

// Suspend makes the job's whole process tree stand still. A final job is a
// WrongState error.
func (j *Job) Suspend(ctx context.Context) error { return j.change(ctx, "suspend", job.Suspended) }

// Resume lets it go on.
func (j *Job) Resume(ctx context.Context) error { return j.change(ctx, "resume", job.Running) }

func (j *Job) change(ctx context.Context, verb string, to job.State) error {
	r, err := j.record()
	if err != nil || r.State == to {
		return err
	}
	if r.State.Final() || r.State == job.NotStarted && j.ref.Child != 0 {
		return &job.Error{Job: j.ref.String(), Kind: job.WrongState, Err: errors.New("job is " + r.State.String())}
	}
	if m, _, err := j.source.read(r); err == nil && m.Self && j.ref.Child > 1 {
		return &job.Error{Job: j.ref.String(), Kind: job.WrongState, Err: errors.New("a function stands still with its program only"),
			Hint: "job " + verb + " " + job.Ref{ID: j.ref.ID}.String()}
	}
	if err := j.request(keeper.Request{Verb: verb, Child: j.ref.Child}); err != nil {
		return err
	}
	passed := false
	err = j.source.Await(ctx, []*Job{j}, func(_ *Job, r store.Record) bool {
		passed = passed || r.State == job.Suspending
		return r.State == to || r.State.Final() || (passed && r.State == job.Running)
	})
	if r, readErr := j.record(); err == nil && readErr == nil && r.State != to && !r.State.Final() {
		return &job.Error{Job: j.ref.String(), Kind: job.Other, Err: errors.New("a process of it did not stand still")}
	}
	return err
}

// record is the job's record, mended if its keeper was lost; that of a child
// has the child's state and times.
func (j *Job) record() (store.Record, error) {
	r, ok, err := j.source.store.Read(j.ref.ID)
	if err == nil && !ok {
		err = notFound(j.ref.String())
	}
	if err == nil {
		r, err = j.source.mend(r)
	}
	if err != nil {
		return r, err
	}
	return j.own(r)
}

// request leaves a request for the keeper and tells it so.
func (j *Job) request(r keeper.Request) error {
	if err := r.Leave(j.folder()); err != nil {
		return err
	}
	_, status, _ := j.folder().Read()
	if status.Keeper.PID == 0 {
		return nil // a keeper that is not up yet looks by itself
	}
	handle, err := process.Open(status.Keeper.PID, status.Keeper.Start)
	if err != nil {
		return nil // it was killed a moment ago; whoever takes over looks
	}
	defer handle.Close()
	return handle.Signal(keeper.Signal)
}

func isKind(err error, kind job.Kind) bool {
	var e *job.Error
	return errors.As(err, &e) && e.Kind == kind
}

func notFound(ref string) error {
	return &job.Error{Kind: job.NotFound, Err: errors.New("no job with id " + ref)}
}

// OpenMarks opens and locks the marks of a reader; see spool.OpenMarks.
func (j *Job) OpenMarks(reader string, busy func()) (*spool.Marks, error) {
	return spool.OpenMarks(j.folder().Path, reader, busy)
}

// Mark is how far a reader has received what the child put out. A job with one
// child is taken for that.
func (j *Job) Mark(reader string) spool.Mark {
	return spool.ReadMark(j.folder().Path, reader, j.number())
}

// AskToStop asks for a stop and does not wait for it.
func (j *Job) AskToStop(o job.StopOptions) error {
	if j.ref.Child != 0 {
		o.Child = j.ref.Child
	}
	return j.request(keeper.Request{Verb: "stop", Child: o.Child, Grace: o.Grace, Signal: o.Signal, Force: o.Force})
}

// Final reports whether the job is final, mended if its keeper was lost.
func (j *Job) Final() (bool, error) {
	r, err := j.record()
	return r.State.Final(), err
}
