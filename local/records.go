package local

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
)

// Records ranges over what the job put out. All of it is its children's, so
// with o.NoRecurse a job gives nothing. With o.Reader the reader's marks are
// those of job receive; they are locked while there is something to pass on,
// so the loop must not range for the same reader in its body.
func (j *Job) Records(ctx context.Context, o job.RecordOptions) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		p := passing{o: o, yield: yield, at: map[*Job]spool.Sizes{}}
		pass := p.pass
		switch {
		case o.NoRecurse && j.ref.Child == 0:
			pass = func(*Job, spool.Sizes, bool) error { return nil }
		case o.Reader != "":
			pass = p.receive
		}
		if err := j.Follow(ctx, o.Follow, pass); err != nil && !p.stopped {
			yield(job.Record{}, err)
		}
	}
}

// passing is one ranging over records.
type passing struct {
	o       job.RecordOptions
	yield   func(job.Record, error) bool
	stopped bool                 // the loop was left
	at      map[*Job]spool.Sizes // of the children that are not through
}

// one passes on a record, if it is wanted.
func (p *passing) one(r job.Record) (more bool) {
	if len(p.o.Streams) > 0 && !slices.Contains(p.o.Streams, r.Stream) {
		return true
	}
	r.Text = bytes.Clone(r.Text)
	p.stopped = !p.yield(r, nil)
	return !p.stopped
}

// pass goes on where it was, from the first byte on.
func (p *passing) pass(c *Job, to spool.Sizes, final bool) error {
	after, err := c.Lines(LineOptions{From: p.at[c], To: to, Unended: final || !p.o.Follow},
		func(r job.Record, _ spool.Sizes) bool { return p.one(r) })
	if p.at[c] = after; final {
		delete(p.at, c)
	}
	if p.stopped {
		return io.EOF
	}
	return err
}

// receive goes on at the reader's mark, and moves it.
func (p *passing) receive(c *Job, to spool.Sizes, final bool) (err error) {
	part, err := c.Part()
	if err != nil || part.None {
		return err
	}
	marks, err := c.OpenMarks(p.o.Reader, func() {})
	if err != nil {
		return err
	}
	defer marks.Close()
	mark, err := marks.Read(c.number())
	if err != nil {
		return err
	}
	var moveErr error
	move := func(to spool.Sizes) bool {
		mark.Sizes = to
		moveErr = marks.Move(c.number(), mark)
		return moveErr == nil
	}
	after, err := c.Lines(LineOptions{From: mark.Sizes, To: wanted(p.o.Streams, mark.Sizes, to), Unended: final || !p.o.Follow},
		func(r job.Record, after spool.Sizes) bool { return move(after) && p.one(r) })
	switch {
	case p.stopped:
		return io.EOF
	case err == nil && moveErr == nil && after != mark.Sizes:
		move(after)
	}
	return firstOf(moveErr, err)
}

// wanted is how far to read: files of which no stream is wanted stay where
// the mark is, and so do those that were cut since.
func wanted(streams []job.Stream, from, to spool.Sizes) spool.Sizes {
	var want [3]bool
	for _, s := range streams {
		want[min(int(s)-1, int(spool.RecordsFile))] = true
	}
	for f := range to {
		if len(streams) > 0 && !want[f] {
			to[f] = from[f]
		}
		to[f] = max(to[f], from[f])
	}
	return to
}
