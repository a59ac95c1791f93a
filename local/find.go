package local

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// Find gives the jobs that the query takes, in the order in which q.Jobs
// names them (each once), else in the order of ids. Texts that name nothing
// literally are NotFound errors, joined; the rest is found all the same.
func (s *Source) Find(ctx context.Context, q job.Query) ([]job.Job, error) {
	jobs, err := s.find(q)
	found := make([]job.Job, len(jobs))
	for i, j := range jobs {
		found[i] = j
	}
	return found, err
}

func (s *Source) find(q job.Query) ([]*Job, error) {
	found, missing := s.named(q)
	if q.Newest != nil {
		found = newest(found, *q.Newest)
	}
	jobs := make([]*Job, 0, len(found))
	for _, f := range found {
		j := &Job{source: s, ref: f.ref}
		jobs = append(jobs, j)
		if f.ref.Child == 0 {
			jobs = append(jobs, j.wanted(q, f.record)...)
		}
	}
	return jobs, missing
}

// wanted are the children that the query adds to a job.
func (j *Job) wanted(q job.Query, r store.Record) []*Job {
	switch {
	case q.ChildState == nil && q.Children:
		return j.ChildJobs()
	case q.ChildState == nil || r.Flags&store.Many == 0 && *q.ChildState != r.State:
		return nil
	case r.Flags&store.Many == 0:
		return j.ChildJobs()
	}
	_, status, _ := j.source.read(r)
	var wanted []*Job
	for i, c := range status.Each {
		if c.State.State == *q.ChildState && i < status.Children {
			wanted = append(wanted, j.child(i+1))
		}
	}
	return wanted
}

// candidate is a job that was named, or that may be meant.
type candidate struct {
	ref    job.Ref
	record store.Record
}

// named gives the jobs that q.Jobs names, or all, which pass the filters.
func (s *Source) named(q job.Query) ([]candidate, error) {
	if len(q.Jobs) == 0 {
		return s.all(q)
	}
	var found []candidate
	var errs []error
	seen := map[job.Ref]bool{}
	for _, text := range q.Jobs {
		matches, err := s.resolve(text)
		if err != nil {
			errs = append(errs, err)
		}
		for _, c := range matches {
			if !seen[c.ref] && s.passes(&c, q) {
				found = append(found, c)
			}
			seen[c.ref] = true
		}
	}
	return found, errors.Join(errs...)
}

func (s *Source) all(q job.Query) (found []candidate, err error) {
	if only := onlyNewest(q); only {
		open, final, _, err := s.store.Newest(*q.Newest)
		if err != nil {
			return nil, err
		}
		records := append(open, final...)
		sort.Slice(records, func(i, k int) bool { return records[i].ID < records[k].ID })
		return s.passing(records, q), nil
	}
	var records []store.Record
	err = s.store.Each(func(r store.Record) bool {
		if q.MatchEnd(r.End) || !r.State.Final() {
			records = append(records, r)
		}
		return true
	})
	return s.passing(records, q), err
}

func (s *Source) passing(records []store.Record, q job.Query) (found []candidate) {
	for _, r := range records {
		c := candidate{job.Ref{ID: r.ID}, r}
		if s.passes(&c, q) {
			found = append(found, c)
		}
	}
	return found
}

// onlyNewest reports whether nothing but Newest narrows the query, so that
// the index need not be read from end to end.
func onlyNewest(q job.Query) bool {
	n := q.Newest
	q.Newest, q.ChildState = nil, nil
	return n != nil && !q.Filtered()
}

// passes mends the record if need be and reports whether the filters take it.
// The cheap ones come first.
func (s *Source) passes(c *candidate, q job.Query) bool {
	r, err := s.mend(c.record)
	if err == nil {
		r, err = (&Job{source: s, ref: c.ref}).own(r)
	}
	c.record = r
	if isKind(err, job.NotFound) || !r.Live() {
		return false
	}
	if !q.MatchState(r.State) || !q.MatchEnd(r.End) {
		return false
	}
	if q.Name != "" && !job.MatchPattern(q.Name, s.name(r)) {
		return false
	}
	if q.Command == "" && q.Location == "" && q.HasMoreData == nil {
		return true
	}
	info, err := (&Job{source: s, ref: c.ref}).InfoFor(readerOf(q))
	return err == nil && q.MatchInfo(info)
}

func readerOf(q job.Query) string {
	if q.Reader == "" {
		return "default"
	}
	return q.Reader
}

