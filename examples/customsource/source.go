package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/backjob/job"
)

// Source starts, finds and removes compressions. The zero Source is ready to
// use, by several goroutines.
type Source struct {
	work func(ctx context.Context, out *job.Writer, path string) error // nil means compress

	mu   sync.Mutex
	last job.ID
	jobs []job.Job // in the order of their ids
}

var _ job.Source = (*Source)(nil)

// Name is "gzip".
func (s *Source) Name() string { return "gzip" }

// Start compresses the one file that spec.Argv names.
func (s *Source) Start(_ context.Context, spec job.Spec) (job.Job, error) {
	if len(spec.Argv) != 1 {
		return nil, &job.Error{Op: "start", Kind: job.Invalid, Err: fmt.Errorf("one file can be compressed, not %d", len(spec.Argv))}
	}
	if spec.Name != "" {
		if err := job.CheckName(spec.Name); err != nil {
			return nil, err
		}
	}
	work := s.work
	if work == nil {
		work = compress
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	c := begin(job.Ref{ID: s.last}, spec, func(ctx context.Context, out *job.Writer) error { return work(ctx, out, spec.Argv[0]) })
	s.jobs = append(s.jobs, c)
	return c, nil
}

// Find gives the jobs that the query takes. Select knows all rules for that.
func (s *Source) Find(_ context.Context, q job.Query) ([]job.Job, error) {
	s.mu.Lock()
	all := slices.Clone(s.jobs)
	s.mu.Unlock()
	return job.Select(all, q)
}

// Remove forgets a job that is final.
func (s *Source) Remove(_ context.Context, j job.Job) error {
	if c, ok := j.(*Compression); !ok || c == nil {
		return &job.Error{Op: "remove", Kind: job.Invalid, Err: errors.New("it is no compression")}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.jobs, j)
	if at < 0 {
		return &job.Error{Op: "remove", Kind: job.NotFound, Err: errors.New("it was removed, or is another source's")}
	}
	info, err := j.Info()
	if err != nil {
		return err
	}
	if !info.State.Final() {
		return &job.Error{Op: "remove", Job: info.Ref.String(), Kind: job.WrongState, Err: fmt.Errorf("job is %v", info.State), Hint: "stop it first"}
	}
	s.jobs = slices.Delete(s.jobs, at, at+1)
	return nil
}
