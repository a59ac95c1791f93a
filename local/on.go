package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/keeper"
	"github.com/backjob/job/internal/store"
)

// On says what an event job waits for, and what it does about an event.
type On = store.On

// maxParallel is how many runs of an event job may be at work at the same
// time.
const maxParallel = 1000

// StartOn makes an event job: its keeper runs what spec says for each event
// that on names, as a child of its own, which has the event in JOB_EVENT.
// Timeout, Retry, Grace and Input are those of each run. It returns when the
// keeper would hear of an event. What cannot be waited for, and a program that
// cannot be found, is an error, and there is no job.
func (s *Source) StartOn(ctx context.Context, spec job.Spec, on On) (*Job, error) {
	if len(spec.Argv) == 0 || spec.Async {
		return nil, &job.Error{Kind: job.Invalid, Err: errors.New("an event job has a command, which is looked for at once")}
	}
	if err := s.completeOn(&on); err != nil {
		return nil, err
	}
	if _, err := complete(&spec); err != nil {
		return nil, err
	}
	throttle := 1
	if on.Overlap == job.Parallel {
		throttle = maxParallel
	}
	return s.begin(store.Meta{Type: EventType, Open: true, Throttle: throttle, Spec: spec, On: &on}, nil)
}

// completeOn fills in what on leaves open, and refuses what cannot be.
func (s *Source) completeOn(on *On) (err error) {
	sources := 0
	for _, given := range [...]bool{on.Every != 0, on.Cron != "", on.Changed != "", on.Of != ""} {
		if given {
			sources++
		}
	}
	if sources != 1 || on.Max < 0 {
		return &job.Error{Kind: job.Invalid, Err: errors.New("an event job waits for one kind of events, and for one of them at least")}
	}
	if on.Changed != "" {
		if on.Changed, err = absolute(on.Changed); err != nil {
			return err
		}
		on.Changed = filepath.Clean(on.Changed)
	}
	if on.Of != "" {
		if err := s.completeOf(on); err != nil {
			return err
		}
	}
	return keeper.CheckOn(*on, s.store.Dir)
}

// completeOf looks at the job that is waited for, if it is one that is there.
func (s *Source) completeOf(on *On) error {
	if on.State == job.NotStarted {
		return &job.Error{Kind: job.Invalid, Err: errors.New("no job steps to NotStarted: all are at their beginning")}
	}
	if instanceSuffix(on.Of) != "" {
		if found, err := s.resolve(on.Of); err == nil && len(found) == 1 && !strings.EqualFold(s.name(found[0].record), on.Of) {
			on.Of = found[0].ref.String()
		}
	}
	ref, ok := job.ParseRef(on.Of)
	switch {
	case !ok:
		on.Past = s.pastOf(on)
		return nil
	case ref.Child != 0:
		return &job.Error{Kind: job.Invalid, Err: fmt.Errorf("%v is a child, and only the steps of jobs are events", ref)}
	}
	found, err := s.byID(ref)
	if err != nil {
		return err
	}
	r, err := s.mend(found[0].record)
	if err != nil {
		return err
	}
	if on.Once {
		on.Past = r.ID
	}
	if r.State.Final() && !(on.Once && r.State == on.State) {
		return &job.Error{Kind: job.WrongState, Err: fmt.Errorf("job %v is %v, and will not step to %v", ref, r.State, on.State)}
	}
	return nil
}

// pastOf is the job whose steps count that were before: with Once the last one
// that has the name.
func (s *Source) pastOf(on *On) job.ID {
	if !on.Once || job.IsPattern(on.Of) {
		return 0
	}
	found, err := s.resolve(on.Of)
	if err != nil || len(found) == 0 {
		return 0 // it is still to come
	}
	return found[len(found)-1].record.ID
}

// revive gives event jobs whose keepers were killed, or whose machine was
// restarted, new ones: whoever runs any command does them that favour. What
// goes wrong is told to who asks about the job.
func (s *Source) revive() {
	for _, id := range s.store.Residents() {
		r, ok, err := s.store.Read(id)
		if err == nil && ok {
			r, err = s.mend(r)
			ok = !isKind(err, job.NotFound)
		}
		if !ok || err == nil && r.State.Final() {
			s.store.Unsettle(id)
		}
	}
}
