package jobtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/backjob/job"
)

var findChecks = []sourceCheck{
	{"find/nothing where there is nothing", 0, func(t *sourceTrial) {
		t.wantFound("in a source without jobs", job.Query{})
		t.wantFound("by a pattern, in a source without jobs", job.Query{Jobs: []string{"*"}})
	}},
	{"find/all, each once, in the order of ids", 0, func(t *sourceTrial) {
		gate := t.hold()
		var all []job.Job
		for _, name := range []string{"c", "a", "b", "a"} {
			all = append(all, t.begin(name, Script{Hold: gate.C}))
		}
		t.wantFound("all, while they are at work", job.Query{}, all...)
		gate.open()
		for _, j := range all {
			t.wait(j)
		}
		t.wantFound("all, when they are final", job.Query{}, all...)
	}},
	{"find/by what names a job", 0, func(t *sourceTrial) {
		night, nightly, other, again := t.final("night", Script{}), t.final("Nightly", Script{}), t.final("other", Script{}), t.final("NIGHT", Script{})
		instance := t.info(other).InstanceID.String()
		for _, c := range []struct {
			what  string
			texts []string
			want  []job.Job
		}{
			{"by id", []string{t.info(other).Ref.String()}, []job.Job{other}},
			{"by instance id", []string{instance}, []job.Job{other}},
			{"by instance id in capitals", []string{strings.ToUpper(instance)}, []job.Job{other}},
			{"by the end of an instance id", []string{endOf(instance)}, []job.Job{other}},
			{"by a name that two have", []string{"night"}, []job.Job{night, again}},
			{"by a pattern", []string{"night*"}, []job.Job{night, nightly, again}},
			{"by a pattern with a class", []string{"[mno]ther"}, []job.Job{other}},
			{"by a pattern that matches nothing", []string{"mars*"}, nil},
			{"in the order of the texts, each once", []string{"other", "*i*", "night", "other"}, []job.Job{other, night, nightly, again}},
		} {
			t.wantFound(fmt.Sprintf("%s, %q", c.what, c.texts), job.Query{Jobs: c.texts}, c.want...)
		}
	}},
	{"find/what names nothing is told, the rest is found", 0, func(t *sourceTrial) {
		one, two := t.final("one", Script{}), t.final("two", Script{})
		unknown := []string{"nobody", "999999", "999999.1", job.NewInstanceID(time.Now()).String()}
		for _, text := range unknown {
			t.wantLost(job.Query{Jobs: []string{text}}, 1)
			t.wantLost(job.Query{Jobs: []string{"two", text, "one"}}, 1, two, one)
		}
		t.wantLost(job.Query{Jobs: append(unknown, "one", "mars*")}, len(unknown), one)
	}},
	{"find/children by their ids", 0, func(t *sourceTrial) {
		var s Script
		if !t.kind.lacks(Children) {
			s.Children = []Script{{}, {}}
		}
		other, j := t.final("other", Script{}), t.final("parent", s)
		children := t.children(j)
		for i, c := range children {
			ref := job.Ref{ID: t.info(j).ID, Child: i + 1}.String()
			t.wantFound("by the child id "+ref, job.Query{Jobs: []string{ref}}, c)
			t.wantFound("of a child, then of its job", job.Query{Jobs: []string{ref, "parent"}}, c, j)
			t.wantFound("by a child's instance id", job.Query{Jobs: []string{t.info(c).InstanceID.String()}}, c)
		}
		t.wantLost(job.Query{Jobs: []string{job.Ref{ID: t.info(j).ID, Child: len(children) + 1}.String()}}, 1)
		if len(children) > 0 {
			first := job.Ref{ID: t.info(j).ID, Child: 1}.String()
			t.wantFound("of a child and of its job, with Children", job.Query{Jobs: []string{first, "parent"}, Children: true}, append([]job.Job{children[0], j}, children[1:]...)...)
		}
		t.wantFound("with Children", job.Query{Children: true}, t.withChildren(other, j)...)
		completed, failed := job.Completed, job.Failed
		t.wantFound("with the children that are Completed", job.Query{ChildState: &completed}, t.withChildren(other, j)...)
		t.wantFound("with the children that Failed", job.Query{ChildState: &failed}, other, j)
	}},
}

// endOf is the last 8 characters of an instance id, or some more so that it is
// no number, which would be an id.
func endOf(instance string) string {
	n := len(instance) - 8
	for strings.Trim(instance[n:], "0123456789") == "" {
		n--
	}
	return instance[n:]
}

// withChildren are jobs, each with its children behind it.
func (t *sourceTrial) withChildren(jobs ...job.Job) (all []job.Job) {
	t.Helper()
	for _, j := range jobs {
		all = append(append(all, j), t.children(j)...)
	}
	return all
}

