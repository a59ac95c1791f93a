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
// hide the others: its error is joined into err, once, with its name. What one
// source has and another has not is found.
func (r *Repository) Find(ctx context.Context, q Query) ([]Job, error) {
	if len(r.sources) == 1 {
		return r.sources[0].Find(ctx, q)
	}
	if q.Newest == nil {
		found, err := r.gather(ctx, q)
		return jobsOf(found), err
	}
	bare := q // children come with the newest of all sources only
	bare.Children, bare.ChildState = false, nil
	found, err := r.gather(ctx, bare)
	s := selection{query: q, seen: map[known]bool{}}
	for _, f := range found {
		s.seen[f.known()] = true
	}
	return s.withChildren(newestOf(found, *q.Newest)), err
}

// gather is what the sources find, text by text if there are any.
func (r *Repository) gather(ctx context.Context, q Query) (all []selected, err error) {
	sick := make([]bool, len(r.sources))
	if len(q.Jobs) == 0 {
		found, errs := r.ask(ctx, q, sick)
		return found, errors.Join(errs...)
	}
	var errs []error
	for _, text := range q.Jobs {
		one := q
		one.Jobs = []string{text}
		found, failed := r.ask(ctx, one, sick)
		all = append(all, unseen(all, found)...)
		errs = append(errs, missing(failed, sick)...)
	}
	return all, errors.Join(errs...)
}

// ask puts a query to all sources that are not sick, and notes which are.
func (r *Repository) ask(ctx context.Context, q Query, sick []bool) (found []selected, errs []error) {
	for i, s := range r.sources {
		if sick[i] {
			continue
		}
		jobs, err := s.Find(ctx, q)
		for _, j := range jobs {
			info, _ := infoFor(j, q.Reader) // a sick job still stands in the list
			found = append(found, selected{j, info})
		}
		if err != nil {
			sick[i] = kindOf(err) != NotFound
			errs = append(errs, fmt.Errorf("%s: %w", s.Name(), err))
		}
	}
	sort.SliceStable(found, func(i, k int) bool { return found[i].info.ID < found[k].info.ID })
	return found, errs
}

// missing are the errors about one text: that it names nothing counts only if
// all sources that could look say so.
func missing(failed []error, sick []bool) (errs []error) {
	var nowhere []error
	for _, err := range failed {
		if kindOf(err) == NotFound {
			nowhere = append(nowhere, err)
			continue
		}
		errs = append(errs, err)
	}
	could := 0
	for _, s := range sick {
		if !s {
			could++
		}
	}
	if len(nowhere) > 0 && len(nowhere) == could {
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
	err := r.remove(ctx, j)
	if !force || kindOf(err) != WrongState {
		return err // it is gone, or it is not ours to stop
	}
	if info, infoErr := j.Info(); infoErr != nil || info.Child != 0 {
		return err
	}
	if err := j.Stop(ctx, StopOptions{}); err != nil {
		return err
	}
	return r.remove(ctx, j)
}

// remove asks the sources one after the other, until one knows the job.
func (r *Repository) remove(ctx context.Context, j Job) error {
	err := error(&Error{Op: "remove", Kind: Unsupported, Err: errors.New("the repository has no source")})
	for _, s := range r.sources {
		if err = s.Remove(ctx, j); err == nil || kindOf(err) != Invalid && kindOf(err) != NotFound {
			return err
		}
	}
	return err
}
