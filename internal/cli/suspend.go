package cli

import (
	"context"
	"fmt"

	"github.com/backjob/job"
	"github.com/backjob/job/local"
)

func suspendVerb() *verb {
	v := &verb{
		args:    "JOB… [flags]",
		summary: "make jobs stand still",
		help: "Stops every process of the tree (SIGSTOP) until job resume. Meanwhile no time runs against\n" +
			"the job's --timeout. A final job is a warning.\n\n" + filterHelp,
		example: "job suspend 7\njob suspend --name 'train*'",
		exits:   "1 it could not be done; 3 a JOB does not exist",
	}
	return changeVerb(v, (*local.Job).Suspend)
}

func resumeVerb() *verb {
	v := &verb{
		args:    "JOB… [flags]",
		summary: "let suspended jobs go on",
		help:    "A job that is not suspended is left as it is; a final one is a warning.\n\n" + filterHelp,
		example: "job resume 7\njob resume --state Suspended",
		exits:   "1 it could not be done; 3 a JOB does not exist",
	}
	return changeVerb(v, (*local.Job).Resume)
}

func changeVerb(v *verb, change func(*local.Job, context.Context) error) *verb {
	v.flags = newFlags()
	x := v.flags.filters()
	v.run = func(c *call) error {
		jobs, err := c.named(x)
		if err != nil {
			return err
		}
		ctx, done := interruptible()
		defer done()
		for _, j := range jobs {
			err := because(ctx, change(j, ctx))
			switch {
			case isKind(err, job.WrongState):
				c.warn(fmt.Sprintf("%s %v; nothing to %s", c.verb.name, err, c.verb.name))
			case err != nil && !isKind(err, job.NotFound):
				c.fail(errorOf(j, err))
			}
		}
		return nil
	}
	return v
}
