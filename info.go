package job

import "time"

// Info is one consistent copy of everything a job, or a child, says about
// itself.
type Info struct {
	Ref
	InstanceID InstanceID
	Name       string
	Type       string // the kind of job: "BackgroundJob", "ChildJob"
	Location   string // where the work is done: "localhost"

	StateInfo
	StatusMessage string // what it is at right now, in words; often ""

	Command string   // the work as text, for people
	Argv    []string // the program and its arguments, exactly
	Dir     string   // the working directory

	BeginTime time.Time // zero while it has not begun
	EndTime   time.Time // zero while it is not final

	ExitCode *int   // nil while it is unset, and when a signal ended it
	Signal   string // "SIGKILL"; "" if no signal ended it
	PID      int    // of the running program; 0 if none runs
	Attempt  int    // from 1; 0 while it has not begun

	UserTime   time.Duration // of the program and what it waited for
	SystemTime time.Duration
	MaxRSS     int64 // bytes

	OutputBytes int64 // put out so far, received or not
	ErrorBytes  int64
	Unread      int64 // bytes that the reader asked for has not received; records, for a job in this process

	Damaged bool // the job's files are damaged; Reason says how, little else is known

	Children        int           // 0 for a child
	ChildrenByState map[State]int // nil for a child
}

// HasMoreData reports whether there is something the reader has not received.
func (i Info) HasMoreData() bool { return i.Unread > 0 }

// Duration is how long it ran, or has been running at time now; 0 while it
// has not begun, never negative.
func (i Info) Duration(now time.Time) time.Duration {
	end := i.EndTime
	if end.IsZero() {
		end = now
	}
	if i.BeginTime.IsZero() {
		return 0
	}
	return max(end.Sub(i.BeginTime), 0)
}
