package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/backjob/job"
)

// source is a Source by hand.
type source struct {
	name  string
	start func(job.Spec) (job.Job, error)
	find  func(job.Query) ([]job.Job, error)
}

func (s source) Name() string { return s.name }

func (s source) Start(_ context.Context, spec job.Spec) (job.Job, error) { return s.start(spec) }

func (s source) Find(_ context.Context, q job.Query) ([]job.Job, error) { return s.find(q) }

func (s source) Remove(context.Context, job.Job) error { return errors.New("not asked for") }

// found is a Job that says who it is, and nothing else.
type found struct {
	job.Job
	id  job.ID
	err error
}

func (f found) Info() (job.Info, error) { return job.Info{Ref: job.Ref{ID: f.id}}, f.err }

func has(ids ...job.ID) func(job.Query) ([]job.Job, error) {
	return func(job.Query) (jobs []job.Job, err error) {
		for _, id := range ids {
			jobs = append(jobs, found{id: id})
		}
		return jobs, nil
	}
}

func idsOf(t *testing.T, jobs []job.Job) string {
	t.Helper()
	var ids []job.ID
	for _, j := range jobs {
		ids = append(ids, j.(found).id)
	}
	return fmt.Sprint(ids)
}

func TestRepositoryWithoutSource(t *testing.T) {
	r := job.NewRepository()
	if _, err := r.Start(context.Background(), job.Spec{}); !errors.Is(err, &job.Error{Kind: job.Unsupported}) {
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != job.Unsupported {
			t.Errorf("Start without a source: got %v, want an Unsupported error", err)
		}
	}
	if jobs, err := r.Find(context.Background(), job.Query{}); len(jobs) != 0 || err != nil {
		t.Errorf("Find without a source: got %v, %v, want nothing", jobs, err)
	}
}

func TestRepositoryStartsByTheFirst(t *testing.T) {
	asked := ""
	var specs []string
	start := func(name string) func(job.Spec) (job.Job, error) {
		return func(s job.Spec) (job.Job, error) {
			asked += name
			specs = append(specs, s.Name)
			return found{id: 1}, nil
		}
	}
	r := job.NewRepository(source{name: "a", start: start("a")}, source{name: "b", start: start("b")})
	j, err := r.Start(context.Background(), job.Spec{Name: "x"})
	if err != nil || asked != "a" || specs[0] != "x" || j.(found).id != 1 {
		t.Errorf("Start: got %v, %v by source %q with %q, want source a with x", j, err, asked, specs)
	}
}

func TestRepositoryJoinsSources(t *testing.T) {
	r := job.NewRepository(source{name: "a", find: has(5, 1)}, source{name: "b", find: has(3, 2)})
	jobs, err := r.Find(context.Background(), job.Query{})
	if got := idsOf(t, jobs); err != nil || got != "[1 2 3 5]" {
		t.Errorf("Find in two sources: got %s, %v, want one order", got, err)
	}
}

func TestOneSourceKeepsItsOrder(t *testing.T) {
	r := job.NewRepository(source{name: "a", find: has(5, 1)})
	jobs, err := r.Find(context.Background(), job.Query{})
	if got := idsOf(t, jobs); err != nil || got != "[5 1]" {
		t.Errorf("Find in one source: got %s, %v, want its order", got, err)
	}
}

func TestSickSourceDoesNotHideTheOthers(t *testing.T) {
	sick := errors.New("no route to host")
	only := func(known string, id job.ID) func(job.Query) ([]job.Job, error) {
		return func(q job.Query) ([]job.Job, error) {
			if q.Jobs[0] == known {
				return []job.Job{found{id: id}}, nil
			}
			return nil, &job.Error{Kind: job.NotFound, Err: fmt.Errorf("no job named %q", q.Jobs[0])}
		}
	}
	far := source{name: "far", find: func(job.Query) ([]job.Job, error) { return nil, sick }}
	r := job.NewRepository(source{name: "a", find: only("x", 2)}, far, source{name: "b", find: only("y", 1)})
	jobs, err := r.Find(context.Background(), job.Query{Jobs: []string{"x", "y"}})
	if got := idsOf(t, jobs); got != "[2 1]" {
		t.Errorf("Find with a sick source: got %s, want all that the others have, as asked for", got)
	}
	var e *job.Error
	if !errors.Is(err, sick) || !strings.Contains(err.Error(), "far: no route") || errors.As(err, &e) {
		t.Errorf("Find with a sick source: got error %v, want its own, with its name, and no other", err)
	}
	if _, err = r.Find(context.Background(), job.Query{Jobs: []string{"z"}}); !errors.As(err, &e) || e.Kind != job.NotFound || !errors.Is(err, sick) {
		t.Errorf("Find of what nobody has: got error %v, want NotFound, and the sick source named", err)
	}
}

// A job that cannot say who it is does not make Find fail.
func TestFindWithAJobThatCannotSayWhoItIs(t *testing.T) {
	r := job.NewRepository(
		source{name: "a", find: func(job.Query) ([]job.Job, error) {
			return []job.Job{found{id: 9, err: errors.New("damaged")}}, nil
		}},
		source{name: "b", find: has(1)})
	if jobs, err := r.Find(context.Background(), job.Query{}); err != nil || len(jobs) != 2 {
		t.Errorf("Find: got %d jobs, %v, want both", len(jobs), err)
	}
}
