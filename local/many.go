package local

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/keeper"
	"github.com/backjob/job/internal/store"
)

// Child is what one of many children does where that is not what its job's
// Spec says.
type Child = store.Work

// Many says which children a job has.
type Many struct {
	Children []Child // known at the start, in order
	Open     bool    // the keeper may add more
	Throttle int     // so many run at once; 0 means as many as there are processors
}

// StartMany makes a job with many children and starts it: they run as spec
// says, each with its own part of it, and with Timeout, Retry, Grace and
// Input for each of them. It returns when there is a keeper for them, which
// may be before the first runs. A program that cannot be found is an error,
// and there is no job.
func (s *Source) StartMany(ctx context.Context, spec job.Spec, many Many) (*Job, error) {
	if len(many.Children) == 0 && !many.Open {
		return nil, &job.Error{Kind: job.Invalid, Err: errors.New("there is nothing to do: the job would have no children")}
	}
	if many.Throttle < 0 {
		return nil, &job.Error{Kind: job.Invalid, Err: fmt.Errorf("%d children cannot run at once", many.Throttle), Hint: "1 is the least"}
	}
	if many.Throttle == 0 {
		many.Throttle = runtime.NumCPU()
	}
	if _, err := complete(&spec); err != nil {
		return nil, err
	}
	if err := checkChildren(spec, many.Children); err != nil {
		return nil, err
	}
	m := store.Meta{Type: Type, Children: len(many.Children), Open: many.Open, Throttle: many.Throttle, Spec: spec}
	return s.begin(m, many.Children)
}

// checkChildren refuses what cannot be run. Each program is looked for once.
func checkChildren(spec job.Spec, children []Child) error {
	found := map[string]bool{}
	for _, c := range children {
		argv := c.Argv
		if argv == nil {
			argv = spec.Argv
		}
		if len(argv) == 0 {
			return &job.Error{Kind: job.Invalid, Err: errors.New("a child has no command")}
		}
		for _, text := range append(argv[:len(argv):len(argv)], c.Env...) {
			if strings.IndexByte(text, 0) >= 0 {
				return &job.Error{Kind: job.Invalid, Err: errors.New("an argument has a NUL byte in it")}
			}
		}
		if found[argv[0]] || spec.Async {
			continue
		}
		if _, err := keeper.Find(argv[0], spec.Dir, spec.Env); err != nil {
			return err
		}
		found[argv[0]] = true
	}
	return nil
}

// added are the events that add children to a job that is being made.
func added(m store.Meta, children []Child) iter.Seq[store.Event] {
	return func(yield func(store.Event) bool) {
		for i, c := range children {
			if c.Given() && !yield(store.Event{Time: m.Created, Child: i + 1, Work: c}) {
				return
			}
		}
	}
}
