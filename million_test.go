package job_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/backjob/job"
)

// Conformance 83: a million function jobs, started and finished: memory
// returns.
func TestAMillionFunctionJobs(t *testing.T) {
	before := heap()
	var ran atomic.Int64
	work := func(context.Context, *job.Writer) error { ran.Add(1); return nil }
	for begun := 0; begun < many; begun += many / 10 {
		g := &job.Group{Throttle: 100}
		for range many / 10 {
			g.Go(background, "", work)
		}
		g.Close()
		must(t, g.Wait(background))
		if info, _ := g.Info(); info.State != job.Completed || info.ChildrenByState[job.Completed] != many/10 {
			t.Fatalf("a group of %d: got %v, %v", many/10, info.State, info.ChildrenByState)
		}
	}
	if ran.Load() != many {
		t.Errorf("functions that ran: got %d, want %d", ran.Load(), many)
	}
	if after := heap(); after > before+4<<20 {
		t.Errorf("after %d function jobs: got %d KiB more in use than before, want at most 4 MiB", many, (after-before)>>10)
	}
}

// heap is how many bytes are in use, when all that can be was collected.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a memory forgets is gone too, whoever has looked at it.
func TestMemoryOfRemovedJobsReturns(t *testing.T) {
	var m job.Memory
	before := heap()
	for range many / 100 {
		j := job.Go(background, "", func(_ context.Context, out *job.Writer) error { out.Output("some text"); return nil })
		must(t, m.Add(j))
		must(t, j.Wait(background))
		_, _ = j.Info()
		must(t, m.Remove(background, j))
	}
	if after := heap(); after > before+4<<20 {
		t.Errorf("after %d jobs that were removed: got %d KiB more in use than before, want at most 4 MiB", many/100, (after-before)>>10)
	}
	runtime.KeepAlive(&m)
}
