package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/table"
	"github.com/backjob/job/local"
)

type startOptions struct {
	printing
	name, dir, script, input, init, notify *string
	env                                    []string
	timeout, grace, retryDelay             *time.Duration
	retry                                  *int
	nice                                   int
	wait, autoRemove, merge, async         *bool
}

func startVerb() *verb {
	v := &verb{
		args:    "[flags] -- COMMAND [ARG…]  |  -c 'SCRIPT' [-- ARG…]",
		summary: "start a job and come back at once",
		help: "The job runs COMMAND with what you have here: directory, environment, umask, limits,\n" +
			"niceness. It has no terminal and a session of its own, and goes on when the shell and the\n" +
			"terminal are gone. Once its process runs, the job is printed.\n\n" +
			"With -c a shell runs SCRIPT ($JOB_SHELL, else /bin/sh), the ARGs being $1, $2 and so on;\n" +
			"&&, |, > and ; need that. Inside, the job sees JOB_ID, JOB_CHILD, JOB_NAME, JOB_ATTEMPT and\n" +
			"JOB_RECORDS. Flags end at --, or at the first word that is no flag.\n\n" +
			"A job ends when its program has ended and nothing it left behind can write to the job's\n" +
			"output any more.",
		example: "job start -- make -j8 all\n" +
			"job start --name backup -c 'tar c src | zstd > /backup/src.tar.zst'\n" +
			"job start -q -- ./train.py | job wait -",
		exits: "1 it could not be done; 126 COMMAND cannot be executed, 127 it was not found: there is no\n" +
			"job then. With --wait the command's own status, 128+N for signal N, 130 after Ctrl-C.",
		raw: true,
	}
	v.flags = newFlags()
	o := &startOptions{}
	o.flags(v.flags)
	o.async = v.flags.bool("async", "come back before the program runs; one that cannot be started is a Failed job")
	o.autoRemove = v.flags.bool("auto-remove", "with --wait: forget the job once it ended and all was shown")
	o.wait = v.flags.bool("wait", "show the output as it comes, then exit as the command did; Ctrl-C stops the job")
	v.run = o.run
	return v
}

func runVerb() *verb {
	v := startVerb()
	v.summary = "start a job and stay with it: start --wait"
	v.help = "The same as job start --wait: the output is shown as it comes, and job run exits as the\n" +
		"command did. The job is in the repository as any other, and goes on if this terminal is\n" +
		"closed. Ctrl-C stops the job, a second one kills it.\n\n" + v.help[strings.Index(v.help, "With -c"):]
	v.example = "job run -- make test\njob run --auto-remove -c 'sleep 3; date'"
	v.exits = "the command's own status, 128+N for signal N, 130 after Ctrl-C; 126 and 127 as with start"
	v.flags.set.Set("wait", "true")
	return v
}

// flags adds those that say what is run, and how.
func (o *startOptions) flags(f *flags) {
	o.async, o.autoRemove, o.wait = new(bool), new(bool), new(bool)
	o.script = f.text("c", "SCRIPT", "", "run SCRIPT by the shell")
	o.name = f.text("name", "NAME", "", "the job's name (default Job and its id)")
	o.dir = f.text("dir", "DIR", "", "the working directory (default: here)")
	f.custom("env", "K=V", "set a variable for the job (many)", func(s string) error {
		if k, _, ok := strings.Cut(s, "="); !ok || k == "" {
			return errors.New("it takes NAME=VALUE")
		}
		o.env = append(o.env, s)
		return nil
	})
	o.input = f.text("input", "FILE", "", "standard input of the job; - takes all of ours first (default: nothing)")
	o.init = f.text("init", "SCRIPT", "", "with -c: run this first in the same shell; if it fails the job Failed")
	o.timeout = f.duration("timeout", "D", "stop an attempt that takes longer; it Failed then")
	o.grace = f.duration("grace", "D", "time between asking to end and killing (default 10s)")
	o.retry = f.number("retry", "N", "up to N new attempts after Failed")
	o.retryDelay = f.duration("retry-delay", "D", "wait before each of them")
	f.custom("nice", "N", "add N to the niceness, as nice -n does", func(s string) (err error) {
		if o.nice, err = strconv.Atoi(s); err != nil {
			err = errors.New("it takes a whole number from -20 to 19")
		}
		return err
	})
	o.merge = f.bool("merge", "standard error goes where standard output goes: exact order, one stream")
	o.notify = f.text("notify", "COMMAND", "", "run by the shell when the job is final, with JOB_ID, JOB_NAME, JOB_STATE, JOB_EXIT_CODE")
	o.printing = f.printing()
}

