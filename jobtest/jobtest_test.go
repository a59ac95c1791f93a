package jobtest_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/backjob/job"
	"github.com/backjob/job/jobtest"
)

func TestFuncJob(t *testing.T) {
	jobtest.TestJob(t, jobtest.Job{
		Start: func(_ testing.TB, s jobtest.Script) job.Job { return job.Go(context.Background(), "function", s.Work) },
		Lacks: jobtest.ParentState,
	})
}

func TestGroup(t *testing.T) {
	jobtest.TestJob(t, jobtest.Job{Start: func(_ testing.TB, s jobtest.Script) job.Job {
		g := &job.Group{Name: "group", Throttle: -1}
		defer g.Close()
		if len(s.Children) == 0 {
			s.Children = []jobtest.Script{s}
		}
		for i, child := range s.Children {
			g.Go(context.Background(), "child"+strconv.Itoa(i+1), child.Work)
		}
		return g
	}})
}

func TestEventJob(t *testing.T) {
	jobtest.TestJob(t, jobtest.Job{
		Start: func(_ testing.TB, s jobtest.Script) job.Job {
			c := make(chan jobtest.Script, 1)
			c <- s
			return job.On(context.Background(), "event", job.Chan(c), func(ctx context.Context, out *job.Writer, s jobtest.Script) error {
				return s.Work(ctx, out)
			}, job.EventOptions{Max: 1})
		},
		Lacks: jobtest.Children,
	})
}

// Download is a job as the documentation of package job tells to write one.
type Download struct {
	job.Lifecycle
	cancel context.CancelFunc
	ctx    context.Context
}

func download(name string) *Download {
	d := &Download{}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.Describe(func(i *job.Info) {
		i.Name, i.Type, i.Location, i.Command = name, "Download", "this process", "get "+name
	})
	return d
}

func (d *Download) run(work job.Work) {
	defer d.cancel()
	_ = d.Move(job.Running, nil)
	switch err := work(d.ctx, d.Writer()); {
	case d.ctx.Err() != nil:
		_ = d.Move(job.Stopped, nil)
	case err != nil:
		_ = d.Move(job.Failed, err)
	default:
		_ = d.Move(job.Completed, nil)
	}
}

func (d *Download) Stop(ctx context.Context, o job.StopOptions) error {
	return d.StopBy(ctx, o, d.cancel)
}

// Conformance 80, 83.
func TestJobOfOnesOwn(t *testing.T) {
	jobtest.TestJob(t, jobtest.Job{
		Start: func(_ testing.TB, s jobtest.Script) job.Job {
			d := download("own")
			go d.run(s.Work) // Wait waits for it
			return d
		},
		Lacks: jobtest.Children,
	})
}

// downloads is a source of such jobs.
type downloads struct {
	job.Memory
	scripts *scripts
}

func (s *downloads) Start(_ context.Context, spec job.Spec) (job.Job, error) {
	if spec.Name != "" {
		if err := job.CheckName(spec.Name); err != nil {
			return nil, err
		}
	}
	d := download(spec.Name)
	d.Describe(func(i *job.Info) { i.Command, i.Argv = spec.Command, spec.Argv })
	if err := s.Add(d); err != nil {
		return nil, err
	}
	go d.run(s.scripts.of(spec).Work) // Wait waits for it
	return d, nil
}

// scripts are what specs stand for, by their last argument.
type scripts struct {
	all  sync.Map
	last atomic.Int64
}

func (s *scripts) spec(_ testing.TB, script jobtest.Script) job.Spec {
	key := strconv.FormatInt(s.last.Add(1), 10)
	s.all.Store(key, script)
	return job.Spec{Argv: []string{"script", key}}
}

func (s *scripts) of(spec job.Spec) jobtest.Script {
	script, _ := s.all.Load(spec.Argv[1])
	return script.(jobtest.Script)
}

// Conformance 80: found by name, id, instance id, command and state; received,
// waited for, stopped and removed as any other.
func TestJobsOfOnesOwnInMemory(t *testing.T) {
	var s scripts
	jobtest.TestSource(t, jobtest.Source{
		Open:  func(testing.TB) job.Source { return &downloads{scripts: &s} },
		Spec:  s.spec,
		Lacks: jobtest.Children,
	})
}

func TestMemory(t *testing.T) {
	var s scripts
	jobtest.TestSource(t, jobtest.Source{
		Open: func(testing.TB) job.Source {
			return &job.Memory{Run: func(ctx context.Context, spec job.Spec, out *job.Writer) error {
				return s.of(spec).Work(ctx, out)
			}}
		},
		Spec:  s.spec,
		Lacks: jobtest.ParentState,
	})
}
