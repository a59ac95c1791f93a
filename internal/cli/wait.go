package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/local"
)

type waitOptions struct {
	printing
	filters    *filters
	any, force *bool
	timeout    *time.Duration
	until      *string
	pattern    *regexp.Regexp
}

func waitVerb() *verb {
	v := &verb{
		args:    "[JOB…] [flags]",
		summary: "wait for jobs to end",
		help: "Returns when all the jobs are final, and prints them; without JOB and filter it waits for all.\n" +
			"Suspended and Disconnected count as ended unless --force. The jobs go on whatever becomes of the wait.\n\n" + filterHelp,
		example: "job wait 7\njob wait 'test-*' --timeout 10m\njob start -q -- make | job wait -\njob wait web --until 'listening on'",
		exits: "1 some job did not become Completed (with --until: ended without such a line); 3 a JOB does not exist;\n" +
			"5 all that are left wait for input; 124 the timeout ran out; 130 interrupted",
	}
	v.flags = newFlags()
	o := &waitOptions{filters: v.flags.filters()}
	o.any = v.flags.bool("any", "return when one has ended, and print that one")
	o.timeout = v.flags.duration("timeout", "D", "wait no longer; 0 is a look")
	o.force = v.flags.bool("force", "wait on for jobs that are Suspended")
	o.until = v.flags.text("until", "REGEXP", "", "return as soon as a line of output or error matches, and print that line")
	o.printing = v.flags.printing()
	v.run = o.run
	return v
}

func (o *waitOptions) run(c *call) (err error) {
	if c.verb.flags.given("until") {
		if o.pattern, err = regexp.Compile(*o.until); err != nil {
			return usage("--until "+quoteArg(*o.until)+" is no regular expression: "+err.Error(), "the syntax is RE2's: https://golang.org/s/re2syntax")
		}
	}
	q, err := o.filters.query(c)
	if err != nil {
		return err
	}
	jobs, err := c.find(q)
	if err != nil || len(jobs) == 0 {
		return err
	}
	ctx, done := interruptible()
	defer done()
	if c.verb.flags.given("timeout") {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, *o.timeout, errTimedOut)
		defer cancel()
	}
	if o.pattern != nil {
		return o.waitForLine(ctx, c, jobs)
	}
	return o.wait(ctx, c, jobs)
}

var errTimedOut = &job.Error{Kind: job.TimedOut, Err: errors.New("the time ran out; the jobs go on")}

var errAllBlocked = &job.Error{Kind: job.AllBlocked, Err: errors.New("every job that is left waits for input"),
	Hint: "job get --state Blocked shows them"}

// ending is what a wait knows of its jobs.
type ending struct {
	ended map[*local.Job]time.Time // when, zero for those that only stand still
	open  map[*local.Job]job.State // the others
}

func (e ending) allBlocked() bool {
	for _, s := range e.open {
		if s != job.Blocked {
			return false
		}
	}
	return len(e.open) > 0
}

// wait waits for all or any, and prints those that ended.
func (o *waitOptions) wait(ctx context.Context, c *call, jobs []*local.Job) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	e := ending{map[*local.Job]time.Time{}, map[*local.Job]job.State{}}
	show := newProgress(c, len(jobs))
	err := c.source.Await(ctx, jobs, func(j *local.Job, r store.Record) bool {
		if !r.State.Final() && (*o.force || !r.State.Ended()) {
			if e.open[j] = r.State; e.allBlocked() && len(e.open)+len(e.ended) == len(jobs) {
				stop(errAllBlocked)
			}
			return false
		}
		delete(e.open, j)
		e.ended[j] = r.End
		show.tell(len(e.ended))
		if *o.any {
			stop(errEnough) // those that ended at the same look are compared first
		}
		return true
	})
	show.close()
	if err = because(ctx, err); errors.Is(err, errEnough) {
		err = nil
	}
	return errors.Join(o.printEnded(c, o.those(jobs, e)), err)
}

// those are the jobs to be printed, in the order in which they were named:
// with --any the one that ended first.
func (o *waitOptions) those(jobs []*local.Job, e ending) (those []*local.Job) {
	for _, j := range jobs {
		end, ok := e.ended[j]
		switch {
		case !ok:
		case !*o.any || len(those) == 0:
			those = append(those, j)
		case end.Before(e.ended[those[0]]):
			those[0] = j
		}
	}
	return those
}

func (o *waitOptions) printEnded(c *call, jobs []*local.Job) error {
	infos, err := c.infos(jobs)
	if err != nil {
		return err
	}
	for _, i := range infos {
		if i.State != job.Completed {
			c.exitWith(exitFailed)
		}
		if i.State == job.Suspended {
			c.warn(fmt.Sprintf("job %v is Suspended and counts as ended (job resume %v; --force waits on)", i.Ref, i.Ref))
		}
	}
	return o.print(c, infos)
}

// waitForLine returns when a line matches, and prints it.
func (o *waitOptions) waitForLine(ctx context.Context, c *call, jobs []*local.Job) error {
	at := map[*local.Job]spool.Sizes{}
	found := errors.New("found")
	err := local.FollowAll(ctx, jobs, true, func(j *local.Job, to spool.Sizes, final bool) error {
		to[spool.RecordsFile] = 0
		var match error
		after, err := j.Lines(local.LineOptions{From: at[j], To: to, Unended: final}, func(line job.Record, _ spool.Sizes) bool {
			if o.pattern.Match(line.Text) {
				match = found
				fmt.Fprintf(c.out, "%s\n", line.Text)
			}
			return match == nil
		})
		at[j] = after
		if match != nil {
			return match
		}
		return err
	})
	switch {
	case errors.Is(err, found):
		return nil
	case err != nil:
		return because(ctx, err)
	}
	return &job.Error{Kind: job.Other, Err: fmt.Errorf("no line matched %q before the end", *o.until)}
}
