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
	// [WrongState] error, one of another source an [Invalid] or [NotFound]
	// error.
	Remove(ctx context.Context, j Job) error
}

// Repository joins sources. The zero Repository has none.
type Repository struct {
	sources []Source
}

// NewRepository joins sources; new jobs are started by the first.
func NewRepository(sources ...Source) *Repository { return &Repository{sources: sources} }

// Source is the source of this name; nil if there is none.
func (r *Repository) Source(name string) Source {
	for _, s := range r.sources {
		if s.Name() == name {
			return s
		}
	}
	return nil
}

// Start makes a job by the first source and starts it.
func (r *Repository) Start(ctx context.Context, spec Spec) (Job, error) {
	if len(r.sources) == 0 {
		return nil, &Error{Op: "start", Kind: Unsupported, Err: errors.New("the repository has no source")}
	}
	return r.sources[0].Start(ctx, spec)
}

// Find asks every source and joins what they found, in one order: that of
// q.Jobs, then of ids, then of the sources. A source that is sick does not
// hide the others: its error is joined into err, with its name. What one
// source has and another has not is found.
func (r *Repository) Find(ctx context.Context, q Query) ([]Job, error) {
	if len(r.sources) == 1 {
		return r.sources[0].Find(ctx, q)
	}
	if len(q.Jobs) == 0 {
		found, errs := r.ask(ctx, q)
		return jobsOf(r.narrow(found, q)), errors.Join(errs...)
	}
	var all []selected
	var errs []error
	for _, text := range q.Jobs {
		one := q
		one.Jobs = []string{text}
		found, failed := r.ask(ctx, one)
		all = append(all, unseen(all, found)...)
		errs = append(errs, r.missing(failed)...)
	}
	return jobsOf(r.narrow(all, q)), errors.Join(errs...)
}

// ask puts a query to all sources.
func (r *Repository) ask(ctx context.Context, q Query) (found []selected, errs []error) {
	for _, s := range r.sources {
		jobs, err := s.Find(ctx, q)
		for _, j := range jobs {
			info, _ := infoFor(j, q.Reader) // a sick job still stands in the list
			found = append(found, selected{j, info})
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name(), err))
		}
	}
	sort.SliceStable(found, func(i, k int) bool { return found[i].info.ID < found[k].info.ID })
	return found, errs
}

// missing are the errors about one text: that it names nothing counts only if
// all sources that could look say so.
func (r *Repository) missing(failed []error) (errs []error) {
	var nowhere []error
	for _, err := range failed {
		if kindOf(err) == NotFound {
			nowhere = append(nowhere, err)
			continue
		}
		errs = append(errs, err)
	}
	if len(nowhere) > 0 && len(failed) == len(r.sources) {
		errs = append(errs, errors.Unwrap(nowhere[0]))
	}
	return errs
}

func kindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Other
}

// narrow keeps the newest among all sources.
func (r *Repository) narrow(found []selected, q Query) []selected {
	if q.Newest == nil {
		return found
	}
	return newestOf(found, *q.Newest)
}

// unseen are the jobs of found that are not in all.
func unseen(all, found []selected) (fresh []selected) {
	for _, f := range found {
		known := false
		for _, have := range all {
			known = known || f.info.InstanceID != (InstanceID{}) && have.info.InstanceID == f.info.InstanceID
		}
		if !known {
			fresh = append(fresh, f)
		}
	}
	return fresh
}

func jobsOf(found []selected) []Job {
	jobs := make([]Job, len(found))
	for i, f := range found {
		jobs[i] = f.job
	}
	return jobs
}

// Remove forgets a job of any of the sources. With force a job that is not
// final is stopped first; without, it is a [WrongState] error.
func (r *Repository) Remove(ctx context.Context, j Job, force bool) error {
	if isNil(j) {
		return &Error{Op: "remove", Kind: Invalid, Err: errNil}
	}
	if force {
		if err := j.Stop(ctx, StopOptions{}); err != nil {
			return err
		}
	}
	err := error(&Error{Op: "remove", Kind: Unsupported, Err: errors.New("the repository has no source")})
	for _, s := range r.sources {
		if err = s.Remove(ctx, j); err == nil || kindOf(err) != Invalid && kindOf(err) != NotFound {
			return err
		}
	}
	return err
}
