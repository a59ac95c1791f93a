package job

import (
	"context"
	"iter"
	"time"
)

// Job is work done elsewhere. Further abilities are further interfaces that a
// job may have too: [Suspender]. Embed [Lifecycle] to write one.
type Job interface {
	// Info is one consistent copy of what the job says about itself.
	Info() (Info, error)

	// Children are the jobs that do the work, in order; nil for one that does
	// it itself.
	Children() []Job

	// Events ranges over the steps of the job's life, from the first on. With
	// follow it waits for more until the job is final; without, it ends with
	// what there is.
	Events(ctx context.Context, follow bool) iter.Seq2[StateEvent, error]

	// Records ranges over what the job and its children put out.
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
	Streams   []Stream // nil means all
	Follow    bool     // wait for more until the job is final
	NoRecurse bool     // only the job's own, not its children's

	// Reader, when set, names a reader: the records begin where the reader
	// stopped the last time, and its mark moves over each that it gets. Two
	// that range for one reader at once get each record once between them.
	// Without it the records begin at the first, and no mark moves.
	Reader string
}

func (o RecordOptions) wants(s Stream) bool {
	for _, w := range o.Streams {
		if w == s {
			return true
		}
	}
	return len(o.Streams) == 0
}

// StopOptions tune a stop. The zero value asks with the system's usual
// signal, waits for the job's own grace, then kills.
type StopOptions struct {
	Grace  time.Duration // wait before the kill; 0 means the job's own, DefaultGrace if it has none
	Signal string        // "SIGINT"; "" means SIGTERM
	Force  bool          // kill at once
	Child  int           // only this child; 0 means all
}
