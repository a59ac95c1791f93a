package jobtest_test

import (
	"context"
	"strconv"
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
