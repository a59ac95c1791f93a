package schedule

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// never is due never again.
type never struct{}

func (never) Next(time.Time) time.Time { return time.Time{} }

// stuck breaks the promise of Next.
type stuck struct{}

func (stuck) Next(after time.Time) time.Time { return after }

// clock is one on the wall, which is set now and then.
type clock []setting

// setting is how far a clock is ahead of the true time from then on.
type setting struct {
	from  time.Time
	ahead time.Duration
}

func (c *clock) set(from time.Time, ahead time.Duration) { *c = append(*c, setting{from, ahead}) }

func (c *clock) now() time.Time {
	t := time.Now()
	if n := c.settings(); n > 0 {
		return t.Add((*c)[n-1].ahead)
	}
	return t
}

// settings is how often the clock was set until now.
func (c *clock) settings() int {
	n := 0
	for n < len(*c) && !(*c)[n].from.After(time.Now()) {
		n++
	}
	return n
}

// by is a subscription that goes by the clock.
func (c *clock) by(ctx context.Context, s Schedule) iter.Seq2[time.Time, error] {
	return func(yield func(time.Time, error) bool) { follow(ctx, s, time.Time{}, c.now, yield) }
}

func TestSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		start, n := time.Now(), 0
		var last error
		for due, err := range Subscription(every(t, start, 45*time.Minute), time.Time{})(ctx) {
			if err != nil {
				last = err
				continue
			}
			n++
			if want := start.Add(time.Duration(n) * 45 * time.Minute); !due.Equal(want) || !time.Now().Equal(want) {
				t.Fatalf("time %d: got %v at %v, want %v", n, due, time.Now(), want)
			}
			if n == 4 {
				cancel()
			}
		}
		if n != 4 || !errors.Is(last, context.Canceled) {
			t.Errorf("cancelled at the fourth time: got %d times and %v", n, last)
		}
	})
}

// While it waits, too, it hears that ctx is done.
func TestSubscriptionIsCancelledWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		begin := time.Now()
		for due, err := range Subscription(every(t, begin, time.Hour), time.Time{})(ctx) {
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 90*time.Second {
				t.Errorf("got %v and %v after %v, want the deadline after 90s", due, err, time.Since(begin))
			}
		}
	})
}

func TestSubscriptionEndsWithItsSchedule(t *testing.T) {
	for range Subscription(never{}, time.Time{})(t.Context()) {
		t.Error("something came of a schedule that is never due")
	}
	var last error
	for _, err := range Subscription(stuck{}, time.Time{})(t.Context()) {
		last = err
	}
	if last == nil {
		t.Error("a schedule that does not go on: no error")
	}
}

// Times that passed come as one, the latest; and then it goes on in step.
func TestSubscriptionGivesTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var got []time.Duration
		for due := range Subscription(every(t, start, time.Minute), start.Add(-time.Hour))(t.Context()) {
			got = append(got, due.Sub(start))
			if len(got) == 2 { // a body that takes long
				time.Sleep(10*time.Minute + time.Second)
			}
			if len(got) == 5 {
				break
			}
		}
		want := []time.Duration{0, time.Minute, 11 * time.Minute, 12 * time.Minute, 13 * time.Minute}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// A clock that is set forward, or a machine that slept, delays by a minute at
// most.
func TestClockSetForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, begin := &clock{}, time.Now()
		c.set(begin.Add(10*time.Minute+time.Second), 7*time.Hour)
		for due := range c.by(t.Context(), every(t, begin, 6*time.Hour)) {
			if passed := time.Since(begin); due.Sub(begin) != 6*time.Hour || passed > 11*time.Minute+time.Second {
				t.Errorf("got %v after %v, want 6h within a minute after 10m1s", due.Sub(begin), passed)
			}
			break
		}
	})
}

// Set back by less than an hour, the clock repeats nothing; by more, it was
// wrong before.
func TestClockSetBack(t *testing.T) {
	for _, c := range []struct{ back, want time.Duration }{
		{30 * time.Minute, 2 * time.Hour},
		{3 * time.Hour, -time.Hour},
		{10000 * time.Hour, -9998 * time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			wall, begin := &clock{}, time.Now()
			var got []time.Duration
			for due := range wall.by(t.Context(), every(t, begin.Add(-20000*time.Hour), time.Hour)) {
				if got = append(got, due.Sub(begin)); len(got) == 2 {
					break
				}
				wall.set(time.Now(), -c.back)
			}
			if want := []time.Duration{time.Hour, c.want}; !slices.Equal(got, want) {
				t.Errorf("set back by %v: got %v, want %v", c.back, got, want)
			}
		})
	}
}

// However the clock is set, within an hour: no time comes twice, none comes
// before the clock shows it, none more than a minute late, and none is left
// out but those that a jump passed over.
func TestClockSetAnyhow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		step := time.Duration(rapid.IntRange(20, 7200).Draw(rt, "step")) * time.Second
		jumps := rapid.SliceOfN(rapid.IntRange(-1800, 1800), 1, 6).Draw(rt, "jumps")
		var wrong string // rapid hears of a failure on its own goroutine only
		synctest.Test(t, func(t *testing.T) {
			wrong = (&clock{}).through(t, jumps, step)
		})
		if wrong != "" {
			rt.Fatalf("each %v: %s", step, wrong)
		}
	})
}

// through lets eight hours pass, sets the clock now and then, and says what
// went wrong.
func (c *clock) through(t *testing.T, jumps []int, step time.Duration) string {
	for i, seconds := range jumps { // ahead of the true time: no two are more than an hour apart
		c.set(time.Now().Add(time.Duration(i+1)*47*time.Minute), time.Duration(seconds)*time.Second)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Hour)
	defer cancel()
	last, settings := c.now(), c.settings()
	for due, err := range c.by(ctx, every(t, last, step)) {
		if err != nil {
			break
		}
		late, asBefore := c.now().Sub(due), c.settings() == settings
		if !due.After(last) || late < 0 || late > max(look, step) || asBefore && (late != 0 || due.Sub(last) != step) {
			return fmt.Sprintf("got %v after %v, when the clock shows %v", due, last, c.now())
		}
		last, settings = due, c.settings()
	}
	if silent := c.now().Sub(last); silent > step+2*time.Hour {
		return fmt.Sprintf("nothing for %v", silent)
	}
	return ""
}