func (o *startOptions) run(c *call) error {
	spec, err := o.spec(c)
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	if err := o.lower(c); err != nil {
		return err
	}
	// A signal between here and the job's start must not be lost: it stops
	// the job that then is there.
	interrupts := make(chan os.Signal, 2)
	if *o.wait {
		signal.Notify(interrupts, syscall.SIGINT, syscall.SIGTERM)
	}
	started, err := job.NewRepository(c.source).Start(c.context(), spec)
	if err != nil {
		return err
	}
	j := started.(*local.Job)
	if !*o.wait {
		return o.show(c, j)
	}
	return o.stay(c, j, interrupts)
}

func (o *startOptions) show(c *call, j *local.Job) error {
	if *o.quiet {
		return printIDs(c.out, []job.Info{{Ref: j.Ref()}})
	}
	info, err := j.Begun()
	if err != nil {
		return err
	}
	return o.print(c, []job.Info{info})
}

// lower adds to our own niceness; the job inherits it.
func (o *startOptions) lower(c *call) error {
	if !c.verb.flags.given("nice") {
		return nil
	}
	if err := addNice(o.nice); err != nil {
		return &job.Error{Kind: job.Other, Err: fmt.Errorf("--nice %d: %w", o.nice, err),
			Hint: "only the superuser may make a job more urgent"}
	}
	return nil
}

func (o *startOptions) spec(c *call) (spec job.Spec, err error) {
	f := c.verb.flags
	spec = job.Spec{Name: *o.name, Argv: c.args, Dir: *o.dir, Input: *o.input, Merge: *o.merge,
		Timeout: *o.timeout, Grace: *o.grace, Retry: max(*o.retry, 0), RetryDelay: *o.retryDelay,
		Notify: *o.notify, Async: *o.async}
	if err := o.check(c); err != nil {
		return spec, err
	}
	if f.given("grace") && *o.grace == 0 {
		spec.Grace = -1
	}
	if f.given("c") {
		o.script2argv(&spec, c.args)
	}
	if *o.input == "-" {
		spec.Input, spec.InputFrom = "", c.in
	}
	spec.Env = o.environment(f)
	return spec, nil
}

// check refuses what cannot be meant.
func (o *startOptions) check(c *call) error {
	f := c.verb.flags
	switch {
	case f.given("name") && *o.name == "":
		return job.CheckName("")
	case f.given("name"):
		if err := job.CheckName(*o.name); err != nil {
			return err
		}
	}
	switch {
	case f.given("dir") && *o.dir == "":
		return usage("--dir is empty", "name a folder, or leave the flag out")
	case f.given("input") && *o.input == "":
		return usage("--input is empty", "name a file, or - for standard input")
	case f.given("init") && !f.given("c"):
		return usage("--init needs -c", "the init is run by the shell that runs the script")
	case !f.given("c") && len(c.args) == 0:
		return usage("no command was given", "job "+c.verb.name+" -- COMMAND [ARG…], or job "+c.verb.name+" -c 'SCRIPT'")
	case *o.autoRemove && !*o.wait:
		return usage("--auto-remove needs --wait", "job run --auto-remove -- COMMAND")
	case f.given("timeout") && *o.timeout == 0:
		return usage("--timeout 0 leaves the job no time", "leave the flag out for a job without a limit")
	}
	return nil
}

