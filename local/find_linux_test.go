package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
	"pgregory.net/rapid"
)

// filled is a source with jobs that are final, made without running any; the
// last ends first. Job 3 is removed.
func filled(t *testing.T, names ...string) *Source {
	t.Helper()
	s := open(t)
	for i, name := range names {
		m := store.Meta{Type: Type, Children: 1, Spec: job.Spec{Name: name, Argv: []string{"make", name}, Command: "make " + name, Dir: "/"}}
		j, err := s.store.Create(&m)
		must(t, err)
		end := m.Created.Add(-time.Duration(i) * time.Hour)
		state := []job.State{job.Completed, job.Failed}[i%2]
		e := store.Event{Time: end, Child: 1, Step: true, State: state}
		must(t, j.Append(e))
		must(t, s.store.Update(store.Sum(m, e).Record(m)))
		must(t, j.Close())
	}
	if len(names) >= 3 {
		must(t, s.Remove(context.Background(), &Job{source: s, ref: job.Ref{ID: 3}}))
	}
	return s
}

func refsOf(jobs []job.Job) string {
	var refs []string
	for _, j := range jobs {
		refs = append(refs, j.(*Job).Ref().String())
	}
	return strings.Join(refs, " ")
}

func TestFind(t *testing.T) {
	long := strings.Repeat("long", 40)
	s := filled(t, "night", "Nightly", "gone", "", long, "night", "[x]")
	instance := func(id job.ID) string {
		r, _, err := s.store.Read(id)
		must(t, err)
		return r.Instance.String()
	}
	failed, running, two, none, negative := job.Failed, job.Running, 2, 0, -1
	for _, c := range []struct {
		query job.Query
		want  string
		lost  int // texts that name nothing
	}{
		{job.Query{}, "1 2 4 5 6 7", 0},
		{job.Query{Jobs: []string{"6", "1", "6"}}, "6 1", 0},
		{job.Query{Jobs: []string{"2.1", "2"}}, "2.1 2", 0},
		{job.Query{Jobs: []string{"NIGHT"}}, "1 6", 0},
		{job.Query{Jobs: []string{"night*"}}, "1 2 6", 0},
		{job.Query{Jobs: []string{"job4"}}, "4", 0},
		{job.Query{Jobs: []string{long}}, "5", 0},
		{job.Query{Jobs: []string{"[x]"}}, "7", 0},
		{job.Query{Jobs: []string{"nothing*"}}, "", 0},
		{job.Query{Jobs: []string{instance(2)}}, "2", 0},
		{job.Query{Jobs: []string{strings.ToUpper(instance(2)[26:])}}, "2", 0},
		{job.Query{Jobs: []string{"3"}}, "", 1},
		{job.Query{Jobs: []string{"0", "99", "4", "1.2", "gone"}}, "4", 4},
		{job.Query{Jobs: []string{job.NewInstanceID(time.Now()).String()}}, "", 1},
		{job.Query{States: []job.State{failed}}, "2 4 6", 0},
		{job.Query{Name: "night"}, "1 6", 0},
		{job.Query{Command: "make nightly"}, "2", 0},
		{job.Query{Location: "local*"}, "1 2 4 5 6 7", 0},
		{job.Query{Location: "mars"}, "", 0},
		{job.Query{Newest: &two}, "1 2", 0},
		{job.Query{Newest: &none}, "", 0},
		{job.Query{Newest: &negative}, "", 0},
		{job.Query{Newest: &negative, Jobs: []string{"7", "6"}}, "", 0},
		{job.Query{Newest: &two, States: []job.State{failed}}, "2 4", 0},
		{job.Query{Newest: &two, Jobs: []string{"7", "6", "5"}}, "6 5", 0},
		{job.Query{Before: time.Now().Add(-90 * time.Minute)}, "4 5 6 7", 0},
		{job.Query{After: time.Now().Add(-90 * time.Minute)}, "1 2", 0},
		{job.Query{Jobs: []string{"1", "2"}, Children: true}, "1 1.1 2 2.1", 0},
		{job.Query{Jobs: []string{"1", "2"}, ChildState: &failed}, "1 2 2.1", 0},
		{job.Query{Jobs: []string{"1"}, ChildState: &running}, "1", 0},
	} {
		jobs, err := s.Find(context.Background(), c.query)
		lost := 0
		if err != nil {
			lost = strings.Count(err.Error(), "\n") + 1
			if !errors.As(err, new(*job.Error)) || !isKind(err, job.NotFound) {
				t.Errorf("Find(%+v): %v, want NotFound errors", c.query, err)
			}
		}
		if got := refsOf(jobs); got != c.want || lost != c.lost {
			t.Errorf("Find(%+v): got %q, %v, want %q and %d errors", c.query, got, err, c.want, c.lost)
		}
	}
}

func TestInstanceSuffix(t *testing.T) {
	for text, want := range map[string]string{
		"01a206eb": "01a206eb", "AB-CDEF0": "ab-cdef0", "1234567": "", "": "", "nightly1": "", "deadbeef": "deadbeef",
		"01a206eb-042b-73cd-9750-e97e07625a44": "01a206eb-042b-73cd-9750-e97e07625a44", strings.Repeat("0", 37): "",
	} {
		if got := instanceSuffix(text); got != want {
			t.Errorf("instanceSuffix(%q): got %q, want %q", text, got, want)
		}
	}
}

// newest keeps those that are not final, then those that ended last, in the
// order in which they came.
func TestNewestKeepsTheRightOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []candidate
		for i := range rapid.IntRange(0, 12).Draw(t, "jobs") {
			r := store.Record{ID: job.ID(i + 1), State: job.Running}
			if rapid.Bool().Draw(t, "final") {
				r.State, r.End = job.Completed, time.Unix(int64(rapid.IntRange(0, 1000).Draw(t, "end")*20+i), 0)
			}
			all = append(all, candidate{job.Ref{ID: r.ID}, r})
		}
		all = rapid.Permutation(all).Draw(t, "order")
		n := rapid.IntRange(0, 14).Draw(t, "n")
		rank := append([]candidate(nil), all...)
		sort.Slice(rank, func(i, k int) bool {
			a, b := rank[i].record, rank[k].record
			if a.State.Final() != b.State.Final() {
				return b.State.Final()
			}
			return !a.State.Final() && a.ID > b.ID || a.End.After(b.End)
		})
		keep := map[job.Ref]bool{}
		for _, c := range rank[:min(n, len(rank))] {
			keep[c.ref] = true
		}
		var want []job.Ref
		for _, c := range all {
			if keep[c.ref] {
				want = append(want, c.ref)
			}
		}
		var got []job.Ref
		for _, c := range newest(append([]candidate(nil), all...), n) {
			got = append(got, c.ref)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("newest(%v, %d): got %v, want %v", all, n, got, want)
		}
	})
}

func TestDir(t *testing.T) {
	for _, c := range []struct{ repository, state, home, want string }{
		{"/r", "/s", "/h", "/r"}, {"", "/s", "/h", "/s/job"}, {"", "s", "/h", "/h/.local/state/job"}, {"", "", "/h", "/h/.local/state/job"},
	} {
		t.Setenv("JOB_REPOSITORY", c.repository)
		t.Setenv("XDG_STATE_HOME", c.state)
		t.Setenv("HOME", c.home)
		if got, err := Dir(); got != filepath.FromSlash(c.want) || err != nil {
			t.Errorf("Dir with %+v: got %q, %v", c, got, err)
		}
	}
}
