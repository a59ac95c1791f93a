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
	done   chan struct{} // nil until it is asked for
	cause  error         // why the context is done; nil while it is not
	detach func() bool   // from parent; nil while we do not listen there
}

// slotKey finds the job whose function a context belongs to.
type slotKey struct{}

// Deadline is that of the context given to Go.
func (c *funcContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// Value is that of the context given to Go.
func (c *funcContext) Value(key any) any {
	if key == (slotKey{}) {
		return (*FuncJob)(c)
	}
	return c.parent.Value(key)
}

// Done is closed when the job is stopped or the context given to Go is done.
// Who asks for the first time once the job is final gets that context's: its
// jobs may have been given to others, and nobody would stop listening for us.
func (c *funcContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.endingLocked()
	if e.done == nil && e.cause == nil && c.info.State.Final() {
		return c.parent.Done()
	}
	if e.done == nil {
		e.done = make(chan struct{})
		c.listenLocked(e)
	}
	return e.done
}

func (c *funcContext) endingLocked() *ending {
	e := c.ending.Load()
	if e == nil {
		e = &ending{}
		c.ending.Store(e)
	}
	return e
}

// listenLocked has done closed when the parent is done.
func (c *funcContext) listenLocked(e *ending) {
	switch {
	case e.cause != nil:
		close(e.done)
	case c.parent.Done() != nil:
		e.detach = context.AfterFunc(c.parent, func() { c.cancel(context.Cause(c.parent)) })
	}
}

// leave stops listening to the parent, once the job is final.
func (c *funcContext) leave() {
	if c.ending.Load() == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.ending.Load(); e.detach != nil {
		e.detach()
	}
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
