package cli

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		text string
		want time.Duration // -1: refused
	}{
		{"0", 0}, {"90", 90 * time.Second}, {"1.5", 1500 * time.Millisecond}, {".5", 500 * time.Millisecond}, {"1e3", 1000 * time.Second},
		{"10m", 10 * time.Minute}, {"2h30m", 150 * time.Minute}, {"1d", day}, {"1.5d", 36 * time.Hour}, {"1d12h", 36 * time.Hour}, {"0d", 0},
		{"100ms", 100 * time.Millisecond}, {" 5s ", 5 * time.Second}, {"+3", 3 * time.Second}, {"9223372036", 9223372036 * time.Second},
		{"106751d", 106751 * day},
		{"", -1}, {" ", -1}, {"-1", -1}, {"-1s", -1}, {"-1d", -1}, {"1d-1h", -1}, {"-0.5", -1}, {"ten", -1}, {"5 minutes", -1}, {"1h 30m", -1},
		{"1w", -1}, {"d", -1}, {"1d1d", -1}, {"1d5", -1}, {"1dx", -1}, {"NaN", -1}, {"Inf", -1}, {"-Inf", -1}, {"NaNd", -1}, {"Infd", -1}, {"1e400", -1},
		{"9223372037", -1}, {"106752d", -1}, {"106751d24h", -1}, {"99999999999999999999h", -1}, {"0x10", -1}, {"1,5", -1}, {"٣", -1},
	} {
		got, err := parseDuration(c.text)
		if c.want >= 0 && (got != c.want || err != nil) || c.want < 0 && err == nil {
			t.Errorf("parseDuration(%q): got %v, %v, want %v (-1ns: an error)", c.text, got, err, c.want)
		}
	}
}

func TestParseDurationTakesWhatGoWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Min(0).Draw(t, "d"))
		if got, err := parseDuration(d.String()); got != d || err != nil {
			t.Fatalf("parseDuration(%q): got %v, %v", d, got, err)
		}
		if got, err := parseDuration(rapid.String().Draw(t, "text")); err == nil && got < 0 {
			t.Fatalf("parseDuration: got the negative %v", got)
		}
	})
}

func TestParseTime(t *testing.T) {
	zone := time.FixedZone("", -5*3600)
	now := time.Date(2026, 3, 4, 12, 30, 45, 6, zone)
	at := func(y, m, d, h, min, s int) time.Time { return time.Date(y, time.Month(m), d, h, min, s, 0, zone) }
	for _, c := range []struct {
		text string
		want time.Time // zero: refused
	}{
		{"2026-01-31T15:04:05Z", time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC)},
		{"2026-01-31T15:04:05.25+02:00", time.Date(2026, 1, 31, 13, 4, 5, 250e6, time.UTC)},
		{"15:04", at(2026, 3, 4, 15, 4, 0)}, {"00:00:01", at(2026, 3, 4, 0, 0, 1)},
		{"2026-01-31", at(2026, 1, 31, 0, 0, 0)}, {"2026-01-31 15:04", at(2026, 1, 31, 15, 4, 0)},
		{"2026-01-31T15:04", at(2026, 1, 31, 15, 4, 0)}, {"2026-01-31 15:04:05", at(2026, 1, 31, 15, 4, 5)},
		{"2h", now.Add(-2 * time.Hour)}, {"1d", now.Add(-24 * time.Hour)}, {"90", now.Add(-90 * time.Second)}, {"0", now},
		{text: ""}, {text: "24:00"}, {text: "15:60"}, {text: "2026-02-30"}, {text: "yesterday"}, {text: "-2h"}, {text: "15:04 "}, {text: "31.1.2026"},
	} {
		got, err := parseTime(c.text, now)
		if !got.Equal(c.want) || (err == nil) == c.want.IsZero() {
			t.Errorf("parseTime(%q): got %v, %v, want %v", c.text, got, err, c.want)
		}
	}
}

