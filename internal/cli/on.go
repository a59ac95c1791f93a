package cli

import (
	"errors"
	"os"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/local"
)

type onOptions struct {
	startOptions
	on    local.On
	to    string   // the state of --state
	given []string // the sources of events that were named
	max   *int

	keepGoing *bool
}

func onVerb() *verb {
	v := &verb{
		args: "--changed PATH [flags] -- COMMAND [ARG…]  |  --every D [flags] -- COMMAND [ARG…]  |  " +
			"--cron EXPR [flags] -- COMMAND [ARG…]  |  --state JOB=STATE [flags] -- COMMAND [ARG…]",
		summary: "run a command at each event, in the background",
		help: "Makes an event job, which waits: for something to change under PATH, for the next of the times\n" +
			"each D or of a cron expression, for other jobs to step to a state. At each event it runs COMMAND\n" +
			"(or -c SCRIPT) as a child of its own, with the event in JOB_EVENT. It is NotStarted until the\n" +
			"first event, Running from then on. Its runs are seen with job get --children, and received with\n" +
			"job receive; job stop ends it, job stop --remove forgets it too. Flags about the command hold\n" +
			"for each run, --notify for the end of the event job.\n\n" +
			"--changed: JOB_EVENT has the paths, one a line (PATH itself where it is not known what changed,\n" +
			"or too much). What happens within 0.1 seconds is one event. .git, what editors make for\n" +
			"themselves, and the repository of jobs do not count; nor must what COMMAND writes: --ignore it.\n\n" +
			"--every, --cron: JOB_EVENT has the time that was due (RFC 3339). D is counted from now on. EXPR is\n" +
			"minute, hour, day, month and weekday, or @hourly, @daily, @weekly, @monthly, @yearly, by the\n" +
			"clock here ($TZ), or elsewhere with CRON_TZ=Europe/Berlin before it.\n\n" +
			"--state: JOB is an id, a name or a pattern; jobs that are started later count too, those that a\n" +
			"run starts do not. JOB_EVENT has id and state, as 7=Completed. With an id, the event job ends\n" +
			"when that job is final. A job whose keeper was killed steps on when somebody looks at it.\n\n" +
			"A run that Failed makes the event job Failed, and later events are ignored; with --keep-going it\n" +
			"goes on, as a nightly backup should after one bad night. A run of which nobody saw how it ended\n" +
			"(machine restarted) does not count.\n\n" +
			"An event job outlives a crash of its keeper and a restart of the machine: the next job command,\n" +
			"whatever it is, starts it again, and no event is dealt with twice. Steps of jobs that came in\n" +
			"between are dealt with then. Times that passed, also while the machine slept, are skipped; with\n" +
			"--missed once there is one run, for the latest. So it is for changes, which nobody saw, and for\n" +
			"JOB, given by id or name, that is in STATE already.",
		example: "job on --changed src --ignore build -- make\n" +
			"job on --name nightly --cron '30 2 * * *' --keep-going --missed once -- ./backup.sh\n" +
			"job on --every 5m --max 12 --overlap skip -c 'curl -fsS https://example.org/health'\n" +
			"job on --state 'build*=Failed' -c 'notify-send \"job $JOB_EVENT\"'",
		exits: "1 it could not be done, or PATH is not there; 3 the JOB does not exist; 4 it is final already;\n" +
			"126 COMMAND cannot be executed, 127 it was not found: there is no event job then",
		raw: true,
	}
	v.flags = newFlags()
	o := &onOptions{}
	o.flags(v.flags)
	v.run = o.run
	return v
}

func (o *onOptions) flags(f *flags) {
	o.startOptions.flags(f)
	o.sources(f)
	f.custom("ignore", "PATTERN", "with --changed: files and folders with such a name do not count (many)", func(s string) error {
		if s == "" {
			return errors.New("it is empty")
		}
		o.on.Ignore = append(o.on.Ignore, s)
		return nil
	})
	o.max = f.number("max", "N", "end by itself after N runs, replaced ones too: Completed, if they all are")
	f.custom("overlap", "HOW", "an event that comes while a run is at work: queue (default; 1,000 wait), skip, parallel, replace",
		func(s string) (err error) {
			o.on.Overlap, err = store.ParseOverlap(s)
			return err
		})
	f.custom("missed", "HOW", "events that passed while nobody waited: skip (default), once", func(s string) error {
		o.on.Once = s == "once"
		if !o.on.Once && s != "skip" {
			return errors.New("it is one of skip, once")
		}
		return nil
	})
	o.keepGoing = f.bool("keep-going", "a run that Failed does not end the event job")
}

// sources adds the flags that say what is waited for.
func (o *onOptions) sources(f *flags) {
	source := func(name, value, text string, set func(string) error) {
		f.custom(name, value, text, func(s string) error {
			if s == "" {
				return errors.New("it is empty")
			}
			o.given = append(o.given, dashes(name))
			return set(s)
		})
	}
	source("changed", "PATH", "something changes under the folder, or the file does", func(s string) error {
		o.on.Changed = s
		return nil
	})
	source("cron", "EXPR", "a time comes that the cron expression names", func(s string) error {
		o.on.Cron = s
		return nil
	})
	source("every", "D", "each D, from now on", func(s string) (err error) {
		if o.on.Every, err = parseDuration(s); err == nil && o.on.Every == 0 {
			err = errors.New("no time passes between two runs")
		}
		return err
	})
	source("state", "JOB=STATE", "a job steps to the state", o.ofState)
}

// ofState reads JOB=STATE. A name may have = in it, a state has none.
func (o *onOptions) ofState(s string) error {
	at := strings.LastIndex(s, "=")
	if at <= 0 {
		return errors.New("it takes JOB=STATE, such as 7=Completed")
	}
	o.on.Of = s[:at]
	o.to = s[at+1:]
	return nil
}

func (o *onOptions) run(c *call) error {
	if err := o.check(c); err != nil {
		return err
	}
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
	j, err := c.source.StartOn(c.context(), spec, o.on)
	if err != nil {
		return err
	}
	return o.show(c, j)
}

// check refuses what cannot be meant, and completes what is.
func (o *onOptions) check(c *call) error {
	switch {
	case len(o.given) == 0:
		return usage("it is not said what to wait for", "give one of --changed PATH, --every D, --cron EXPR and --state JOB=STATE")
	case len(o.given) > 1:
		return usage(strings.Join(o.given, " and ")+": an event job waits for one thing", "make one for each")
	case *o.max == 0:
		return usage("--max 0 leaves nothing to do", "leave the flag out for an event job without an end")
	case o.on.Ignore != nil && o.on.Changed == "":
		return usage("--ignore needs --changed", "")
	}
	if o.on.Of != "" {
		var err error
		if o.on.State, err = job.ParseState(o.to); err != nil {
			return err // whose hint package flag would lose
		}
	}
	o.on.Max = max(*o.max, 0)
	o.on.KeepGoing = *o.keepGoing
	if o.on.Cron != "" {
		o.on.Zone = zone()
	}
	return nil
}

// zone is the time zone that TZ names, as programs here take it: set to
// nothing it is UTC.
func zone() string {
	name, set := os.LookupEnv("TZ")
	if set && name == "" {
		return "UTC"
	}
	return name
}
