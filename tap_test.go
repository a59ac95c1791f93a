package job_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/backjob/job"
)

// A function's own children have its tap, whatever context they get; other
// jobs that it starts keep what they write.
func TestTapIsTheFamilys(t *testing.T) {
	var mu sync.Mutex
	var taken []string
	tap := &job.Tap{Child: func(job.Ref, string) {}, Step: func(job.StateEvent) error { return nil },
		Record: func(r job.Record) {
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, r.Job.String()+" "+string(r.Text))
		}}
	var kept []string
	j := job.Go(job.WithTap(background, tap), "", func(ctx context.Context, out *job.Writer) error {
		say := func(text string) job.Work {
			return func(_ context.Context, out *job.Writer) error { out.Output(text); return nil }
		}
		var g job.Group
		g.Go(ctx, "", say("a group's"))
		alone := job.Go(ctx, "", say("its own"))
		g.Close()
		if err := job.WaitAll(ctx, &g, alone, out.Go(background, "", say("a child's"))); err != nil {
			return err
		}
		kept = append(kept, textsOf(t, &g, job.RecordOptions{}), textsOf(t, alone, job.RecordOptions{}))
		return nil
	})
	must(t, j.Wait(background))
	if fmt.Sprint(taken) != "[0.1 a child's]" || fmt.Sprint(kept) != "[output:a group's output:its own]" {
		t.Errorf("got %q taken and %q kept, state %v", taken, kept, j.State())
	}
}
