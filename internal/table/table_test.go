package table

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/backjob/job"
	"github.com/clipperhouse/displaywidth"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func TestTable(t *testing.T) {
	three := 3
	infos := []job.Info{
		{Ref: job.Ref{ID: 7}, Name: "build", StateInfo: job.StateInfo{State: job.Failed}, BeginTime: noon.Add(-2 * time.Hour),
			EndTime: noon.Add(-time.Hour), ExitCode: &three, Unread: 2048, Location: "localhost", Command: "make -j8"},
		{Ref: job.Ref{ID: 12, Child: 1}, Name: "世界", StateInfo: job.StateInfo{State: job.NotStarted}, Location: "localhost", Command: "printf 'a\nb'"},
		{Ref: job.Ref{ID: 13}, Name: "x\x1b[31m", StateInfo: job.StateInfo{State: job.Stopped}, BeginTime: noon.AddDate(0, 0, -1), EndTime: noon,
			Signal: "SIGKILL", Location: "localhost", Command: " "},
	}
	want := strings.TrimPrefix(`
ID    NAME       STATE       STARTED           DURATION  EXIT     DATA  LOCATION   COMMAND
7     build      Failed      10:00:00          1h00m     3        2.0K  localhost  make -j8
12.1  世界       NotStarted  -                 -         -        -     localhost  printf 'a\nb'
13    x\x1b[31m  Stopped     2026-03-03 12:00  1d00h     SIGKILL  -     localhost  -
`, "\n")
	if got := Text(infos, noon, 0, false); got != want {
		t.Errorf("table: got\n%swant\n%s", got, want)
	}
	if got := Text(infos[:1], noon, 0, true); !strings.Contains(got, "  \x1b[31mFailed\x1b[0m  ") || strings.Count(got, "\x1b") != 2 {
		t.Errorf("table in colours: got %q, want the state alone in red", got)
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9]+m")

// Whatever names and commands are, a line is never wider than the terminal,
// has nothing in it that could command it, and looks the same in colours.
func TestTableFits(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z ]{0,60}`), rapid.StringOf(rapid.SampledFrom([]rune("a世é\u0301👩\u200d👧\x1b\n\t"))))
	rapid.Check(t, func(t *rapid.T) {
		var infos []job.Info
		for i := range rapid.IntRange(0, 4).Draw(t, "jobs") {
			infos = append(infos, job.Info{Ref: job.Ref{ID: job.ID(i * i * 1000)}, Name: text.Draw(t, "name"), Location: "localhost",
				Command: text.Draw(t, "command"), StateInfo: job.StateInfo{State: rapid.SampledFrom(job.States()).Draw(t, "state")},
				BeginTime: noon.Add(-time.Duration(rapid.Int64Range(0, 1e16).Draw(t, "begin"))), Unread: rapid.Int64Min(0).Draw(t, "unread")})
		}
		width := rapid.OneOf(rapid.IntRange(1, 60), rapid.IntRange(60, 200)).Draw(t, "width")
		plain, coloured := Text(infos, noon, width, false), Text(infos, noon, width, true)
		if got := colours.ReplaceAllString(coloured, ""); got != plain {
			t.Fatalf("at width %d in colours: got\n%q\nwant, but for the colours,\n%q", width, coloured, plain)
		}
		lines := strings.Split(strings.TrimSuffix(plain, "\n"), "\n")
		if len(lines) != len(infos)+1 {
			t.Fatalf("at width %d: got %d lines, want %d:\n%q", width, len(lines), len(infos)+1, plain)
		}
		for _, line := range lines {
			if got := displaywidth.String(line); got > width {
				t.Fatalf("at width %d: got a line of width %d: %q", width, got, line)
			}
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Fatalf("at width %d: got a control character: %q", width, line)
			}
		}
	})
}

func TestPrintable(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"plain text", "plain text"}, {`quotes " and ' and \`, `quotes " and ' and \`}, {"世界 é", "世界 é"},
		{"a\nb", `a\nb`}, {"\x1b[2J", `\x1b[2J`}, {"\x00", `\x00`}, {"\xff", `\xff`}, {"\u202e", `\u202e`}, {"\u0085", `\u0085`},
		{"\"\n", `"\n`}, {"\\\n", `\\\n`}, {"\u200b", `\u200b`},
	} {
		if got := Printable(c.text); got != c.want {
			t.Errorf("printable(%q): got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestShortDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", 50 * time.Millisecond: "0.0s", 9999 * time.Millisecond: "9.9s", 10 * time.Second: "10s", 59999 * time.Millisecond: "59s",
		time.Minute: "1m00s", 3599 * time.Second: "59m59s", time.Hour: "1h00m", 24*time.Hour - 1: "23h59m", 24 * time.Hour: "1d00h",
		1000*24*time.Hour + time.Hour: "1000d01h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("shortDuration(%v): got %q, want %q", d, got, want)
		}
	}
}

func TestShortBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "-", 1: "1B", 1023: "1023B", 1024: "1.0K", 1536: "1.5K", 1<<20 - 1: "1.0M", 1 << 20: "1.0M", 1 << 30: "1.0G", 1 << 40: "1.0T", 1 << 50: "1.0P",
		math.MaxInt64: "8192.0P",
	} {
		if got := shortBytes(n); got != want {
			t.Errorf("shortBytes(%d): got %q, want %q", n, got, want)
		}
	}
}

func TestShortTime(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, c := range []struct {
		t, now time.Time
		want   string
	}{
		{noon, noon, "12:00:00"},
		{noon.Add(-12 * time.Hour), noon, "00:00:00"},
		{noon.Add(-12*time.Hour - 1), noon, "2026-03-03 23:59"},
		{noon.AddDate(-1, 0, 0), noon, "2025-03-04 12:00"},
		{noon, noon.In(berlin), "13:00:00"},
	} {
		if got := shortTime(c.t, c.now); got != c.want {
			t.Errorf("shortTime(%v, %v): got %q, want %q", c.t, c.now, got, c.want)
		}
	}
}

// The keys are the contract's, in its order.
