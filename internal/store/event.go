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
	Slot    int           // with Try: the number of the files that it writes to; with Until: of those that have it now; 0 means no others
	Sizes   [3]int64      // bytes of output, error and records in these files when the attempt began; with Slot and Until: before the child's
	Until   *[3]int64     // bytes in them when the child had ended; nil means to the end of the files
	Note    string        // for people who read the journal
	Grace   time.Duration // of the stop that begins with this event; less than 0 means none
	Closed  bool          // no more children will be added to the job
	Lost    bool          // with Failed: nobody saw how it ended, and it may have done well
	Passed  string        // the event that an event job passed over
	Work                  // of a child that is added with this event
}

// Work is what a child does where that is not what its job says.
type Work struct {
	Name    string   // "" means none
	Command string   // as text, for people; "" means the job's
	Argv    []string // nil means the job's
	Env     []string // "K=V", besides the job's
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
	for _, p := range [...][2]string{{"reason", e.Reason}, {"status", e.Status}, {"note", e.Note}, {"passed", e.Passed}} {
		if p[1] != "" {
			l.add(p[0], p[1])
		}
	}
	if e.Try != 0 {
		l.addInt("attempt", int64(e.Try))
	}
	if e.Slot != 0 {
		l.addInt("slot", int64(e.Slot))
	}
	if e.Try != 0 || e.Slot != 0 {
		l.add("sizes", threeSizes(e.Sizes))
	}
	if e.Until != nil {
		l.add("until", threeSizes(*e.Until))
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
	if e.Closed {
		l.add("closed", "true")
	}
	if e.Lost {
		l.add("lost", "true")
	}
	e.Work.encode(&l)
	return sumLine(l.b)
}

// Given reports whether anything is said.
func (w Work) Given() bool {
	return w.Name != "" || w.Command != "" || w.Argv != nil || w.Env != nil
}

func (w Work) encode(l *line) {
	for _, p := range [...][2]string{{"name", w.Name}, {"command", w.Command}} {
		if p[1] != "" {
			l.add(p[0], p[1])
		}
	}
	for _, arg := range w.Argv {
		l.add("arg", arg)
	}
	for _, e := range w.Env {
		l.add("env", e)
	}
}

func threeSizes(sizes [3]int64) string {
	b := make([]byte, 0, 32)
	for i, n := range sizes {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(b)
}

// parseSizes reads up to three numbers with commas between them. Journals
// that were written before children shared files have two.
func parseSizes(text string) (sizes [3]int64, err error) {
	for i := 0; i < len(sizes) && text != ""; i++ {
		var number string
		number, text, _ = strings.Cut(text, ",")
		if sizes[i], err = strconv.ParseInt(number, 10, 64); err != nil {
			return sizes, err
		}
	}
	return sizes, nil
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
		e.Sizes, err = parseSizes(value)
	case "slot":
		e.Slot, err = strconv.Atoi(value)
	case "until":
		var until [3]int64
		until, err = parseSizes(value)
		e.Until = &until
	case "closed":
		e.Closed, err = strconv.ParseBool(value)
	case "lost":
		e.Lost, err = strconv.ParseBool(value)
	case "passed":
		e.Passed = value
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
	default:
		e.Work.set(key, value)
	}
	return err
}

// set takes one pair. Keys that a newer version added are passed over.
func (w *Work) set(key, value string) {
	switch key {
	case "name":
		w.Name = value
	case "command":
		w.Command = value
	case "arg":
		w.Argv = append(w.Argv, value)
	case "env":
		w.Env = append(w.Env, value)
	}
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
