package cli

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/local"
)

// receiveOptions is what the flags of receive say.
type receiveOptions struct {
	keep, all, follow, noRecurse bool
	timestamps, prefix, json     bool
	autoRemove                   bool
	discard                      bool // show nothing; for start --wait -q
	reader                       string
	streams                      []job.Stream
	tail, head                   int   // lines; -1 means all
	maxBytes                     int64 // -1 means all
	grep                         *regexp.Regexp
}

func receiveVerb() *verb {
	v := &verb{
		args:    "[JOB…] [flags]",
		summary: "show what jobs put out since you last looked",
		help: "Gives what came since this reader's last receive: output to standard output, errors to\n" +
			"standard error, warnings and the rest to standard error with their name before them. Nothing\n" +
			"is deleted: a mark moves, over what was written to standard output without an error. There is\n" +
			"one mark for output, one for errors, one for the other streams.\n" +
			"verbose and debug records are shown only if asked for with --stream or --json.\n\n" + filterHelp,
		example: "job receive 7\njob receive build --follow\njob receive 7 --all --tail 20\n" +
			"job receive 7 --json --stream error,warning",
		exits: "1 it could not be done, or with --wait: some job Failed or Stopped; 3 a JOB does not exist;\n" +
			"130 interrupted",
	}
	v.flags = newFlags()
	f := v.flags
	x := f.filters()
	keep := f.bool("keep", "leave the mark where it is")
	all := f.bool("all", "begin at the start")
	reader := f.text("reader", "NAME", spool.DefaultReader, "a mark of its own")
	wait := f.bool("wait", "go on until the jobs are final")
	follow := f.bool("follow", "the same as --wait")
	streams := f.text("stream", "S[,S…]", "", "only these: output error warning verbose debug information progress")
	noRecurse := f.bool("no-recurse", "only the job's own records, not its children's")
	tail := f.number("tail", "N", "only the last N lines")
	head := f.number("head", "N", "only the first N lines; the mark stops there")
	maxBytes := f.number("max-bytes", "N", "no more than N bytes; the mark stops there")
	grep := f.text("grep", "REGEXP", "", "only lines that match; the mark moves over all")
	timestamps := f.bool("timestamps", "put the time before each line")
	prefix := f.bool("prefix", "put the child's id before each line")
	autoRemove := f.bool("auto-remove", "with --wait: forget the jobs that ended")
	json := f.bool("json", "print one JSON object a record")
	v.run = func(c *call) error {
		o := receiveOptions{keep: *keep, all: *all, follow: *wait || *follow, noRecurse: *noRecurse, reader: *reader,
			timestamps: *timestamps, prefix: *prefix, json: *json, autoRemove: *autoRemove,
			tail: *tail, head: *head, maxBytes: int64(*maxBytes)}
		if err := o.complete(f, *streams, *grep); err != nil {
			return err
		}
		x.reader = *reader
		jobs, err := c.named(x)
		if err != nil {
			return err
		}
		return o.receive(c, jobs)
	}
	return v
}

