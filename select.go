package job

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// Select gives the jobs that a query takes, out of all that there are, which
// come in the order of their ids: in the order of q.Jobs, each once, else in
// the order they came in. Each text of q.Jobs that names no job literally is a
// [NotFound] error joined into err; the rest is found all the same. It is what
// a Source without an index of its own needs for Find.
func Select(all []Job, q Query) ([]Job, error) {
	s := selection{query: q, seen: map[Ref]bool{}}
	for _, j := range all {
		if info, err := infoFor(j, q.Reader); err == nil {
			s.all = append(s.all, selected{j, info})
		}
	}
	found, err := s.named()
	if q.Newest != nil {
		found = newestOf(found, *q.Newest)
	}
	return s.withChildren(found), err
}

// selected is a job with what it said of itself.
type selected struct {
	job  Job
	info Info
}

type selection struct {
	query Query
	all   []selected
	seen  map[Ref]bool
}

func (s *selection) named() (found []selected, err error) {
	if len(s.query.Jobs) == 0 {
		for _, c := range s.all {
			if s.query.MatchInfo(c.info) {
				found = append(found, c)
			}
		}
		return found, nil
	}
	var errs []error
	for _, text := range s.query.Jobs {
		matches, err := s.resolve(text)
		errs = append(errs, err)
		for _, c := range matches {
			if !s.seen[c.info.Ref] && s.query.MatchInfo(c.info) {
				found = append(found, c)
			}
			s.seen[c.info.Ref] = true
		}
	}
	return found, errors.Join(errs...)
}

// resolve finds what a text names: id, child id, instance id, name, pattern,
// tried in this order.
func (s *selection) resolve(text string) ([]selected, error) {
	if ref, ok := ParseRef(text); ok {
		return s.byRef(ref)
	}
	suffix := instanceSuffix(text)
	byInstance := s.matching(func(i Info) bool { return suffix != "" && strings.HasSuffix(i.InstanceID.String(), suffix) })
	byName := s.matching(func(i Info) bool { return strings.EqualFold(i.Name, text) })
	switch {
	case len(byInstance) == 1:
		return byInstance, nil
	case len(byName) > 0:
		return byName, nil
	case IsPattern(text):
		return s.matching(func(i Info) bool { return MatchPattern(text, i.Name) }), nil
	case len(byInstance) > 1:
		return nil, &Error{Kind: NotFound, Err: fmt.Errorf("%d jobs have an instance id that ends with %q", len(byInstance), text),
			Hint: "give more of it"}
	}
	return nil, &Error{Kind: NotFound, Err: fmt.Errorf("no job named %q", text)}
}

func (s *selection) matching(holds func(Info) bool) (found []selected) {
	for _, c := range s.all {
		if holds(c.info) {
			found = append(found, c)
		}
	}
	return found
}

func (s *selection) byRef(ref Ref) ([]selected, error) {
	found := s.matching(func(i Info) bool { return i.Ref == Ref{ID: ref.ID} })
	if ref.Child == 0 && len(found) > 0 {
		return found, nil
	}
	var children []selected
	for _, c := range found {
		if all := c.job.Children(); ref.Child <= len(all) {
			if info, err := infoFor(all[ref.Child-1], s.query.Reader); err == nil {
				children = append(children, selected{all[ref.Child-1], info})
			}
		}
	}
	if len(children) == 0 {
		return nil, &Error{Kind: NotFound, Job: "", Err: fmt.Errorf("no job with id %v", ref)}
	}
	return children, nil
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

// newestOf keeps n: those that are not final, then those that ended last. The
// order stays.
func newestOf(found []selected, n int) []selected {
	if len(found) <= n {
		return found
	}
	order := make([]int, len(found))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, k int) bool {
		a, b := found[order[i]].info, found[order[k]].info
		switch {
		case !a.State.Final() && !b.State.Final():
			return a.ID > b.ID
		case a.State.Final() != b.State.Final():
			return b.State.Final()
		}
		return a.EndTime.After(b.EndTime)
	})
	order = order[:max(n, 0)]
	sort.Ints(order)
	kept := make([]selected, len(order))
	for i, at := range order {
		kept[i] = found[at]
	}
	return kept
}

// withChildren adds the children that the query asks for behind their job.
func (s *selection) withChildren(found []selected) []Job {
	jobs := make([]Job, 0, len(found))
	for _, c := range found {
		jobs = append(jobs, c.job)
		if c.info.Child != 0 || !s.query.Children && s.query.ChildState == nil {
			continue
		}
		for _, child := range c.job.Children() {
			if s.query.ChildState == nil || stateOf(child) == *s.query.ChildState {
				jobs = append(jobs, child)
			}
		}
	}
	return jobs
}

func stateOf(j Job) State {
	info, err := j.Info()
	if err != nil {
		return NotStarted
	}
	return info.State
}
