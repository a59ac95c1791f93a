package job

import (
	"context"
	"iter"
	"time"
)

// account is what a job says of itself besides its states. It is made when
// there is something to say.
type account struct {
	info   Info // as Describe left it; guarded by the lifecycle's mu
	writer Writer

	log   Log[entry]     // its mu guards what follows too
	last  moment         // of the newest entry
	bytes [2]int64       // of text on output and error
	marks map[string]int // the entry that a reader gets next
	lines []*lineWriter  // what Writer.Lines gave
}

// entry is a record as it is kept: text is made of a value when it is read.
type entry struct {
	time   moment
	value  any
	stream Stream
}

func (l *Lifecycle) accountLocked() *account {
	if a := l.account.Load(); a != nil {
		return a
	}
	a := &account{}
	a.writer.owner = l
	if l.info.State.Final() {
		a.log.Close()
	}
	l.account.Store(a)
	return a
}

// flush passes on what was begun of lines; the job is about to end.
func (a *account) flush() {
	a.log.mu.Lock()
	lines := a.lines
	a.lines = nil
	a.log.mu.Unlock()
	for _, w := range lines {
		w.Close()
	}
}

// defaultName is the name of a job that has none.
func defaultName(id ID) string {
	if id == 0 {
		return "Job"
	}
	return "Job" + Ref{ID: id}.String()
}

// Describe changes what Info tells of the job: name, type, location, command,
// status message and the like. Ids, state and times are not taken from it.
func (l *Lifecycle) Describe(change func(*Info)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.accountLocked().info)
}

// Writer is what the job's work writes to.
func (l *Lifecycle) Writer() *Writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &l.accountLocked().writer
}

// Info is what the job says about itself; Unread counts records, for the
// default reader.
func (l *Lifecycle) Info() (Info, error) { return l.infoFor(""), nil }

// InfoFor is Info with the mark of a named reader.
func (l *Lifecycle) InfoFor(reader string) (Info, error) { return l.infoFor(reader), nil }

func (l *Lifecycle) infoFor(reader string) Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accountLocked()
	if a.info.InstanceID == (InstanceID{}) {
		a.info.InstanceID = NewInstanceID(time.Now())
	}
	i := a.info
	i.Ref, i.StateInfo, i.BeginTime, i.EndTime = l.Job, l.info, l.begin.time(), l.end.time()
	if i.Name == "" {
		i.Name = defaultName(l.Job.ID)
	}
	if i.Attempt == 0 && !i.BeginTime.IsZero() {
		i.Attempt = 1
	}
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	i.OutputBytes, i.ErrorBytes = a.bytes[0], a.bytes[1]
	i.Unread = int64(a.log.length - a.marks[readerName(reader)])
	return i
}

// defaultReader is the reader that is meant when none is named.
const defaultReader = "default"

func readerName(reader string) string {
	if reader == "" {
		return defaultReader
	}
	return reader
}

// Records ranges over what the job put out: see [Job].
func (l *Lifecycle) Records(ctx context.Context, o RecordOptions) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if l.account.Load() == nil && !o.Follow {
			return // it has said nothing so far
		}
		l.mu.Lock()
		a, ref := l.accountLocked(), l.Job
		l.mu.Unlock()
		pass := func(i int, e entry) bool {
			return !o.wants(e.stream) || yield(recordOf(ref, i, e), nil)
		}
		if o.Reader != "" {
			a.receive(ctx, o, pass, yield)
			return
		}
		next := 0
		ranged(ctx, &a.log, o.Follow, 0, func(e entry, err error) bool {
			if err != nil {
				return yield(Record{}, err)
			}
			next++
			return pass(next-1, e)
		})
	}
}

// receive is ranging with a mark: each entry goes to one of those who range
// for a reader at the same time.
func (a *account) receive(ctx context.Context, o RecordOptions, pass func(int, entry) bool, yield func(Record, error) bool) {
	for {
		i, e, ok := a.take(o.Reader)
		switch {
		case ok && !pass(i, e):
			return
		case ok:
		case !o.Follow:
			return
		default:
			if _, _, more := a.log.wait(ctx, i); !more && !a.log.through(i) {
				yield(Record{}, ctx.Err())
				return
			} else if !more {
				return
			}
		}
	}
}

// take gives the entry at the reader's mark and moves the mark over it.
func (a *account) take(reader string) (i int, e entry, ok bool) {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	if i = a.marks[reader]; i >= a.log.length {
		return i, e, false
	}
	if a.marks == nil {
		a.marks = map[string]int{}
	}
	a.marks[reader] = i + 1
	block, at := place(i)
	return i, a.log.blocks[block][at], true
}

// recordOf is entry i as a Record.
func recordOf(job Ref, i int, e entry) Record {
	r := Record{Job: job, Stream: e.stream, Time: e.time.time(), Offset: int64(i), Value: e.value, Text: textOf(e.value)}
	if step, ok := e.value.(Step); ok && e.stream == Progress {
		r.Step = &step
	}
	return r
}
