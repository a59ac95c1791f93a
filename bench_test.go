package job_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/backjob/job"
)

// B8 of the design, each beside the bare version that it is compared with.

func BenchmarkGo(b *testing.B) {
	b.Run("goroutine and channel", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := make(chan int)
			go func() { c <- 1 }()
			<-c
		}
	})
	b.Run("job.Go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			j := job.Go(background, "", empty)
			j.Wait(background)
			for range j.Records(background, job.RecordOptions{}) {
				b.Fatal("an empty function wrote something")
			}
		}
	})
}

func empty(context.Context, *job.Writer) error { return nil }

func BenchmarkWrite(b *testing.B) {
	b.Run("1 writer", func(b *testing.B) { benchmarkWrite(b, 1) })
	b.Run("16 writers and a slow reader", func(b *testing.B) { benchmarkWrite(b, 16) })
}

func benchmarkWrite(b *testing.B, writers int) {
	b.ReportAllocs()
	j := job.Go(background, "", func(ctx context.Context, out *job.Writer) error {
		var all sync.WaitGroup
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
	read := 0
	for range j.Records(background, job.RecordOptions{Follow: true, Reader: "slow"}) {
		if read++; read%64 == 0 {
			runtime.Gosched()
		}
		if j.State().State == job.Completed {
			break
		}
	}
	j.Wait(background)
}
