package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/backjob/job"
)

// next are the first n due times later than from, as text.
func next(s Schedule, from time.Time, n int) []string {
	var times []string
	for range n {
		if from = s.Next(from); from.IsZero() {
			return append(times, "never")
		}
		times = append(times, from.Format("2006-01-02 15:04 -0700"))
	}
	return times
}

func TestCron(t *testing.T) {
	for _, c := range []struct {
		expr, from string
		want       []string
	}{
		{"*/20 * * * *", "2024-01-01 10:00 +0000", []string{"2024-01-01 10:20 +0000", "2024-01-01 10:40 +0000", "2024-01-01 11:00 +0000"}},
		{"30 9 * * mon-fri", "2024-03-01 09:30 +0000", []string{"2024-03-04 09:30 +0000", "2024-03-05 09:30 +0000"}},
		{"0 0 1 jan,JUL *", "2024-02-01 00:00 +0000", []string{"2024-07-01 00:00 +0000", "2025-01-01 00:00 +0000"}},
		{"0 0 29 2 *", "2096-03-01 00:00 +0000", []string{"2104-02-29 00:00 +0000"}},
		{"0 0 13 * fri", "2024-09-10 00:00 +0000", []string{"2024-09-13 00:00 +0000", "2024-09-20 00:00 +0000"}},
		{"0 0 */10 * fri", "2024-09-10 00:00 +0000", []string{"2024-10-11 00:00 +0000"}},
		{"0 12 * * 7", "2024-03-01 00:00 +0000", []string{"2024-03-03 12:00 +0000"}},
		{"0 22-2/2 * * ?", "2024-03-01 21:00 +0000", []string{"2024-03-01 22:00 +0000", "2024-03-02 00:00 +0000", "2024-03-02 02:00 +0000"}},
		{" @daily ", "2024-12-30 12:00 +0000", []string{"2024-12-31 00:00 +0000", "2025-01-01 00:00 +0000"}},
		{"@weekly", "2024-03-01 00:00 +0000", []string{"2024-03-03 00:00 +0000"}},
		{"@hourly", "2024-03-01 00:30 +0000", []string{"2024-03-01 01:00 +0000"}},
		{"@monthly", "2024-03-01 00:30 +0000", []string{"2024-04-01 00:00 +0000"}},
		{"@yearly", "2024-03-01 00:30 +0000", []string{"2025-01-01 00:00 +0000"}},
		{"TZ=UTC\t0 9 * * *", "2024-03-01 00:30 -0500", []string{"2024-03-01 09:00 +0000"}},
		{"CRON_TZ=UTC @daily", "2024-03-01 00:30 -0500", []string{"2024-03-02 00:00 +0000"}},
		{"* * * * *", "9999-12-31 23:58 +0000", []string{"9999-12-31 23:59 +0000", "never"}},
	} {
		s, err := CronIn(c.expr, time.UTC)
		if err != nil {
			t.Errorf("CronIn(%q): %v", c.expr, err)
		} else if got := next(s, at(t, c.from), len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("%q after %s: got %v, want %v", c.expr, c.from, got, c.want)
		}
	}
}

