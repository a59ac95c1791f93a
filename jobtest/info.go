package jobtest

import (
	"maps"
	"slices"
	"sync"

	"github.com/backjob/job"
)

var infoChecks = []check{
	{"info/says who it is", 0, func(t *trial) {
		info := t.info(t.ended(Script{}))
		for what, value := range map[string]string{"Name": info.Name, "Type": info.Type, "Location": info.Location} {
			if value == "" {
				t.Errorf("Info of a job: %s is empty, wanted the job to say it (Lifecycle has Describe for that)", what)
			}
		}
	}},
	{"info/has one instance id", 0, func(t *trial) {
		gate := t.hold()
		one, other := t.start(Script{Hold: gate.C}), t.start(Script{Hold: gate.C})
		ids := t.askedAtOnce(one, func(i job.Info) any { return i.InstanceID })
		gate.open()
		t.wait(one)
		t.wait(other)
		ids = append(ids, t.info(one).InstanceID)
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("the instance id of one job: got %v and %v, wanted one for ever", ids[0], id)
			}
		}
		if ids[0] == (job.InstanceID{}) || ids[0] == t.info(other).InstanceID {
			t.Errorf("the instance ids of two jobs: got %v and %v, wanted one for each", ids[0], t.info(other).InstanceID)
		}
	}},
	{"info/is a copy", 0, func(t *trial) {
		j := t.ended(Script{Fail: "no such file"})
		spoiled := t.info(j)
		before := copyOf(spoiled)
		for s := range spoiled.ChildrenByState {
			spoiled.ChildrenByState[s] = 77
		}
		for i := range spoiled.Argv {
			spoiled.Argv[i] = "spoiled"
		}
		if spoiled.ExitCode != nil {
			*spoiled.ExitCode = 77
		}
		if fields := changed(t.info(j), before); fields != "" {
			t.Errorf("Info, after a caller changed the slice, the map and the pointer in an Info of its own: %s", fields)
		}
	}},
	{"info/does not change once the job is final", 0, func(t *trial) {
		j := t.ended(Script{Before: lines(job.Output, "out", 3)})
		first := t.info(j)
		hearRecords(t, "Records", j, t.ctx(), job.RecordOptions{}, nil).all()
		hearEvents(t, "Events", j, t.ctx(), true, nil).all()
		if fields := changed(t.info(j), first); fields != "" {
			t.Errorf("Info of a final job, asked twice: %s", fields)
		}
	}},
}

// copyOf is an Info that shares nothing with another.
func copyOf(i job.Info) job.Info {
	i.Argv, i.ChildrenByState = slices.Clone(i.Argv), maps.Clone(i.ChildrenByState)
	if i.ExitCode != nil {
		code := *i.ExitCode
		i.ExitCode = &code
	}
	return i
}

// askedAtOnce is what several goroutines get when they ask for Info.
func (t *trial) askedAtOnce(j job.Job, what func(job.Info) any) []any {
	t.Helper()
	const askers = 4
	said := make([]any, askers)
	try(t, "Info, asked by several goroutines,", func() any {
		var all sync.WaitGroup
		for i := range askers {
			all.Go(func() {
				if info, err := j.Info(); err == nil {
					said[i] = what(info)
				}
			})
		}
		all.Wait()
		return nil
	})
	return said
}
