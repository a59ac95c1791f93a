package local

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"pgregory.net/rapid"
)

// aLine is a line as a whole, however many records it made.
type aLine struct {
	Stream job.Stream
	Offset int64
	Text   string
	Ended  bool
}

// naiveLines takes the part of a file between two marks apart.
func naiveLines(s job.Stream, b []byte, from, to int64, unended bool) (lines []aLine) {
	if to <= from {
		return nil
	}
	at := from
	for part := range bytes.Lines(b[from:to]) {
		text, ended := bytes.CutSuffix(part, []byte("\n"))
		if ended || unended {
			lines = append(lines, aLine{s, at, string(text), ended})
		}
		at += int64(len(part))
	}
	return lines
}

// join puts the records of a line that was too long for one together.
func join(t rapid.TB, records []job.Record) map[job.Stream][]aLine {
	t.Helper()
	lines := map[job.Stream][]aLine{}
	for _, r := range records {
		of := lines[r.Stream]
		if len(r.Text) > MaxLine {
			t.Fatalf("a record of %d bytes, want at most %d", len(r.Text), MaxLine)
		}
		if !r.Continued {
			lines[r.Stream] = append(of, aLine{r.Stream, r.Offset, string(r.Text), !r.Partial})
			continue
		}
		last := &of[len(of)-1]
		if last.Ended || r.Offset != last.Offset+int64(len(last.Text)) {
			t.Fatalf("a record at %d goes on with a line of %d bytes at %d, ended %v", r.Offset, len(last.Text), last.Offset, last.Ended)
		}
		last.Text, last.Ended = last.Text+string(r.Text), !r.Partial
	}
	return lines
}

// recordsOf gives at most so many records, and how far the files are read.
func recordsOf(t rapid.TB, j *Job, o LineOptions, most int) (records []job.Record, after spool.Sizes) {
	t.Helper()
	var told spool.Sizes
	after, err := j.Lines(o, func(r job.Record, a spool.Sizes) bool {
		r.Text = bytes.Clone(r.Text)
		records, told = append(records, r), a
		return len(records) != most
	})
	must(t, err)
	if len(records) > 0 && told != after {
		t.Fatalf("Lines: came to %v, told %v with the last record", after, told)
	}
	return records, after
}

var textGen = rapid.Custom(func(t *rapid.T) []byte {
	text := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\n\n\r\x00\xff")), 0, 60).Draw(t, "text")
	return append([]byte{}, text...)
})

// However the bytes came, in whatever bites, the lines are those of the whole.
func TestLinesOfAnyBites(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		output, errors := textGen.Draw(rt, "output"), textGen.Draw(rt, "error")
		j := bare(rt, filepath.Join(base, fmt.Sprint(round)), output, errors, nil)
		whole := spool.Sizes{int64(len(output)), int64(len(errors)), 0}
		var seen []spool.Sizes
		at := spool.Sizes{}
		for range rapid.IntRange(0, 8).Draw(rt, "looks") {
			for f := range 2 {
				at[f] = rapid.Int64Range(at[f], whole[f]).Draw(rt, "size")
			}
			seen = append(seen, at)
		}
		noteAll(rt, j, seen...)
		var from, to spool.Sizes
		for f := range 2 {
			from[f] = rapid.Int64Range(0, whole[f]).Draw(rt, "from")
			to[f] = rapid.Int64Range(0, whole[f]).Draw(rt, "to")
		}
		o := LineOptions{From: from, To: to, Unended: rapid.Bool().Draw(rt, "unended")}
		records, after := recordsOf(rt, j, o, -1)
		got := join(rt, records)
		for f, b := range [][]byte{output, errors} {
			stream := job.Stream(f + 1)
			want := naiveLines(stream, b, from[f], to[f], o.Unended)
			if !reflect.DeepEqual(got[stream], want) {
				rt.Fatalf("Lines(%+v) of %q, seen at %v: got %+v, want %+v", o, b, seen, got[stream], want)
			}
			end := from[f]
			for _, line := range want {
				if end = line.Offset + int64(len(line.Text)); line.Ended {
					end++
				}
			}
			if after[f] != end {
				rt.Fatalf("Lines(%+v) of %q: came to %d, want %d", o, b, after[f], end)
			}
		}
		checkTimes(rt, records, seen)

		// Left anywhere and taken up again, they are the same.
		parts, after := recordsOf(rt, j, o, rapid.IntRange(1, 6).Draw(rt, "left after"))
		rest, _ := recordsOf(rt, j, LineOptions{From: after, To: to, Unended: o.Unended}, -1)
		if again := join(rt, append(parts, rest...)); !reflect.DeepEqual(again, got) {
			rt.Fatalf("Lines(%+v), left after %d: got %+v, want %+v", o, len(parts), again, got)
		}
	})
}