// What is named is due once, whether the clock shows it never or twice; what
// is due each hour goes by the time that passes.
func TestCronWhereClocksAreSet(t *testing.T) {
	const spring, autumn = "2024-03-30 12:00 +0100", "2024-10-26 12:00 +0200"
	for _, c := range []struct {
		expr, from string
		want       []string
	}{
		{"30 2 * * *", spring, []string{"2024-03-31 03:00 +0200", "2024-04-01 02:30 +0200"}},
		{"0 2,3 * * *", spring, []string{"2024-03-31 03:00 +0200", "2024-04-01 02:00 +0200"}},
		{"*/15 2 * * *", spring, []string{"2024-03-31 03:00 +0200", "2024-04-01 02:00 +0200"}},
		{"59 1,3 * * *", spring, []string{"2024-03-31 01:59 +0100", "2024-03-31 03:59 +0200"}},
		{"30 * 31 3 *", "2024-03-31 01:00 +0100", []string{"2024-03-31 01:30 +0100", "2024-03-31 03:30 +0200"}},
		{"30 2 * * *", autumn, []string{"2024-10-27 02:30 +0200", "2024-10-28 02:30 +0100"}},
		{"0 2,3 * * *", autumn, []string{"2024-10-27 02:00 +0200", "2024-10-27 03:00 +0100", "2024-10-28 02:00 +0100"}},
		{"30 2 * * *", "2024-10-27 02:10 +0100", []string{"2024-10-28 02:30 +0100"}},
		{"30 * * * *", "2024-10-27 02:00 +0200", []string{"2024-10-27 02:30 +0200", "2024-10-27 02:30 +0100", "2024-10-27 03:30 +0100"}},
		{"*/40 0-23 * * *", "2024-10-27 02:20 +0200", []string{"2024-10-27 02:40 +0200", "2024-10-27 02:00 +0100"}},
	} {
		s, err := CronIn(c.expr, berlin(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := next(s, at(t, c.from), len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("%q after %s: got %v, want %v", c.expr, c.from, got, c.want)
		}
	}
}

// Samoa went over the date line and had no 30 December 2011. The library's own
// Next never comes back from there.
func TestCronWhereADayIsMissing(t *testing.T) {
	samoa := zone(t, -10*time.Hour, change{at(t, "2011-12-31 00:00 +1400"), 14 * time.Hour})
	s, err := CronIn("0 12 30 12 *", samoa)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2011-12-31 00:00 +1400", "2012-12-30 12:00 +1400"}
	if got := next(s, at(t, "2011-12-01 00:00 -1000"), 2); !slices.Equal(got, want) {
		t.Errorf("a day that was left out: got %v, want %v", got, want)
	}
}

func TestCronRefuses(t *testing.T) {
	for _, c := range []struct{ expr, why string }{
		{"", "it has 0 fields, not 5"},
		{"* * * *", "it has 4 fields, not 5"},
		{"* * * * * *", "it has 6 fields, not 5"},
		{"@reboot", "it has 1 fields, not 5"},
		{"@every 1h", "it has 2 fields, not 5"},
		{"TZ=0", "it has 0 fields, not 5"},
		{"TZ=0 * * * * *", "TZ=0 is no time zone that this machine knows"},
		{"TZ=../UTC * * * * *", "TZ=../UTC is no time zone that this machine knows"},
		{"CRON_TZ= * * * * *", "CRON_TZ= is no time zone that this machine knows"},
		{"60 * * * *", `"60" is no minute`},
		{"61/2 * * * *", `"61/2" is no minute`},
		{"*-5 * * * *", `"*-5" is no minute`},
		{"1,,2 * * * *", `"1,,2" is no minute`},
		{"+1 * * * *", `"+1" is no minute`},
		{"*/0 * * * *", `"*/0" is no minute`},
		{"* 24 * * *", `"24" is no hour`},
		{"* * 0 * *", `"0" is no day`},
		{"* * L * *", `"L" is no day`},
		{"* * * march *", `"march" is no month`},
		{"* * * * 8", `"8" is no weekday`},
		{"* * * * fri#2", `"fri#2" is no weekday`},
		{"0 0 30 2 *", "no such day ever comes"},
	} {
		_, err := Cron(c.expr)
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != job.Invalid || !strings.Contains(e.Hint, "30 9 * * mon-fri") {
			t.Errorf("Cron(%q): got %#v, want an error of kind Invalid with an example", c.expr, err)
		} else if want := fmt.Sprintf("cron %q: %s", c.expr, c.why); err.Error() != want {
			t.Errorf("Cron(%q): got %q, want %q", c.expr, err, want)
		}
	}
}

// drawn is an expression made of sets, which say by themselves what is due.
type drawn struct {
	text [5]string
	sets [5][]int
}

func draw(t *rapid.T) drawn {
	var d drawn
	for i, r := range [...]struct{ low, high int }{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}} {
		d.text[i] = "*"
		if i == 3 || rapid.Bool().Draw(t, "any") { // all months: what is looked at is a week
			continue
		}
		d.sets[i] = rapid.SliceOfNDistinct(rapid.IntRange(r.low, r.high), 1, 4, rapid.ID[int]).Draw(t, "set")
		d.text[i] = strings.Trim(strings.ReplaceAll(fmt.Sprint(d.sets[i]), " ", ","), "[]")
	}
	return d
}

func (d drawn) names(wall time.Time) bool {
	in := func(i, n int) bool { return d.sets[i] == nil || slices.Contains(d.sets[i], n) }
	day := in(2, wall.Day())
	weekday := in(4, int(wall.Weekday())) || wall.Weekday() == time.Sunday && in(4, 7)
	if d.sets[2] != nil && d.sets[4] != nil {
		day, weekday = day || weekday, true
	}
	return in(0, wall.Minute()) && in(1, wall.Hour()) && day && weekday
}

// due goes through all minutes. A named time is due when a clock that is never
// set back shows it first, or jumps over it.
func (d drawn) due(from, to time.Time, l *time.Location) []string {
	var due []string
	on := func(t time.Time) time.Time { return wall(t.In(l)) }
	highest := on(from.Add(-48 * time.Hour))
	for t := from.Add(-48 * time.Hour); t.Before(to); t = t.Add(time.Minute) {
		named := d.sets[1] == nil && d.names(on(t))
		for d.sets[1] != nil && highest.Before(on(t)) {
			highest = highest.Add(time.Minute)
			named = named || d.names(highest)
		}
		if named && t.After(from) {
			due = append(due, t.In(l).Format("2006-01-02 15:04 -0700"))
		}
	}
	return due
}

// Whatever the zone's clocks do, Next gives what a look at each minute gives.
func TestCronAgainstEachMinute(t *testing.T) {
	quarters := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(-12*4, 14*4).Draw(t, "offset")) * 15 * time.Minute
	})
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2024, 2, rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		set := begin.Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "set")) * time.Minute)
		l := zone(t, quarters.Draw(t, "before"), change{set, quarters.Draw(t, "between")},
			change{set.Add(60 * time.Hour), quarters.Draw(t, "after")})
		from := begin.Add(time.Duration(rapid.IntRange(0, 6*24*60).Draw(t, "from")) * time.Minute)
		d := draw(t)
		s, err := CronIn(strings.Join(d.text[:], " "), l)
		if err != nil {
			t.Fatal(err)
		}
		want := d.due(from, from.Add(5*24*time.Hour), l)
		if got := next(s, from, len(want)); !slices.Equal(got, want) {
			t.Fatalf("%v after %v, clocks set at %v: got %v, want %v", d.text, from.In(l), set, got, want)
		}
	})
}

