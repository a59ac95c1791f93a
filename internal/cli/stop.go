package cli

import (
	"errors"

	"github.com/backjob/job"
	"github.com/backjob/job/local"
)

func stopVerb() *verb {
	v := &verb{
		args:    "JOB… [flags]",
		summary: "stop jobs",
		help: "Asks the whole process tree of each job to end (SIGTERM, or --signal), waits, and kills what\n" +
			"is left. Returns when the jobs are final and no process of them is left. A final job is left as\n" +
			"it is. What a job put out can still be received, unless --remove was given. An event job\n" +
			"(job on) waits for no more events then.\n\n" + filterHelp,
		example: "job stop 7\njob stop 7 --grace 1m --signal INT\njob stop --state Running\njob stop nightly --remove",
		exits:   "1 it could not be done; 3 a JOB does not exist; 130 interrupted (the stop goes on)",
	}
	v.flags = newFlags()
	x := v.flags.filters()
	grace := v.flags.duration("grace", "D", "time between asking and killing (default: the job's own, else 10s); 0 kills at once")
	signal := v.flags.text("signal", "NAME", "", "ask with this signal in place of SIGTERM")
	passThru := v.flags.bool("pass-thru", "print the jobs (so do -q and --json)")
	remove := v.flags.bool("remove", "then forget the jobs, and delete what they put out")
	p := v.flags.printing()
	v.run = func(c *call) error {
		o := job.StopOptions{Grace: *grace, Signal: *signal}
		o.Force = c.verb.flags.given("grace") && *grace == 0
		if *signal != "" && signalNumber(*signal) == 0 {
			return usage("--signal "+quoteArg(*signal)+": no signal has that name", "kill -l lists them")
		}
		jobs, err := c.named(x)
		if err != nil {
			return err
		}
		stopped := c.stopAll(jobs, o)
		if *passThru || *p.quiet || *p.json {
			infos, err := c.infos(jobs)
			if err == nil {
				err = p.print(c, infos)
			}
			if err != nil {
				return err
			}
		}
		if *remove {
			return c.removeAll(stopped, false)
		}
		return nil
	}
	return v
}

// stopAll stops jobs, all at the same time, and tells what could not be done.
// Those that are final now come back.
func (c *call) stopAll(jobs []*local.Job, o job.StopOptions) (stopped []*local.Job) {
	ctx, done := interruptible()
	defer done()
	// All are asked before any is waited for.
	var asked []*local.Job
	for _, j := range jobs {
		if final, err := j.Final(); final && err == nil {
			stopped = append(stopped, j)
			continue
		}
		if err := j.AskToStop(o); err != nil && !isKind(err, job.NotFound) {
			c.fail(errorOf(j, err))
			continue
		}
		asked = append(asked, j)
	}
	for _, j := range asked {
		err := j.AwaitStop(ctx, o)
		if err != nil && !isKind(err, job.NotFound) {
			c.fail(errorOf(j, because(ctx, err)))
			if ctx.Err() != nil {
				return stopped
			}
			continue
		}
		stopped = append(stopped, j)
	}
	return stopped
}

// errorOf names the job in an error that does not.
func errorOf(j *local.Job, err error) error {
	var e *job.Error
	if _, ok := err.(interruption); ok || errors.As(err, &e) {
		return err
	}
	return &job.Error{Job: j.Ref().String(), Kind: job.Other, Err: err}
}
