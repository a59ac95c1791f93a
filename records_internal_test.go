package job

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// A reader that begins to follow in the moment in which the function has
// returned, and the job is not final yet, is not left waiting for children
// that cannot come.
func TestFollowInTheMomentOfTheEnd(t *testing.T) {
	g := &Group{}
	let := make(chan bool)
	j := g.Go(context.Background(), "", func(context.Context, *Writer) error { <-let; return nil })
	g.turn.Lock() // the last step waits for it
	close(let)
	for j.more.Load() != childless {
		runtime.Gosched()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	records := j.Records(ctx, RecordOptions{Follow: true})
	g.turn.Unlock()
	for _, err := range records {
		t.Errorf("Records of a function that has returned: got %v, want their end", err)
	}
	g.Close()
}
