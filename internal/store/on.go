package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/backjob/job"
)

// On says what an event job waits for, and what it does about an event. One
// of Every, Cron, Changed and Of is set.
type On struct {
	Every time.Duration // since the job was made
	Cron  string        // an expression as of package schedule
	Zone  string        // where Cron names no time zone: its name as in TZ; "" means the machine's

	Changed string   // absolute path of what is watched
	Ignore  []string // patterns of what is not, besides the usual

	Of    string    // the id, name or pattern of other jobs
	State job.State // that they step to
	Past  job.ID    // of this job, steps that were before count too; 0 means none

	Max       int // so many runs; 0 means no end
	Overlap   job.Overlap
	Once      bool // what passed while nobody looked is made up for by one run
	KeepGoing bool // a run that Failed does not end the job
}

// overlaps are the ways of dealing with events that come while a run is at
// work, as they are written.
var overlaps = []string{job.Queue: "queue", job.Skip: "skip", job.Parallel: "parallel", job.Replace: "replace"}

// ParseOverlap reads what becomes of events that come while a run is at work.
func ParseOverlap(text string) (job.Overlap, error) {
	for o, name := range overlaps {
		if text == name {
			return job.Overlap(o), nil
		}
	}
	return 0, errors.New("it is one of " + strings.Join(overlaps, ", "))
}

// String says in words what is waited for.
func (o On) String() string {
	switch {
	case o.Every != 0:
		return "every " + o.Every.String()
	case o.Cron != "":
		return strings.TrimSpace("cron " + o.Cron + " " + o.Zone)
	case o.Changed != "":
		return "changes of " + o.Changed
	}
	return o.Of + "=" + o.State.String()
}

func (o On) encode(l *line) {
	for _, p := range [...][2]string{{"cron", o.Cron}, {"zone", o.Zone}, {"changed", o.Changed}, {"of", o.Of}} {
		if p[1] != "" {
			l.add(p[0], p[1])
		}
	}
	for _, pattern := range o.Ignore {
		l.add("ignore", pattern)
	}
	if o.Every != 0 {
		l.add("every", o.Every.String())
	}
	if o.Of != "" {
		l.add("to", o.State.String())
	}
	if o.Max != 0 {
		l.addInt("max", int64(o.Max))
	}
	l.add("overlap", overlaps[o.Overlap])
	if o.Past != 0 {
		l.addInt("past", int64(o.Past))
	}
	for i, is := range [...]bool{o.Once, o.KeepGoing} {
		if is {
			l.add([...]string{"once", "keep-going"}[i], "true")
		}
	}
}

// set takes one pair of the first line. known is false if it is not about the
// events.
func (o *On) set(key, value string) (known bool, err error) {
	switch key {
	case "cron":
		o.Cron = value
	case "zone":
		o.Zone = value
	case "changed":
		o.Changed = value
	case "of":
		o.Of = value
	case "ignore":
		o.Ignore = append(o.Ignore, value)
	case "every":
		o.Every, err = time.ParseDuration(value)
	case "to":
		o.State, err = job.ParseState(value)
	case "max":
		o.Max, err = strconv.Atoi(value)
	case "overlap":
		o.Overlap, err = ParseOverlap(value)
	case "past":
		var id uint64
		id, err = strconv.ParseUint(value, 10, 63)
		o.Past = job.ID(id)
	case "once":
		o.Once, err = strconv.ParseBool(value)
	case "keep-going":
		o.KeepGoing, err = strconv.ParseBool(value)
	default:
		return false, nil
	}
	return true, err
}

// eventVariable is what a run of an event job gets its event in.
const eventVariable = "JOB_EVENT="

// WorkFor is the work of the run for an event.
func WorkFor(event string) Work { return Work{Env: []string{eventVariable + event}} }

// For is the event that a child of an event job runs for, or that was passed
// over; "" if this is about something else.
func (e Event) For() string {
	for _, v := range e.Env {
		if event, ok := strings.CutPrefix(v, eventVariable); ok {
			return event
		}
	}
	return e.Passed
}

// StepTo is the event that a job stepped to a state.
func StepTo(id job.ID, s job.State) string { return fmt.Sprintf("%v=%v", job.Ref{ID: id}, s) }
