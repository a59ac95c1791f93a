package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/local"
)

// showLines goes through what is new line by line.
func (r *receiving) showLines(j *local.Job, mark *spool.Mark, to spool.Sizes, final bool, move func(spool.Mark) error) (err error) {
	o := r.options
	if from, ok := r.tails[j.Ref()]; ok {
		delete(r.tails, j.Ref())
		mark.Sizes = from
	}
	if o.tail >= 0 && !r.many[j.Ref().ID] && !r.tailed[j.Ref()] {
		return r.showTail(j, mark, to, move)
	}
	kept := *mark // what the mark may say once everything is flushed
	after, readErr := j.Lines(local.LineOptions{From: mark.Sizes, To: to, Unended: final || !o.follow}, func(line job.Record, after spool.Sizes) bool {
		if !o.wants(line) {
			kept.Sizes = after
			return true
		}
		if o.head >= 0 && r.lines >= o.head && !line.Continued || o.maxBytes >= 0 && r.bytes+int64(len(line.Text)) > o.maxBytes {
			err = errEnough
			return false
		}
		if !line.Continued {
			r.lines++
		}
		r.bytes += int64(len(line.Text)) + 1
		if err = r.line(line); err == nil {
			kept.Sizes = after
		}
		return err == nil
	})
	if err == nil && readErr == nil {
		kept.Sizes = after
	}
	if flushErr := r.out.flush(); flushErr != nil {
		return flushErr // the mark stays: what of it was written is not known
	}
	*mark = kept
	if moveErr := move(kept); err == nil {
		err = moveErr
	}
	if err == nil {
		err = readErr
	}
	return err
}

// wants reports whether a line is to be shown.
func (o receiveOptions) wants(line job.Record) bool {
	if o.streams == nil && !o.json && !shownByDefault(line.Stream) {
		return false
	}
	if o.streams != nil && !hasStream(o.streams, line.Stream) {
		return false
	}
	return o.grep == nil || o.grep.Match(line.Text)
}

func hasStream(streams []job.Stream, s job.Stream) bool {
	for _, have := range streams {
		if have == s {
			return true
		}
	}
	return false
}

// line writes one line to where it belongs.
func (r *receiving) line(line job.Record) error {
	if r.options.json {
		return r.jsonLine(line)
	}
	var w io.Writer = r.out.toOut()
	if line.Stream != job.Output {
		if err := r.out.flush(); err != nil {
			return err
		}
		w = r.out.err
	}
	head := ""
	if line.Continued {
		_, err := fmt.Fprintf(w, "%s%s", line.Text, lineEnd(line))
		return err
	}
	if err := r.endLine(line); err != nil {
		return err
	}
	if r.options.timestamps {
		head = line.Time.Format("2006-01-02T15:04:05.000Z07:00 ")
	}
	if r.options.prefix {
		head += line.Job.String() + ": "
	}
	if line.Stream != job.Output && line.Stream != job.ErrorStream {
		head += line.Stream.String() + ": "
	}
	_, err := fmt.Fprintf(w, "%s%s%s", head, line.Text, lineEnd(line))
	return err
}

// endLine ends a line that its program did not end, where something is put
// before the next one.
func (r *receiving) endLine(line job.Record) error {
	if line.Stream != job.Output {
		return nil
	}
	unended := r.unended
	if r.unended = line.Partial; !unended || !r.options.prefix && !r.options.timestamps {
		return nil
	}
	return r.out.toOut().WriteByte('\n')
}

func lineEnd(line job.Record) string {
	if line.Partial {
		return ""
	}
	return "\n"
}

// jsonRecord is what --json says of a record; names and order are the
// contract's.
type jsonRecord struct {
	Job      job.ID  `json:"job"`
	Child    int     `json:"child"`
	Stream   string  `json:"stream"`
	Time     string  `json:"time"`
	Offset   int64   `json:"offset"`
	Text     *string `json:"text,omitempty"`
	Base64   string  `json:"base64,omitempty"`
	Partial  bool    `json:"partial,omitempty"`
	Activity string  `json:"activity,omitempty"`
	Status   string  `json:"status,omitempty"`
	Percent  *int    `json:"percent,omitempty"`
}

func (r *receiving) jsonLine(line job.Record) error {
	o := jsonRecord{Job: line.Job.ID, Child: line.Job.Child, Stream: line.Stream.String(),
		Time: line.Time.Format(nanoseconds), Offset: line.Offset, Partial: line.Partial}
	if utf8.Valid(line.Text) {
		text := string(line.Text)
		o.Text = &text
	} else {
		o.Base64 = base64.StdEncoding.EncodeToString(line.Text)
	}
	if s := line.Step; s != nil {
		o.Activity, o.Status = s.Activity, s.Status
		if s.Percent >= 0 {
			o.Percent = &s.Percent
		}
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(o); err != nil {
		return err
	}
	_, err := r.out.toOut().WriteString(b.String())
	return err
}
