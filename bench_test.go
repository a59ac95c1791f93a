package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/backjob/job"
)

// B8 of the design, each beside the bare version that it is compared with.

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

func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d writers and a slow reader", writers), func(b *testing.B) { benchmarkWrite(b, writers) })
	}
}

// benchmarkWrite times the writes alone: a reader follows, but has not come
// far when the last is done.
func benchmarkWrite(b *testing.B, writers int) {
	b.ReportAllocs()
	ctx, leave := context.WithCancel(background)
	reader := make(chan error)
	j := job.Go(background, "", func(_ context.Context, out *job.Writer) error {
		defer leave()
		var all sync.WaitGroup
		b.ResetTimer()
		defer b.StopTimer()
		for range writers {
			all.Go(func() {
				for range b.N/writers + 1 {
					out.Output("a line of text as a program would write it")
				}
			})
		}
		all.Wait()
		return nil
	})
	go func() { reader <- readSlowly(ctx, j) }()
	if err := <-reader; err != nil && !errors.Is(err, context.Canceled) {
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
