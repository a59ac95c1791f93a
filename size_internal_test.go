package job

import (
	"context"
	"runtime"
	"testing"
	"unsafe"
)

// Target B8. A job stands in a list, too; a record is kept as long as its job.
func TestSizes(t *testing.T) {
	if size := unsafe.Sizeof(FuncJob{}); size > 208 {
		t.Errorf("a FuncJob has %d bytes, want at most 208", size)
	}
	if size := unsafe.Sizeof(entry{}); size > 24 {
		t.Errorf("an entry has %d bytes, want at most 24", size)
	}
}

// A function job is made of itself, its goroutine's start, and a channel if
// somebody really had to wait.
func TestFunctionMakesLittle(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	made := testing.AllocsPerRun(1000, func() {
		j := Go(ctx, "", idle)
		j.Wait(context.Background())
		j.Records(ctx, RecordOptions{})(func(Record, error) bool { panic("a record of nothing") }) // a range makes something itself
	})
	if made > 3 {
		t.Errorf("start, end and receiving of an empty function: got %v allocations, want at most 3", made)
	}
	out := new(Lifecycle).Writer()
	if made := testing.AllocsPerRun(1000, func() { out.Output("a line") }); made > 0 {
		t.Errorf("a write: got %v allocations, want none but for a block now and then", made)
	}
}

func idle(context.Context, *Writer) error { return nil }

func TestQueuedAndFinishedAreSmall(t *testing.T) {
	const jobs = 20_000
	let := make(chan bool)
	g := &Group{Throttle: 1}
	g.Go(context.Background(), "", func(context.Context, *Writer) error { <-let; return nil })
	empty := heap()
	for range jobs {
		g.Go(context.Background(), "", idle)
	}
	queued := heap()
	close(let)
	g.Close()
	if err := g.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	finished := heap()
	runtime.KeepAlive(g)
	for what, size := range map[string]int64{"queued": queued - empty, "finished": finished - empty} {
		if size/jobs > 256 {
			t.Errorf("a %s function: got %d bytes, want at most 256", what, size/jobs)
		}
	}
}

// heap is how much is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
