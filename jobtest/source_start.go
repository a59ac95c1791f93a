package jobtest

import (
	"context"
	"fmt"
	"reflect"

	"github.com/backjob/job"
)

var startChecks = []sourceCheck{
	{"source/has a name", 0, func(t *sourceTrial) {
		if first, again := t.source.Name(), t.source.Name(); first == "" || first != again {
			t.Errorf("Name: got %q, then %q; wanted one name, as it tells sources apart", first, again)
		}
	}},
	{"start/gives a job of its own", 0, func(t *sourceTrial) {
		var last job.Info
		ids := map[job.InstanceID]bool{}
		for _, name := range []string{"one", "two", "one"} {
			i := t.info(t.final(name, Script{}))
			if i.ID <= last.ID || i.Child != 0 {
				t.Errorf("the id of a job after that with id %v: got %v, wanted a greater one", last.Ref, i.Ref)
			}
			if i.Name != name || i.Command != "work of "+name {
				t.Errorf("Info of a job started as %q, command %q: got %q, command %q", name, "work of "+name, i.Name, i.Command)
			}
			if ids[i.InstanceID] {
				t.Errorf("the instance id of job %v: got %v, wanted one that no other job has", i.Ref, i.InstanceID)
			}
			last, ids[i.InstanceID] = i, true
		}
	}},
	{"start/a job without a name", 0, func(t *sourceTrial) {
		i := t.info(t.final("", Script{}))
		if want := fmt.Sprintf("Job%v", i.ID); i.Name != want {
			t.Errorf("the name of job %v, started without one: got %q, wanted %q", i.Ref, i.Name, want)
		}
	}},
	{"start/takes the arguments as they are", 0, func(t *sourceTrial) {
		spec := t.spec(t.TB, Script{})
		j := t.final("args", Script{})
		if got := t.info(j).Argv; len(spec.Argv) > 0 && len(got) != len(spec.Argv) {
			t.Errorf("Argv of a job started with %d arguments: got %q", len(spec.Argv), got)
		}
	}},
	{"start/a job outlives the context of its start", 0, func(t *sourceTrial) {
		gate := t.hold()
		ctx, cancel := context.WithCancel(context.Background())
		j, err := t.tryStart(ctx, "outlives", Script{Before: lines(job.Output, "out", 1), Hold: gate.C, After: lines(job.Output, "end", 1)})
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		t.follow(j, job.RecordOptions{}).first(1)
		cancel()
		t.stays(j)
		gate.open()
		t.wait(j)
		t.wantState("of a job that went on after the context of Start was cancelled", j, job.Completed)
	}},
	{"start/refuses a name that is none", 0, func(t *sourceTrial) {
		for _, name := range []string{"7", "7.2", "a/b", "a\nb"} {
			j, err := t.tryStart(context.Background(), name, Script{})
			if err == nil {
				t.Errorf("Start of a job named %q: got job %v, wanted an Invalid error, as by job.CheckName", name, t.info(j).Ref)
				continue
			}
			t.wantKind(fmt.Sprintf("Start of a job named %q", name), err, job.Invalid)
		}
		t.wantFound("after starts that were refused", job.Query{})
	}},
	{"start/can be found at once", 0, func(t *sourceTrial) {
		gate := t.hold()
		j := t.begin("here", Script{Before: lines(job.Output, "out", 1), Hold: gate.C, After: lines(job.Output, "end", 1)})
		found, err := t.find(job.Query{Jobs: []string{"here"}})
		if err != nil || len(found) != 1 {
			t.Fatalf("Find of a job that was just started: got %d jobs, error %v; wanted it", len(found), err)
		}
		t.wantAsGood(gate, j, found[0])
	}},
}

// wantAsGood looks whether a job that was found is as good as that which Start
// gave.
func (t *sourceTrial) wantAsGood(g *gate, started, found job.Job) {
	t.Helper()
	a, b := t.info(started), t.info(found)
	if a.InstanceID != b.InstanceID || a.Ref != b.Ref || a.Name != b.Name || !reflect.DeepEqual(a.Argv, b.Argv) {
		t.Errorf("Info of a job: Start's says %v %q %v, Find's %v %q %v; wanted the same", a.Ref, a.Name, a.InstanceID, b.Ref, b.Name, b.InstanceID)
	}
	follow := t.follow(found, job.RecordOptions{})
	follow.first(1)
	g.open()
	t.wait(found)
	t.wantLines("Records with Follow of a job that was found", follow.all(), []Line{{job.Output, "out1"}, {job.Output, "end1"}})
	t.wantLife(found)
	t.wait(started)
	t.wantState("of the job that Start gave, when that which Find gave is final", started, job.Completed)
}
