package asjob

import (
	"context"
	"errors"

	"github.com/backjob/job"
)

// foreground does the work here, for a person who looks on.
func (c Command) foreground(ctx context.Context, args []string, work Work) error {
	s := newScreen(c)
	defer s.close()
	return do(ctx, s.tap(), args, work)
}

// inJob does the work of a job: we are its program.
func (c Command) inJob(ctx context.Context, args []string, work Work) error {
	f, err := newFiles(c)
	if err != nil {
		return err
	}
	err = do(ctx, f.tap(), args, work)
	f.reason(err)
	return errors.Join(err, f.close())
}

// do runs the work as a function job, whose records go to the tap.
func do(ctx context.Context, tap *job.Tap, args []string, work Work) error {
	j := job.Go(job.WithTap(ctx, tap), "", func(ctx context.Context, out *job.Writer) error { return work(ctx, out, args) })
	if err := j.Wait(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	switch end := j.State(); {
	case end.Reason != nil:
		return end.Reason
	case end.State == job.Stopped:
		return errors.New("stopped")
	}
	return nil
}
