package job

import (
	"context"
	"errors"
	"time"
)

// funcContext is a FuncJob as the context of its function. Most functions
// neither look at it nor are stopped, so what makes it done is made when
// somebody asks: a job of a context that can be cancelled costs no more than
// another.
type funcContext FuncJob

// ending is how a function's context becomes done. The job's mu guards it.
type ending struct {
	done   chan struct{}        // nil until it is asked for
	cause  error                // why the context is done; nil while it is not
	detach func() bool          // from parent; nil while we do not listen there
	after  map[*func()]struct{} // to be called when it is done
}

// slotKey finds the job whose function a context belongs to.
type slotKey struct{}

// Deadline is that of the context given to Go.
func (c *funcContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// Value is that of the context given to Go. A tap ends here: the function's own
// children have it by their family, and other jobs that it starts have not.
func (c *funcContext) Value(key any) any {
	switch key {
	case slotKey{}:
		return (*FuncJob)(c)
	case tapKey{}:
		return nil
	}
	return c.parent.Value(key)
}

// Done is closed when the job is stopped or the context given to Go is done.
func (c *funcContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.listenLocked(); e != nil {
		return e.done
	}
	return c.parent.Done()
}

// AfterFunc is what package context looks for, and spares it a goroutine for
// each context that is derived from this one. See [context.AfterFunc].
func (c *funcContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.listenLocked()
	switch {
	case e == nil:
		return context.AfterFunc(c.parent, f)
	case e.cause != nil:
		go f() // ends by itself, as context.AfterFunc says
		return func() bool { return false }
	case e.after == nil:
		e.after = map[*func()]struct{}{}
	}
	e.after[&f] = struct{}{}
	return func() bool { return c.forget(&f) }
}

// forget takes back what AfterFunc was told, and reports whether it was not
// called.
func (c *funcContext) forget(f *func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.ending.Load()
	_, there := e.after[f]
	delete(e.after, f)
	c.leaveLocked(e)
	return there
}

// listenLocked is the ending, with a channel that is closed when the parent
// is done. It is nil once the job is final and we have left: the context is
// then as good as its parent, and nobody would stop listening.
func (c *funcContext) listenLocked() *ending {
	e := c.endingLocked()
	switch {
	case e.done != nil:
		return e
	case e.cause == nil && c.info.State.Final():
		return nil
	}
	e.done = make(chan struct{})
	if e.cause != nil {
		close(e.done)
	} else if c.parent.Done() != nil {
		e.detach = context.AfterFunc(c.parent, func() { c.cancel(context.Cause(c.parent)) })
	}
	return e
}

func (c *funcContext) endingLocked() *ending {
	e := c.ending.Load()
	if e == nil {
		e = &ending{}
		c.ending.Store(e)
	}
	return e
}

// leave stops listening to the parent, once the job is final.
func (c *funcContext) leave() {
	if e := c.ending.Load(); e != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.leaveLocked(e)
	}
}

// leaveLocked goes on listening for jobs that the function has left behind.
func (c *funcContext) leaveLocked(e *ending) {
	if !c.info.State.Final() || len(e.after) > 0 || e.cause != nil {
		return
	}
	if e.detach != nil {
		e.detach()
	}
	*e = ending{}
}

// cancel makes the context done. The first cause counts.
func (c *funcContext) cancel(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.endingLocked()
	if e.cause != nil {
		return
	}
	e.cause = cause
	if e.done != nil {
		close(e.done)
	}
	for f := range e.after {
		go (*f)() // ends by itself, as context.AfterFunc says
	}
	e.after = nil
}

// cancelled is why the context is done; nil while it is not. Done is closed
// when it tells of a cause.
func (c *funcContext) cancelled() error {
	if cause := c.known(); cause != nil {
		return cause
	}
	cause := context.Cause(c.parent)
	if cause == nil {
		return nil
	}
	c.cancel(cause)
	return c.known()
}

func (c *funcContext) known() error {
	e := c.ending.Load()
	if e == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return e.cause
}

// Err is context.Canceled once Done is closed, or context.DeadlineExceeded.
func (c *funcContext) Err() error {
	switch cause := c.cancelled(); {
	case cause == nil:
		return nil
	case errors.Is(cause, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return context.Canceled
}
