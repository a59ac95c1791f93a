package job_test

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// stone is a job that says who it is, and never changes.
type stone struct {
	job.Job
	info     job.Info
	sick     error
	children []job.Job
}

func (s *stone) Info() (job.Info, error) { return s.info, s.sick }
func (s *stone) Children() []job.Job     { return s.children }

// quarry makes jobs with names, states and ends that are often alike.
func quarry(t *rapid.T) (all []job.Job) {
	ends := rapid.Permutation([]int{1, 2, 3, 4, 5, 6, 7, 8}).Draw(t, "ends")
	for i := range rapid.IntRange(0, 6).Draw(t, "jobs") {
		s := &stone{info: drawInfo(t, job.Ref{ID: job.ID(i*2 + 1)}, ends[i])}
		for n := range rapid.IntRange(0, 2).Draw(t, "children") {
			child := &stone{info: drawInfo(t, job.Ref{ID: s.info.ID, Child: n + 1}, ends[i])}
			s.children = append(s.children, child)
		}
		s.info.Children = len(s.children)
		all = append(all, s)
	}
	return all
}

func drawInfo(t *rapid.T, ref job.Ref, end int) job.Info {
	i := job.Info{Ref: ref, Name: rapid.SampledFrom([]string{"a", "A", "ab", "[x]", "deadbeef", "00000001"}).Draw(t, "name")}
	i.InstanceID = job.InstanceID{0: byte(ref.ID), 1: byte(ref.Child), 14: rapid.SampledFrom([]byte{0, 9}).Draw(t, "instance"), 15: byte(ref.ID)}
	i.Location = rapid.SampledFrom([]string{"here", "there"}).Draw(t, "location")
	i.Command = rapid.SampledFrom([]string{"make all", "make", "cc"}).Draw(t, "command")
	i.State = rapid.SampledFrom([]job.State{job.Running, job.Completed, job.Failed}).Draw(t, "state")
	i.Unread = rapid.SampledFrom([]int64{0, 5}).Draw(t, "unread")
	if i.State.Final() {
		i.EndTime = time.Unix(int64(1000+end), 0)
	}
	return i
}

func drawQuery(t *rapid.T) (q job.Query) {
	one := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	if rapid.Bool().Draw(t, "named") {
		texts := []string{"1", "3", "5", "99", "0", "1.1", "3.2", "5.9", "a", "A", "ab", "b", "a*", "[x]", "[x", "*", "?", "z*", "deadbeef",
			"00000001", "00000005", "000000000903", "01000000-0000-0000-0000-000000000001", "03010000-0000-0000-0000-000000000903", "7.x"}
		q.Jobs = rapid.SliceOfN(rapid.SampledFrom(texts), 1, 5).Draw(t, "texts")
	}
	if one("by state") {
		q.States = []job.State{rapid.SampledFrom([]job.State{job.Running, job.Failed, job.Blocked}).Draw(t, "of state")}
	}
	if one("by name") {
		q.Name = rapid.SampledFrom([]string{"a", "a*", "[x]"}).Draw(t, "of name")
	}
	if one("by place and work") {
		q.Location, q.Command = "h*", "make*"
	}
	if one("by data") {
		more := rapid.Bool().Draw(t, "more data")
		q.HasMoreData = &more
	}
	if one("by end") {
		q.Before, q.After = time.Unix(1006, 0), time.Unix(1002, 0)
	}
	if one("newest") {
		n := rapid.IntRange(-1, 4).Draw(t, "how many")
		q.Newest = &n
	}
	q.Children = one("with children")
	if one("with some children") {
		s := job.Failed
		q.ChildState = &s
	}
	return q
}

// naive is Select as one would tell it.
func naive(all []job.Job, q job.Query) (found []*stone, lost int) {
	everything, wanted := []*stone{}, []*stone{}
	for _, j := range all {
		everything = append(everything, j.(*stone))
	}
	if q.Jobs == nil {
		wanted = everything
	}
	for _, text := range q.Jobs {
		some := meant(everything, text)
		if len(some) == 0 && !strings.ContainsAny(text, "*?[") {
			lost++
		}
		for _, s := range some {
			if !slices.Contains(wanted, s) {
				wanted = append(wanted, s)
			}
		}
	}
	named := slices.Clone(wanted)
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(s *stone) bool { return !holds(s.info, q) })
	if q.Newest != nil {
		best := slices.Clone(wanted)
		sort.SliceStable(best, func(i, k int) bool { return newer(best[i].info, best[k].info) })
		best = best[:max(0, min(*q.Newest, len(best)))]
		wanted = slices.DeleteFunc(wanted, func(s *stone) bool { return !slices.Contains(best, s) })
	}
	for _, s := range wanted {
		found = append(found, s)
		for _, c := range s.children {
			c := c.(*stone)
			take := q.Children && q.ChildState == nil || q.ChildState != nil && *q.ChildState == c.info.State
			if take && !(q.Jobs != nil && slices.Contains(named, c)) {
				found = append(found, c)
			}
		}
	}
	return found, lost
}

