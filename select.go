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
// [NotFound] error joined into err; the rest is found all the same. A job that
// cannot say who it is (its Info is an error) is left out. It is what a Source
// without an index of its own needs for Find.
func Select(all []Job, q Query) ([]Job, error) {
	s := selection{query: q, seen: map[known]bool{}}
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
	seen  map[known]bool // what was named already
}

// known is what tells jobs apart, also those that others number.
type known struct {
	ref      Ref
	instance InstanceID
}

func (c selected) known() known { return known{c.info.Ref, c.info.InstanceID} }

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
			if !s.seen[c.known()] && s.query.MatchInfo(c.info) {
				found = append(found, c)
			}
			s.seen[c.known()] = true
		}
	}
	return found, errors.Join(errs...)
}

// resolve finds what a text names: id, child id, instance id, name, pattern,
// tried in this order.
func (s *selection) resolve(text string) ([]selected, error) {
	ref, isRef := ParseRef(text)
	if isRef {
		if found := s.byRef(ref); len(found) > 0 {
			return found, nil // else it may be the end of an instance id all the same
		}
	}
	byInstance := s.byInstance(text)
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
	case isRef:
		return nil, &Error{Kind: NotFound, Err: fmt.Errorf("no job with id %s", text)}
	case len(instanceSuffix(text)) == 36:
		return nil, &Error{Kind: NotFound, Err: fmt.Errorf("no job with instance id %s", text)}
	}
	return nil, &Error{Kind: NotFound, Err: fmt.Errorf("no job named %q", text)}
}

// byInstance finds jobs, and children, whose instance id ends with a text.
func (s *selection) byInstance(text string) (found []selected) {
	suffix := instanceSuffix(text)
	if suffix == "" {
		return nil
	}
	for _, c := range s.all {
		for _, one := range append([]selected{c}, s.childrenOf(c)...) {
			if strings.HasSuffix(one.info.InstanceID.String(), suffix) {
				found = append(found, one)
			}
		}
	}
	return found
}

func (s *selection) childrenOf(c selected) (children []selected) {
	for _, child := range c.job.Children() {
		if info, err := infoFor(child, s.query.Reader); err == nil {
			children = append(children, selected{child, info})
		}
	}
	return children
}

func (s *selection) matching(holds func(Info) bool) (found []selected) {
	for _, c := range s.all {
		if holds(c.info) {
			found = append(found, c)
		}
	}
	return found
}

func (s *selection) byRef(ref Ref) []selected {
	found := s.matching(func(i Info) bool { return i.Ref == Ref{ID: ref.ID} })
	if ref.Child == 0 {
		return found
	}
	var children []selected
	for _, c := range found {
		if all := c.job.Children(); ref.Child <= len(all) {
			if info, err := infoFor(all[ref.Child-1], s.query.Reader); err == nil {
				children = append(children, selected{all[ref.Child-1], info})
			}
		}
	}
	return children
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

// withChildren adds the children that the query asks for behind their job, but
// for those that were named.
func (s *selection) withChildren(found []selected) []Job {
	jobs := make([]Job, 0, len(found))
	for _, c := range found {
		jobs = append(jobs, c.job)
		if c.info.Child != 0 || !s.query.Children && s.query.ChildState == nil {
			continue
		}
		for _, child := range s.childrenOf(c) {
			if s.addsChild(child) {
				jobs = append(jobs, child.job)
			}
		}
	}
	return jobs
}

func (s *selection) addsChild(c selected) bool {
	state := s.query.ChildState
	return !s.seen[c.known()] && (state == nil || *state == c.info.State)
}