// someFlags is one flag of every sort.
func someFlags() (f *flags, show func() string) {
	f = newFlags()
	name, quiet, n := f.text("name", "N", "", ""), f.bool("q", ""), f.number("count", "N", "")
	d := f.duration("timeout", "D", "")
	more := "unset"
	f.optional("has-more-data", "[=BOOL]", "", func(b bool) { more = fmt.Sprint(b) })
	return f, func() string { return fmt.Sprint(*name, " ", *quiet, " ", *n, " ", *d, " ", more) }
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args string
		raw  bool
		want string
		rest []string
	}{
		{"", false, " false -1 0s unset", nil},
		{"7 --name x 8 -q", false, "x true -1 0s unset", []string{"7", "8"}},
		{"--name=x --count 0 --timeout 2m", false, "x false 0 2m0s unset", nil},
		{"-name x", false, "x false -1 0s unset", nil},
		{"--has-more-data 7", false, " false -1 0s true", []string{"7"}},
		{"--has-more-data=false 7", false, " false -1 0s false", []string{"7"}},
		{"7 -- -q --name", false, " false -1 0s unset", []string{"7", "-q", "--name"}},
		{"-- 7 -- -q", false, " false -1 0s unset", []string{"7", "--", "-q"}},
		{"7 - 8", false, " false -1 0s unset", []string{"7", "-", "8"}},
		{"-q make -q --name x", true, " true -1 0s unset", []string{"make", "-q", "--name", "x"}},
		{"-q -- -q", true, " true -1 0s unset", []string{"-q"}},
		{"make -- -j8", true, " false -1 0s unset", []string{"make", "--", "-j8"}},
		{"--name -q", false, "-q false -1 0s unset", nil},
		{"--name a --name b", false, "b false -1 0s unset", nil},
	} {
		f, show := someFlags()
		rest, err := f.parse(strings.Fields(c.args), c.raw)
		if show() != c.want || !reflect.DeepEqual(append([]string(nil), rest...), c.rest) || err != nil {
			t.Errorf("%q, raw %v: got %s and %q, %v, want %s and %q", c.args, c.raw, show(), rest, err, c.want, c.rest)
		}
	}
}

func TestFlagsRefuse(t *testing.T) {
	for _, c := range []struct{ args, text, hint string }{
		{"--nam x", "unknown flag --nam", "did you mean --name?"},
		{"--tiemout 5", "unknown flag --tiemout", "did you mean --timeout?"},
		{"--zzz", "unknown flag --zzz", ""},
		{"-z", "unknown flag -z", ""},
		{"--name", "--name needs a value", ""},
		{"--count -1", `--count "-1": it takes a whole number from 0 up`, ""},
		{"--count 1.5", `--count "1.5": it takes a whole number from 0 up`, ""},
		{"--timeout -2s", `--timeout "-2s": it cannot be negative`, ""},
		{"--timeout soon", `--timeout "soon": it takes a time such as 90, 1.5s, 10m, 2h30m or 1d`, ""},
		{"--has-more-data=perhaps", `--has-more-data "perhaps": it is either true or false`, ""},
		{"-q=perhaps", `-q "perhaps": it is either true or false`, ""},
	} {
		f, _ := someFlags()
		_, err := f.parse(strings.Fields(c.args), false)
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != job.Invalid || e.Err.Error() != c.text || e.Hint != c.hint {
			t.Errorf("%q: got %v (%+v), want %q, hint %q", c.args, err, e, c.text, c.hint)
		}
	}
	for _, args := range [][]string{{"--help"}, {"-h"}, {"7", "--help"}} {
		f, _ := someFlags()
		if _, err := f.parse(args, false); !errors.Is(err, errHelp) {
			t.Errorf("%q: got %v, want help", args, err)
		}
	}
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"start", "start", true}, {"stat", "start", true}, {"sttart", "start", true}, {"strat", "start", true}, {"stert", "start", true},
		{"", "a", true}, {"", "", true}, {"", "ab", false}, {"stop", "start", false}, {"trast", "start", false}, {"ab", "ba", true}, {"abc", "cba", false},
	} {
		if near(c.a, c.b) != c.want || near(c.b, c.a) != c.want {
			t.Errorf("near(%q, %q): got %v and %v, want %v", c.a, c.b, near(c.a, c.b), near(c.b, c.a), c.want)
		}
	}
}
