package asjob

import (
	"bytes"
	"fmt"
	"os"
	"sync"

	"github.com/backjob/job"
	"golang.org/x/term"
)

// screen shows records to a person: results on standard output, all else on
// standard error, progress as one line that is written over.
type screen struct {
	out, err *os.File
	shown    map[job.Stream]bool
	moving   bool // standard error is a terminal

	mu   sync.Mutex
	line bool // a line of progress stands there
}

func newScreen(c Command) *screen {
	s := &screen{out: c.stdout(), err: c.stderr()}
	s.moving = term.IsTerminal(int(s.err.Fd())) && os.Getenv("TERM") != "dumb"
	s.shown = map[job.Stream]bool{job.Verbose: c.Verbose, job.Debug: c.Debug, job.Progress: s.moving}
	for _, always := range []job.Stream{job.Output, job.ErrorStream, job.Warning, job.Information} {
		s.shown[always] = true
	}
	return s
}

func (s *screen) tap() *job.Tap {
	return &job.Tap{
		Child:  func(job.Ref, string) {},
		Step:   func(job.StateEvent) error { return nil },
		Record: s.show,
	}
}

func (s *screen) show(r job.Record) {
	if !s.shown[r.Stream] {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Stream == job.Progress {
		s.line = true
		fmt.Fprintf(s.err, "\r%s\x1b[K", oneLine(r.Text, s.width()))
		return
	}
	s.clearLocked()
	switch r.Stream {
	case job.Output:
		fmt.Fprintf(s.out, "%s\n", r.Text)
	case job.ErrorStream:
		fmt.Fprintf(s.err, "%s\n", r.Text)
	default:
		fmt.Fprintf(s.err, "%v: %s\n", r.Stream, r.Text)
	}
}

func (s *screen) width() int {
	width, _, err := term.GetSize(int(s.err.Fd()))
	if err != nil || width < 2 {
		return 80
	}
	return width
}

// oneLine is a text that does not break the line it is shown in.
func oneLine(text []byte, width int) string {
	runes := bytes.Runes(bytes.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text))
	return string(runes[:min(len(runes), width-1)])
}

func (s *screen) clearLocked() {
	if s.line {
		s.line = false
		fmt.Fprint(s.err, "\r\x1b[K")
	}
}

func (s *screen) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clearLocked()
}
