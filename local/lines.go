package local

import (
	"bytes"
	"encoding/json"
	"io"
	"os"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
)

// MaxLine is the longest line that makes one record, in bytes. A longer one
// makes several, all but the last of which are Partial.
const MaxLine = 1 << 20

// LineOptions say which lines Lines reads.
type LineOptions struct {
	From, To spool.Sizes // bytes of the spool's files
	Unended  bool        // also a last line that no newline ends
}

// Lines goes through the lines that a child put out, in the order of time.
// fn gets each as a record, and how far the files are read after it; it ends
// the reading by returning false. Record.Text is good until fn returns. Lines
// gives how far it came.
func (j *Job) Lines(o LineOptions, fn func(r job.Record, after spool.Sizes) bool) (spool.Sizes, error) {
	part, err := j.Part()
	if err != nil {
		return o.From, err
	}
	l := lines{job: job.Ref{ID: j.ref.ID, Child: j.number()}, part: part, fn: fn, after: o.From}
	defer l.close()
	err = part.Segments(o.From, o.To, func(s spool.Segment) bool {
		l.read(s)
		return l.err == nil && !l.done
	})
	if err != nil || l.err != nil || l.done {
		return l.after, firstOf(l.err, err)
	}
	if o.Unended {
		for f := range l.open {
			if !l.done {
				l.flush(spool.File(f))
			}
		}
	}
	return l.after, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// lines is one going through.
type lines struct {
	job   job.Ref
	part  *spool.Part
	fn    func(job.Record, spool.Sizes) bool
	after spool.Sizes
	open  [3]openLine // what has begun and not ended, by file
	files [3]*os.File
	block []byte
	done  bool
	err   error
}

// openLine is the beginning of a line.
type openLine struct {
	text   []byte
	record job.Record // with its time and offset
	begun  bool       // a record with its beginning was passed on
}

func (l *lines) close() {
	for _, f := range l.files {
		if f != nil {
			f.Close()
		}
	}
}

func (l *lines) read(seg spool.Segment) {
	f := l.files[seg.File]
	if f == nil {
		if f, l.err = os.Open(l.part.Path(seg.File)); l.err != nil {
			return
		}
		l.files[seg.File] = f
		l.open[seg.File].begun = seg.Offset >= MaxLine && goesOn(f, l.part.At(seg.File, seg.Offset))
	}
	if l.block == nil {
		l.block = make([]byte, 256<<10)
	}
	for seg.Length > 0 && !l.done {
		n, err := f.ReadAt(l.block[:min(int64(len(l.block)), seg.Length)], l.part.At(seg.File, seg.Offset))
		l.split(seg, l.block[:n])
		seg.Offset += int64(n)
		seg.Length -= int64(n)
		if n == 0 || err != nil && err != io.EOF {
			l.err = err
			return
		}
	}
}

// goesOn reports whether the bytes from at on go on with a line of which a
// record as long as can be was passed on before.
func goesOn(f *os.File, at int64) bool {
	var last [1]byte
	if _, err := f.ReadAt(last[:], at-1); err != nil || last[0] == '\n' {
		return false
	}
	piece := make([]byte, MaxLine)
	_, err := f.ReadAt(piece, at-MaxLine)
	return err == nil && bytes.IndexByte(piece, '\n') < 0
}

// split takes bytes of one segment apart into lines.
func (l *lines) split(seg spool.Segment, b []byte) {
	for len(b) > 0 && !l.done {
		line, rest, ended := bytes.Cut(b, []byte{'\n'})
		o := &l.open[seg.File]
		if len(o.text) == 0 {
			o.record = job.Record{Job: l.job, Time: seg.Time, Offset: seg.Offset}
		}
		if room := MaxLine - len(o.text); len(line) > room {
			line, rest, ended = line[:room], b[room:], false
		}
		o.text = append(o.text, line...)
		seg.Offset += int64(len(b) - len(rest))
		b = rest
		switch {
		case ended:
			l.emit(seg.File, o, false, seg.Offset)
		case len(o.text) >= MaxLine:
			l.emit(seg.File, o, true, seg.Offset)
		}
	}
}

func (l *lines) flush(f spool.File) {
	if o := &l.open[f]; len(o.text) > 0 {
		l.emit(f, o, true, o.record.Offset+int64(len(o.text)))
	}
}

func (l *lines) emit(f spool.File, o *openLine, partial bool, end int64) {
	r := o.record
	r.Text, r.Partial, r.Continued = o.text, partial, o.begun
	o.begun = partial
	switch f {
	case spool.OutputFile:
		r.Stream = job.Output
	case spool.ErrorFile:
		r.Stream = job.ErrorStream
	default:
		parseRecord(&r)
	}
	l.after[f] = end
	l.done = !l.fn(r, l.after)
	o.text = o.text[:0]
}

// parseRecord reads a line of $JOB_RECORDS. One that is no record stays as
// information with its text, so that nothing is lost.
func parseRecord(r *job.Record) {
	line := struct {
		Stream   string
		Text     *string
		Activity string
		Status   string
		Percent  *float64
	}{}
	stream := job.Information
	err := json.Unmarshal(r.Text, &line)
	if err == nil {
		stream, err = job.ParseStream(line.Stream)
	}
	if err != nil || stream != job.Progress && line.Text == nil {
		r.Stream = job.Information
		return
	}
	r.Stream, r.Partial = stream, false
	if stream == job.Progress {
		r.Step = &job.Step{Activity: line.Activity, Status: line.Status, Percent: -1}
		if line.Percent != nil {
			r.Step.Percent = int(min(max(*line.Percent, 0), 100))
		}
		r.Text = []byte(r.Step.String())
		return
	}
	r.Text = []byte(*line.Text)
}
