package jobtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/backjob/job"
)

func brokenRecords() []broken {
	return []broken{
		{"never ends its receive loop", "records/follow to the end", "Records with Follow has not ended", bend(func(b *bent) {
			b.records = func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				return func(yield func(job.Record, error) bool) {
					for r, err := range good(ctx, o) {
						if !yield(r, err) {
							return
						}
					}
					<-b.over
				}
			}
		})},
		{"gives the same for ever", "records/each stream", "does not end: it gave more than", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				all := collected(good(ctx, o))
				return func(yield func(job.Record, error) bool) {
					for yield(all[0], nil) {
					}
				}
			})},
		{"puts errors into its output", "records/each stream", `stream output: record 2: got output:"error1", wanted output:"output2"`, bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				all := collected(good(ctx, o))
				for i := range all {
					if all[i].Stream == job.ErrorStream {
						all[i].Stream = job.Output
					}
				}
				return each(all)
			})},
		{"gives stream after stream", "records/each stream", "all streams in the order of writing: record 2", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				var all []job.Record
				for _, s := range job.Streams() {
					all = append(all, collected(good(ctx, job.RecordOptions{Streams: []job.Stream{s}, Follow: o.Follow}))...)
				}
				return each(all)
			})},
		{"gives everything whatever is asked for", "records/only the streams asked for", `Records of \[output\], stream error: got 5 records, wanted 0`, bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				o.Streams = nil
				return good(ctx, o)
			})},
		{"destroys what was received", "records/each stream", "once more, stream output: got 0 records, wanted 20", bend(func(b *bent) {
			b.records = func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				o.Reader = "everybody"
				return good(ctx, o)
			}
		})},
		{"drops what a slow reader does not take", "records/a reader that is slow", "for a slow reader, stream output: ", bendRecords(dropping)},
		{"shares its records among readers", "records/several readers", "reader . of 5, stream output: |Records with Follow has given 0", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				o.Reader = "everybody"
				return good(ctx, o)
			})},
		{"waits without follow", "records/without follow end at once", "has not ended", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				o.Follow = true
				return good(ctx, o)
			})},
		{"ends its followers early", "records/follow to the end", "Records with Follow ended after 0", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				return each[job.Record](nil)
			})},
		{"hides that its context ended", "records/end with their context", "ended with error <nil>, wanted context canceled", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				return func(yield func(job.Record, error) bool) {
					for r, err := range good(ctx, o) {
						if err != nil || !yield(r, nil) {
							return
						}
					}
				}
			})},
		{"forgets what was on the way when a loop is left", "records/a loop that is left", "Records, after loops were left, stream output: ", bend(func(b *bent) {
			var mu sync.Mutex
			lost := 0
			b.records = func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				return func(yield func(job.Record, error) bool) {
					mu.Lock()
					skip := lost
					mu.Unlock()
					for r, err := range good(ctx, o) {
						if skip--; skip >= 0 {
							continue
						}
						if !yield(r, err) {
							mu.Lock()
							lost++
							mu.Unlock()
							return
						}
					}
				}
			}
		})},
		{"tells nobody whose records they are", "records/each stream", `is of job 77`, bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				all := collected(good(ctx, o))
				for i := range all {
					all[i].Job = job.Ref{ID: 77}
				}
				return each(all)
			})},
		{"gives the children's twice", "records/own and the children's are all", "Records with NoRecurse, of the job and of each child, together", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				o.NoRecurse = false
				return good(ctx, o)
			})},
	}
}

// dropping is a follower with a bounded queue, like a channel that nobody
// waits at.
func dropping(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
	return func(yield func(job.Record, error) bool) {
		queue := make(chan job.Record, 10)
		go func() { // ends with the job
			defer close(queue)
			for r, err := range good(ctx, o) {
				if err != nil {
					return
				}
				select {
				case queue <- r:
				default:
				}
			}
		}()
		for r := range queue {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func brokenReaders() []broken {
	noReader := func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
		o.Reader = ""
		return good(ctx, o)
	}
	oneMark := func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
		if o.Reader != "" {
			o.Reader = "default"
		}
		return good(ctx, o)
	}
	lacks := bendRecords(noReader)
	lacks.Lacks = Marks
	return []broken{
		{"has no marks", "readers/a reader goes on where it stopped", `the second receive, stream output: record 1: got output:"before1", wanted output:"before3"`, bendRecords(noReader)},
		{"moves the mark over what was not taken", "readers/a reader goes on where it stopped", "the second receive, stream output: got 0 records, wanted 2", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				if o.Reader == "" {
					return good(ctx, o)
				}
				return each(collected(good(ctx, o)))
			})},
		{"has one mark for all", "readers/each has a mark of its own", "reader b, after a, stream output: got 0 records", bendRecords(oneMark)},
		{"does not know what is unread", "readers/what is unread is told", "when the default reader has received nothing: got 0 unread", bendInfo(func(i *job.Info) { i.Unread = 0 })},
		{"does not know what was read", "readers/what is unread is told", "when the default reader has received all: got 9 unread", bendInfo(func(i *job.Info) { i.Unread = 9 })},
		{"gives both the same", "readers/two at once get each record once", "was got 2 times", bendRecords(noReader)},
		{"moves the mark over other streams", "readers/a mark moves over what the reader got only", "then one of everything, stream output: got 0 records, wanted 4", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				only := o.Streams
				o.Streams = nil
				return func(yield func(job.Record, error) bool) {
					for r, err := range good(ctx, o) {
						if len(only) > 0 && r.Stream != only[0] {
							continue
						}
						if !yield(r, err) {
							return
						}
					}
				}
			})},
		{"lacks marks and does not say so", "readers/or refused", "of a kind that lacks Marks: got error <nil>, wanted an Unsupported one", lacks},
	}
}

