package job

import "context"

// Tap takes what function jobs would keep: package asjob passes it on to
// files, so that a job's output is no burden on memory. All of its functions
// have to be set. They are called by the goroutines that write and step, by
// several at once, with locks held: they must not call back.
type Tap struct {
	Child  func(child Ref, name string) // a function of a group was added; it is NotStarted
	Step   func(StateEvent) error       // as [Lifecycle].Keep
	Record func(Record)                 // instead of keeping it
}

type tapKey struct{}

// WithTap makes a context for [Go]: the function that is started with it has
// this tap, and so have the children that it starts by its Writer. Other jobs
// that it starts have not, whatever context they get.
func WithTap(ctx context.Context, tap *Tap) context.Context {
	return context.WithValue(ctx, tapKey{}, tap)
}