func FuzzCron(f *testing.F) {
	for _, seed := range []string{
		"* * * * *", "30 9 * * mon-fri", "*/5 0-23/2 1,15 jan-jun sun", "@daily", "@every 1s", "@", "TZ=0", "TZ=0 * * * * *", "TZ=",
		"CRON_TZ=UTC 0 0 29 2 *", "TZ=Local @weekly", "0 0 31 2 *", ", , , , ,", "*-*/-1 * * * *", "61/2 * * * *", "5-1/3 * * * *",
		"99999999999999999999 * * * *", "4294967295-5 * * * *", "H H * * *", "* * LW * fri#5", "\x00", "? ? ? ? ?", "*/2 * */7 */3 */7",
	} {
		f.Add(seed, int64(1711846799))
	}
	f.Add("30 2 * * *", int64(253402300799))
	f.Add("0 0 * * *", int64(-1)<<62)
	f.Fuzz(func(t *testing.T, expr string, from int64) {
		s, err := CronIn(expr, time.UTC)
		if err != nil {
			var e *job.Error
			if !errors.As(err, &e) || e.Kind != job.Invalid || e.Hint == "" {
				t.Fatalf("CronIn(%q): got %#v, want an error of kind Invalid with a hint", expr, err)
			}
			return
		}
		previous := time.Unix(from, 0)
		for range 3 {
			due := s.Next(previous)
			if year := previous.UTC().Year(); due.IsZero() && 0 < year && year < 9900 || !due.IsZero() && !due.After(previous) {
				t.Fatalf("%q after %v: got %v", expr, previous, due)
			}
			if due.IsZero() {
				return
			}
			if between := s.Next(previous.Add(due.Sub(previous) / 2)); !between.Equal(due) {
				t.Fatalf("%q after %v: got %v, but %v when asked later", expr, previous, due, between)
			}
			previous = due
		}
	})
}
