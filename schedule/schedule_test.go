package schedule

import (
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/backjob/job"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func every(t rapid.TB, start time.Time, d time.Duration) Schedule {
	t.Helper()
	s, err := EveryFrom(start, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryRefusesNoTime(t *testing.T) {
	for _, d := range []time.Duration{0, -1, -time.Hour} {
		_, err := Every(d)
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != job.Invalid || e.Hint == "" {
			t.Errorf("Every(%v): got %#v, want an error of kind Invalid with a hint", d, err)
		}
	}
}

func TestEveryFrom(t *testing.T) {
	start := at(t, "2024-03-01 10:00 +0000")
	for _, c := range []struct {
		d           time.Duration
		after, want string
	}{
		{time.Hour, "2023-01-01 00:00 +0000", "2024-03-01 10:00 +0000"},
		{time.Hour, "2024-03-01 10:00 +0000", "2024-03-01 11:00 +0000"},
		{time.Hour, "2024-03-01 11:59 +0000", "2024-03-01 12:00 +0000"},
		{7 * time.Hour, "2024-03-02 00:01 +0000", "2024-03-02 07:00 +0000"},
		{time.Minute, "9024-03-02 00:01 +0000", "9024-03-02 00:02 +0000"},
	} {
		if got := next(every(t, start, c.d), at(t, c.after), 1)[0]; got != c.want {
			t.Errorf("each %v from %v, after %s: got %s, want %s", c.d, start, c.after, got, c.want)
		}
	}
	last := time.Unix(1<<63-1-62135596800, 0) // there is no later one: the seconds since the year 1 are an int64
	if got := every(t, time.Time{}, time.Hour).Next(last); !got.IsZero() {
		t.Errorf("each hour, at the end of all times: got %v, want never", got)
	}
}

// A schedule that is made again has the same times: none is lost, none comes
// twice.
func TestEveryGoesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(0, rapid.Int64().Draw(t, "start"))
		d := time.Duration(rapid.Int64Range(1, 1<<55).Draw(t, "d"))
		after := start.Add(time.Duration(rapid.Int64Range(0, 1<<60).Draw(t, "after")))
		due := every(t, start, d).Next(after)
		if past := due.Sub(after); past <= 0 || past > d {
			t.Fatalf("after %v: got %v, which is %v later, want up to %v", after, due, past, d)
		}
		if off := due.Sub(start) % d; off != 0 && due.Sub(start) < 1<<62 {
			t.Fatalf("after %v: got %v, which is %v beside", after, due, off)
		}
		if again := every(t, due, d).Next(after); !again.Equal(due) {
			t.Fatalf("begun anew with %v: got %v", due, again)
		}
	})
}

// counted counts how often it is asked.
type counted struct {
	Schedule
	asked int
}

func (c *counted) Next(after time.Time) time.Time {
	c.asked++
	return c.Schedule.Next(after)
}

func TestMissedTakesFewSteps(t *testing.T) {
	start := at(t, "2024-01-01 00:00 +0000")
	s := &counted{Schedule: every(t, start, time.Millisecond)}
	now := start.Add(366*24*time.Hour + 500*time.Microsecond)
	got := Missed(s, start, now, 3)
	want := []time.Time{now.Add(-2500 * time.Microsecond), now.Add(-1500 * time.Microsecond), now.Add(-500 * time.Microsecond)}
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("a year of milliseconds: got %v, want %v", got, want)
	}
	if s.asked > 200 {
		t.Errorf("a year of milliseconds: Next was called %d times, want at most 200", s.asked)
	}
}

func TestMissedHasNone(t *testing.T) {
	start := at(t, "2024-01-01 00:00 +0000")
	s := every(t, start, time.Hour)
	for _, c := range []struct {
		last, now time.Time
		limit     int
	}{
		{start, start.Add(time.Hour - 1), 5},
		{start.Add(time.Hour), start, 5}, // a clock that was set back
		{start, start.Add(5 * time.Hour), 0},
		{start.Add(-9 * time.Hour), start.Add(-time.Hour), 5},
	} {
		if got := Missed(s, c.last, c.now, c.limit); len(got) > 0 {
			t.Errorf("Missed from %v to %v, limit %d: got %v, want none", c.last, c.now, c.limit, got)
		}
	}
}

// Missed gives what one gets who goes from time to time.
func TestMissedAgainstEachTime(t *testing.T) {
	crons := []string{"*/7 * * * *", "30 2 * * *", "0 * * * *", "15 1,2,3 * * sun"}
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2024, 10, 25, 0, 0, 0, 0, time.UTC)
		l := zone(t, 2*time.Hour, change{begin.Add(49 * time.Hour), time.Hour}, change{begin.Add(90 * time.Hour), 2 * time.Hour})
		s, err := CronIn(rapid.SampledFrom(crons).Draw(t, "expr"), l)
		if err != nil {
			t.Fatal(err)
		}
		last := begin.Add(time.Duration(rapid.IntRange(0, 5*86400).Draw(t, "last")) * time.Second)
		now := last.Add(time.Duration(rapid.IntRange(0, 3*86400).Draw(t, "passed")) * time.Second)
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		var want []time.Time
		for due := s.Next(last); !due.After(now); due = s.Next(due) {
			want = append(want, due)
		}
		want = want[max(0, len(want)-limit):]
		if got := Missed(s, last, now, limit); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("Missed from %v to %v, limit %d: got %v, want %v", last, now, limit, got, want)
		}
	})
}
