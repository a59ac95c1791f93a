package job

import (
	"context"
	"errors"
	"sync"
)

// WaitAll returns when all the jobs are final, nil or ctx's error. The same
// job twice counts once; nil jobs are an [Invalid] error.
func WaitAll(ctx context.Context, jobs ...Job) error {
	for _, j := range jobs {
		if isNil(j) {
			return &Error{Op: "wait", Kind: Invalid, Err: errNil}
		}
	}
	for _, j := range jobs {
		if err := j.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// WaitAny returns the first of the jobs to be final, or ctx's error. Without
// jobs it is an [Invalid] error, as it would wait for ever. A job that cannot
// be waited for does not keep it from the others; if all are so, their errors
// come back joined.
func WaitAny(ctx context.Context, jobs ...Job) (Job, error) {
	if len(jobs) == 0 {
		return nil, &Error{Op: "wait", Kind: Invalid, Err: errors.New("there is no job to wait for")}
	}
	for _, j := range jobs {
		if isNil(j) {
			return nil, &Error{Op: "wait", Kind: Invalid, Err: errNil}
		}
		if info, err := j.Info(); err == nil && info.State.Final() {
			return j, nil
		}
	}
	inner, end := context.WithCancel(ctx)
	first := make(chan Job, len(jobs))
	errs := make([]error, len(jobs))
	var waiters sync.WaitGroup
	defer waiters.Wait()
	defer end()
	for i, j := range jobs {
		waiters.Go(func() {
			if errs[i] = j.Wait(inner); errs[i] == nil {
				first <- j
			}
		})
	}
	failed := make(chan struct{})
	go func() { defer close(failed); waiters.Wait() }() // ends with the waiters
	select {
	case j := <-first:
		return j, nil
	case <-failed:
	}
	select {
	case j := <-first:
		return j, nil
	default:
		return nil, whyNone(ctx, errs)
	}
}

// whyNone is the error of a wait that nobody came through.
func whyNone(ctx context.Context, errs []error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(errs...)
}

// OnState calls handle for each step of the job's life, in order, from the
// first on, however late it is asked for. The handler has a goroutine of its
// own, which ends with the job. A handler that panics is not called again and
// hurts nobody else; stop gives the panic as an error, a [*Panic]. stop ends
// the calls, of a job that is final after the last event, and waits for the
// one under way, so a handler must not call it.
func OnState(j Job, handle func(StateEvent)) (stop func() error) {
	ctx, end := context.WithCancel(context.Background())
	var failed error
	done := make(chan struct{})
	go func() { // ends with the job, or with stop
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				failed = caught(v)
			}
		}()
		for e, err := range j.Events(ctx, true) {
			if err != nil {
				if ctx.Err() == nil {
					failed = err
				}
				return
			}
			handle(e)
		}
	}()
	return func() error {
		if info, err := j.Info(); err != nil || !info.State.Final() {
			end()
		}
		<-done
		end()
		return failed
	}
}
