package jobtest

import (
	"context"
	"errors"
	"strconv"

	"github.com/backjob/job"
)

// Script says what the work of a job does in a test. It puts out Before; where
// Hold is set it then waits until that is closed, or until it is asked to stop;
// it puts out After, and ends. Work that was asked to stop while it waited
// ends at once and leaves After out.
//
// Where the work is Go code, Work does all of it.
type Script struct {
	Before []Line
	Hold   <-chan struct{} // nil does not wait
	Deaf   bool            // while it waits, it does not listen to who asks it to stop
	After  []Line
	Fail   string // how it went wrong, the reason of a Failed job; "" ends well

	// Children are the scripts of child jobs, which are made first, in this
	// order. Only for kinds that do not lack [Children]; where these do not lack
	// [ParentState] either, the job itself has nothing else to do then.
	Children []Script
}

// Line is what is put out on one stream: text without a newline, a record.
type Line struct {
	Stream job.Stream
	Text   string
}

// Work is a function that does what the script says, for [job.Go] and the
// like. Its children are function jobs.
func (s Script) Work(ctx context.Context, out *job.Writer) error {
	for i, child := range s.Children {
		out.Go(ctx, "child"+strconv.Itoa(i+1), child.Work)
	}
	for _, line := range s.Before {
		line.put(out)
	}
	if err := s.wait(ctx); err != nil {
		return err
	}
	for _, line := range s.After {
		line.put(out)
	}
	if s.Fail != "" {
		return errors.New(s.Fail)
	}
	return nil
}

func (s Script) wait(ctx context.Context) error {
	if s.Hold == nil {
		return nil
	}
	if s.Deaf {
		<-s.Hold
		return nil
	}
	select {
	case <-s.Hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l Line) put(out *job.Writer) {
	switch l.Stream {
	case job.Output:
		out.Output(l.Text)
	case job.ErrorStream:
		out.Error(l.Text)
	case job.Warning:
		out.Warning(l.Text)
	case job.Verbose:
		out.Verbose(l.Text)
	case job.Debug:
		out.Debug(l.Text)
	case job.Information:
		out.Information(l.Text)
	case job.Progress:
		out.Progress(job.Step{Activity: l.Text, Percent: -1})
	}
}

// lines are n lines on a stream, each with a text of its own.
func lines(stream job.Stream, prefix string, n int) []Line {
	all := make([]Line, n)
	for i := range all {
		all[i] = Line{stream, prefix + strconv.Itoa(i+1)}
	}
	return all
}

// mixed are lines on several streams, in turns.
func mixed(streams []job.Stream, prefix string, rounds int) (all []Line) {
	for i := range rounds {
		for _, s := range streams {
			all = append(all, Line{s, prefix + s.String() + strconv.Itoa(i+1)})
		}
	}
	return all
}

// on are those of the lines that are on one of the streams.
func on(all []Line, streams ...job.Stream) (some []Line) {
	for _, l := range all {
		for _, s := range streams {
			if l.Stream == s {
				some = append(some, l)
			}
		}
	}
	return some
}