// script2argv makes the command of -c. The init is run in the same shell; if
// it fails the shell ends with its status before the script.
func (o *startOptions) script2argv(spec *job.Spec, args []string) {
	shell := os.Getenv("JOB_SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	script := *o.script
	spec.Command = script
	if *o.init != "" {
		script = "eval " + "'" + strings.ReplaceAll(*o.init, "'", `'\''`) + "' || exit\n" + script
	}
	spec.Argv = append([]string{shell, "-c", script, shell}, args...)
}

// environment is ours with what --env adds. A job's own job calls mean the
// repository that it is in.
func (o *startOptions) environment(f *flags) []string {
	added := o.env
	if f.given("repository") {
		added = append([]string{"JOB_REPOSITORY=" + absolutePath(f.value("repository"))}, added...)
	}
	if f.given("dir") {
		added = append([]string{"PWD=" + absolutePath(*o.dir)}, added...)
	}
	env := []string{}
	for _, e := range os.Environ() {
		if !overridden(e, added) {
			env = append(env, e)
		}
	}
	for i, e := range added {
		if !overridden(e, added[i+1:]) {
			env = append(env, e)
		}
	}
	return env
}

func overridden(entry string, by []string) bool {
	name, _, _ := strings.Cut(entry, "=")
	for _, b := range by {
		if strings.HasPrefix(b, name+"=") {
			return true
		}
	}
	return false
}

// stay shows what the job puts out until it is final, then makes our exit
// status the command's.
func (o *startOptions) stay(c *call, j *local.Job, interrupts chan os.Signal) error {
	ignorePipe()
	if *o.json || *o.quiet {
		if err := o.show(c, j); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(c.context())
	defer cancel()
	stopping := make(chan syscall.Signal, 1)
	go c.stopOnInterrupt(ctx, j, interrupts, stopping) // ends with ctx
	r := receiving{options: receiveOptions{all: true, follow: true, json: *o.json, discard: *o.quiet,
		reader: spool.DefaultReader, tail: -1, head: -1, maxBytes: -1}}
	err := r.run(ctx, c, []*local.Job{j})
	if err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	if err != nil { // nobody looks any more; the job goes on, and so do we
		if waitErr := j.Wait(ctx); waitErr != nil {
			return waitErr
		}
	}
	info, infoErr := j.Info()
	if infoErr != nil {
		return infoErr
	}
	if *o.autoRemove && err == nil {
		if err := c.source.Remove(ctx, j); err != nil {
			return err
		}
	}
	select {
	case s := <-stopping:
		c.exitWith(128 + int(s))
	default:
		c.exit = max(c.exit, statusOf(info))
	}
	return nil
}

// stopOnInterrupt stops the job at the first signal and kills it at the
// second. stopped gets the first.
func (c *call) stopOnInterrupt(ctx context.Context, j *local.Job, interrupts chan os.Signal, stopped chan syscall.Signal) {
	for n := 0; ; n++ {
		select {
		case s := <-interrupts:
			if n == 0 {
				stopped <- s.(syscall.Signal)
				if f, ok := c.err.(*os.File); ok && table.Terminal(f) {
					fmt.Fprintf(f, "\rjob: stopping job %v; Ctrl-C again kills it\n", j.Ref())
				}
			}
			if err := j.AskToStop(job.StopOptions{Force: n > 0}); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// statusOf is the exit status that a shell would give.
func statusOf(i job.Info) int {
	switch {
	case i.State == job.Completed:
		return 0
	case i.ExitCode != nil && *i.ExitCode != 0:
		return *i.ExitCode
	case i.Signal != "":
		return 128 + signalNumber(i.Signal)
	}
	return exitFailed
}
