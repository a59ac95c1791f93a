package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

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

func selecting(all ...job.Job) func(job.Query) ([]job.Job, error) {
	return func(q job.Query) ([]job.Job, error) { return job.Select(all, q) }
}

func named(id job.ID, name string, end int64, children ...job.Job) *stone {
	s := &stone{children: children, info: job.Info{Ref: job.Ref{ID: id}, Name: name, InstanceID: job.InstanceID{0: byte(id), 1: name[0]}}}
	if end > 0 {
		s.info.State, s.info.EndTime = job.Completed, time.Unix(end, 0)
	}
	return s
}

func namesIn(jobs []job.Job) string {
	var names []string
	for _, j := range jobs {
		i, _ := j.Info()
		names = append(names, i.Name)
	}
	return strings.Join(names, " ")
}

func TestNewestOverSources(t *testing.T) {
	child := &stone{info: job.Info{Ref: job.Ref{ID: 1, Child: 1}, Name: "child"}}
	r := job.NewRepository(
		source{name: "one", find: selecting(named(1, "a", 50, child), named(2, "b", 10), named(3, "c", 0))},
		source{name: "two", find: selecting(named(1, "d", 40), named(2, "e", 60))})
	for n, want := range []string{"", "c", "e c", "a child e c", "a child d e c"} {
		got, err := r.Find(background, job.Query{Newest: &n, Children: true})
		if err != nil || namesIn(got) != want {
			t.Errorf("the newest %d, with children: got %q, %v, want %q", n, namesIn(got), err, want)
		}
	}
	two := 2
	if got, err := r.Find(background, job.Query{Newest: &two, Jobs: []string{"e", "d", "a", "b"}}); err != nil || namesIn(got) != "e a" {
		t.Errorf("the newest 2 of those named: got %q, %v, want e a", namesIn(got), err)
	}
}

func TestNamedOnceOverSources(t *testing.T) {
	a, b := named(1, "a", 1), named(2, "b", 1)
	asked := 0
	r := job.NewRepository(source{name: "one", find: selecting(a)}, source{name: "two", find: selecting(b)},
		source{name: "far", find: func(job.Query) ([]job.Job, error) { asked++; return nil, errors.New("no route to host") }})
	got, err := r.Find(background, job.Query{Jobs: []string{"b", "a", "1", "*", "2", "nobody"}})
	if namesIn(got) != "b a" {
		t.Errorf("by names, ids and a pattern: got %q, want each once", namesIn(got))
	}
	if lostIn(err) != 1 || strings.Count(err.Error(), "no route to host") != 1 || asked != 1 {
		t.Errorf("with a source that is sick: got %v, asked %d times; want its error once, and nobody NotFound", err, asked)
	}
}

func TestRemoveFromARepository(t *testing.T) {
	var one, two job.Memory
	r := job.NewRepository(&one, &two)
	waits := func(ctx context.Context, _ *job.Writer) error { <-ctx.Done(); return nil }
	here, foreign := job.Go(background, "", waits), job.Go(background, "", waits)
	must(t, two.Add(here))
	for _, c := range []struct {
		what  string
		j     job.Job
		force bool
		want  job.Kind
	}{
		{"nil", nil, true, job.Invalid}, {"one at work", here, false, job.WrongState}, {"a foreign one", foreign, true, job.NotFound},
	} {
		var e *job.Error
		if err := r.Remove(background, c.j, c.force); !errors.As(err, &e) || e.Kind != c.want {
			t.Errorf("Remove of %s: got %v, want kind %v", c.what, err, c.want)
		}
	}
	if foreign.State().State != job.Running || here.State().State != job.Running {
		t.Errorf("after Removes that were refused: got %v and %v, want nothing stopped", foreign.State(), here.State())
	}
	must(t, r.Remove(background, here, true))
	if all, _ := r.Find(background, job.Query{}); here.State().State != job.Stopped || len(all) != 0 {
		t.Errorf("Remove with force: got %v, %d jobs left", here.State(), len(all))
	}
	must(t, foreign.Stop(background, job.StopOptions{}))
	if r.Source("memory") != &one || r.Source("other") != nil {
		t.Errorf("Source by name: got %v, %v", r.Source("memory"), r.Source("other"))
	}
}
