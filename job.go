package job

import (
	"context"
	"iter"
	"time"
)

// Job is work done elsewhere. Further abilities are further interfaces that a
// job may have too: [Suspender].
type Job interface {
	// Info is one consistent copy of what the job says about itself.
	Info() (Info, error)

	// Events ranges over the steps of the job's life, from the first on. With
	// follow it waits for more until the job is final; without, it ends with
	// what there is.
	Events(ctx context.Context, follow bool) iter.Seq2[StateEvent, error]

	// Records ranges over what the job put out. It moves no mark.
	Records(ctx context.Context, o RecordOptions) iter.Seq2[Record, error]

	// Wait returns when the job is final, nil or ctx's error.
	Wait(ctx context.Context) error

	// Stop asks the work to end, waits, and kills what is left. It returns
	// when the job is final. A final job is left as it is.
	Stop(ctx context.Context, o StopOptions) error
}

// Suspender is a job that can stand still.
type Suspender interface {
	Suspend(ctx context.Context) error
	Resume(ctx context.Context) error
}

// RecordOptions choose records. The zero value gives all that is there.
type RecordOptions struct {
	Streams []Stream // nil means all
	Follow  bool     // wait for more until the job is final
}

// StopOptions tune a stop. The zero value asks with the system's usual
// signal, waits for the job's own grace, then kills.
type StopOptions struct {
	Grace  time.Duration // wait before the kill; 0 means the job's own, DefaultGrace if it has none
	Signal string        // "SIGINT"; "" means SIGTERM
	Force  bool          // kill at once
	Child  int           // only this child; 0 means all
}
