package job

import (
	"context"
	"iter"
	"math"
	"slices"
	"sync"
	"time"
)

// account is what a job says of itself besides its states. It is made when
// there is something to say.
type account struct {
	info   Info // as Describe left it; guarded by the lifecycle's mu
	writer Writer

	log   Log[entry]    // its mu guards what follows too
	first moment        // of the first entry; it does not change any more
	last  moment        // of the newest one
	bytes [2]int64      // of text on output and error
	lines []*lineWriter // what Writer.Lines gave

	reading sync.Mutex       // guards marks: who reads does not hold up who writes
	marks   map[string]*mark // of each reader
}

// mark is how far a reader has received. It has a place for each stream: who
// receives the errors alone gets the output later.
type mark struct {
	next [8]int      // by stream, the entry from which on it gets those of the stream
	got  int         // entries in all
	seen view[entry] // what was there when we looked last
}

// entry is a record as it is kept: text is made of a value when it is read.
// Many are kept, so the time, counted from that of the first entry, and the
// stream share 8 bytes. The time has room for 73 years.
type entry struct {
	stamp uint64
	value any
}

const (
	streamBits = 3
	streamMask = 1<<streamBits - 1
)

func (a *account) entry(at moment, stream Stream, value any) entry {
	return entry{uint64(at-a.first)<<streamBits | uint64(stream), value}
}

func (e entry) stream() Stream { return Stream(e.stamp & streamMask) }

// since is the time after that of the first entry.
func (e entry) since() moment { return moment(e.stamp >> streamBits) }

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
	i.Argv = slices.Clone(i.Argv)
	if i.ExitCode != nil {
		i.ExitCode = new(*i.ExitCode)
	}
	i.Ref, i.StateInfo, i.BeginTime, i.EndTime = l.Job, l.info, l.begin.time(), l.end.time()
	if i.Name == "" {
		i.Name = defaultName(l.Job.ID)
	}
	if i.Attempt == 0 && !i.BeginTime.IsZero() {
		i.Attempt = 1
	}
	got := a.got(readerName(reader))
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	i.OutputBytes, i.ErrorBytes = a.bytes[0], a.bytes[1]
	i.Unread = int64(a.log.length - got)
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
		if o.Reader != "" {
			a.receive(ctx, o, ref, yield)
			return
		}
		pass := func(i int, e entry) bool {
			return !o.wants(e.stream()) || yield(a.record(ref, i, e), nil)
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
func (a *account) receive(ctx context.Context, o RecordOptions, ref Ref, yield func(Record, error) bool) {
	for {
		i, e, ok := a.take(o)
		switch {
		case ok && !yield(a.record(ref, i, e), nil):
			return
		case ok:
		case !o.Follow:
			return
		default:
			if _, more := a.log.wait(ctx, i); !more && !a.log.through(i) {
				yield(Record{}, ctx.Err())
				return
			} else if !more {
				return
			}
		}
	}
}

// take gives the reader's next entry, and moves its mark over it; without one
// i is the entry that will come next.
func (a *account) take(o RecordOptions) (i int, e entry, ok bool) {
	a.reading.Lock()
	defer a.reading.Unlock()
	m := a.marks[o.Reader]
	if m == nil {
		m = a.addMarkLocked(o.Reader)
	}
	if i, e, ok = m.take(o); !ok {
		m.seen = a.log.view()
		i, e, ok = m.take(o)
	}
	return i, e, ok
}

func (a *account) addMarkLocked(reader string) *mark {
	if a.marks == nil {
		a.marks = map[string]*mark{}
	}
	m := &mark{}
	a.marks[reader] = m
	return m
}

// got is how many entries a reader has received.
func (a *account) got(reader string) int {
	a.reading.Lock()
	defer a.reading.Unlock()
	if m := a.marks[reader]; m != nil {
		return m.got
	}
	return 0
}

// take is the account's take, of what was seen.
func (m *mark) take(o RecordOptions) (i int, e entry, ok bool) {
	for i = min(m.first(o), m.seen.length); i < m.seen.length; i++ {
		if e = m.seen.entry(i); o.wants(e.stream()) && i >= m.next[e.stream()] {
			m.pass(o, i+1)
			m.got++
			return i, e, true
		}
	}
	m.pass(o, i)
	return i, entry{}, false
}

// first is the entry before which the reader has had all that it wants.
func (m *mark) first(o RecordOptions) int {
	first := math.MaxInt
	for _, s := range Streams() {
		if o.wants(s) {
			first = min(first, m.next[s])
		}
	}
	return first
}

// pass says that the reader has had all that it wants before entry next.
func (m *mark) pass(o RecordOptions, next int) {
	for _, s := range Streams() {
		if o.wants(s) {
			m.next[s] = max(m.next[s], next)
		}
	}
}

// record is entry i as a Record.
func (a *account) record(job Ref, i int, e entry) Record {
	r := recordOf(job, e.stream(), a.first+e.since(), e.value)
	r.Offset = int64(i)
	return r
}

func recordOf(job Ref, stream Stream, at moment, value any) Record {
	r := Record{Job: job, Stream: stream, Time: at.time(), Value: value, Text: textOf(value)}
	if step, ok := value.(Step); ok && stream == Progress {
		r.Step = &step
	}
	return r
}
