package job

import (
	"context"
	"fmt"
)

// StopBy is all of Stop for a job that embeds Lifecycle: it moves the job to
// Stopping, calls ask, once, and waits until the job is final. One that is not
// after the grace stays Stopping until it is, and Stop gives a [TimedOut]
// error. A final job is left as it is.
//
//	func (d *Download) Stop(ctx context.Context, o job.StopOptions) error {
//		return d.StopBy(ctx, o, d.cancel)
//	}
func (l *Lifecycle) StopBy(ctx context.Context, o StopOptions, ask func()) error {
	if o.Child != 0 {
		return noChild(o.Child, 0)
	}
	switch err := l.Move(Stopping, nil); {
	case err == nil:
		ask()
	case kindOf(err) != WrongState:
		return err // it could not be kept
	}
	return awaitStop(ctx, l, o)
}

// asked is what awaitStop has to know of a job that was asked to stop.
type asked interface {
	Info() (Info, error)
	Wait(ctx context.Context) error
}

func noChild(n, among int) error {
	return &Error{Op: "stop", Kind: NotFound, Err: fmt.Errorf("no child %d among %d", n, among)}
}
