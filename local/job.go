package local

import (
	"context"
	"errors"
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

// Children are the job's children; none for a child.
func (j *Job) Children() (all []job.Job) {
	for _, c := range j.children() {
		all = append(all, c)
	}
	return all
}

func (j *Job) children() []*Job {
	if j.ref.Child != 0 {
		return nil
	}
	return []*Job{{source: j.source, ref: job.Ref{ID: j.ref.ID, Child: 1}}}
}

func (j *Job) folder() store.Folder { return j.source.store.Folder(j.ref.ID) }

// Spool is the files that the job's first child writes to.
func (j *Job) Spool() spool.Spool { return spool.In(j.folder().Path, 1) }

// Info is what the job says about itself, with the default reader's mark.
func (j *Job) Info() (job.Info, error) { return j.InfoFor(spool.DefaultReader) }

// InfoFor is Info with the mark of a named reader. A job whose files are
// damaged says so as the reason of its state.
func (j *Job) InfoFor(reader string) (job.Info, error) {
	r, ok, err := j.source.store.Read(j.ref.ID)
	if err != nil {
		return job.Info{}, err
	}
	if !ok {
		return job.Info{}, notFound(j.ref.String())
	}
	if r, err = j.source.mend(r); err != nil {
		return j.damagedInfo(r, err), nil
	}
	m, status, err := j.folder().Read()
	if err != nil {
		return j.damagedInfo(r, err), nil
	}
	if r.State.Final() && !status.State().State.Final() {
		return j.damagedInfo(r, errors.New("the job's journal has lost its end")), nil
	}
	info := j.describe(m, status)
	j.addSizes(&info, reader)
	return info, nil
}

// Begun is Info as it was when the job was started, without another look.
func (j *Job) Begun() (job.Info, error) {
	if j.meta == nil || j.status == nil {
		return j.Info()
	}
	return j.describe(*j.meta, *j.status), nil
}

func (j *Job) describe(m store.Meta, s store.Status) job.Info {
	c := s.Children[0]
	info := job.Info{
		Ref: j.ref, InstanceID: m.Instance, Name: m.DisplayName(), Type: m.Type, Location: Location,
		StateInfo: s.State(), StatusMessage: c.Message,
		Command: m.Command, Argv: m.Argv, Dir: m.Dir,
		BeginTime: c.Begin, EndTime: c.End, Attempt: c.Attempt,
	}
	if !info.State.Final() && c.Ended == nil {
		info.PID = c.Program.PID
	}
	if e := c.Ended; e != nil {
		info.UserTime, info.SystemTime, info.MaxRSS = e.User, e.System, e.MaxRSS
		if e.Signal != 0 {
			info.Signal = signalName(e.Signal)
		}
		if e.Code >= 0 && info.State.Final() {
			info.ExitCode = &e.Code
		}
	}
	if j.ref.Child == 0 {
		info.Children = m.Children
		info.ChildrenByState = map[job.State]int{}
		for _, c := range s.Children {
			info.ChildrenByState[c.State.State]++
		}
		return info
	}
	info.Type, info.InstanceID = ChildType, m.Instance.Child(j.ref.Child)
	return info
}

func (j *Job) addSizes(info *job.Info, reader string) {
	sizes, err := j.Spool().Sizes()
	if err != nil {
		return
	}
	info.OutputBytes, info.ErrorBytes = sizes[spool.OutputFile], sizes[spool.ErrorFile]
	if sizes.Total() > 0 {
		info.Unread = sizes.Minus(j.Mark(reader).Sizes).Total()
	}
}

// damagedInfo is what the index alone says.
func (j *Job) damagedInfo(r store.Record, why error) job.Info {
	var e *job.Error
	if errors.As(why, &e) && e.Err != nil {
		why = e.Err
	}
	info := job.Info{Ref: j.ref, InstanceID: r.Instance, Name: r.DisplayName(), Type: Type, Location: Location,
		StateInfo: job.StateInfo{State: r.State, Reason: why}, StatusMessage: "damaged", Damaged: true,
		BeginTime: r.Begin, EndTime: r.End, ExitCode: r.Exit, Children: 1, Argv: []string{},
		ChildrenByState: map[job.State]int{r.State: 1}}
	j.addSizes(&info, spool.DefaultReader)
	return info
}

// Events ranges over the steps of the job's children.
func (j *Job) Events(ctx context.Context, follow bool) iter.Seq2[job.StateEvent, error] {
	return func(yield func(job.StateEvent, error) bool) {
		told := 0
		tell := func() (final, more bool) {
			_, s, err := j.folder().Read()
			if err != nil {
				return true, yield(job.StateEvent{}, err)
			}
			for _, e := range s.Steps[told:] {
				told++
				if !yield(e, nil) {
					return true, false
				}
			}
			return s.State().State.Final(), true
		}
		final, more := tell()
		if !follow || final || !more {
			return
		}
		err := j.source.Await(ctx, []*Job{j}, func(*Job, store.Record) bool {
			final, more = tell()
			return final || !more
		})
		if err != nil && more {
			yield(job.StateEvent{}, err)
		}
	}
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
	request := keeper.Request{Verb: "stop", Child: o.Child, Grace: o.Grace, Signal: o.Signal, Force: o.Force}
	if err := j.request(request); err != nil {
		return err
	}
	return j.Wait(ctx)
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
	if r.State.Final() {
		return &job.Error{Job: j.ref.String(), Kind: job.WrongState, Err: errors.New("job is " + r.State.String())}
	}
	if err := j.request(keeper.Request{Verb: verb}); err != nil {
		return err
	}
	passed := false
	err = j.source.Await(ctx, []*Job{j}, func(_ *Job, r store.Record) bool {
		passed = passed || r.State == job.Suspending
		return r.State == to || r.State.Final() || (passed && r.State == job.Running)
	})
	if r, _, readErr := j.source.store.Read(j.ref.ID); err == nil && readErr == nil && r.State != to && !r.State.Final() {
		return &job.Error{Job: j.ref.String(), Kind: job.Other, Err: errors.New("a process of it did not stand still")}
	}
	return err
}

// record is the job's record, mended if its keeper was lost.
func (j *Job) record() (store.Record, error) {
	r, ok, err := j.source.store.Read(j.ref.ID)
	if err == nil && !ok {
		err = notFound(j.ref.String())
	}
	if err != nil {
		return r, err
	}
	return j.source.mend(r)
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

// Mark is how far a reader has received what the job put out.
func (j *Job) Mark(reader string) spool.Mark { return spool.ReadMark(j.folder().Path, reader, 1) }

// AskToStop asks for a stop and does not wait for it.
func (j *Job) AskToStop(o job.StopOptions) error {
	return j.request(keeper.Request{Verb: "stop", Child: o.Child, Grace: o.Grace, Signal: o.Signal, Force: o.Force})
}

// Final reports whether the job is final, mended if its keeper was lost.
func (j *Job) Final() (bool, error) {
	r, err := j.record()
	return r.State.Final(), err
}