func (o *receiveOptions) complete(f *flags, streams, grep string) (err error) {
	if f.given("stream") {
		for _, name := range strings.Split(streams, ",") {
			s, err := job.ParseStream(strings.TrimSpace(name))
			if err != nil {
				return err
			}
			o.streams = append(o.streams, s)
		}
	}
	if o.autoRemove && !o.follow {
		return usage("--auto-remove needs --wait", "nothing is forgotten that may not have been shown")
	}
	if err := checkReader(o.reader); err != nil {
		return err
	}
	if grep != "" {
		if o.grep, err = regexp.Compile(grep); err != nil {
			return usage("--grep "+quoteArg(grep)+": "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2's: https://golang.org/s/re2syntax")
		}
	}
	return nil
}

func checkReader(name string) error {
	const longest = 200 // it becomes part of a file's name
	_, number := job.ParseRef(name)
	if err := job.CheckName(name); err != nil && !number || len(name) > longest {
		return usage("--reader "+quoteArg(name)+" cannot be a reader's name", "use letters, digits and signs other than /")
	}
	return nil
}

func (o receiveOptions) receive(c *call, jobs []*local.Job) error {
	ignorePipe()
	ctx, done := interruptible()
	defer done()
	r := receiving{options: o}
	if err := r.run(ctx, c, jobs); err != nil {
		return because(ctx, err)
	}
	if !o.follow || r.enough {
		return nil
	}
	return o.afterwards(ctx, c, jobs)
}

// afterwards is what --wait does once the jobs are final.
func (o receiveOptions) afterwards(ctx context.Context, c *call, jobs []*local.Job) error {
	infos, err := c.infos(jobs)
	if err != nil {
		return err
	}
	for _, i := range infos {
		if i.State != job.Completed {
			c.exitWith(exitFailed)
		}
	}
	if !o.autoRemove {
		return nil
	}
	for _, j := range jobs {
		if err := c.source.Remove(ctx, j.Parent()); err != nil && !isKind(err, job.NotFound) {
			c.fail(err)
		}
	}
	return nil
}

// receiving is one receive of any number of jobs.
type receiving struct {
	options receiveOptions
	out     sink
	named   map[*local.Job]bool     // the others are children of these
	at      map[job.Ref]spool.Mark  // where --keep and --all are, by child
	tailed  map[job.Ref]bool        // whose last lines were shown; a follower goes on with all that comes
	many    map[job.ID]bool         // jobs with many children
	tails   map[job.Ref]spool.Sizes // of the children of these: where the last lines of the job begin
	unended bool                    // the last line that was shown was not ended
	shared  bool                    // what several children put out comes together
	lines   int                     // shown so far, for --head
	enough  bool                    // it ended because all that was asked for was shown
	bytes   int64                   // written so far, for --max-bytes
}

// errEnough ends a receive that has shown what was asked for.
var errEnough = errors.New("enough")

func (r *receiving) run(ctx context.Context, c *call, jobs []*local.Job) error {
	if r.options.noRecurse { // all a job of this machine puts out is its children's
		if !r.options.follow {
			return nil
		}
		return c.source.Await(ctx, jobs, func(_ *local.Job, record store.Record) bool { return record.State.Final() })
	}
	r.out = sink{out: c.out, err: c.err}
	jobs = r.once(jobs)
	if err := r.prepare(jobs); err != nil {
		return err
	}
	err := local.FollowAll(ctx, jobs, r.options.follow, func(j *local.Job, to spool.Sizes, final bool) error {
		return r.take(c, j, to, final)
	})
	if r.enough = errors.Is(err, errEnough); r.enough {
		err = nil
	}
	return errors.Join(err, r.out.flush())
}

// once leaves out a child whose job is there too: it would be received twice.
func (r *receiving) once(jobs []*local.Job) []*local.Job {
	whole, seen := map[job.ID]bool{}, map[job.Ref]bool{}
	for _, j := range jobs {
		whole[j.Ref().ID] = whole[j.Ref().ID] || j.Ref().Child == 0
	}
	var kept []*local.Job
	for _, j := range jobs {
		ref := j.Ref()
		if seen[ref] || ref.Child != 0 && whole[ref.ID] {
			continue
		}
		seen[ref] = true
		kept = append(kept, j)
	}
	return kept
}

func (r *receiving) prepare(jobs []*local.Job) error {
	r.named, r.at, r.tailed = map[*local.Job]bool{}, map[job.Ref]spool.Mark{}, map[job.Ref]bool{}
	r.many, r.tails = map[job.ID]bool{}, map[job.Ref]spool.Sizes{}
	r.shared = len(jobs) > 1
	for _, j := range jobs {
		r.named[j] = true
		many, err := j.Many()
		if err != nil && !isKind(err, job.NotFound) {
			return err
		}
		if !many || j.Ref().Child != 0 {
			continue
		}
		r.shared, r.many[j.Ref().ID] = true, true
		if err := r.findTails(j); err != nil {
			return err
		}
	}
	return nil
}

// show writes what is between the mark and to, and moves the mark as far as
// it was written.
func (r *receiving) show(j *local.Job, mark *spool.Mark, to spool.Sizes, final bool, move func(spool.Mark) error) error {
	if to.Minus(mark.Sizes).Total() == 0 {
		return nil
	}
	switch {
	case r.options.discard:
		mark.Sizes = to
		return move(*mark)
	case r.options.byLine():
		return r.showLines(j, mark, to, final, move)
	}
	return r.showBytes(j, mark, to, move)
}

// byLine reports whether lines have to be looked at; if not, the kernel
// copies the bytes.
func (o receiveOptions) byLine() bool {
	return o.timestamps || o.prefix || o.json || o.grep != nil || o.tail >= 0 || o.head >= 0
}
