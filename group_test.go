package job_test

import (
	"context"
	"testing"

	"github.com/backjob/job"
)

// Stop returns when the group is final, not only its children.
func TestStopWaitsForTheGroup(t *testing.T) {
	for range 1000 {
		g := &job.Group{}
		let := make(chan bool)
		g.Go(background, "", func(context.Context, *job.Writer) error { <-let; return nil })
		go close(let)
		must(t, g.Stop(background, job.StopOptions{}))
		if got := g.State(); !got.State.Final() {
			t.Fatalf("when Stop of a group had returned: got %v, want it final", got)
		}
	}
}