// meant are the jobs that a text names.
func meant(all []*stone, text string) (some []*stone) {
	var number, child int
	if n, _ := fmt.Sscanf(text, "%d.%d", &number, &child); n == 2 || n == 1 && len(strings.Trim(text, "0123456789")) == 0 {
		for _, s := range all {
			switch {
			case s.info.ID != job.ID(number):
			case child == 0:
				some = append(some, s)
			case child <= len(s.children):
				some = append(some, s.children[child-1].(*stone))
			}
		}
	}
	if len(some) > 0 {
		return some
	}
	var instances []*stone
	for _, s := range all {
		for _, one := range append([]job.Job{s}, s.children...) {
			if i := one.(*stone).info.InstanceID.String(); len(text) >= 8 && strings.HasSuffix(i, text) {
				instances = append(instances, one.(*stone))
			}
		}
	}
	if len(instances) == 1 {
		return instances
	}
	for _, s := range all {
		if strings.EqualFold(s.info.Name, text) {
			some = append(some, s)
		}
	}
	for _, s := range all {
		if len(some) == 0 || len(some) > 0 && !strings.EqualFold(some[0].info.Name, text) {
			if strings.ContainsAny(text, "*?[") && job.MatchPattern(text, s.info.Name) {
				some = append(some, s)
			}
		}
	}
	return some
}

func holds(i job.Info, q job.Query) bool {
	return (q.States == nil || slices.Contains(q.States, i.State)) &&
		(q.Name == "" || job.MatchPattern(q.Name, i.Name)) &&
		(q.Location == "" || job.MatchPattern(q.Location, i.Location)) &&
		(q.Command == "" || job.MatchPattern(q.Command, i.Command)) &&
		(q.HasMoreData == nil || *q.HasMoreData == (i.Unread > 0)) &&
		(q.Before.IsZero() || i.State.Final() && i.EndTime.Before(q.Before)) &&
		(q.After.IsZero() || i.State.Final() && i.EndTime.After(q.After))
}

func newer(a, b job.Info) bool {
	switch {
	case a.State.Final() && b.State.Final():
		return a.EndTime.After(b.EndTime)
	case a.State.Final() != b.State.Final():
		return b.State.Final()
	}
	return a.ID > b.ID
}

func TestSelectAgainstANaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, q := quarry(t), drawQuery(t)
		got, err := job.Select(all, q)
		want, lost := naive(all, q)
		if a, b := stones(got), stones(want); a != b {
			t.Fatalf("Select(%+v) in %s: got %s, want %s", q, stones(all), a, b)
		}
		if n := lostIn(err); n != lost {
			t.Fatalf("Select(%+v) in %s: got error %v with %d NotFound, want %d", q, stones(all), err, n, lost)
		}
	})
}

func stones[J job.Job](jobs []J) string {
	var all []string
	for _, j := range jobs {
		i, _ := j.Info()
		all = append(all, fmt.Sprintf("%v %s %s %v", i.Ref, i.Name, i.InstanceID, i.State))
	}
	return strings.Join(all, ", ")
}

// lostIn counts the NotFound errors that are joined.
func lostIn(err error) int {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		n := 0
		for _, e := range several.Unwrap() {
			n += lostIn(e)
		}
		return n
	}
	var e *job.Error
	if errors.As(err, &e) && e.Kind == job.NotFound {
		return 1
	}
	return 0
}

// What is ambiguous is told, with what to do about it.
func TestSelectAmbiguous(t *testing.T) {
	var all []job.Job
	for n := range 2 {
		all = append(all, &stone{info: job.Info{Ref: job.Ref{ID: job.ID(n + 1)}, Name: "x", InstanceID: job.InstanceID{0: byte(n), 15: 7}}})
	}
	_, err := job.Select(all, job.Query{Jobs: []string{"000000000007"}})
	var e *job.Error
	if !errors.As(err, &e) || e.Kind != job.NotFound || e.Hint == "" || !strings.Contains(err.Error(), "2 jobs") {
		t.Errorf("an end of two instance ids: got %v, want a NotFound error with a hint", err)
	}
}

func TestSelectLeavesOutTheSick(t *testing.T) {
	all := []job.Job{&stone{info: job.Info{Ref: job.Ref{ID: 1}}, sick: errors.New("damaged")}, &stone{info: job.Info{Ref: job.Ref{ID: 2}}}}
	if got, err := job.Select(all, job.Query{}); err != nil || len(got) != 1 || got[0] != all[1] {
		t.Errorf("Select with a job that cannot say who it is: got %d jobs, %v, want the other", len(got), err)
	}
}
