package store

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/backjob/job"
)

// Process names a process for as long as the machine runs: a number alone is
// given out again.
type Process struct {
	PID   int
	Start uint64 // start time in clock ticks since boot, field 22 of /proc/PID/stat
}

// Event is one line of a job's journal: a step of a child's life, or a fact
// that whoever looks after the job wrote down.
type Event struct {
	Time    time.Time
	Child   int           // from 1; 0 where it is about the job as a whole
	Step    bool          // the child stepped to State
	State   job.State     // if Step
	Reason  string        // of the state, "" if there is none
	Status  string        // what the child is at, in words; "-" takes it back
	Keeper  Process       // who looks after the job from now on
	Boot    string        // the machine's boot id, beside a process
	Program Process       // the child's program, from now on
	Ended   *Exit         // how the program of the attempt ended
	Try     int           // the attempt that begins with this event; 0 if none does
	Sizes   [2]int64      // bytes of output and error when the attempt began
	Note    string        // for people who read the journal
	Grace   time.Duration // of the stop that begins with this event; less than 0 means none
}

// Exit is how a program ended and what it used.
type Exit struct {
	Code   int // exit status; -1 if a signal ended it or it is not known
	Signal int // number of the signal; 0 if none
	User   time.Duration
	System time.Duration
	MaxRSS int64 // bytes
}

func (e Event) encode() []byte {
	l := line{make([]byte, 0, 256)}
	l.add("time", e.Time.UTC().Format(time.RFC3339Nano))
	if e.Child != 0 {
		l.addInt("child", int64(e.Child))
	}
	if e.Step {
		l.add("state", e.State.String())
	}
	for _, p := range [...][2]string{{"reason", e.Reason}, {"status", e.Status}, {"note", e.Note}} {
		if p[1] != "" {
			l.add(p[0], p[1])
		}
	}
	if e.Try != 0 {
		l.addInt("attempt", int64(e.Try))
		l.add("sizes", strconv.FormatInt(e.Sizes[0], 10)+","+strconv.FormatInt(e.Sizes[1], 10))
	}
	if e.Program.PID != 0 {
		l.add("pid", e.Program.String())
	}
	if e.Keeper.PID != 0 {
		l.add("keeper", e.Keeper.String())
	}
	if e.Boot != "" {
		l.add("boot", e.Boot)
	}
	if e.Grace != 0 {
		l.add("grace", e.Grace.String())
	}
	if e.Ended != nil {
		l.addInt("exit", int64(e.Ended.Code))
		l.addInt("signal", int64(e.Ended.Signal))
		l.add("user", e.Ended.User.String())
		l.add("system", e.Ended.System.String())
		l.addInt("rss", e.Ended.MaxRSS)
	}
	return sumLine(l.b)
}

// String is the process as "pid:start".
func (p Process) String() string {
	return strconv.Itoa(p.PID) + ":" + strconv.FormatUint(p.Start, 10)
}

func parseProcess(text string) (p Process, err error) {
	pid, start, _ := strings.Cut(text, ":")
	p.PID, err = strconv.Atoi(pid)
	if err == nil {
		p.Start, err = strconv.ParseUint(start, 10, 64)
	}
	return p, err
}

// decodeEvent reads a line. A line that was not written whole is an error;
// so is anything that is no event, such as what a crash printed.
func decodeEvent(text string) (Event, error) {
	body, ok := checkSum(text)
	if !ok {
		return Event{}, errors.New("wrong check sum")
	}
	var e Event
	var first error
	whole := eachPair(body, func(key, value string) {
		if err := e.set(key, value); err != nil && first == nil {
			first = err
		}
	})
	if !whole && first == nil {
		first = errors.New("malformed line")
	}
	return e, first
}

func (e *Event) set(key, value string) (err error) {
	switch key {
	case "time":
		e.Time, err = time.Parse(time.RFC3339Nano, value)
	case "child":
		e.Child, err = strconv.Atoi(value)
	case "state":
		e.Step = true
		e.State, err = job.ParseState(value)
	case "reason":
		e.Reason = value
	case "status":
		e.Status = value
	case "note":
		e.Note = value
	case "attempt":
		e.Try, err = strconv.Atoi(value)
	case "sizes":
		out, errSize, _ := strings.Cut(value, ",")
		if e.Sizes[0], err = strconv.ParseInt(out, 10, 64); err == nil {
			e.Sizes[1], err = strconv.ParseInt(errSize, 10, 64)
		}
	case "pid":
		e.Program, err = parseProcess(value)
	case "keeper":
		e.Keeper, err = parseProcess(value)
	case "grace":
		e.Grace, err = time.ParseDuration(value)
	case "boot":
		e.Boot = value
	case "exit", "signal", "user", "system", "rss":
		if e.Ended == nil {
			e.Ended = &Exit{}
		}
		err = e.Ended.set(key, value)
	}
	return err // keys that a newer version added are passed over
}

func (x *Exit) set(key, value string) (err error) {
	switch key {
	case "exit":
		x.Code, err = strconv.Atoi(value)
	case "signal":
		x.Signal, err = strconv.Atoi(value)
	case "user":
		x.User, err = time.ParseDuration(value)
	case "system":
		x.System, err = time.ParseDuration(value)
	case "rss":
		x.MaxRSS, err = strconv.ParseInt(value, 10, 64)
	}
	return err
}
