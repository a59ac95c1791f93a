package jobtest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/backjob/job"
)

// bent is a good job of which something is broken.
type bent struct {
	*job.FuncJob
	info    func(*job.Info)
	events  func(ctx context.Context, follow bool, good eventSeq) eventSeq
	records func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq
	wait    func(ctx context.Context) error
	stop    func(ctx context.Context, o job.StopOptions) error
	family  func() []job.Job
	over    chan struct{} // closed when the check is over, for what would hang for ever
}

type (
	eventSeq  = iter.Seq2[job.StateEvent, error]
	recordSeq = iter.Seq2[job.Record, error]
	recordsOf = func(context.Context, job.RecordOptions) recordSeq
)

func (b *bent) Info() (job.Info, error) {
	i, err := b.FuncJob.Info()
	if b.info != nil {
		b.info(&i)
	}
	return i, err
}

func (b *bent) Events(ctx context.Context, follow bool) eventSeq {
	good := b.FuncJob.Events(ctx, follow)
	if b.events == nil {
		return good
	}
	return b.events(ctx, follow, good)
}

func (b *bent) Records(ctx context.Context, o job.RecordOptions) recordSeq {
	if b.records == nil {
		return b.FuncJob.Records(ctx, o)
	}
	return b.records(ctx, o, b.FuncJob.Records)
}

func (b *bent) Wait(ctx context.Context) error {
	if b.wait == nil {
		return b.FuncJob.Wait(ctx)
	}
	return b.wait(ctx)
}

func (b *bent) Stop(ctx context.Context, o job.StopOptions) error {
	if b.stop == nil {
		return b.FuncJob.Stop(ctx, o)
	}
	return b.stop(ctx, o)
}

func (b *bent) Children() []job.Job {
	if b.family == nil {
		return b.FuncJob.Children()
	}
	return b.family()
}

// bend is a kind of jobs with the same thing broken.
func bend(how func(*bent)) Job {
	return Job{Lacks: ParentState, Start: func(t testing.TB, s Script) job.Job {
		b := &bent{FuncJob: job.Go(context.Background(), "bent", s.Work), over: make(chan struct{})}
		t.Cleanup(func() { close(b.over) })
		how(b)
		return b
	}}
}

func bendInfo(how func(*job.Info)) Job { return bend(func(b *bent) { b.info = how }) }

func bendEvents(how func(ctx context.Context, follow bool, good eventSeq) eventSeq) Job {
	return bend(func(b *bent) { b.events = how })
}

func bendRecords(how func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq) Job {
	return bend(func(b *bent) { b.records = how })
}

// collected is a sequence to its end.
func collected[T any](seq iter.Seq2[T, error]) (all []T) {
	for v, err := range seq {
		if err == nil {
			all = append(all, v)
		}
	}
	return all
}

func each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func TestTheKitCatchesBrokenJobs(t *testing.T) {
	catch(t, brokenStates(), brokenInfos(), brokenEvents(), brokenRecords(), brokenReaders(), brokenWaits(), brokenStops(), brokenFamilies())
}

func brokenStates() []broken {
	deaf := func(s Script) job.Work {
		return func(ctx context.Context, out *job.Writer) error { _ = s.Work(ctx, out); return nil }
	}
	return []broken{
		{"never fails", "life/ends badly", "the state of work that ended badly: got Completed, wanted Failed", Job{
			Start: func(_ testing.TB, s Script) job.Job { return job.Go(context.Background(), "", deaf(s)) }}},
		{"forgets the reason", "life/ends badly", "the reason of a Failed job: got none", bend(func(b *bent) {
			b.info = func(i *job.Info) { i.Reason = nil }
			b.events = func(_ context.Context, _ bool, good eventSeq) eventSeq {
				all := collected(good)
				for i := range all {
					all[i].New.Reason = nil
				}
				return each(all)
			}
		})},
		{"has a reason of its own", "life/ends badly", `the reason of a job that Failed with "the disk is full": got "something"`,
			bendInfo(func(i *job.Info) { i.Reason = errors.New("something") })},
		{"is final from the start", "life/goes on while the work does", "while the work goes on: got Completed",
			bendInfo(func(i *job.Info) { i.State, i.EndTime = job.Completed, i.BeginTime })},
		{"has no begin", "life/ends well", "BeginTime: got 0001", bendInfo(func(i *job.Info) { i.BeginTime = time.Time{} })},
		{"has no end", "life/ends well", "EndTime of a final job: got 0001", bendInfo(func(i *job.Info) { i.EndTime = time.Time{} })},
		{"ends before it begins", "life/ends well", "EndTime .* is before BeginTime", bendInfo(func(i *job.Info) { i.EndTime = i.BeginTime.Add(-time.Hour) })},
		{"says another state than its events", "life/ends well", "Info of a final job says Completed: because, its last event Completed",
			bendInfo(func(i *job.Info) { i.Reason = errors.New("because") })},
		{"leaves a goroutine behind", "use/leaves no goroutine behind", "goroutines that were still there .*broken_job_test.go", Job{
			Start: func(t testing.TB, s Script) job.Job {
				end := make(chan bool)
				t.Cleanup(func() { close(end) })
				go func() { <-end }()
				return job.Go(context.Background(), "", s.Work)
			}}},
	}
}

