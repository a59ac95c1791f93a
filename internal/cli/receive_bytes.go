package cli

import (
	"bufio"
	"io"
	"os"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/local"
)

// sink is where a receive writes: one writer for lines, which is flushed
// before anything goes another way, so that the order stays.
type sink struct {
	out   *os.File
	err   io.Writer
	lines *bufio.Writer
}

func (s *sink) toOut() *bufio.Writer {
	if s.lines == nil {
		s.lines = bufio.NewWriterSize(s.out, 64<<10)
	}
	return s.lines
}

func (s *sink) flush() error {
	if s.lines == nil {
		return nil
	}
	return s.lines.Flush()
}

// chunk is how many bytes are copied before the mark moves.
const chunk = 32 << 20

// showBytes copies bytes as they are, in the order of time where output and
// errors alternate.
func (r *receiving) showBytes(j *local.Job, mark *spool.Mark, to spool.Sizes, move func(spool.Mark) error) (err error) {
	from, pending := mark.Sizes, spool.Segment{Length: 0}
	if r.options.maxBytes >= 0 && r.bytes >= r.options.maxBytes {
		return errEnough
	}
	copyPending := func() bool {
		if pending.Length > 0 {
			err = r.copySegment(j, mark, pending, move)
		}
		return err == nil
	}
	part, err := j.Part()
	if err != nil {
		return err
	}
	segments := func(fn func(spool.Segment) bool) error { return part.Segments(from, to, fn) }
	if f, only := onlyFile(from, to); only { // no order to be kept
		segments = func(fn func(spool.Segment) bool) error {
			fn(spool.Segment{File: f, Offset: from[f], Length: to[f] - from[f]})
			return nil
		}
	}
	readErr := segments(func(s spool.Segment) bool {
		if s.File == pending.File && s.Offset == pending.Offset+pending.Length {
			pending.Length += s.Length
			return true
		}
		ok := copyPending()
		pending = s
		return ok
	})
	if readErr != nil {
		return readErr
	}
	if err == nil {
		copyPending()
	}
	return err
}

func onlyFile(from, to spool.Sizes) (f spool.File, only bool) {
	grown := 0
	for i, n := range to.Minus(from) {
		if n > 0 {
			f, grown = spool.File(i), grown+1
		}
	}
	return f, grown == 1
}

func (r *receiving) copySegment(j *local.Job, mark *spool.Mark, s spool.Segment, move func(spool.Mark) error) error {
	if s.File == spool.RecordsFile {
		to := mark.Sizes
		to[s.File] = s.Offset + s.Length
		return r.showLines(j, mark, to, true, move)
	}
	part, err := j.Part()
	if err != nil {
		return err
	}
	file, err := os.Open(part.Path(s.File))
	if err != nil {
		return err
	}
	defer file.Close()
	for end := s.Offset + s.Length; mark.Sizes[s.File] < end; {
		at := mark.Sizes[s.File]
		n := min(end-at, chunk)
		if r.options.maxBytes >= 0 {
			n = min(n, r.options.maxBytes-r.bytes)
		}
		written, err := r.write(s.File, file, part.At(s.File, at), n)
		r.bytes += written
		mark.Sizes[s.File] += written
		if moveErr := moveIf(written > 0, *mark, move); err == nil {
			err = moveErr
		}
		if err != nil {
			return err
		}
		if r.options.maxBytes >= 0 && r.bytes >= r.options.maxBytes {
			return errEnough
		}
	}
	return nil
}

func moveIf(moved bool, mark spool.Mark, move func(spool.Mark) error) error {
	if !moved {
		return nil
	}
	return move(mark)
}

func (r *receiving) write(f spool.File, from *os.File, at, n int64) (int64, error) {
	if f == spool.OutputFile {
		return spool.Copy(r.out.out, from, at, n)
	}
	if err, ok := r.out.err.(*os.File); ok {
		return spool.Copy(err, from, at, n)
	}
	return io.Copy(r.out.err, io.NewSectionReader(from, at, n))
}

// shownByDefault reports whether records of a stream are shown unasked.
func shownByDefault(s job.Stream) bool { return s != job.Verbose && s != job.Debug }
