package job

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
)

// Writer is what the work of a job in this process writes to: records on
// seven streams, kept in the order of writing. A value is kept as it is and
// comes back as Record.Value; [Values] gets values of one type back. Its text
// is made when somebody reads it, as by fmt.Sprint, so do not change what you
// passed on.
//
// All methods may be called by several goroutines. Once the job is final
// nothing is taken any more; a function should not return before the
// goroutines that it started.
type Writer struct {
	owner *Lifecycle
	job   *FuncJob // nil for a job of another type
	tap   *Tap     // nil keeps what is written
}

// Output writes a result.
func (w *Writer) Output(value any) { w.put(Output, value) }

// Error writes about something that went wrong; the job goes on. A function
// job fails by returning an error.
func (w *Writer) Error(value any) { w.put(ErrorStream, value) }

// Warning writes about something that a person should know.
func (w *Writer) Warning(value any) { w.put(Warning, value) }

// Verbose writes what is of interest to a person who asked for more.
func (w *Writer) Verbose(value any) { w.put(Verbose, value) }

// Debug writes what is of interest to the author.
func (w *Writer) Debug(value any) { w.put(Debug, value) }

// Information writes what is neither a result nor a trouble.
func (w *Writer) Information(value any) { w.put(Information, value) }

// Progress tells how far the work is.
func (w *Writer) Progress(step Step) { w.put(Progress, step) }

// Lines takes text for a stream, a record a line. Closing it passes on a last
// line that no newline ended; the end of the job closes it too. Each makes
// lines of its own, so lines of two are never torn into each other.
func (w *Writer) Lines(stream Stream) io.WriteCloser {
	lines := &lineWriter{writer: w, stream: stream}
	a := w.account()
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	a.lines = append(a.lines, lines)
	return lines
}

// Go runs a function as a child of this one: see [Go]. At most as many
// children run at once as there are processors. The job is not final before
// its children are, and Failed if one of them is.
func (w *Writer) Go(ctx context.Context, name string, work Work) *FuncJob {
	if w.job == nil {
		return Go(ctx, name, work)
	}
	return w.job.family().Go(ctx, name, work)
}

func (w *Writer) account() *account {
	if a := w.owner.account.Load(); a != nil {
		return a
	}
	w.owner.mu.Lock()
	defer w.owner.mu.Unlock()
	return w.owner.accountLocked()
}

// put keeps a record, or passes it on.
func (w *Writer) put(stream Stream, value any) {
	if w.tap != nil {
		w.pass(stream, value)
		return
	}
	a, at := w.account(), now()
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	// Another writer may have been quicker, or the clock was set back.
	at = max(at, a.last)
	if a.log.length == 0 {
		a.first = at
	}
	if !a.log.appendLocked(a.entry(at, stream, value)) {
		return
	}
	a.last = at
	if stream <= ErrorStream {
		a.bytes[stream-1] += lengthOf(value)
	}
}

func (w *Writer) pass(stream Stream, value any) {
	w.owner.mu.Lock()
	ref, final := w.owner.Job, w.owner.info.State.Final()
	w.owner.mu.Unlock()
	if final {
		return
	}
	w.tap.Record(recordOf(ref, stream, now(), value))
}

// lengthOf counts the bytes of what is text already.
func lengthOf(value any) int64 {
	switch v := value.(type) {
	case string:
		return int64(len(v))
	case []byte:
		return int64(len(v))
	}
	return 0
}

func textOf(value any) []byte {
	switch v := value.(type) {
	case string:
		return []byte(v)
	case []byte:
		return v
	}
	return fmt.Append(nil, value)
}

// lineWriter takes text apart into lines.
type lineWriter struct {
	writer *Writer
	stream Stream

	mu    sync.Mutex
	begun []byte // a line without its end
}

// Write never fails.
func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := b; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		rest = after
		w.begun = append(w.begun, line...)
		if ended {
			w.writer.put(w.stream, string(w.begun))
			w.begun = w.begun[:0]
		}
	}
	return len(b), nil
}

// Close passes on the last line.
func (w *lineWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.begun) > 0 {
		w.writer.put(w.stream, string(w.begun))
		w.begun = nil
	}
	return nil
}
