package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/internal/watch"
)

// steps tells the steps of other jobs to a state. It runs in the listener.
// What it goes by are their journals, where each step stands for ever, so
// nothing depends on when it looks.
type steps struct {
	on     *store.On
	id     job.ID // if On names one job; 0 if it does not
	self   store.Meta
	folder string         // of the event job itself
	since  time.Time      // steps before that do not count
	dealt  map[string]int // see events
	store  *store.Store
	tell   func(event string) bool

	next    job.ID // the first that was not looked at
	unready []job.ID
	open    []*followed
	known   bool // the one job was found, or is not there any more
}

// followed is a job whose steps count.
type followed struct {
	*store.Reader
	times int // that it stepped to the state, since it counts
}

// errInVain says that what is waited for cannot come any more.
var errInVain = errors.New("cannot come any more")

// steps begins with those that were taken since the event job was made.
func (k *keeper) steps() source {
	s := &steps{on: k.meta.On, self: k.meta, folder: k.journal.Path, since: k.meta.Created, dealt: k.dealt}
	if s.dealt == nil {
		s.dealt = map[string]int{}
	}
	if ref, ok := job.ParseRef(s.on.Of); ok {
		s.id = ref.ID
	}
	return func(ctx context.Context, ready func(), tell func(string) bool) (err error) {
		if s.store, err = store.Open(k.dir, func(string) {}); err != nil {
			return err
		}
		defer s.store.Close()
		s.tell = tell
		return s.follow(ctx, ready)
	}
}

func (s *steps) follow(ctx context.Context, ready func()) error {
	w := watch.New()
	defer w.Close()
	if err := w.Add(s.store.Dir); err != nil {
		return err
	}
	for {
		w.Arm()
		if err := s.look(); err != nil {
			return err
		}
		ready()
		if s.id != 0 && s.known && len(s.open) == 0 {
			return fmt.Errorf("%v %w", store.StepTo(s.id, s.on.State), errInVain)
		}
		select {
		case <-w.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look finds jobs that have come, then what those that count have done.
func (s *steps) look() error {
	if err := s.store.Refresh(); err != nil {
		return err
	}
	if err := s.find(); err != nil {
		return err
	}
	s.open = slices.DeleteFunc(s.open, func(f *followed) bool { return s.read(f) })
	return nil
}

func (s *steps) find() error {
	switch {
	case s.id != 0:
		return s.findOne()
	case s.next == 0:
		s.next = s.store.Last() + 1
		return s.store.Each(func(r store.Record) bool {
			s.consider(r)
			return true
		})
	}
	// Those that were being made come first: they may have been taken back,
	// and their ids given out again.
	ids := s.unready
	s.unready = nil
	for s.next = min(s.next, s.store.Last()+1); s.next <= s.store.Last(); s.next++ {
		ids = append(ids, s.next)
	}
	for _, id := range ids {
		r, ok, err := s.store.Read(id)
		if err != nil {
			return err
		}
		if ok {
			s.consider(r)
		}
	}
	return nil
}

func (s *steps) findOne() error {
	if s.known {
		return nil
	}
	r, ok, err := s.store.Read(s.id)
	if s.known = true; err == nil && ok {
		s.consider(r)
	}
	return err
}

// consider follows a job if it counts.
func (s *steps) consider(r store.Record) {
	switch {
	case r.ID == s.self.ID:
	case !r.Live():
		s.unready = append(s.unready, r.ID)
	case r.State.Final() && !s.counts(r.ID, r.End):
	case s.id == 0 && !job.MatchPattern(s.on.Of, s.name(r)):
	default:
		s.open = append(s.open, &followed{Reader: s.store.Folder(r.ID).Reader()})
	}
}

// name is a job's whole name.
func (s *steps) name(r store.Record) string {
	if r.Flags&store.LongName != 0 {
		if m, _, err := s.store.Folder(r.ID).Read(); err == nil {
			return m.DisplayName()
		}
	}
	return r.DisplayName()
}

// read tells what a job has done since. done is true when no more can come
// from it.
func (s *steps) read(f *followed) (done bool) {
	before := f.Status.Tally.State()
	err := f.Refresh(func(e store.Event) {
		after := f.Status.Tally.State()
		if after != before && after == s.on.State && s.counts(f.ID, e.Time) && !s.ofOurs(f.Meta) {
			s.stepped(f)
		}
		before = after
	})
	if err != nil {
		_, there, readErr := s.store.Read(f.ID)
		return readErr == nil && !there
	}
	return before.Final() || s.ofOurs(f.Meta)
}

// counts reports whether a step at that time does.
func (s *steps) counts(id job.ID, at time.Time) bool { return id == s.on.Past || !at.Before(s.since) }

func (s *steps) stepped(f *followed) {
	event := store.StepTo(f.ID, s.on.State)
	if f.times++; f.times > s.dealt[event] && s.tell(event) {
		s.dealt[event]++
	}
}

// ofOurs reports whether a job was started by a run of the event job. It does
// not count: such a chain would have no end.
func (s *steps) ofOurs(m store.Meta) bool {
	return slices.ContainsFunc(m.Env, func(v string) bool {
		return strings.HasPrefix(v, "JOB_RECORDS="+s.folder+"/")
	})
}
