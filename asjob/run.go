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
	return result(ctx, begin(ctx, s.tap(), args, work))
}

// inJob does the work of a job: we are its program.
func (c Command) inJob(ctx context.Context, args []string, work Work) error {
	f, err := newFiles(c)
	if err != nil {
		return err
	}
	j := begin(ctx, f.tap(), args, work)
	end := f.answer(j)
	err = result(ctx, j)
	end()
	f.reason(err)
	return errors.Join(err, f.close())
}

// begin runs the work as a function job, whose records go to the tap.
func begin(ctx context.Context, tap *job.Tap, args []string, work Work) *job.FuncJob {
	return job.Go(job.WithTap(ctx, tap), "", func(ctx context.Context, out *job.Writer) error { return work(ctx, out, args) })
}

// result waits for the end of the work.
func result(ctx context.Context, j *job.FuncJob) error {
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