func brokenInfos() []broken {
	argv := []string{"make", "all"}
	constant := job.NewInstanceID(time.Now())
	return []broken{
		{"has no location", "info/says who it is", "Location is empty", bendInfo(func(i *job.Info) { i.Location = "" })},
		{"has no type", "info/says who it is", "Type is empty", bendInfo(func(i *job.Info) { i.Type = "" })},
		{"has a new instance id each time", "info/has one instance id", "the instance id of one job: got .* wanted one for ever",
			bendInfo(func(i *job.Info) { i.InstanceID = job.NewInstanceID(time.Now()) })},
		{"has the instance id of others", "info/has one instance id", "the instance ids of two jobs: got .* wanted one for each",
			bendInfo(func(i *job.Info) { i.InstanceID = constant })},
		{"shares its arguments", "info/is a copy", `Argv: got \[spoiled spoiled\], wanted \[make all\]`, bendInfo(func(i *job.Info) { i.Argv = argv })},
		{"changes after the end", "info/does not change once the job is final", "Attempt: got", func() Job {
			var mu sync.Mutex
			n := 0
			return bendInfo(func(i *job.Info) {
				mu.Lock()
				defer mu.Unlock()
				n++
				i.Attempt = n
			})
		}()},
		{"panics in Info", "life/ends well", "Info panicked: not implemented", bendInfo(func(*job.Info) { panic("not implemented") })},
	}
}

func brokenEvents() []broken {
	return []broken{
		{"tells its steps out of order", "life/ends well", `event 1 of .*: the state before was Running, wanted that after the event before, NotStarted`,
			bendEvents(func(_ context.Context, _ bool, good eventSeq) eventSeq {
				all := collected(good)
				if len(all) > 1 {
					all[0], all[1] = all[1], all[0]
				}
				return each(all)
			})},
		{"tells nothing to who comes late", "events/the same to early and late", "Events .* of a final job: got 0 events",
			bend(func(b *bent) {
				b.events = func(_ context.Context, _ bool, good eventSeq) eventSeq {
					if b.State().State.Final() {
						return each[job.StateEvent](nil)
					}
					return good
				}
			})},
		{"tells a second end", "life/ends well", "a job that is Completed cannot become Stopped",
			bendEvents(func(_ context.Context, _ bool, good eventSeq) eventSeq {
				all := collected(good)
				last := all[len(all)-1]
				last.Previous, last.New = last.New, job.StateInfo{State: job.Stopped}
				return each(append(all, last))
			})},
		{"waits without follow", "events/without follow end at once", "Events without follow of a job that goes on has not ended",
			bend(func(b *bent) {
				b.events = func(ctx context.Context, _ bool, _ eventSeq) eventSeq { return b.FuncJob.Events(ctx, true) }
			})},
		{"does not wait with follow", "events/follow to the final one", "wanted them to go on to the final state",
			bend(func(b *bent) {
				b.events = func(ctx context.Context, _ bool, _ eventSeq) eventSeq { return each[job.StateEvent](nil) }
			})},
		{"hides that its context ended", "events/end with their context", "ended with error <nil>, wanted context canceled",
			bendEvents(func(_ context.Context, _ bool, good eventSeq) eventSeq {
				return func(yield func(job.StateEvent, error) bool) {
					for e, err := range good {
						if err != nil || !yield(e, nil) {
							return
						}
					}
				}
			})},
		{"goes on when the loop was left", "events/a loop that is left", "left after the first, went on after the loop was left",
			bendEvents(func(_ context.Context, follow bool, good eventSeq) eventSeq {
				return func(yield func(job.StateEvent, error) bool) {
					for e := range good {
						yield(e, nil)
						yield(e, nil)
					}
				}
			})},
		{"is locked while it tells", "events/the job is asked from the loop", "a loop over Events that asks the job .* has not returned", locked()},
		{"stays locked after a panic in a loop", "events/a loop that is left", "has not (returned|ended)", locked()},
	}
}

// locked is a kind whose events are told under a lock that Info takes too, and
// that stays after a panic.
func locked() Job {
	return bend(func(b *bent) {
		lock := make(chan bool, 1)
		hold := func() {
			select {
			case lock <- true:
			case <-b.over:
			}
		}
		b.info = func(*job.Info) { hold(); release(lock) }
		b.events = func(ctx context.Context, _ bool, good eventSeq) eventSeq {
			return func(yield func(job.StateEvent, error) bool) {
				for e, err := range good {
					hold()
					more := yield(e, err)
					release(lock)
					if !more {
						return
					}
				}
			}
		}
	})
}

func release(lock chan bool) {
	select {
	case <-lock:
	default:
	}
}
