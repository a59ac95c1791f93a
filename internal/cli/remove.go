package cli

import (
	"github.com/backjob/job"
	"github.com/backjob/job/local"
)

func removeVerb() *verb {
	v := &verb{
		args:    "JOB… [flags]",
		summary: "forget jobs and delete what they put out",
		help: "A job that is not final is refused unless --force, which stops it first. A child cannot be\n" +
			"removed alone.\n\n" + filterHelp,
		example: "job remove 7 8\njob remove --state Completed --before 7d\njob remove 9 --force",
		exits:   "1 it could not be done; 3 a JOB does not exist; 4 a job is not final, or a child was named",
	}
	v.flags = newFlags()
	x := v.flags.filters()
	force := v.flags.bool("force", "stop those that are not final first")
	v.run = func(c *call) error {
		jobs, err := c.named(x)
		if err != nil {
			return err
		}
		return c.removeAll(jobs, *force)
	}
	return v
}

// removeAll removes jobs; those that cannot be are told and left.
func (c *call) removeAll(jobs []*local.Job, force bool) error {
	if force {
		var whole []*local.Job
		for _, j := range jobs {
			if j.Ref().Child == 0 {
				whole = append(whole, j)
			}
		}
		c.stopAll(whole, job.StopOptions{})
	}
	for _, j := range jobs {
		// One that another remove took meanwhile is gone as it should be.
		if err := c.source.Remove(c.context(), j); err != nil && !isKind(err, job.NotFound) {
			c.fail(errorOf(j, err))
		}
	}
	return nil
}
