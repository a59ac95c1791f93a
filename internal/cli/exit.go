package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/table"
)

// The exit codes of the contract. This is the one file that maps errors to
// them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitState       = 4
	exitBlocked     = 5
	exitTimedOut    = 124
	exitNotRunnable = 126
	exitNoProgram   = 127
	exitInterrupted = 130
	exitTerminated  = 143
)

func usage(what, hint string) error {
	return &job.Error{Kind: job.Invalid, Err: errors.New(what), Hint: hint}
}

// fail prints an error and remembers its exit code. Joined errors are printed
// one by one.
func (c *call) fail(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			c.fail(e)
		}
		return
	}
	c.exitWith(exitCode(err))
	if errors.Is(err, syscall.EPIPE) || c.exitSaysIt(err) {
		return
	}
	c.printError(err)
}

// exitWith remembers an exit code. A job that does not exist outweighs what
// became of the others; an end from outside outweighs all.
func (c *call) exitWith(code int) {
	if weight(code) > weight(c.exit) {
		c.exit = code
	}
}

func weight(code int) int {
	for i, known := range []int{0, exitFailed, exitState, exitBlocked, exitNotFound, exitUsage, exitTimedOut, exitTerminated, exitInterrupted} {
		if code == known {
			return i
		}
	}
	return 2 // a command's own status
}

// exitSaysIt reports whether an error is no news: that a wait's time ran out
// or was interrupted is told to people only, the exit code tells programs.
func (c *call) exitSaysIt(err error) bool {
	_, interrupted := err.(interruption)
	f, ok := c.err.(*os.File)
	return (interrupted || isKind(err, job.TimedOut)) && !(ok && table.Terminal(f))
}

func exitCode(err error) int {
	if stop, ok := err.(interruption); ok {
		return 128 + int(stop)
	}
	var e *job.Error
	if !errors.As(err, &e) {
		return exitFailed
	}
	switch e.Kind {
	case job.Invalid:
		return exitUsage
	case job.NotFound:
		return exitNotFound
	case job.WrongState:
		return exitState
	case job.AllBlocked:
		return exitBlocked
	case job.TimedOut:
		return exitTimedOut
	case job.NotRunnable:
		return exitNotRunnable
	case job.NoProgram:
		return exitNoProgram
	}
	return exitFailed
}

// printError writes "job: verb: what" and a hint, if there is one.
func (c *call) printError(err error) {
	var e *job.Error
	hint := ""
	if errors.As(err, &e) {
		hint = e.Hint
	}
	switch {
	case e != nil && e.Kind == job.NotFound:
		fmt.Fprintf(c.err, "job: %s\n", e.Err)
	case c.verb == nil:
		fmt.Fprintf(c.err, "job: %v\n", err)
	case e != nil && e.Job != "":
		fmt.Fprintf(c.err, "job: %s %v\n", c.verb.name, err)
	default:
		fmt.Fprintf(c.err, "job: %s: %v\n", c.verb.name, err)
	}
	if hint == "" {
		hint = hintFor(err, c)
	}
	if hint != "" {
		fmt.Fprintf(c.err, "hint: %s\n", hint)
	}
}

func hintFor(err error, c *call) string {
	var path *fs.PathError
	if errors.As(err, &path) && strings.HasPrefix(path.Path, "/dev/std") {
		return ""
	}
	switch {
	case exitCode(err) == exitUsage && c.verb != nil:
		return "job " + c.verb.name + " --help shows how it is used"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full: make room (job remove), or use a repository elsewhere (--repository DIR)"
	case errors.Is(err, syscall.EROFS):
		return "the file system can only be read; use a repository elsewhere (--repository DIR)"
	case errors.Is(err, fs.ErrPermission):
		return "the repository has to be yours to write: --repository DIR or JOB_REPOSITORY names another"
	}
	return ""
}

// warn prints what is worth knowing and no error.
func (c *call) warn(text string) { fmt.Fprintf(c.err, "job: warning: %s\n", text) }

// interruption is a signal that ended the verb.
type interruption syscall.Signal

func (i interruption) Error() string {
	return "interrupted; the jobs go on"
}

// interruptible gives a context that ends when somebody interrupts us. The
// reason is its cause.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case s := <-signals:
			cancel(interruption(s.(syscall.Signal)))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
		<-ended
	}
}

// because gives the reason why a context ended in place of its bare error.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}
	return err
}

func suggestion(word string) string {
	for _, v := range verbs() {
		for _, name := range v.names {
			if near(word, name) && !strings.HasPrefix(name, "__") {
				return "; did you mean " + name + "?"
			}
		}
	}
	return ""
}

// near reports whether one edit makes a of b.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	return i == len(a) || a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
