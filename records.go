package job

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
)

// Values picks the values of one type from a job's output, as they were
// written, without a copy. An error of the records ends it:
//
//	for p, err := range job.Values[Process](j.Records(ctx, job.RecordOptions{})) {
func Values[T any](records iter.Seq2[Record, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for r, err := range records {
			value, ok := r.Value.(T)
			if err == nil && (r.Stream != Output || !ok) {
				continue
			}
			if !yield(value, err) {
				return
			}
		}
	}
}

// Records ranges over what the group put out, then over what its children
// did, child after child; with o.Follow as it comes.
func (g *Group) Records(ctx context.Context, o RecordOptions) iter.Seq2[Record, error] {
	return records(ctx, &g.Lifecycle, g, o)
}

// records ranges over what a job put out, own, and its children in g, which
// may be nil.
func records(ctx context.Context, own *Lifecycle, g *Group, o RecordOptions) iter.Seq2[Record, error] {
	if g == childless {
		g = nil
	}
	switch {
	case g == nil || o.NoRecurse:
		return own.Records(ctx, o)
	case !o.Follow || own.State().State.Final():
		return inOrder(ctx, own, g, o)
	case o.Reader != "":
		return asItComes(ctx, own, g, o)
	}
	return func(yield func(Record, error) bool) {
		gather(ctx, own, g, o, func(r Record, err error) bool { return yield(r, err) })
	}
}

func inOrder(ctx context.Context, own *Lifecycle, g *Group, o RecordOptions) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r, err := range own.Records(ctx, o) {
			if !yield(r, err) {
				return
			}
		}
		for _, j := range g.children.Now(0) {
			for r, err := range j.Records(ctx, o) {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// told is a record or an error on its way to who follows several jobs.
type told struct {
	record Record
	err    error
}

// gather follows a job and its children, each in a goroutine of its own, and
// passes on what they put out, until all are final or pass returns false. If
// ctx ends before, its error is the last that is passed on.
func gather(ctx context.Context, own *Lifecycle, g *Group, o RecordOptions, pass func(Record, error) bool) {
	inner, end := context.WithCancel(ctx)
	c := make(chan told)
	var cut atomic.Bool // somebody did not get to the end
	var followers sync.WaitGroup
	follow := func(records iter.Seq2[Record, error]) {
		for r, err := range records {
			if err == nil || inner.Err() == nil {
				select {
				case c <- told{r, err}:
					continue
				case <-inner.Done():
				}
			}
			cut.Store(true)
			return
		}
	}
	followers.Go(func() { follow(own.Records(inner, o)) })
	followers.Go(func() {
		next := 0
		for i, j := range g.children.All(inner, 0) {
			next = i + 1
			followers.Go(func() { follow(j.Records(inner, o)) })
		}
		if !g.children.through(next) {
			cut.Store(true)
		}
	})
	ended := make(chan struct{})
	go func() { defer close(ended); followers.Wait() }() // ends with them, at the latest when we end
	defer func() { end(); <-ended }()
	for {
		select {
		case t := <-c:
			if !pass(t.record, t.err) {
				return
			}
		case <-ended:
			if cut.Load() {
				pass(Record{}, ctx.Err())
			}
			return
		}
	}
}

// asItComes follows for a reader with a mark. What is gathered only says that
// there is something: a mark must not move over a record that nobody gets.
func asItComes(ctx context.Context, own *Lifecycle, g *Group, o RecordOptions) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		there := o
		there.Follow = false
		all := inOrder(ctx, own, g, there)
		watching := o
		watching.Reader = ""
		look := func() bool {
			for r, err := range all {
				if !yield(r, err) {
					return false
				}
			}
			return true
		}
		if !look() {
			return
		}
		gather(ctx, own, g, watching, func(_ Record, err error) bool {
			if err != nil {
				return yield(Record{}, err)
			}
			return look()
		})
	}
}
