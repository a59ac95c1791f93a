package job

import (
	"context"
	"iter"
	"sync"
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
// passes on what they put out, until all are final or pass returns false.
func gather(ctx context.Context, own *Lifecycle, g *Group, o RecordOptions, pass func(Record, error) bool) {
	inner, end := context.WithCancel(ctx)
	defer end()
	c := make(chan told)
	var followers sync.WaitGroup
	follow := func(records iter.Seq2[Record, error]) {
		for r, err := range records {
			select {
			case c <- told{r, err}:
			case <-inner.Done():
				return
			}
		}
	}
	followers.Go(func() { follow(own.Records(inner, o)) })
	followers.Go(func() {
		for _, j := range g.children.All(inner, 0) {
			followers.Go(func() { follow(j.Records(inner, o)) })
		}
	})
	ended := make(chan struct{})
	go func() { defer close(ended); followers.Wait() }() // ends with them, at the latest when we end
	defer func() { <-ended }()
	defer end()
	for {
		select {
		case t := <-c:
			if !pass(t.record, t.err) || t.err != nil && ctx.Err() != nil {
				return
			}
		case <-ended:
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
		gone := false
		look := func() bool {
			for r, err := range all {
				if gone = !yield(r, err); gone {
					return false
				}
			}
			return true
		}
		if !look() {
			return
		}
		gather(ctx, own, g, watching, func(Record, error) bool { return look() })
		if !gone && ctx.Err() != nil {
			yield(Record{}, ctx.Err())
		}
	}
}
