package cli

import (
	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/local"
)

// showTail shows the last lines only, and moves the mark over all.
func (r *receiving) showTail(j *local.Job, mark *spool.Mark, to spool.Sizes, move func(spool.Mark) error) error {
	from, err := j.TailFrom(mark.Sizes, to, r.options.tail, r.options.grep != nil || r.options.streams != nil)
	if err != nil {
		return err
	}
	var last []job.Record
	begun := 0 // lines that begin in last
	_, err = j.Lines(local.LineOptions{From: from, To: to, Unended: true}, func(line job.Record, _ spool.Sizes) bool {
		if r.options.wants(line) && r.options.tail > 0 {
			line.Text = append([]byte(nil), line.Text...)
			last = append(last, line)
			if !line.Continued {
				begun++
			}
			for begun > r.options.tail {
				last = last[1:]
				if len(last) == 0 || !last[0].Continued {
					begun--
				}
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, line := range last {
		if err := r.line(line); err != nil {
			return err
		}
	}
	if err := r.out.flush(); err != nil {
		return err
	}
	if r.options.follow { // goes on with all that comes
		r.tailed[j.Ref()] = true
	}
	mark.Sizes = to
	return move(*mark)
}

// findTails finds where the last lines of a job with many children begin: the
// last ones are those of its last children.
func (r *receiving) findTails(j *local.Job) error {
	left := r.options.tail
	if left < 0 {
		return nil
	}
	children := j.ChildJobs()
	for i := len(children) - 1; i >= 0; i-- {
		c := children[i]
		part, err := c.Part()
		if err != nil {
			return err
		}
		to, err := part.Sizes()
		if err != nil {
			return err
		}
		from := r.begin(c, c.Mark(r.options.reader)).Sizes
		to = r.options.limit(from, to)
		if r.tails[c.Ref()] = to; left == 0 || to.Total() == 0 {
			continue
		}
		begin, lines, err := r.tailOf(c, from, to, left)
		if err != nil {
			return err
		}
		r.tails[c.Ref()] = begin
		left -= lines
	}
	return nil
}

// tailOf gives where the last n lines that are wanted begin, and how many
// there are if they are fewer.
func (r *receiving) tailOf(c *local.Job, from, to spool.Sizes, n int) (begin spool.Sizes, lines int, err error) {
	from, err = c.TailFrom(from, to, n, r.options.grep != nil || r.options.streams != nil)
	if err != nil {
		return to, 0, err
	}
	var begins []spool.Sizes
	before := from
	_, err = c.Lines(local.LineOptions{From: from, To: to, Unended: true}, func(line job.Record, after spool.Sizes) bool {
		if r.options.wants(line) && !line.Continued {
			begins = append(begins, before)
		}
		if before = after; len(begins) > n {
			begins = begins[1:]
		}
		return true
	})
	if err != nil || len(begins) == 0 {
		return to, 0, err
	}
	return begins[0], len(begins), nil
}
