package jobtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
)

// Source is a kind of sources to be proved.
type Source struct {
	// Open makes a source that has no jobs. It is called for each trial, with
	// that trial's t.
	Open func(t testing.TB) job.Source

	// Spec says what a source of this kind has to start so that the work
	// follows the script. TestSource sets Name and Command.
	Spec func(t testing.TB, s Script) job.Spec

	// Lacks says what the source and its jobs cannot do: see [Job].
	Lacks Ability

	Patience time.Duration // for what should happen soon; 0 means 10 s
	Rounds   int           // of what may go wrong now and then; 0 means 200
}

// TestSource tries everything that can be done with a source: start, find by
// all that a [job.Query] can say, and remove. The jobs that it starts are put
// to [TestJob].
func TestSource(t *testing.T, s Source) {
	if s.Open == nil || s.Spec == nil {
		t.Fatal("jobtest.Source: Open or Spec is nil: say how a source is made, and what it starts")
	}
	for _, c := range sourceChecks() {
		if s.Lacks&c.needs != 0 {
			t.Logf("not tried, as the source lacks %v: %s", s.Lacks&c.needs, c.name)
			continue
		}
		t.Run(c.name, func(t *testing.T) { c.run(s.trial(t)) })
	}
	t.Run("jobs", func(t *testing.T) { TestJob(t, s.jobs()) })
}

// jobs are the source's jobs as a kind.
func (s Source) jobs() Job {
	k := Job{Lacks: s.Lacks, Patience: s.Patience, Rounds: s.Rounds}
	k.Start = func(t testing.TB, script Script) job.Job {
		t.Helper()
		j, err := s.Open(t).Start(context.Background(), s.Spec(t, script))
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		return j
	}
	return k
}

func (s Source) trial(t testing.TB) *sourceTrial {
	return &sourceTrial{trial: &trial{TB: t, kind: s.jobs()}, source: s.Open(t), spec: s.Spec}
}

// sourceTrial is one check at work on a source.
type sourceTrial struct {
	*trial
	source job.Source
	spec   func(testing.TB, Script) job.Spec
}

type sourceCheck struct {
	name  string
	needs Ability
	run   func(*sourceTrial)
}

func sourceChecks() []sourceCheck {
	var all []sourceCheck
	for _, some := range [][]sourceCheck{startChecks, findChecks, filterChecks, removeChecks} {
		all = append(all, some...)
	}
	return all
}

// tryStart starts a job of this name. What it becomes is ended with the trial.
func (t *sourceTrial) tryStart(ctx context.Context, name string, s Script) (job.Job, error) {
	t.Helper()
	spec := t.spec(t.TB, s)
	spec.Name, spec.Command = name, "work of "+name
	type answer struct {
		job job.Job
		err error
	}
	a := try(t.trial, "Start", func() answer {
		j, err := t.source.Start(ctx, spec)
		return answer{j, err}
	})
	if !isNil(a.job) {
		t.Cleanup(func() { t.end(a.job) })
	}
	return a.job, a.err
}

// begin starts a job that goes on, or ends if the script does not hold.
func (t *sourceTrial) begin(name string, s Script) job.Job {
	t.Helper()
	j, err := t.tryStart(context.Background(), name, s)
	if err != nil || isNil(j) {
		t.Fatalf("Start of a job named %q: got %v, error %v; wanted a job", name, j, err)
	}
	return j
}

// final starts a job and waits for its end.
func (t *sourceTrial) final(name string, s Script) job.Job {
	t.Helper()
	j := t.begin(name, s)
	t.wait(j)
	return j
}

func (t *sourceTrial) find(q job.Query) ([]job.Job, error) {
	t.Helper()
	type answer struct {
		jobs []job.Job
		err  error
	}
	a := try(t.trial, "Find", func() answer {
		jobs, err := t.source.Find(context.Background(), q)
		return answer{jobs, err}
	})
	return a.jobs, a.err
}

func (t *sourceTrial) remove(j job.Job) error {
	t.Helper()
	return try(t.trial, "Remove", func() error { return t.source.Remove(context.Background(), j) })
}

// wantFound looks whether a query finds these jobs, in this order, without an
// error.
func (t *sourceTrial) wantFound(what string, q job.Query, want ...job.Job) {
	t.Helper()
	got, err := t.find(q)
	if err != nil {
		t.Errorf("Find %s: got error %v, wanted none", what, err)
	}
	t.wantSame("Find "+what, got, want)
}

// wantSame compares jobs by their instance ids: a source may give another
// value for the same job each time.
func (t *sourceTrial) wantSame(what string, got, want []job.Job) {
	t.Helper()
	if a, b := t.idsOf(got), t.idsOf(want); a != b {
		t.Errorf("%s: got the jobs [%s], wanted [%s]", what, t.namesOf(got), t.namesOf(want))
	}
}

func (t *sourceTrial) idsOf(jobs []job.Job) string {
	t.Helper()
	var ids []string
	for _, j := range jobs {
		ids = append(ids, t.info(j).InstanceID.String())
	}
	return strings.Join(ids, " ")
}

func (t *sourceTrial) namesOf(jobs []job.Job) string {
	t.Helper()
	var names []string
	for _, j := range jobs {
		i := t.info(j)
		names = append(names, i.Ref.String()+" "+i.Name)
	}
	return strings.Join(names, ", ")
}

// wantKind looks whether an error is of one of these kinds.
func (t *sourceTrial) wantKind(what string, err error, kinds ...job.Kind) {
	t.Helper()
	for _, k := range kinds {
		if err != nil && kindOf(err) == k {
			return
		}
	}
	var names []string
	for _, k := range kinds {
		names = append(names, kindNames[k])
	}
	t.Errorf("%s: got error %v, wanted a *job.Error of kind %s", what, err, strings.Join(names, " or "))
}

var kindNames = map[job.Kind]string{job.Invalid: "Invalid", job.NotFound: "NotFound", job.WrongState: "WrongState"}

// lost counts the NotFound errors in what Find gave.
func lost(err error) int {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		n := 0
		for _, e := range several.Unwrap() {
			n += lost(e)
		}
		return n
	}
	var e *job.Error
	if errors.As(err, &e) && e.Kind == job.NotFound {
		return 1
	}
	return 0
}
