package cli

import (
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/backjob/job"
)

func writeVerb() *verb {
	v := &verb{
		args:    "[--stream S] TEXT…  |  --progress --activity A [--status S] [--percent P]",
		summary: "inside a job: add a record to one of its streams",
		help: "Any program can do the same without it: append one line of JSON, such as\n" +
			`{"stream":"warning","text":"…"} or {"stream":"progress","activity":"…","percent":40},` + "\n" +
			"to the file $JOB_RECORDS. What is no such line stays as an information record.",
		example: "job write 'disk nearly full'\njob write --stream verbose \"read $n lines\"\n" +
			"job write --progress --activity upload --status part3 --percent 40",
		exits: "1 not inside a job, or it could not be written",
	}
	v.flags = newFlags()
	stream := v.flags.text("stream", "S", "warning", "warning, verbose, debug, information, output or error")
	progress := v.flags.bool("progress", "report progress")
	activity := v.flags.text("activity", "A", "", "what is going on")
	status := v.flags.text("status", "S", "", "what is being done right now")
	percent := v.flags.number("percent", "P", "how far it is, 0 to 100")
	v.run = func(c *call) error {
		r := record{Stream: "progress", Activity: *activity, Status: *status}
		if *percent >= 0 {
			r.Percent = percent
		}
		if !*progress {
			s, err := job.ParseStream(*stream)
			if err != nil {
				return err
			}
			text := strings.Join(c.args, " ")
			r = record{Stream: s.String(), Text: &text}
		}
		if err := r.check(c, *progress, *percent); err != nil {
			return err
		}
		return r.write()
	}
	return v
}

// record is a line of $JOB_RECORDS.
type record struct {
	Stream   string  `json:"stream"`
	Text     *string `json:"text,omitempty"`
	Activity string  `json:"activity,omitempty"`
	Status   string  `json:"status,omitempty"`
	Percent  *int    `json:"percent,omitempty"`
}

func (r record) check(c *call, progress bool, percent int) error {
	f := c.verb.flags
	switch {
	case progress && f.given("stream"):
		return usage("--progress is a stream of its own", "leave --stream out")
	case progress && r.Activity == "":
		return usage("--progress needs --activity", "job write --progress --activity upload --percent 40")
	case progress && len(c.args) > 0:
		return usage("--progress takes no TEXT", "use --activity and --status")
	case !progress && (f.given("activity") || f.given("status") || f.given("percent")):
		return usage("--activity, --status and --percent need --progress", "")
	case !progress && len(c.args) == 0:
		return usage("no TEXT was given", "")
	case r.Stream == job.Progress.String() && !progress:
		return usage("records of progress need --progress and --activity", "")
	case percent > 100:
		return usage("--percent goes from 0 to 100", "")
	}
	return nil
}

// write appends the record in one go, so that records of several processes
// stay apart.
func (r record) write() error {
	path := os.Getenv("JOB_RECORDS")
	if path == "" {
		return &job.Error{Kind: job.Other, Err: errors.New("this is not inside a job: JOB_RECORDS is not set"),
			Hint: "job start -c 'job write hello' does it in one"}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if !endsLine(f) { // somebody forgot the newline; the record is a line of its own all the same
		b = append([]byte{'\n'}, b...)
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close())
}

// endsLine reports whether what is appended to the file begins a line.
func endsLine(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return true
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return err != nil || last[0] == '\n'
}
