package local

import (
	"context"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/keeper"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// mend makes a record true that may not be: if it is not final and nobody
// looks after the job, its keeper was killed. Then the journal may know more
// than the index; if the job is not through, another keeper takes it over.
func (s *Source) mend(r store.Record) (store.Record, error) {
	if r.State.Final() {
		return r, nil
	}
	f := s.store.Folder(r.ID)
	if kept, err := f.Kept(); err != nil || kept {
		if err != nil && !r.Live() {
			s.store.Sweep(r)
			return r, notFound(job.Ref{ID: r.ID}.String())
		}
		return s.lost(r, err)
	}
	journal, err := f.Claim()
	if err != nil || journal == nil {
		return s.lost(r, err)
	}
	defer journal.Close()
	if err := s.takeOver(journal, r); err != nil {
		return r, err
	}
	mended, ok, err := s.store.Read(r.ID)
	if err == nil && !ok {
		err = notFound(job.Ref{ID: r.ID}.String())
	}
	return mended, err
}

// mendSoon is mend for a job whose keeper has ended, as far as we know. A
// program that it was just starting holds the lock until it is executed.
func (s *Source) mendSoon(ctx context.Context, r store.Record) (store.Record, error) {
	for end := time.Now().Add(letGo); ; {
		mended, err := s.mend(r)
		if err != nil || mended.State.Final() || time.Now().After(end) {
			return mended, err
		}
		_, status, err := s.store.Folder(r.ID).Read()
		if k := status.Keeper; err != nil || k.PID == 0 || process.Alive(k.PID, k.Start) {
			return mended, nil
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return mended, nil
		}
		r = mended
	}
}

// lost passes an error on, unless the job was removed while we looked.
func (s *Source) lost(r store.Record, err error) (store.Record, error) {
	if err == nil {
		return r, nil
	}
	if _, ok, readErr := s.store.Read(r.ID); readErr == nil && !ok {
		return r, notFound(job.Ref{ID: r.ID}.String())
	}
	return r, err
}

func (s *Source) takeOver(journal *store.Journal, r store.Record) error {
	m, status, err := journal.Read()
	if !r.Live() && status.Events == 0 {
		s.store.Discard(journal) // its job start was killed before it was a job
		return notFound(job.Ref{ID: r.ID}.String())
	}
	if err != nil {
		return err
	}
	if status.Tally.State().Final() {
		return s.store.Update(status.Record(m))
	}
	return keeper.Adopt(s.store, journal)
}

func signalName(n int) string { return process.SignalName(syscall.Signal(n)) }
