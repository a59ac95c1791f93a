package asjob

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/table"
	"github.com/backjob/job/local"
)

// Work is what a command does. It writes its results to out, and nothing to
// os.Stdout; args are what the flags left over. It should end soon once ctx
// is done.
type Work func(ctx context.Context, out *job.Writer, args []string) error

// workVariable tells a program that it was started to do a job's work.
const workVariable = "JOB_AS_JOB"

var kept, working bool

// Keep has to be the first call in main. If this process was executed to be
// the keeper of a job, it does that and exits. It takes the mark of a job's
// work out of the environment, so that a program that the work starts, this
// one again even, is not taken for it.
func Keep() {
	local.Keep()
	kept = true
	if os.Getenv(workVariable) != "" { // a second call does not find it
		working = true
		os.Unsetenv(workVariable)
		ownName()
	}
}

// ownName gives our process its name back. The kernel took "exe" from the path
// that we were executed by, and pgrep, top and the like show that.
func ownName() {
	comm, err := os.OpenFile("/proc/self/comm", os.O_WRONLY, 0)
	if err != nil {
		return // a system without; nothing hangs on it
	}
	defer comm.Close()
	_, _ = comm.WriteString(filepath.Base(os.Args[0]))
}

// Command is the switch with what goes with it. The zero Command runs in the
// foreground.
type Command struct {
	AsJob      bool   // start a job and come back
	Name       string // of the job; "" means Job and its id
	Repository string // folder; "" means the user's own

	Verbose bool // show the stream verbose in the foreground
	Debug   bool // show the stream debug in the foreground

	Stdout *os.File // nil means os.Stdout
	Stderr *os.File // nil means os.Stderr
}

// Flags adds --as-job and --job-name to a command's flags.
func (c *Command) Flags(flags *flag.FlagSet) {
	flags.BoolVar(&c.AsJob, "as-job", c.AsJob, AsJobUsage)
	flags.StringVar(&c.Name, "job-name", c.Name, NameUsage)
}

// What the flags say in a command's help.
const (
	AsJobUsage = "run in the background, as a job: see job get, job receive, job stop"
	NameUsage  = "`name` of the job, with --as-job"
)

// Run does the work, or with AsJob starts a job that does, prints it, and
// comes back. An error of the work comes back as it is.
func (c Command) Run(ctx context.Context, args []string, work Work) error {
	switch {
	case working:
		return c.inJob(ctx, args, work)
	case c.AsJob:
		return c.start(ctx)
	case c.Name != "":
		return &job.Error{Kind: job.Invalid, Err: errors.New("a name was given for a job, and no job is to be started"), Hint: "add --as-job"}
	}
	return c.foreground(ctx, args, work)
}

// Main adds the flags, parses args, runs the work and reports its error. It
// gives the exit status: 0, 1 for an error, 2 for wrong flags, 130 or 143 when
// a signal ended it.
func Main(flags *flag.FlagSet, args []string, work Work) int {
	var c Command
	c.Flags(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	ctx, ended := Signals(context.Background())
	defer ended()
	err := c.Run(ctx, flags.Args(), work)
	if err != nil {
		Report(os.Stderr, name(flags), err)
	}
	return ExitStatus(ctx, err)
}

func name(flags *flag.FlagSet) string {
	if flags.Name() == "" {
		return filepath.Base(os.Args[0])
	}
	return filepath.Base(flags.Name())
}

// Report writes an error as one line, and its hint on the next.
func Report(w io.Writer, program string, err error) {
	fmt.Fprintf(w, "%s: %v\n", program, err)
	var e *job.Error
	if errors.As(err, &e) && e.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", e.Hint)
	}
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string { return "interrupted (" + i.signal.String() + ")" }

// signalsKey marks the contexts that Signals made.
type signalsKey struct{}

// Signals makes a context that ends with SIGINT or SIGTERM. A second signal
// ends the program at once, for work that does not listen. A context that does
// so already is given back as it is.
func Signals(parent context.Context) (ctx context.Context, end func()) {
	if parent.Value(signalsKey{}) != nil {
		return parent, func() {}
	}
	ctx, cancel := context.WithCancelCause(context.WithValue(parent, signalsKey{}, true))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() { // ends with the first signal, or with end
		defer close(done)
		defer signal.Stop(signals)
		select {
		case s := <-signals:
			signal.Stop(signals) // before anybody hears of the first
			cancel(interrupted{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// ExitStatus is the exit status of a program whose work gave err.
func ExitStatus(ctx context.Context, err error) int {
	var i interrupted
	switch {
	case err == nil:
		return 0
	case errors.As(context.Cause(ctx), &i) && i.signal == syscall.SIGTERM:
		return 128 + int(syscall.SIGTERM)
	case errors.As(context.Cause(ctx), &i):
		return 128 + int(syscall.SIGINT)
	}
	var e *job.Error
	if errors.As(err, &e) && e.Kind == job.Invalid {
		return 2
	}
	return 1
}

// start starts this program again, as a job.
func (c Command) start(ctx context.Context) error {
	if !kept {
		return &job.Error{Kind: job.Unsupported, Err: errors.New("this program cannot keep jobs"),
			Hint: "its author has to call asjob.Keep at the top of main"}
	}
	source, err := local.Open(c.Repository, local.Options{Warn: func(text string) { fmt.Fprintln(c.stderr(), "warning: "+text) }})
	if err != nil {
		return err
	}
	defer source.Close()
	j, err := source.StartSelf(ctx, job.Spec{
		Name: c.Name, Argv: os.Args, Env: append(os.Environ(), workVariable+"=1"),
	}, input())
	if err != nil {
		return err
	}
	info, err := j.Begun()
	if err != nil {
		return err
	}
	return table.Write(c.stdout(), []job.Info{info}, time.Now())
}

// input is our standard input for the job to read on from, unless it is a
// terminal: that stays with the shell.
func input() *os.File {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return nil
	}
	return os.Stdin
}

func (c Command) stdout() *os.File {
	if c.Stdout == nil {
		return os.Stdout
	}
	return c.Stdout
}

func (c Command) stderr() *os.File {
	if c.Stderr == nil {
		return os.Stderr
	}
	return c.Stderr
}
