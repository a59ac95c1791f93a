package job

import (
	"testing"
	"testing/synctest"
	"time"
)

// The cheap clock tells what the dear one does, but for what the system's two
// clocks part within a millisecond.
func TestClockIsThatOfTheSystem(t *testing.T) {
	for begin := time.Now(); time.Since(begin) < 3*fresh; {
		before, got, after := time.Now(), now().time(), time.Now()
		if got.Before(before.Add(-fresh)) || got.After(after.Add(fresh)) {
			t.Fatalf("now, between %v and %v: got %v", before, after, got)
		}
	}
}

func TestClockInABubble(t *testing.T) {
	now()
	synctest.Test(t, func(t *testing.T) {
		for _, sleep := range []time.Duration{0, 1, fresh - 1, 1, fresh, time.Hour} {
			time.Sleep(sleep)
			if got, want := now(), momentOf(time.Now()); got != want {
				t.Errorf("now after a sleep of %v: got %v, want %v", sleep, got.time(), want.time())
			}
		}
	})
	if d := time.Since(now().time()); d.Abs() > time.Hour {
		t.Errorf("now after the bubble: got %v ago", d)
	}
}
