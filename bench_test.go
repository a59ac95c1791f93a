package job_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/backjob/job"
)

// B8 of the design, each beside the bare version that it is compared with.
// On a busy machine compare within one run, with several counts; bench -only
// b8 lets both sides take turns.

func empty(context.Context, *job.Writer) error { return nil }

func BenchmarkGo(b *testing.B) {
	b.Run("goroutine and channel", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			c := make(chan int)
			go func() { c <- 1 }()
			<-c
		}
	})
	b.Run("job.Go", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			receive(b, job.Go(background, "", empty))
		}
	})
	b.Run("Group.Go", func(b *testing.B) {
		b.ReportAllocs()
		var g job.Group
		for range b.N {
			receive(b, g.Go(background, "", empty))
		}
	})
}

func receive(b *testing.B, j *job.FuncJob) {
	if err := j.Wait(background); err != nil {
		b.Fatal(err)
	}
	for range j.Records(background, job.RecordOptions{}) {
		b.Fatal("an empty function wrote something")
	}
}

const million = 1_000_000

// BenchmarkMillion tells how many bytes of heap and stacks each of a million
// takes. The first million is not counted: it makes what the Go runtime keeps
// of each goroutine for ever.
func BenchmarkMillion(b *testing.B) {
	runBare()()
	for _, m := range []struct {
		name string
		run  func() (end func())
	}{
		{"running, goroutine and channel", runBare},
		{"running, job.Go", runJobs},
		{"finished, job.Go", finishJobs},
		{"queued, Group.Go", queueJobs},
		{"finished, Group.Go", finishGroup},
	} {
		b.Run(m.name, func(b *testing.B) {
			for range b.N {
				before := inUse()
				end := m.run()
				b.ReportMetric((inUse()-before)/million, "B/job")
				end()
			}
		})
	}
}

func inUse() float64 {
	runtime.GC()
	runtime.GC() // the first may leave stacks to the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func runBare() (end func()) {
	let, all := make(chan int), make([]chan int, million)
	for i := range all {
		c := make(chan int)
		all[i] = c
		go func() { <-let; c <- 1 }()
	}
	return func() {
		close(let)
		for _, c := range all {
			<-c
		}
	}
}

func runJobs() (end func()) {
	let, all := make(chan int), make([]*job.FuncJob, million)
	work := func(context.Context, *job.Writer) error { <-let; return nil }
	for i := range all {
		all[i] = job.Go(background, "", work)
	}
	return func() {
		close(let)
		for _, j := range all {
			j.Wait(background)
		}
	}
}

func finishJobs() (end func()) {
	all := make([]*job.FuncJob, million)
	for i := range all {
		all[i] = job.Go(background, "", empty)
		all[i].Wait(background)
	}
	return func() { runtime.KeepAlive(all) }
}

func queueJobs() (end func()) {
	g, let := &job.Group{Throttle: 1}, make(chan int)
	g.Go(background, "", func(context.Context, *job.Writer) error { <-let; return nil })
	for range million {
		g.Go(background, "", empty)
	}
	return func() {
		close(let)
		g.Close()
		g.Wait(background)
	}
}

func finishGroup() (end func()) {
	g := &job.Group{}
	for range million {
		g.Go(background, "", empty)
	}
	g.Close()
	g.Wait(background)
	return func() { runtime.KeepAlive(g) }
}

func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d writers and a slow reader", writers), func(b *testing.B) { benchmarkWrite(b, writers) })
	}
}

// benchmarkWrite times the writes alone: a reader follows, but has not come
// far when the last is done. No job writes more than fits into memory that we
// have already: a page that nobody has touched costs more than its records.
func benchmarkWrite(b *testing.B, writers int) {
	b.ReportAllocs()
	b.StopTimer()
	const most = 1 << 17
	for left := b.N; left > 0; left -= most {
		writeJob(b, writers, min(left, most))
	}
}

func writeJob(b *testing.B, writers, records int) {
	ctx, leave := context.WithCancel(background)
	j := job.Go(background, "", func(_ context.Context, out *job.Writer) error {
		defer leave()
		var all sync.WaitGroup
		b.StartTimer()
		defer b.StopTimer()
		for range writers {
			all.Go(func() {
				for range (records + writers - 1) / writers {
					out.Output("a line of text as a program would write it")
				}
			})
		}
		all.Wait()
		return nil
	})
	if err := readSlowly(ctx, j); err != nil && !errors.Is(err, context.Canceled) {
		b.Fatal(err)
	}
	if err := j.Wait(background); err != nil {
		b.Fatal(err)
	}
}

// readSlowly rests for a millisecond after each hundred records.
func readSlowly(ctx context.Context, j job.Job) error {
	rest := time.NewTicker(time.Millisecond)
	defer rest.Stop()
	read := 0
	for _, err := range j.Records(ctx, job.RecordOptions{Follow: true, Reader: "slow"}) {
		if err != nil {
			return err
		}
		if read++; read%100 == 0 {
			<-rest.C
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
