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

func TestMemory(t *testing.T) {
	var scripts sync.Map
	var last atomic.Int64
	jobtest.TestSource(t, jobtest.Source{
		Open: func(testing.TB) job.Source {
			return &job.Memory{Run: func(ctx context.Context, spec job.Spec, out *job.Writer) error {
				s, _ := scripts.Load(spec.Argv[1])
				return s.(jobtest.Script).Work(ctx, out)
			}}
		},
		Spec: func(_ testing.TB, s jobtest.Script) job.Spec {
			key := strconv.FormatInt(last.Add(1), 10)
			scripts.Store(key, s)
			return job.Spec{Argv: []string{"script", key}}
		},
		Lacks: jobtest.ParentState,
	})
}
