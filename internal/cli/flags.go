package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/backjob/job"
)

// flags is a verb's flags: the standard library's, which may also stand
// between and after the arguments.
type flags struct {
	set   *flag.FlagSet
	shown []shownFlag // in the order in which help shows them
}

type shownFlag struct{ name, value, text string }

var errHelp = flag.ErrHelp

func newFlags() *flags {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	return &flags{set: set}
}

// The functions below add a flag. value is what help calls its value.

func (f *flags) text(name, value, initial, text string) *string {
	f.shown = append(f.shown, shownFlag{name, value, text})
	return f.set.String(name, initial, text)
}

func (f *flags) bool(name, text string) *bool {
	f.shown = append(f.shown, shownFlag{name, "", text})
	return f.set.Bool(name, false, text)
}

func (f *flags) custom(name, value, text string, set func(string) error) {
	f.shown = append(f.shown, shownFlag{name, value, text})
	f.set.Func(name, text, set)
}

// optional is a flag whose value may be left out: --name is --name=true.
func (f *flags) optional(name, value, text string, set func(bool)) {
	f.shown = append(f.shown, shownFlag{name, value, text})
	f.set.BoolFunc(name, text, func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("it is either true or false")
		}
		set(b)
		return nil
	})
}

func (f *flags) duration(name, value, text string) *time.Duration {
	d := new(time.Duration)
	f.custom(name, value, text, func(s string) (err error) {
		*d, err = parseDuration(s)
		return err
	})
	return d
}

// number is a whole number that is not negative; -1 while it is not given.
func (f *flags) number(name, value, text string) *int {
	n := new(int)
	*n = -1
	f.custom(name, value, text, func(s string) error {
		parsed, err := strconv.Atoi(s)
		if err != nil || parsed < 0 {
			return errors.New("it takes a whole number from 0 up")
		}
		*n = parsed
		return nil
	})
	return n
}

// given reports whether the flag was on the command line.
func (f *flags) given(name string) (given bool) {
	f.set.Visit(func(g *flag.Flag) { given = given || g.Name == name })
	return given
}

func (f *flags) value(name string) string { return f.set.Lookup(name).Value.String() }

// parse takes the flags out of args and gives the rest. With raw they end at
// the first word that is no flag: what follows is a command with its own.
func (f *flags) parse(args []string, raw bool) (rest []string, err error) {
	for {
		if err := f.set.Parse(args); err != nil {
			return nil, f.explain(err)
		}
		left := f.set.Args()
		ended := len(left) < len(args) && args[len(args)-len(left)-1] == "--"
		if raw || ended || len(left) == 0 {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}

// explain puts an error of package flag into our words.
func (f *flags) explain(err error) error {
	text := err.Error()
	if errors.Is(err, flag.ErrHelp) {
		return errHelp
	}
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return usage("unknown flag "+dashes(name), f.suggestion(strings.TrimLeft(name, "-")))
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return usage(dashes(name)+" needs a value", "")
	}
	if rest, ok := strings.CutPrefix(text, "invalid value "); ok {
		value, rest, _ := strings.Cut(rest, " for flag -")
		name, why, _ := strings.Cut(rest, ": ")
		e := &job.Error{Kind: job.Invalid, Err: fmt.Errorf("%s %s: %s", dashes(name), value, why)}
		var inner *job.Error
		if errors.As(err, &inner) {
			e.Hint = inner.Hint
		}
		return e
	}
	if rest, ok := strings.CutPrefix(text, "invalid boolean value "); ok {
		value, rest, _ := strings.Cut(rest, " for -")
		name, _, _ := strings.Cut(rest, ": ")
		return usage(dashes(name)+" "+value+": it is either true or false", "")
	}
	return usage(text, "")
}

// suggestion is a hint that names a flag that was probably meant.
func (f *flags) suggestion(name string) string {
	for _, known := range f.shown {
		if len(name) > 1 && (near(name, known.name) || strings.HasPrefix(known.name, name)) {
			return "did you mean " + dashes(known.name) + "?"
		}
	}
	return ""
}

func dashes(name string) string {
	name = strings.TrimLeft(name, "-")
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// parseDuration takes seconds ("1", "0.5") or units ("1h30m", "2d").
func parseDuration(text string) (time.Duration, error) {
	d, err := parseSigned(strings.TrimSpace(text))
	if err != nil {
		return 0, errors.New("it takes a time such as 90, 1.5s, 10m, 2h30m or 1d")
	}
	if d < 0 {
		return 0, errors.New("it cannot be negative")
	}
	return d, nil
}

func parseSigned(text string) (time.Duration, error) {
	const most = float64(1<<63 - 1)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if ns := seconds * 1e9; ns < most && ns > -most {
			return time.Duration(ns), nil
		}
		return 0, errors.New("out of range")
	}
	if days, rest, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || n*24*3600*1e9 >= most || n < 0 {
			return 0, errors.New("no time")
		}
		d := time.Duration(n * 24 * 3600 * 1e9)
		if rest == "" {
			return d, nil
		}
		more, err := time.ParseDuration(rest)
		if err != nil || more < 0 || d+more < d {
			return 0, errors.New("no time")
		}
		return d + more, nil
	}
	return time.ParseDuration(text)
}

// parseTime takes RFC 3339, a time of today ("15:04"), a day ("2006-01-02"),
// or a duration, which means that long ago.
func parseTime(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, now.Location()), nil
		}
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	if d, err := parseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, errors.New("it takes a time such as 2026-01-31T15:04:05Z, 15:04, 2026-01-31, or 2h for two hours ago")
}
