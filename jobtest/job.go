package jobtest

import (
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
)

// Job is a kind of jobs to be proved.
type Job struct {
	// Start makes a job whose work follows the script, and starts it. It is
	// called for each trial, with that trial's t.
	Start func(t testing.TB, s Script) job.Job

	// Lacks says what this kind of jobs cannot do. What is lacking has to be
	// refused where it can be asked for, and is named in the test's log.
	Lacks Ability

	Patience time.Duration // for what should happen soon; 0 means 10 s
	Rounds   int           // of what may go wrong now and then; 0 means 200
}

// Ability is what a job or a source may be able to do, or several of these.
type Ability uint

// The abilities that a kind may lack.
const (
	Streams     Ability = 1 << iota // all seven streams; without it output and error
	Order                           // records of all streams together come back as they were written; without it those of each stream do
	Marks                           // RecordOptions.Reader; without it that is an Unsupported error
	Reasons                         // a Failed job's reason has the text of Script.Fail; without it the kind has its own words
	Children                        // Script.Children
	ParentState                     // the state of a job with children is that of job.ParentState; without it the job does work of its own besides
	Concurrency                     // a source may be used by several goroutines
)

var abilityNames = []string{"Streams", "Order", "Marks", "Reasons", "Children", "ParentState", "Concurrency"}

// String is the names of the abilities.
func (a Ability) String() string {
	var names []string
	for i, name := range abilityNames {
		if a&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

func (k Job) lacks(any Ability) bool { return k.Lacks&any != 0 }

func (k Job) has(all Ability) bool { return k.Lacks&all == 0 }

func (k Job) patience() time.Duration {
	if k.Patience > 0 {
		return k.Patience
	}
	return 10 * time.Second
}

func (k Job) rounds() int {
	if k.Rounds > 0 {
		return k.Rounds
	}
	return 200
}

// streams are those that the kind has.
func (k Job) streams() []job.Stream {
	if k.lacks(Streams) {
		return []job.Stream{job.Output, job.ErrorStream}
	}
	return job.Streams()
}

// check is one thing to be proved.
type check struct {
	name  string
	needs Ability // a kind that lacks one of these is not tried
	run   func(*trial)
}

// TestJob tries everything that can be done with jobs of a kind. Each thing
// is a test of its own, so that -run finds it.
func TestJob(t *testing.T, k Job) {
	if k.Start == nil {
		t.Fatal("jobtest.Job.Start is nil: say how a job is made")
	}
	for _, c := range jobChecks() {
		if k.Lacks&c.needs != 0 {
			t.Logf("not tried, as the kind lacks %v: %s", k.Lacks&c.needs, c.name)
			continue
		}
		t.Run(c.name, func(t *testing.T) { c.run(&trial{TB: t, kind: k}) })
	}
}

func jobChecks() []check {
	var all []check
	for _, some := range [][]check{lifeChecks, infoChecks, eventChecks, recordChecks, markChecks, waitChecks, stopChecks, childChecks, useChecks} {
		all = append(all, some...)
	}
	return all
}