// name is a job's whole name.
func (s *Source) name(r store.Record) string {
	if r.Flags&store.LongName != 0 {
		if m, _, err := s.store.Folder(r.ID).Read(); err == nil {
			return m.DisplayName()
		}
	}
	return r.DisplayName()
}

// newest keeps n: those that are not final, then those that ended last. The
// order stays.
func newest(found []candidate, n int) []candidate {
	if len(found) <= n {
		return found
	}
	order := make([]int, len(found))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, k int) bool {
		a, b := found[order[i]].record, found[order[k]].record
		switch {
		case !a.State.Final() && !b.State.Final():
			return a.ID > b.ID
		case a.State.Final() != b.State.Final():
			return b.State.Final()
		}
		return a.End.After(b.End)
	})
	order = order[:max(n, 0)]
	sort.Ints(order)
	kept := make([]candidate, len(order))
	for i, at := range order {
		kept[i] = found[at]
	}
	return kept
}

// resolve finds what a text names: id, child id, instance id, name, pattern,
// tried in this order.
func (s *Source) resolve(text string) ([]candidate, error) {
	if ref, ok := job.ParseRef(text); ok {
		return s.byID(ref)
	}
	var byInstance, byName, byPattern []candidate
	suffix := instanceSuffix(text)
	err := s.store.Each(func(r store.Record) bool {
		c := candidate{job.Ref{ID: r.ID}, r}
		if suffix != "" && strings.HasSuffix(r.Instance.String(), suffix) {
			byInstance = append(byInstance, c)
		}
		for n := 1; suffix != "" && n <= r.Children; n++ {
			if strings.HasSuffix(r.Instance.Child(n).String(), suffix) {
				byInstance = append(byInstance, candidate{job.Ref{ID: r.ID, Child: n}, r})
			}
		}
		switch name := s.name(r); {
		case strings.EqualFold(name, text):
			byName = append(byName, c)
		case job.IsPattern(text) && job.MatchPattern(text, name):
			byPattern = append(byPattern, c)
		}
		return true
	})
	switch {
	case err != nil:
		return nil, err
	case len(byInstance) == 1:
		return byInstance, nil
	case len(byName) > 0:
		return byName, nil
	case job.IsPattern(text):
		return byPattern, nil
	case len(byInstance) > 1:
		return nil, &job.Error{Kind: job.NotFound, Err: fmt.Errorf("%d jobs have an instance id that ends with %q", len(byInstance), text),
			Hint: "give more of it"}
	case len(suffix) == 36:
		return nil, &job.Error{Kind: job.NotFound, Err: fmt.Errorf("no job with instance id %s", text)}
	}
	return nil, &job.Error{Kind: job.NotFound, Err: fmt.Errorf("no job named %q", text)}
}

// byID finds a job by its number. One that is just being made, or that lost
// who made it, is no job yet.
func (s *Source) byID(ref job.Ref) ([]candidate, error) {
	r, found, err := s.store.Read(ref.ID)
	if err == nil && found && !r.Live() {
		r, err = s.mend(r)
	}
	if err == nil && found && ref.Child > 0 {
		found = ref.Child == 1
		if r.Flags&store.Many != 0 {
			_, err = (&Job{source: s, ref: ref}).own(r)
			found = err == nil
		}
	}
	if err == nil && (!found || !r.Live()) || isKind(err, job.NotFound) {
		return nil, notFound(ref.String())
	}
	if err != nil {
		return nil, err
	}
	return []candidate{{ref, r}}, nil
}

// instanceSuffix is the text as the end of an instance id, "" if it cannot be
// one.
func instanceSuffix(text string) string {
	lower := strings.ToLower(text)
	if len(lower) < 8 || len(lower) > 36 || strings.Trim(lower, "0123456789abcdef-") != "" {
		return ""
	}
	return lower
}

// Newest gives the jobs that are not final and the n that ended last, in the
// order of ids, and how many older ones there are.
func (s *Source) Newest(n int) (jobs []job.Job, older int, err error) {
	open, final, older, err := s.store.Newest(n)
	if err != nil {
		return nil, 0, err
	}
	records := append(open, final...)
	sort.Slice(records, func(i, k int) bool { return records[i].ID < records[k].ID })
	for _, c := range s.passing(records, job.Query{}) {
		jobs = append(jobs, &Job{source: s, ref: c.ref})
	}
	return jobs, older, nil
}

// Refresh looks again which jobs there are.
func (s *Source) Refresh() error { return s.store.Refresh() }