func brokenWaits() []broken {
	return []broken{
		{"does not return from Wait", "wait/returns at once for a final job", "Wait of a job that ends has not returned", bend(func(b *bent) {
			b.wait = func(context.Context) error { <-b.over; return nil }
		})},
		{"waits whatever its context says", "wait/ends with its context, and the job goes on", "Wait with a context that is cancelled has not returned", bend(func(b *bent) {
			b.wait = func(context.Context) error { return b.FuncJob.Wait(context.Background()) }
		})},
		{"does not wait", "wait/ends with its context, and the job goes on", "Wait for a job that goes on, with a cancelled context: got <nil>", bend(func(b *bent) {
			b.wait = func(context.Context) error { return nil }
		})},
		{"ends with who waits for it", "wait/ends with its context, and the job goes on", "the state after waits were cancelled: got Stopped", bend(func(b *bent) {
			b.wait = func(ctx context.Context) error {
				err := b.FuncJob.Wait(ctx)
				if err != nil {
					_ = b.FuncJob.Stop(context.Background(), job.StopOptions{})
				}
				return err
			}
		})},
		{"lets one waiter go", "wait/several at once", "Wait .* has not returned", bend(func(b *bent) {
			one := make(chan bool, 1)
			b.wait = func(ctx context.Context) error {
				select {
				case one <- true:
					return b.FuncJob.Wait(ctx)
				case <-b.over:
					return nil
				}
			}
		})},
		{"waits for its readers", "records/a reader that is slow", "Wait of a job that ends", bend(func(b *bent) {
			var readers sync.WaitGroup
			b.records = func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				return func(yield func(job.Record, error) bool) {
					readers.Add(1)
					defer readers.Done()
					good(ctx, o)(yield)
				}
			}
			b.wait = func(context.Context) error { readers.Wait(); return nil }
		})},
		{"announces its end before the output is there", "wait/no final state before the output is there", "in the moment in which the final event was told, stream output: got 0 records, wanted 5", hasty()},
		{"lets waiters go before the output is there", "wait/all is there when it returns", "Records when Wait had returned, stream output: got 0 records, wanted 5", hasty()},
	}
}

// hasty is a kind that gives its output only some time after the end.
func hasty() Job {
	return bendRecords(func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
		return func(yield func(job.Record, error) bool) {
			if !o.Follow {
				return // as if it were still in a buffer
			}
			good(ctx, o)(yield)
		}
	})
}

