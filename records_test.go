package job_test

import (
	"context"
	"errors"
	"testing"

	"github.com/backjob/job"
)

// A mark moves over what its reader gets: who takes the errors first gets the
// output later.
func TestMarksAreByStream(t *testing.T) {
	j := job.Go(background, "", func(_ context.Context, out *job.Writer) error {
		for _, n := range []int{1, 2, 3} {
			out.Output(n)
			out.Error(n)
			out.Warning(n)
		}
		return nil
	})
	must(t, j.Wait(background))
	errs := job.RecordOptions{Reader: "default", Streams: []job.Stream{job.ErrorStream}}
	if got := textsOf(t, j, errs); got != "error:1 error:2 error:3" {
		t.Errorf("the errors: got %q", got)
	}
	if info, _ := j.Info(); info.Unread != 6 {
		t.Errorf("unread after 3 of 9: got %d, want 6", info.Unread)
	}
	for r, err := range j.Records(background, job.RecordOptions{Reader: "default"}) {
		must(t, err)
		if string(r.Text) == "2" {
			break
		}
	}
	if got := textsOf(t, j, job.RecordOptions{Reader: "default"}); got != "warning:2 output:3 warning:3" {
		t.Errorf("after the errors, and everything up to the second output: got %q", got)
	}
	if info, _ := j.Info(); info.HasMoreData() {
		t.Errorf("unread after all: got %d", info.Unread)
	}
}

// A context that ends is told, whoever is quicker.
func TestRecordsOfAGroupEndWithTheirContext(t *testing.T) {
	for range 100 {
		g := &job.Group{}
		g.Go(background, "", func(ctx context.Context, out *job.Writer) error {
			out.Output("one")
			<-ctx.Done()
			return nil
		})
		ctx, cancel := context.WithCancel(background)
		var last error
		for _, err := range g.Records(ctx, job.RecordOptions{Follow: true}) {
			cancel()
			last = err
		}
		cancel()
		if !errors.Is(last, context.Canceled) {
			t.Fatalf("Records of a group, whose context was cancelled: ended with %v, want %v", last, context.Canceled)
		}
		must(t, g.Stop(background, job.StopOptions{}))
	}
}