// wantLost looks whether a query finds these jobs, and n of its texts name
// nothing.
func (t *sourceTrial) wantLost(q job.Query, n int, want ...job.Job) {
	t.Helper()
	got, err := t.find(q)
	if lost(err) != n {
		t.Errorf("Find by %q: got error %v, wanted %d NotFound errors joined, one for each text that names nothing", q.Jobs, err, n)
	}
	t.wantSame(fmt.Sprintf("Find by %q", q.Jobs), got, want)
}

var filterChecks = []sourceCheck{
	{"find/filters", 0, func(t *sourceTrial) { t.newShelf().tryFilters() }},
	{"find/the newest", 0, func(t *sourceTrial) { t.newShelf().tryNewest() }},
	{"find/has more data", 0, func(t *sourceTrial) { t.newShelf().tryMoreData() }},
}

// shelf is a source with some jobs: a and c ended well, b badly, one after the
// other; d is at work.
type shelf struct {
	*sourceTrial
	a, b, c, d job.Job
	all        []job.Job
}

func (t *sourceTrial) newShelf() *shelf {
	t.Helper()
	s := &shelf{sourceTrial: t}
	s.a = t.final("alpha", Script{Before: lines(job.Output, "a", 2)})
	s.b = t.final("beta", Script{Before: lines(job.Output, "b", 2), Fail: "broken"})
	s.c = t.final("Alpha", Script{})
	s.d = t.begin("delta", Script{Before: lines(job.Output, "d", 2), Hold: t.hold().C})
	t.follow(s.d, job.RecordOptions{}).first(2)
	s.all = []job.Job{s.a, s.b, s.c, s.d}
	return s
}

func (s *shelf) tryFilters() {
	s.Helper()
	for _, c := range []struct {
		what  string
		query job.Query
		want  func(job.Info) bool
	}{
		{"by state", job.Query{States: []job.State{job.Failed, job.Running}}, func(i job.Info) bool { return i.State == job.Failed || i.State == job.Running }},
		{"by name", job.Query{Name: "ALPHA"}, func(i job.Info) bool { return strings.EqualFold(i.Name, "alpha") }},
		{"by a pattern of names", job.Query{Name: "*eta"}, func(i job.Info) bool { return i.Name == "beta" }},
		{"by command", job.Query{Command: " work of beta "}, func(i job.Info) bool { return i.Name == "beta" }},
		{"by a pattern of commands", job.Query{Command: "work of *lpha"}, func(i job.Info) bool { return strings.EqualFold(i.Name, "alpha") }},
		{"by location", job.Query{Location: s.info(s.a).Location}, func(job.Info) bool { return true }},
		{"by a location where nothing runs", job.Query{Location: "mars"}, func(job.Info) bool { return false }},
		{"ended before", job.Query{Before: s.info(s.c).EndTime}, func(i job.Info) bool { return !i.EndTime.IsZero() && i.EndTime.Before(s.info(s.c).EndTime) }},
		{"ended after", job.Query{After: s.info(s.a).EndTime}, func(i job.Info) bool { return i.EndTime.After(s.info(s.a).EndTime) }},
		{"by state and name", job.Query{States: []job.State{job.Completed}, Name: "b*"}, func(job.Info) bool { return false }},
		{"by a name among those named", job.Query{Jobs: []string{"delta", "beta", "alpha"}, Name: "*eta"}, func(i job.Info) bool { return i.Name == "beta" }},
	} {
		s.wantFound(c.what, c.query, s.those(c.want)...)
	}
}

// those are the jobs for whose Info holds is true.
func (s *shelf) those(holds func(job.Info) bool) (some []job.Job) {
	s.Helper()
	for _, j := range s.all {
		if holds(s.info(j)) {
			some = append(some, j)
		}
	}
	return some
}

func (s *shelf) tryNewest() {
	s.Helper()
	for n, want := range [][]job.Job{{}, {s.d}, {s.c, s.d}, {s.b, s.c, s.d}, s.all, s.all} {
		s.wantFound(fmt.Sprintf("the newest %d", n), job.Query{Newest: &n}, want...)
	}
	one := 1
	s.wantFound("the newest that is Completed", job.Query{Newest: &one, States: []job.State{job.Completed}}, s.c)
	s.wantFound("the newest among those named", job.Query{Newest: &one, Jobs: []string{"beta", "alpha"}}, s.c)
}

func (s *shelf) tryMoreData() {
	s.Helper()
	yes, no := true, false
	s.wantFound("what has more data, when nothing was received", job.Query{HasMoreData: &yes}, s.a, s.b, s.d)
	s.wantFound("what has none", job.Query{HasMoreData: &no}, s.c)
	if s.kind.lacks(Marks) {
		return
	}
	s.receive(s.a, "default", 0)
	s.receive(s.b, "default", 1)
	s.wantFound("what has more data, when one job was received and half of another", job.Query{HasMoreData: &yes}, s.b, s.d)
	s.wantFound("what has more data for another reader", job.Query{HasMoreData: &yes, Reader: "other"}, s.a, s.b, s.d)
	s.receive(s.d, "other", 0)
	s.wantFound("what has none for another reader", job.Query{HasMoreData: &no, Reader: "other"}, s.c, s.d)
}