// checkTimes looks that each line has the time at which its first byte was
// seen.
func checkTimes(t rapid.TB, records []job.Record, seen []spool.Sizes) {
	t.Helper()
	for _, r := range records {
		for i, sizes := range seen {
			if sizes[r.Stream-1] <= r.Offset {
				continue
			}
			if want := time.Unix(int64(i), 0); !r.Time.Equal(want) {
				t.Fatalf("%+v was first seen at look %d: got time %v, want %v", r, i, r.Time, want)
			}
			break
		}
	}
}

func TestLinesThatAreSpecial(t *testing.T) {
	for _, text := range []string{"", "\n", "\n\n", "a", "a\n", "a\r\nb\r\n", "\r", "a\x00b\n\x00", "\xff\xfe\n", "a\n\nb", "no newline at the end"} {
		j := bare(t, t.TempDir(), []byte(text), nil, nil)
		o := LineOptions{To: spool.Sizes{int64(len(text))}, Unended: true}
		records, _ := recordsOf(t, j, o, -1)
		got, want := join(t, records)[job.Output], naiveLines(job.Output, []byte(text), 0, o.To[0], true)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Lines of %q: got %+v, want %+v", text, got, want)
		}
	}
}

// longTexts are lines around the length of the longest record.
func longTexts() map[string][]byte {
	texts := map[string][]byte{}
	for name, n := range map[string]int{"a byte less": MaxLine - 1, "exactly": MaxLine, "a byte more": MaxLine + 1, "several": 3*MaxLine + 5, "twice": 2 * MaxLine} {
		texts[name+", ended"] = append(bytes.Repeat([]byte("x"), n), "\nnext\n"...)
		texts[name+", not ended"] = append([]byte("before\n"), bytes.Repeat([]byte("y"), n)...)
	}
	return texts
}

func TestLongLines(t *testing.T) {
	for name, text := range longTexts() {
		for _, bite := range []int64{1 << 30, MaxLine, MaxLine - 1, 100_000} {
			j := bare(t, t.TempDir(), text, nil, nil)
			size := int64(len(text))
			var seen []spool.Sizes
			for at := min(bite, size); at < size; at += bite {
				seen = append(seen, spool.Sizes{at})
			}
			noteAll(t, j, append(seen, spool.Sizes{size})...)
			records, after := recordsOf(t, j, LineOptions{To: spool.Sizes{size}, Unended: true}, -1)
			got, want := join(t, records)[job.Output], naiveLines(job.Output, text, 0, size, true)
			if !reflect.DeepEqual(got, want) || after[0] != size {
				t.Errorf("%s, in bites of %d: got %d lines up to %d, want %d up to %d", name, bite, len(got), after[0], len(want), size)
			}
		}
	}
}

// A follower takes up where it came; a long line that began before goes on.
func TestLongLinesTakenUpAgain(t *testing.T) {
	for name, text := range longTexts() {
		j := bare(t, t.TempDir(), text, nil, nil)
		size := int64(len(text))
		whole, _ := recordsOf(t, j, LineOptions{To: spool.Sizes{size}, Unended: true}, -1)
		for left := 1; left < len(whole); left++ {
			parts, after := recordsOf(t, j, LineOptions{To: spool.Sizes{size}, Unended: true}, left)
			rest, _ := recordsOf(t, j, LineOptions{From: after, To: spool.Sizes{size}, Unended: true}, -1)
			for i, r := range append(parts, rest...) {
				if w := whole[i]; r.Offset != w.Offset || len(r.Text) != len(w.Text) || r.Continued != w.Continued || r.Partial != w.Partial {
					t.Errorf("%s, left after %d records: record %d is at %d, %d bytes, continued %v, partial %v, want %d, %d, %v, %v", name, left, i,
						r.Offset, len(r.Text), r.Continued, r.Partial, w.Offset, len(w.Text), w.Continued, w.Partial)
				}
			}
		}
	}
}
