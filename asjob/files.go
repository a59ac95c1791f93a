package asjob

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// files pass records on to where a job's program puts them: output and error
// are its own files already, the rest goes to the file of records. Each child
// has three files of its own while it runs; see docs/formats.md.
type files struct {
	folder   string   // of the job
	own      outlet   // of the work itself
	children *os.File // what we tell the keeper of the children

	mu     sync.Mutex
	outlet map[int]outlet // of the children that run, by number
	free   []int          // numbers of files that no child writes to
	last   int            // the highest that was used
	failed error          // the first write that failed; later ones may have come through
}

// outlet is where one function's records go: output, error, records.
type outlet struct {
	slot  int
	files [3]*os.File
}

func newFiles(c Command) (*files, error) {
	path := os.Getenv("JOB_RECORDS")
	if path == "" {
		return nil, &job.Error{Kind: job.Invalid, Err: errors.New("JOB_RECORDS is not set: this is no job's program")}
	}
	records, err := appending(path)
	if err != nil {
		return nil, err
	}
	f := &files{folder: filepath.Dir(path), own: outlet{1, [3]*os.File{c.stdout(), c.stderr(), records}},
		outlet: map[int]outlet{}, last: 1}
	f.children, err = appending(filepath.Join(f.folder, store.ChildrenFile))
	return f, err
}

func appending(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// close gives the first error of a write: a job is not Completed that has
// lost a part of its output.
func (f *files) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.failed, f.own.files[2].Close(), f.children.Close())
}

func (f *files) tap() *job.Tap {
	return &job.Tap{Child: f.child, Step: f.step, Record: f.record}
}

// line is what stands in a file of records; see docs/formats.md.
type line struct {
	Stream   string  `json:"stream"`
	Text     *string `json:"text,omitempty"`
	Activity string  `json:"activity,omitempty"`
	Status   string  `json:"status,omitempty"`
	Percent  *int    `json:"percent,omitempty"`
}

func (f *files) record(r job.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.own
	if r.Job.Child != 0 {
		o = f.outlet[number(r.Job)]
	}
	switch {
	case o.slot == 0: // it writes after its end
	case r.Stream <= job.ErrorStream: // bytes as they are
		f.putLocked(o.files[r.Stream-1], append(r.Text[:len(r.Text):len(r.Text)], '\n'))
	default:
		f.jsonLocked(o.files[2], lineOf(r))
	}
}

func lineOf(r job.Record) line {
	l := line{Stream: r.Stream.String()}
	if s := r.Step; s != nil {
		l.Activity, l.Status = s.Activity, s.Status
		if s.Percent >= 0 {
			l.Percent = &s.Percent
		}
		return l
	}
	text := string(r.Text)
	l.Text = &text
	return l
}

func (f *files) jsonLocked(to *os.File, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		return // texts and numbers: it cannot happen
	}
	f.putLocked(to, append(b, '\n'))
}

func (f *files) putLocked(to *os.File, b []byte) {
	if _, err := to.Write(b); err != nil && f.failed == nil {
		f.failed = err
	}
}

// number is a child's number in the job: we are its first child ourselves,
// those that the work makes come after us.
func number(r job.Ref) int { return r.Child + 1 }

func (f *files) tell(t store.Told) {
	t.Time = time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.jsonLocked(f.children, t)
}

func (f *files) child(ref job.Ref, name string) {
	f.tell(store.Told{Child: number(ref), State: job.NotStarted.String(), Name: name})
}

func (f *files) step(e job.StateEvent) error {
	if e.Job.Child == 0 {
		return nil // the keeper sees what becomes of us
	}
	t := store.Told{Child: number(e.Job), State: e.New.State.String()}
	if e.New.Reason != nil {
		t.Reason = e.New.Reason.Error()
	}
	var err error
	switch {
	case e.New.State == job.Running:
		err = f.open(&t)
	case e.New.State.Final():
		f.release(&t)
	}
	if err == nil {
		f.tell(t)
	}
	return err
}

// open gives a child its files: those of a child that has ended, or new ones.
func (f *files) open(t *store.Told) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.free); n > 0 {
		t.Slot, f.free = f.free[n-1], f.free[:n-1]
	} else {
		f.last++
		t.Slot = f.last
	}
	o := outlet{slot: t.Slot}
	for i, kind := range [...]string{"output", "error", "records"} {
		file, err := appending(filepath.Join(f.folder, fmt.Sprintf("%d.%s", t.Slot, kind)))
		if err != nil {
			return err
		}
		o.files[i] = file
	}
	f.outlet[t.Child] = o
	t.Sizes = o.sizes()
	return nil
}

func (o outlet) sizes() *[3]int64 {
	var sizes [3]int64
	for i, file := range o.files {
		if info, err := file.Stat(); err == nil {
			sizes[i] = info.Size()
		}
	}
	return &sizes
}

// release takes the files of a child that has ended.
func (f *files) release(t *store.Told) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, ok := f.outlet[t.Child]
	if !ok {
		return // it never began
	}
	t.Until = o.sizes()
	for _, file := range o.files {
		if err := file.Close(); err != nil && f.failed == nil {
			f.failed = err
		}
	}
	delete(f.outlet, t.Child)
	f.free = append(f.free, o.slot)
}

// reason tells why we will end with an exit status that is not 0.
func (f *files) reason(err error) {
	var p *job.Panic
	switch {
	case errors.As(err, &p): // the stack stands in what we put out
		f.tell(store.Told{Child: 1, Reason: fmt.Sprintf("panic: %v", p.Value)})
	case err != nil:
		f.tell(store.Told{Child: 1, Reason: err.Error()})
	}
}
