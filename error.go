package job

import "strings"

// Kind says what sort of trouble an [Error] is. The list is closed: callers
// branch on it, never on text.
type Kind uint8

// The kinds of errors.
const (
	Other       Kind = iota // it could not be done
	Invalid                 // the request is wrong in itself; nothing was done
	NotFound                // no such job
	WrongState              // the job's state does not allow it
	Refused                 // not ours, or others could tamper with it
	Damaged                 // what is on disk is not what was written
	TooNew                  // made by a newer version
	Unsupported             // not there on this system
	NoProgram               // the program was not found
	NotRunnable             // the program cannot be executed
	TimedOut                // the wait's time ran out
	AllBlocked              // waiting cannot go on: every job left asks for input
)

// Error is every error of this module that a caller may want to branch on.
type Error struct {
	Op   string // the verb: "remove"; "" if it is not known here
	Job  string // which job, as it was named: "7"; "" if none in particular
	Kind Kind
	Hint string // how a person can mend it; "" if there is no way known
	Err  error  // what happened
}

// Error is "verb job: what happened", without the hint.
func (e *Error) Error() string {
	what := e.Kind.String()
	if e.Err != nil {
		what = e.Err.Error()
	}
	where := strings.TrimSpace(e.Op + " " + e.Job)
	if where == "" {
		return what
	}
	return where + ": " + what
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error of the same kind that says nothing
// else, so that errors.Is(err, &job.Error{Kind: job.NotFound}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && *t == Error{Kind: e.Kind}
}

var kindTexts = [...]string{
	Other: "it could not be done", Invalid: "invalid request", NotFound: "no such job",
	WrongState: "the job's state does not allow it",
	Refused:    "refused", Damaged: "damaged", TooNew: "made by a newer version",
	Unsupported: "not supported on this system", NoProgram: "program not found",
	NotRunnable: "program cannot be executed", TimedOut: "timed out",
	AllBlocked: "every job left is Blocked",
}

// String says the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindTexts) {
		return kindTexts[k]
	}
	return kindTexts[Other]
}