func brokenStops() []broken {
	stop := func(how func(b *bent, ctx context.Context, o job.StopOptions) error) Job {
		return bend(func(b *bent) {
			b.stop = func(ctx context.Context, o job.StopOptions) error { return how(b, ctx, o) }
		})
	}
	return []broken{
		{"does not stop", "stop/makes it Stopped", "the state when Stop had returned: got Running, wanted Stopped", stop(
			func(*bent, context.Context, job.StopOptions) error { return nil })},
		{"cannot stop", "stop/makes it Stopped", "Stop of a job whose work listens: got not implemented", stop(
			func(*bent, context.Context, job.StopOptions) error { return errors.New("not implemented") })},
		{"panics in Stop", "stop/makes it Stopped", "Stop panicked: not implemented", stop(
			func(*bent, context.Context, job.StopOptions) error { panic("not implemented") })},
		{"comes back from Stop early", "stop/makes it Stopped", "the state when Stop had returned: got Stopping, wanted Stopped", Job{
			Start: func(t testing.TB, s Script) job.Job {
				let := make(chan bool)
				t.Cleanup(func() { close(let) })
				b := &bent{}
				b.FuncJob = job.Go(context.Background(), "", func(ctx context.Context, out *job.Writer) error { err := s.Work(ctx, out); <-let; return err })
				b.stop = func(ctx context.Context, o job.StopOptions) error {
					o.Grace = time.Millisecond
					_ = b.FuncJob.Stop(ctx, o)
					return nil
				}
				return b
			}}},
		{"is Completed when it was stopped", "stop/makes it Stopped", "the state when Stop had returned: got Completed, wanted Stopped", bend(func(b *bent) {
			b.info = func(i *job.Info) {
				if i.State == job.Stopped {
					i.State = job.Completed
				}
			}
		})},
		{"changes a final job", "stop/leaves a final job as it is", "StateInfo: got Stopped, wanted Completed", bend(func(b *bent) {
			stopped := make(chan bool, 9)
			b.stop = func(context.Context, job.StopOptions) error { stopped <- true; return nil }
			b.info = func(i *job.Info) {
				if len(stopped) > 0 {
					i.State = job.Stopped
				}
			}
		})},
		{"refuses to stop what is final", "stop/leaves a final job as it is", "Stop of a job whose work listens: got it is final", stop(
			func(b *bent, ctx context.Context, o job.StopOptions) error {
				if b.State().State.Final() {
					return errors.New("it is final")
				}
				return b.FuncJob.Stop(ctx, o)
			})},
		{"ends twice when a stop races", "stop/races with the end", "cannot become Stopped", bend(func(b *bent) {
			b.events = func(_ context.Context, _ bool, good eventSeq) eventSeq {
				all := collected(good)
				if last := all[len(all)-1]; last.New.State.Final() {
					all = append(all, job.StateEvent{Job: last.Job, Previous: last.New, New: job.StateInfo{State: job.Stopped}, Time: last.Time})
				}
				return each(all)
			}
		})},
		{"fails when several stop it", "stop/several at once", "Stop in a race: got error busy", bend(func(b *bent) {
			busy := make(chan bool, 1)
			b.stop = func(ctx context.Context, o job.StopOptions) error {
				select {
				case busy <- true:
					return b.FuncJob.Stop(ctx, o)
				default:
					return errors.New("busy")
				}
			}
		})},
		{"waits for who does not listen for ever", "stop/of work that does not listen", "Stop of a job whose work does not listen has not returned", bend(func(b *bent) {
			b.stop = func(ctx context.Context, o job.StopOptions) error {
				o.Grace = time.Hour
				return b.FuncJob.Stop(context.Background(), o)
			}
		})},
		{"does not look at its context", "stop/ends with its context", "Stop with a context of a moment, .* has not returned", bend(func(b *bent) {
			b.stop = func(_ context.Context, o job.StopOptions) error { return b.FuncJob.Stop(context.Background(), o) }
		})},
		{"stops everything for a child that is not there", "stop/of a child that is not there", "Stop of child 99 of a job that has none: got nil", stop(
			func(b *bent, ctx context.Context, o job.StopOptions) error {
				return b.FuncJob.Stop(ctx, job.StopOptions{})
			})},
	}
}

func brokenFamilies() []broken {
	return []broken{
		{"hides its children", "children/are told", "Children of a job that has 3: got 0", bend(func(b *bent) { b.family = func() []job.Job { return nil } })},
		{"counts them wrong", "children/are told", "got 3, and Info says 2; wanted 3", bendInfo(func(i *job.Info) { i.Children = 2 })},
		{"counts their states wrong", "children/are told", "ChildrenByState .* wanted 3 in all", bendInfo(func(i *job.Info) { i.ChildrenByState = nil })},
		{"shuffles them", "children/are told", "child 1 while they are at work: got the id 0.3, wanted 0.1", bend(func(b *bent) {
			b.family = func() []job.Job {
				all := b.FuncJob.Children()
				if len(all) == 3 {
					all[0], all[2] = all[2], all[0]
				}
				return all
			}
		})},
		{"loses their records", "children/their records", "of its children .* child|whose children are at work: got|those of one child", bendRecords(
			func(ctx context.Context, o job.RecordOptions, good recordsOf) recordSeq {
				o.NoRecurse = true
				return good(ctx, o)
			})},
		{"ends before they do", "children/the job ends after the last of them", "with one child Failed and one at work: got Failed", bendInfo(func(i *job.Info) {
			if i.ChildrenByState[job.Failed] > 0 {
				i.State = job.Failed
			}
		})},
		{"does not care that one Failed", "children/the job ends after the last of them", "when all children are final and one Failed: got Completed", bendInfo(func(i *job.Info) {
			if i.State == job.Failed {
				i.State = job.Completed
			}
		})},
		{"has a rule of its own", "children/make the state", `whose children are \[Completed Stopped Completed\]: got Completed, wanted Stopped`, ownRule()},
		{"stops all for one", "children/one is stopped", "beside the one that was stopped: got Stopped", bend(func(b *bent) {
			b.stop = func(ctx context.Context, o job.StopOptions) error { return b.FuncJob.Stop(ctx, job.StopOptions{}) }
		})},
		{"stops and leaves its children", "children/all are stopped", "of a child when the job was stopped: got Running", bend(func(b *bent) {
			b.stop = func(context.Context, job.StopOptions) error { return nil }
		})},
	}
}

// ownRule is a kind that says it has the states of its children, and has not:
// the function has ended well whether a child was stopped or not.
func ownRule() Job {
	return Job{Start: func(_ testing.TB, s Script) job.Job {
		return job.Go(context.Background(), "", s.Work)
	}}
}
