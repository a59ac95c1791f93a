package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/backjob/job"
	cron "github.com/netresearch/go-cron"
)

// Cron reads a cron expression: the five fields minute, hour, day of the
// month, month and day of the week, as crontab(5) has them, or @hourly,
// @daily, @midnight, @weekly, @monthly, @yearly, @annually. Where a day is
// named by its number and by its weekday, one of them is enough. The times are
// those of time.Local, or of the time zone named in front, as in
// "CRON_TZ=Europe/Berlin 30 9 * * mon-fri".
func Cron(expr string) (Schedule, error) { return CronIn(expr, time.Local) }

// CronIn is [Cron] with the time zone to use where the expression names none.
func CronIn(expr string, zone *time.Location) (Schedule, error) {
	words := strings.Fields(expr)
	var prefix string
	if len(words) > 0 && (strings.HasPrefix(words[0], "TZ=") || strings.HasPrefix(words[0], "CRON_TZ=")) {
		prefix, words = words[0]+" ", words[1:]
	}
	e, err := read(prefix, words)
	if err != nil {
		return nil, &job.Error{Kind: job.Invalid, Err: fmt.Errorf("cron %q: %w", expr, err), Hint: example}
	}
	if prefix == "" {
		e.zone = zone
	}
	return e, nil
}

const example = `give minute, hour, day, month and weekday, as in "30 9 * * mon-fri" or "CRON_TZ=Europe/Berlin 0 2 1 * *", ` +
	`or one of @hourly, @daily, @weekly, @monthly, @yearly`

// nickname is the expression that a word stands for, "" if it is none. No map:
// each process that links us would pay for making it.
func nickname(word string) string {
	switch word {
	case "@hourly":
		return "0 * * * *"
	case "@daily", "@midnight":
		return "0 0 * * *"
	case "@weekly":
		return "0 0 * * 0"
	case "@monthly":
		return "0 0 1 * *"
	case "@yearly", "@annually":
		return "0 0 1 1 *"
	}
	return ""
}

// fields are what an expression consists of.
var fields = [...]struct {
	name    string
	option  cron.ParseOption
	highest int
}{
	{"minute", cron.Minute, 59},
	{"hour", cron.Hour, 23},
	{"day", cron.Dom, 31},
	{"month", cron.Month, 12},
	{"weekday", cron.Dow, 7},
}

// read lets the library read the fields. The rule for days by number and by
// weekday is not the library's but that of crontab(5).
func read(prefix string, words []string) (*expression, error) {
	if len(words) == 1 && nickname(words[0]) != "" {
		words = strings.Fields(nickname(words[0]))
	}
	if len(words) != len(fields) {
		return nil, fmt.Errorf("it has %d fields, not %d", len(words), len(fields))
	}
	all := cron.ParseOption(0)
	for i, f := range fields {
		if _, err := parse(f.option, words[i]); err != nil || !sound(words[i], f.highest) {
			return nil, fmt.Errorf("%q is no %s", words[i], f.name)
		}
		all |= f.option
	}
	s, err := parse(all, prefix+strings.Join(words, " "))
	if err != nil {
		return nil, fmt.Errorf("%sis no time zone that this machine knows", prefix) // each field is good
	}
	e := &expression{
		minutes: s.Minute, hours: s.Hour, days: s.Dom, months: s.Month, weekdays: s.Dow,
		either: !strings.ContainsAny(words[2], "*?") && !strings.ContainsAny(words[4], "*?"),
		zone:   s.Location,
	}
	if _, ok := e.later(time.Time{}); !ok {
		return nil, errors.New("no such day ever comes")
	}
	return e, nil
}

func parse(options cron.ParseOption, text string) (*cron.SpecSchedule, error) {
	parser, err := cron.TryNewParser(options)
	if err != nil {
		return nil, err
	}
	s, err := parser.Parse(text)
	if err != nil {
		return nil, err
	}
	return s.(*cron.SpecSchedule), nil // nothing else comes without cron.Descriptor
}

// sound refuses what the library takes without a word: an element that is
// empty, a sign, a star with something behind it, a range that begins too high.
func sound(word string, highest int) bool {
	for element := range strings.SplitSeq(word, ",") {
		span, _, _ := strings.Cut(element, "/")
		if span == "" || strings.Contains(span, "+") || len(span) > 1 && strings.ContainsAny(span, "*?") {
			return false
		}
		for bound := range strings.SplitSeq(span, "-") {
			if n, err := strconv.Atoi(bound); err == nil && n > highest {
				return false
			}
		}
	}
	return true
}
