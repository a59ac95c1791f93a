package job_test

import (
	"context"
	"testing"

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
