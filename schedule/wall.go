package schedule

import "time"

// expression is a cron expression that was read.
type expression struct {
	minutes, hours, days, months, weekdays uint64 // bit n is set if n is named

	either bool // a day is meant whose number or whose weekday is named; else both have to be
	zone   *time.Location
}

const everyHour = 1<<24 - 1

// Next goes through the stretches of time in which the zone's clocks are not
// set, and looks in each for the next time that they show. Times on the wall
// are held as times of UTC, where all minutes exist once.
func (e *expression) Next(after time.Time) time.Time {
	if year := after.Year(); year < 0 || year > lastYear { // a sum of times could wrap around
		return time.Time{}
	}
	t := after.In(e.zone)
	for from := wall(t); ; from = wall(t).Add(-1) {
		begin, end := t.ZoneBounds()
		if !begin.IsZero() && e.namesHours() {
			// Set back, the clock shows again what it has shown.
			if already := wall(begin.Add(-1)); already.After(from) {
				from = already
			}
		}
		shown, ok := e.later(from)
		if !ok {
			return time.Time{}
		}
		due := t.Add(shown.Sub(wall(t)))
		if end.IsZero() || due.Before(end) {
			return due
		}
		if t = end; e.namesHours() && shown.Before(wall(end)) {
			return end // set forward, the clock never shows it
		}
	}
}

// wall is what a clock shows at t.
func wall(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

func (e *expression) namesHours() bool { return e.hours&everyHour != everyHour }

// lastYear is the last one in which something is due.
const lastYear = 9999

// horizon is the number of years after which a day will not come that has not
// come: 29 February is a Sunday again after at most 40.
const horizon = 40

// later is the first minute on the calendar that is named and later than t.
func (e *expression) later(t time.Time) (due time.Time, ok bool) {
	t = t.Truncate(time.Minute).Add(time.Minute)
	for last := min(t.Year()+horizon, lastYear); t.Year() <= last; {
		switch {
		case !names(e.months, int(t.Month())):
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !e.namesDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case !names(e.hours, t.Hour()):
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !names(e.minutes, t.Minute()):
			t = t.Add(time.Minute)
		default:
			return t, true
		}
	}
	return time.Time{}, false
}

func (e *expression) namesDay(t time.Time) bool {
	day, weekday := names(e.days, t.Day()), names(e.weekdays, int(t.Weekday()))
	if e.either {
		return day || weekday
	}
	return day && weekday
}

func names(bits uint64, n int) bool { return bits>>n&1 == 1 }
