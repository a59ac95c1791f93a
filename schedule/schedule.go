package schedule

import (
	"errors"
	"slices"
	"time"

	"github.com/backjob/job"
)

// Schedule says when something is due.
type Schedule interface {
	// Next is the first due time later than after; zero if none will come. It
	// never goes back: for a later after it is the same time or a later one.
	Next(after time.Time) time.Time
}

// Every is due each d from now on, the first time when d has passed.
func Every(d time.Duration) (Schedule, error) { return EveryFrom(time.Now(), d) }

// EveryFrom is due at start and each d after it. With the same start it is
// due at the same times, whenever it is made. An hour is an hour that passes:
// summer time shifts it on the wall.
func EveryFrom(start time.Time, d time.Duration) (Schedule, error) {
	if d <= 0 {
		return nil, &job.Error{Kind: job.Invalid,
			Err:  errors.New("every " + d.String() + ": no time passes between two times"),
			Hint: "give a duration above zero, such as 90s or 1h"}
	}
	return interval{start.Round(0), d}, nil
}

// interval is due at start and each step after it.
type interval struct {
	start time.Time // without a monotonic reading, as all times here: the clock on the wall counts
	step  time.Duration
}

// Next rounds down to a multiple of the step, with Truncate, which counts from
// the year 1: a difference of two times ends at 292 years.
func (i interval) Next(after time.Time) time.Time {
	after = after.Round(0)
	if after.Before(i.start) {
		return i.start
	}
	shift := i.start.Sub(i.start.Truncate(i.step))
	next := after.Add(-shift).Truncate(i.step).Add(i.step).Add(shift)
	if !next.After(after) { // at the end of what a time can say
		return time.Time{}
	}
	return next
}

// Missed are the due times later than last and not later than now, in their
// order; if there are more than limit, the latest ones. Each takes some sixty
// calls of Next, however long ago last is.
func Missed(s Schedule, last, now time.Time, limit int) []time.Time {
	var missed []time.Time
	for until := now.Round(0); len(missed) < limit; {
		due := latest(s, last.Round(0), until)
		if due.IsZero() {
			break
		}
		missed = append(missed, due)
		until = due.Add(-1)
	}
	slices.Reverse(missed)
	return missed
}

// latest is the last due time in (after, until], zero if there is none. It
// halves what is left, so that a year of milliseconds does not take a million
// steps.
func latest(s Schedule, after, until time.Time) time.Time {
	within := func(low time.Time) (time.Time, bool) {
		due := s.Next(low)
		return due, due.After(low) && !due.After(until)
	}
	found, ok := within(after)
	if !ok {
		return time.Time{}
	}
	if _, more := within(found); !more { // so it is nearly always
		return found
	}
	for high := until; ; { // nothing is due later than high
		middle := found.Add(high.Sub(found) / 2)
		if due, ok := within(middle); ok {
			found = due
		} else if high = middle; !high.After(found) {
			return found
		}
	}
}
