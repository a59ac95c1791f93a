package job

import (
	"context"
	"errors"
	"fmt"
	"sort"
)

// Source runs and finds the jobs of one kind.
type Source interface {
	// Name tells sources apart, in errors and in lists: "local".
	Name() string

	// Start makes a job and starts it.
	Start(ctx context.Context, spec Spec) (Job, error)

	// Find gives the jobs that the query takes, in the order of Query.Jobs,
	// then of ids. Each text of Query.Jobs that names no job literally is a
	// [NotFound] error joined into err; the jobs found come back all the same.
	Find(ctx context.Context, q Query) ([]Job, error)

	// Remove forgets a job and all it put out. A job that is not final is a
	// [WrongState] error.
	Remove(ctx context.Context, j Job) error
}

// Repository joins sources. The zero Repository has none.
type Repository struct {
	sources []Source
}

// NewRepository joins sources; new jobs are started by the first.
func NewRepository(sources ...Source) *Repository { return &Repository{sources: sources} }

// Start makes a job by the first source and starts it.
func (r *Repository) Start(ctx context.Context, spec Spec) (Job, error) {
	if len(r.sources) == 0 {
		return nil, &Error{Kind: Unsupported, Err: errors.New("the repository has no source")}
	}
	return r.sources[0].Start(ctx, spec)
}

// Find asks every source and joins what they found, in one order. A source
// that is sick does not hide the others: its error is joined into err, with
// its name. A job that one source has and another has not is found.
func (r *Repository) Find(ctx context.Context, q Query) ([]Job, error) {
	if len(r.sources) == 1 {
		return r.sources[0].Find(ctx, q)
	}
	var found []Job
	var errs []error
	for _, s := range r.sources {
		jobs, err := s.Find(ctx, q)
		found = append(found, jobs...)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name(), err))
		}
	}
	sort.SliceStable(found, func(i, k int) bool {
		a, errA := found[i].Info()
		b, errB := found[k].Info()
		return errA == nil && errB == nil && a.ID < b.ID
	})
	return found, errors.Join(errs...)
}
