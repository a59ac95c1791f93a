package schedule

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/backjob/job"
)

const (
	// look is how long a wait lasts at most before the clock is read again: a
	// timer counts the time that passes while the machine is awake, and hears
	// nothing of a clock that is set.
	look = time.Minute

	// wrong is how far a clock is set back at most to have been right before.
	wrong = time.Hour
)

// Subscription gives each time of the schedule later than after when it has
// come; where after is zero, later than the moment the range begins. It ends
// when no time will come, or with ctx's error.
//
// Times that passed while nobody waited, because after is long ago, the loop's
// body took long, the machine slept or the clock was set forward, come as one:
// the latest of them. [Missed] tells the others.
//
// A clock that is set back by up to an hour repeats nothing: a time that came
// does not come again. Set back by more, it was wrong before, and the times
// are those later than what it shows now.
func Subscription(s Schedule, after time.Time) func(ctx context.Context) iter.Seq2[time.Time, error] {
	return func(ctx context.Context) iter.Seq2[time.Time, error] {
		return func(yield func(time.Time, error) bool) {
			follow(ctx, s, after, time.Now, yield)
		}
	}
}

// follow is Subscription by the clock now.
func follow(ctx context.Context, s Schedule, after time.Time, now func() time.Time, yield func(time.Time, error) bool) {
	timer := time.NewTimer(look)
	defer timer.Stop()
	for ctx.Err() == nil {
		t := now().Round(0) // by the wall clock, which can be set
		if after.IsZero() || t.Before(after.Add(-wrong)) {
			after = t
		}
		due := s.Next(after)
		if due.IsZero() {
			return
		}
		if !due.After(after) {
			yield(time.Time{}, &job.Error{Err: errors.New("schedule: the next time is not later than the one before")})
			return
		}
		if !due.After(t) {
			after = latest(s, after, t)
			if !yield(after, nil) {
				return
			}
			continue
		}
		timer.Reset(min(due.Sub(t), look))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	yield(time.Time{}, ctx.Err())
}
