package jobtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/backjob/job"
)

var removeChecks = []sourceCheck{
	{"remove/of a final job", 0, func(t *sourceTrial) {
		kept, j := t.final("kept", Script{}), t.final("gone", Script{Before: lines(job.Output, "out", 3)})
		id := t.info(j).ID
		if err := t.remove(j); err != nil {
			t.Fatalf("Remove of a final job: got %v, wanted nil", err)
		}
		t.wantFound("after a job was removed", job.Query{}, kept)
		t.wantLost(job.Query{Jobs: []string{"gone", job.Ref{ID: id}.String()}}, 2)
		t.wantKind("Remove of a job that was removed", t.remove(j), job.NotFound)
		if next := t.info(t.final("next", Script{})).ID; next <= id {
			t.Errorf("the id of a job started after job %d was removed: got %d, wanted a greater one: no id is used twice", id, next)
		}
	}},
	{"remove/of a job that is not final", 0, func(t *sourceTrial) {
		gate := t.hold()
		j := t.begin("at work", Script{Hold: gate.C})
		t.running(j)
		t.wantKind("Remove of a job that is at work", t.remove(j), job.WrongState)
		t.wantGoingOn("after a Remove that was refused", j)
		t.wantFound("after a Remove that was refused", job.Query{}, j)
		gate.open()
		t.wait(j)
		t.wantState("after a Remove that was refused, and the end", j, job.Completed)
		if err := t.remove(j); err != nil {
			t.Errorf("Remove of a job that is final now: got %v, wanted nil", err)
		}
	}},
	{"remove/of what is no job here", 0, func(t *sourceTrial) {
		kept := t.final("kept", Script{})
		var none *job.FuncJob
		t.wantKind("Remove of nil", t.remove(nil), job.Invalid)
		t.wantKind("Remove of a nil pointer", t.remove(none), job.Invalid)
		foreign := job.Go(t.ctx(), "kept", func(context.Context, *job.Writer) error { return nil })
		t.wait(foreign)
		t.wantKind("Remove of a job of another source", t.remove(foreign), job.Invalid, job.NotFound)
		t.wantFound("after Removes that were refused", job.Query{}, kept)
	}},
	{"remove/of a child", 0, func(t *sourceTrial) {
		var s Script
		if !t.kind.lacks(Children) {
			s.Children = []Script{{}, {}}
		}
		j := t.final("parent", s)
		for _, c := range t.children(j) {
			if err := t.remove(c); err == nil {
				t.Errorf("Remove of child %v alone: got nil, wanted an error", t.info(c).Ref)
			}
		}
		t.wantFound("after Removes of children", job.Query{}, j)
	}},
	{"use/of a source by many at once", Concurrency, func(t *sourceTrial) { t.useSourceByMany() }},
}

// useSourceByMany starts, finds and removes side by side.
func (t *sourceTrial) useSourceByMany() {
	t.Helper()
	const users, each = 8, 5
	kept := make([][]job.Job, users)
	errs := try(t.trial, "a source used by several goroutines", func() []error {
		faults := make([]error, users)
		var all sync.WaitGroup
		for u := range users {
			all.Go(func() { kept[u], faults[u] = t.useSource(u, each) })
		}
		all.Wait()
		return faults
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("a source used by %d goroutines: %v", users, err)
	}
	found, err := t.find(job.Query{})
	if err != nil || len(found) != users*each {
		t.Fatalf("Find, after %d goroutines had started %d jobs each that were kept: got %d jobs, error %v", users, each, len(found), err)
	}
	have := t.idsOf(found)
	for _, j := range flat(kept) {
		if id := t.info(j).InstanceID.String(); strings.Count(have, id) != 1 {
			t.Errorf("Find, after several goroutines used the source: job %v is there %d times, wanted once", t.info(j).Ref, strings.Count(have, id))
		}
	}
}

func flat(all [][]job.Job) (jobs []job.Job) {
	for _, some := range all {
		jobs = append(jobs, some...)
	}
	return jobs
}

// useSource is what one of several users does: two jobs at a time, of which
// one is removed again.
func (t *sourceTrial) useSource(user, rounds int) (kept []job.Job, err error) {
	ctx := context.Background()
	for n := range rounds {
		for _, name := range []string{"kept", "gone"} {
			spec := t.spec(t.TB, Script{})
			spec.Name = fmt.Sprintf("%s %d of %d", name, n+1, user+1)
			j, err := t.source.Start(ctx, spec)
			if err != nil {
				return kept, fmt.Errorf("a start: %w", err)
			}
			if found, err := t.source.Find(ctx, job.Query{Jobs: []string{spec.Name}}); err != nil || len(found) != 1 {
				return kept, fmt.Errorf("a look for %q, which was just started: got %d jobs, error %v", spec.Name, len(found), err)
			}
			if err := j.Wait(ctx); err != nil {
				return kept, fmt.Errorf("a wait: %w", err)
			}
			if name == "kept" {
				kept = append(kept, j)
			} else if err := t.source.Remove(ctx, j); err != nil {
				return kept, fmt.Errorf("a removal: %w", err)
			}
		}
	}
	return kept, nil
}
