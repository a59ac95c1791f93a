package asjob

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/backjob/job"
)

// files pass records on to where a job's program puts them: output and error
// are its own files already, the rest goes to the file of records.
type files struct {
	out, err *os.File
	records  *os.File // nil if the job has none

	mu     sync.Mutex
	failed error // the first write that failed; later ones may have come through
}

func newFiles(c Command) (*files, error) {
	f := &files{out: c.stdout(), err: c.stderr()}
	path := os.Getenv("JOB_RECORDS")
	if path == "" {
		return nil, &job.Error{Kind: job.Invalid, Err: errors.New("JOB_RECORDS is not set: this is no job's program")}
	}
	var err error
	f.records, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	return f, err
}

// close gives the first error of a write: a job is not Completed that has
// lost a part of its output.
func (f *files) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.failed, f.records.Close())
}

func (f *files) tap() *job.Tap {
	return &job.Tap{Child: f.child, Step: f.step, Record: f.record}
}

// line is what stands in the file of records; see docs/formats.md.
type line struct {
	Child    int       `json:"child,omitempty"`
	Time     time.Time `json:"time"`
	Stream   string    `json:"stream,omitempty"`
	Text     *string   `json:"text,omitempty"`
	Activity string    `json:"activity,omitempty"`
	Status   string    `json:"status,omitempty"`
	Percent  *int      `json:"percent,omitempty"`
	State    string    `json:"state,omitempty"`
	Name     string    `json:"name,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

func (f *files) record(r job.Record) {
	if r.Job.Child == 0 && r.Stream <= job.ErrorStream {
		f.text(r)
		return
	}
	l := line{Child: number(r.Job), Time: r.Time, Stream: r.Stream.String()}
	if s := r.Step; s != nil {
		l.Activity, l.Status = s.Activity, s.Status
		if s.Percent >= 0 {
			l.Percent = &s.Percent
		}
	} else {
		text := string(r.Text)
		l.Text = &text
	}
	f.write(l)
}

// text writes a line to our own output: bytes as they are.
func (f *files) text(r job.Record) {
	to := f.out
	if r.Stream == job.ErrorStream {
		to = f.err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.putLocked(to, append(r.Text[:len(r.Text):len(r.Text)], '\n'))
}

func (f *files) putLocked(to *os.File, b []byte) {
	if _, err := to.Write(b); err != nil && f.failed == nil {
		f.failed = err
	}
}

// number is a child's number in the job: we are its first child ourselves,
// those that the work makes come after us.
func number(r job.Ref) int {
	if r.Child == 0 {
		return 0
	}
	return r.Child + 1
}

func (f *files) child(ref job.Ref, name string) {
	f.write(line{Child: number(ref), Time: time.Now(), State: job.NotStarted.String(), Name: name})
}

func (f *files) step(e job.StateEvent) error {
	if e.Job.Child == 0 {
		return nil // the keeper sees what becomes of us
	}
	l := line{Child: number(e.Job), Time: e.Time, State: e.New.State.String()}
	if e.New.Reason != nil {
		l.Reason = e.New.Reason.Error()
	}
	f.write(l)
	return nil
}

// reason tells why we will end with an exit status that is not 0.
func (f *files) reason(err error) {
	var p *job.Panic
	switch {
	case errors.As(err, &p): // the stack stands in what we put out
		f.write(line{Child: 1, Time: time.Now(), Reason: fmt.Sprintf("panic: %v", p.Value)})
	case err != nil:
		f.write(line{Child: 1, Time: time.Now(), Reason: err.Error()})
	}
}

func (f *files) write(l line) {
	b, err := json.Marshal(l)
	if err != nil {
		return // texts and numbers: it cannot happen
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.putLocked(f.records, append(b, '\n'))
}
