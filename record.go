package job

import (
	"fmt"
	"strings"
	"time"
)

// Stream is one of the seven streams on which a job puts out records. The
// numbers are written to disk and never change.
type Stream uint8

// The streams. Output and error are bytes as the program wrote them; the
// others are records that it made on purpose.
const (
	Output      Stream = 1
	ErrorStream Stream = 2
	Warning     Stream = 3
	Verbose     Stream = 4
	Debug       Stream = 5
	Information Stream = 6
	Progress    Stream = 7
)

var streamNames = [...]string{
	Output: "output", ErrorStream: "error", Warning: "warning", Verbose: "verbose",
	Debug: "debug", Information: "information", Progress: "progress",
}

// Streams lists all streams in the order of their numbers.
func Streams() []Stream {
	return []Stream{Output, ErrorStream, Warning, Verbose, Debug, Information, Progress}
}

// ParseStream takes a stream's name without regard to case.
func ParseStream(name string) (Stream, error) {
	for _, s := range Streams() {
		if strings.EqualFold(s.String(), name) {
			return s, nil
		}
	}
	return 0, &Error{Kind: Invalid, Err: fmt.Errorf("no stream is named %q", name),
		Hint: "the streams are " + strings.Join(streamNames[1:], " ")}
}

// String is the stream's name in lower case.
func (s Stream) String() string {
	if s >= Output && int(s) < len(streamNames) {
		return streamNames[s]
	}
	return fmt.Sprintf("stream(%d)", uint8(s))
}

// MarshalText writes the stream's name.
func (s Stream) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a stream's name; see [ParseStream].
func (s *Stream) UnmarshalText(text []byte) error {
	parsed, err := ParseStream(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// Record is one thing that a job put out. On the streams output and error it
// is a line; elsewhere it is what the program passed on.
type Record struct {
	Job    Ref       // the child that wrote it
	Stream Stream    // where
	Time   time.Time // when it was first seen; exact to the sampling step
	Offset int64     // of its first byte within what the stream holds on disk; of a job in this process: its index among the records
	Text   []byte    // without the newline that ended a line

	// Partial says that no newline ended the line: it is the last one, or it
	// was too long for one record.
	Partial bool

	// Continued says that it goes on with the line of the record before it on
	// this stream, which was too long for one.
	Continued bool

	// Value is what a job of this process wrote, as it was; nil elsewhere.
	Value any

	// Step is set on the stream progress only.
	Step *Step
}

// Step is a report of progress.
type Step struct {
	Activity string // what is going on
	Status   string // what is being done right now
	Percent  int    // 0 to 100; -1 where it is not known
}

// String is "activity: status 40%", without what is not known.
func (s Step) String() string {
	text := s.Activity
	if s.Status != "" {
		text = strings.TrimPrefix(text+": "+s.Status, ": ")
	}
	if s.Percent >= 0 {
		text = strings.TrimPrefix(fmt.Sprintf("%s %d%%", text, s.Percent), " ")
	}
	return text
}
