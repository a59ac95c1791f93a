package asjob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/asjob"
)

// works are what the test's program can do, by its first argument.
var works = map[string]asjob.Work{
	"say":     say,
	"fail":    fail,
	"family":  family,
	"hold":    hold,
	"deaf":    deaf,
	"await":   awaitFile,
	"cat":     cat,
	"where":   where,
	"count":   count,
	"again":   again,
	"env":     environment,
	"explode": func(context.Context, *job.Writer, []string) error { panic("at the disco") },
}

func work(ctx context.Context, out *job.Writer, args []string) error {
	if len(args) == 0 || works[args[0]] == nil {
		return &job.Error{Kind: job.Invalid, Err: fmt.Errorf("no work is named %q", args), Hint: "say, for example"}
	}
	return works[args[0]](ctx, out, args[1:])
}

// say writes to all streams.
func say(_ context.Context, out *job.Writer, _ []string) error {
	out.Output("result one")
	out.Error("something went wrong")
	out.Warning("careful")
	out.Verbose("in detail")
	out.Debug("x = 7")
	out.Information("by the way")
	out.Progress(job.Step{Activity: "saying", Status: "nearly", Percent: 40})
	out.Progress(job.Step{Activity: "saying", Percent: -1})
	out.Output("result two")
	return nil
}

func fail(_ context.Context, out *job.Writer, args []string) error {
	out.Output("so far so good")
	return errors.New(strings.Join(args, " "))
}

// family has children, the second of which may fail.
func family(ctx context.Context, out *job.Writer, args []string) error {
	first := out.Go(ctx, "first", func(_ context.Context, out *job.Writer) error {
		out.Output("the first's")
		return nil
	})
	if err := first.Wait(ctx); err != nil {
		return err
	}
	out.Go(ctx, "second", func(_ context.Context, out *job.Writer) error {
		out.Warning("the second's")
		if len(args) > 0 {
			return errors.New(args[0])
		}
		return nil
	})
	return nil
}

// hold works until it is asked to end.
func hold(ctx context.Context, out *job.Writer, _ []string) error {
	out.Output("holding")
	<-ctx.Done()
	out.Output("last words")
	return ctx.Err()
}

// deaf hears that it is asked to end, and goes on.
func deaf(ctx context.Context, out *job.Writer, _ []string) error {
	out.Output("holding")
	<-ctx.Done()
	out.Output("heard")
	await("nothing that comes")
	return nil
}

// awaitFile ends when a file is there: well, or with the error that is given.
func awaitFile(_ context.Context, out *job.Writer, args []string) error {
	out.Output("waiting")
	await(args[0])
	out.Output("it is there")
	if len(args) > 1 {
		return errors.New(args[1])
	}
	return nil
}

func cat(_ context.Context, out *job.Writer, _ []string) error {
	lines := out.Lines(job.Output)
	defer lines.Close()
	_, err := io.Copy(lines, os.Stdin)
	return err
}

// where tells who and where we are.
func where(_ context.Context, out *job.Writer, _ []string) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	comm, err := os.ReadFile("/proc/self/comm")
	out.Output(fmt.Sprintf("%s in %s, process %s", os.Args[0], dir, strings.TrimSpace(string(comm))))
	return err
}

func count(_ context.Context, out *job.Writer, _ []string) error {
	for i := range 20_000 {
		out.Output(i)
	}
	return nil
}

// again executes this very program with other arguments.
func again(ctx context.Context, out *job.Writer, args []string) error {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Args[0] = "prog"
	lines := out.Lines(job.Output)
	defer lines.Close()
	cmd.Stdout, cmd.Stderr = lines, lines
	return cmd.Run()
}

// environment tells what of ours is in our environment, and in that of what we
// start.
func environment(ctx context.Context, out *job.Writer, _ []string) error {
	theirs, err := exec.CommandContext(ctx, "env").Output()
	for _, entry := range append(os.Environ(), strings.Split(string(theirs), "\n")...) {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "JOB_") {
			out.Output(name)
		}
	}
	return err
}
