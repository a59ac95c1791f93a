package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/table"
	"github.com/backjob/job/local"
)

// take shows what is new of a job, and moves the mark over it.
func (r *receiving) take(c *call, j *local.Job, to spool.Sizes, final bool) error {
	o := r.options
	if to.Total() == 0 && !r.tells(j, final) {
		return nil
	}
	mark, move := j.Mark(o.reader), func(spool.Mark) error { return nil }
	if !o.keep {
		marks, err := j.OpenMarks(o.reader, func() {
			c.warn("another receive of reader " + o.reader + " is at job " + j.Ref().String() + "; waiting for it (--reader NAME has a mark of its own)")
		})
		if err != nil {
			return marksError(j, err)
		}
		defer marks.Close()
		child := max(j.Ref().Child, 1)
		if mark, err = marks.Read(child); err == nil {
			err = marks.Move(child, mark) // if this cannot be kept, nothing is shown
		}
		if err != nil {
			return marksError(j, err)
		}
		move = func(m spool.Mark) error { return marks.Move(child, m) }
	}
	return r.takeFrom(c, j, r.begin(j, mark), to, final, move)
}

// begin is where this receive goes on: at the mark, or with --keep and --all
// where it came itself.
func (r *receiving) begin(j *local.Job, mark spool.Mark) spool.Mark {
	at, again := r.at[j.Ref()]
	switch {
	case again && (r.options.keep || r.options.all):
		return at
	case r.options.all:
		return spool.Mark{}
	}
	return mark
}

func (r *receiving) takeFrom(c *call, j *local.Job, mark spool.Mark, to spool.Sizes, final bool, keep func(spool.Mark) error) error {
	move := func(m spool.Mark) error {
		r.at[j.Ref()] = m
		return keep(m)
	}
	if r.many[j.Ref().ID] && j.Ref().Child == 0 { // its children have put out what there is
		return r.tell(c, j, mark, move)
	}
	to, err := notBefore(j, &mark, to)
	if err != nil {
		return marksError(j, err)
	}
	if r.shared && r.options.follow && !final {
		if to, err = j.WholeLines(mark.Sizes, to); err != nil { // nobody else's line comes in between
			return marksError(j, err)
		}
	}
	if err = r.show(j, &mark, r.options.limit(mark.Sizes, to), final, move); err != nil {
		return marksError(j, err)
	}
	if r.tells(j, final) {
		return r.tell(c, j, mark, move)
	}
	return nil
}

// tells reports whether this is the moment to say that a job, or a child that
// was named, Failed.
func (r *receiving) tells(j *local.Job, final bool) bool {
	return final && r.named[j] && !r.options.discard
}

// notBefore deals with a mark that is behind what we looked at: another
// receive has moved it since, or the program has cut its file, so that what is
// there now is new.
func notBefore(j *local.Job, mark *spool.Mark, to spool.Sizes) (spool.Sizes, error) {
	if mark.Sizes.Minus(to).Total() == 0 {
		return to, nil
	}
	part, err := j.Part()
	if err != nil {
		return to, err
	}
	to, err = part.Sizes()
	for f := range to {
		if to[f] < mark.Sizes[f] {
			mark.Sizes[f] = 0
		}
	}
	return to, err
}

// limit keeps files that are not asked for where the mark is.
func (o receiveOptions) limit(from, to spool.Sizes) spool.Sizes {
	if o.streams == nil {
		return to
	}
	var wanted [3]bool
	for _, s := range o.streams {
		switch s {
		case job.Output:
			wanted[spool.OutputFile] = true
		case job.ErrorStream:
			wanted[spool.ErrorFile] = true
		default:
			wanted[spool.RecordsFile] = true
		}
	}
	for f, w := range wanted {
		if !w {
			to[f] = from[f]
		}
	}
	return to
}

// tell says once a reader that the job, or the child that was named, Failed.
func (r *receiving) tell(c *call, j *local.Job, mark spool.Mark, move func(spool.Mark) error) error {
	many, err := j.Many()
	if err != nil {
		return err
	}
	told := &mark.Told
	switch {
	case !many:
		j = j.Parent() // its only child is told of as the job
	case j.Ref().Child == 0:
		told = &mark.JobTold
	}
	info, err := j.Info()
	if err != nil || info.State != job.Failed || *told {
		return err
	}
	if err := r.out.flush(); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "job: %v %s\n", info.Ref, table.Printable(info.StateInfo.String()))
	*told = true
	return move(mark)
}

func marksError(j *local.Job, err error) error {
	if errors.Is(err, errEnough) || errors.Is(err, syscall.EPIPE) {
		return err
	}
	e := &job.Error{Job: j.Ref().String(), Kind: job.Other, Err: err}
	var path *fs.PathError
	if !errors.As(err, &path) || !strings.Contains(path.Path, "mark.") {
		return e
	}
	if errors.Is(err, fs.ErrNotExist) {
		e.Err, e.Hint = errors.New("the job's folder is gone"), "job remove "+j.Ref().String()+" forgets the job"
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) {
		e.Hint = "there is no room for the mark: --keep shows the output without moving it"
	}
	return e
}
