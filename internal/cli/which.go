package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/table"
	"github.com/backjob/job/local"
)

// filters is the flags that say which jobs.
type filters struct {
	states, childState, before, after string
	name, command, location           *string
	hasMoreData                       *bool
	newest                            *int
	children                          bool
	reader                            string // whose mark --has-more-data looks at
}

const filterHelp = "JOB is an id (7), a child's id (7.1), an instance id or the last 8 or more of its letters,\n" +
	"a name, or a pattern over names (night*, [ab]1). - reads them from standard input, one a line.\n" +
	"Several filters all have to hold."

func (f *flags) filters() *filters {
	x := &filters{}
	f.set.StringVar(&x.states, "state", "", "")
	x.name = f.text("name", "PATTERN", "", "jobs whose name matches")
	x.command = f.text("command", "PATTERN", "", "jobs whose whole command text is or matches PATTERN")
	x.location = f.text("location", "PATTERN", "", "jobs that run at such a place")
	f.optional("has-more-data", "[=BOOL]", "jobs with (without) something not received yet", func(b bool) { x.hasMoreData = &b })
	f.set.StringVar(&x.before, "before", "", "")
	f.set.StringVar(&x.after, "after", "", "")
	x.newest = f.number("newest", "N", "the N jobs that ended last; those that have not ended count as newest")
	f.set.StringVar(&x.childState, "child-state", "", "")
	f.optional("children", "[=BOOL]", "add all children", func(b bool) { x.children = b })
	f.shown = append(f.shown,
		shownFlag{"state", "S[,S…]", "jobs in one of these states"},
		shownFlag{"before", "TIME", "jobs that ended before TIME (RFC 3339, 15:04, or 2h for two hours ago)"},
		shownFlag{"after", "TIME", "jobs that ended after TIME"},
		shownFlag{"child-state", "S", "add the children in this state"})
	return x
}

// query is what the filters and the arguments say.
func (x *filters) query(c *call) (q job.Query, err error) {
	q = job.Query{Name: *x.name, Command: *x.command, Location: *x.location, HasMoreData: x.hasMoreData, Children: x.children, Reader: x.reader}
	if *x.newest >= 0 {
		q.Newest = x.newest
	}
	if c.verb.flags.given("state") {
		for _, name := range strings.Split(x.states, ",") {
			s, err := job.ParseState(strings.TrimSpace(name))
			if err != nil {
				return q, err
			}
			q.States = append(q.States, s)
		}
	}
	if c.verb.flags.given("child-state") {
		s, err := job.ParseState(x.childState)
		if err != nil {
			return q, err
		}
		q.ChildState = &s
	}
	now := time.Now()
	for _, t := range []struct {
		name, text string
		to         *time.Time
	}{{"before", x.before, &q.Before}, {"after", x.after, &q.After}} {
		if !c.verb.flags.given(t.name) {
			continue
		}
		if *t.to, err = parseTime(t.text, now); err != nil {
			return q, usage("--"+t.name+" "+quoteArg(t.text)+": "+err.Error(), "")
		}
	}
	for _, name := range []string{"name", "command", "location"} {
		if c.verb.flags.given(name) && c.verb.flags.value(name) == "" {
			return q, usage("--"+name+" is empty", "")
		}
	}
	q.Jobs, err = c.refs()
	return q, err
}

// refs are the JOBs of the command line; - stands for those on standard
// input. It is not nil if any were meant, though there may be none.
func (c *call) refs() ([]string, error) {
	if len(c.args) == 0 {
		return nil, nil
	}
	refs := []string{}
	for _, arg := range c.args {
		switch arg {
		case "":
			return nil, usage("a JOB is empty", "")
		case "-":
			read, err := readRefs(c.in)
			if err != nil {
				return nil, err
			}
			refs = append(refs, read...)
		default:
			refs = append(refs, arg)
		}
	}
	return refs, nil
}

// readRefs reads JOBs, one a line, as they are or as one of our verbs printed
// them: a table, or JSON.
func readRefs(in io.Reader) (refs []string, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	tabular := false
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		fields := strings.Fields(text)
		switch {
		case text == "":
		case len(fields) == len(table.Columns) && fields[0] == table.Columns[0] && fields[1] == table.Columns[1]:
			tabular = true
		case tabular:
			refs = append(refs, fields[0])
		case strings.HasPrefix(text, "{"):
			var o struct {
				ID    job.ID `json:"id"`
				Child int    `json:"child"`
			}
			if err := json.Unmarshal([]byte(text), &o); err != nil || o.ID == 0 {
				return nil, usage("standard input has a line that names no job: "+quoteArg(text), "")
			}
			refs = append(refs, job.Ref{ID: o.ID, Child: o.Child}.String())
		default:
			refs = append(refs, text)
		}
	}
	return refs, lines.Err()
}

// find gives the jobs that are meant. Those that do not exist are told and
// make the exit code 3; the others are served.
func (c *call) find(q job.Query) ([]*local.Job, error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	if q.Jobs != nil && len(q.Jobs) == 0 {
		return nil, nil // standard input named none
	}
	found, err := job.NewRepository(c.source).Find(c.context(), q)
	if err = c.tellMissing(err); err != nil {
		return nil, err
	}
	jobs := make([]*local.Job, len(found))
	for i, j := range found {
		jobs[i] = j.(*local.Job)
	}
	return jobs, nil
}

// tellMissing tells what was not found, and passes on any other error.
func (c *call) tellMissing(err error) error {
	var others []error
	for _, e := range flatten(err) {
		var known *job.Error
		if errors.As(e, &known) && known.Kind == job.NotFound {
			c.fail(e)
		} else {
			others = append(others, e)
		}
	}
	return errors.Join(others...)
}

func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// named is find for verbs that refuse to take all jobs by default.
func (c *call) named(x *filters) ([]*local.Job, error) {
	q, err := x.query(c)
	if err != nil {
		return nil, err
	}
	if q.Jobs == nil && !q.Filtered() {
		return nil, usage("no job was named", fmt.Sprintf("job %s 7 names one; job %s --state Completed takes all in a state; job %s '*' takes all", c.verb.name, c.verb.name, c.verb.name))
	}
	return c.find(q)
}

// infos gives what the jobs say of themselves. Jobs that were removed
// meanwhile are left out.
func (c *call) infos(jobs []*local.Job) ([]job.Info, error) {
	infos := make([]job.Info, 0, len(jobs))
	for _, j := range jobs {
		i, err := j.Info()
		if isKind(err, job.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if i.Damaged {
			c.warn(fmt.Sprintf("job %v: %v", i.Ref, i.Reason))
		}
		infos = append(infos, i)
	}
	return infos, nil
}

func isKind(err error, kind job.Kind) bool {
	var e *job.Error
	return errors.As(err, &e) && e.Kind == kind
}
