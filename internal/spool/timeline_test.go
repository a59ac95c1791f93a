package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// noted is a timeline as a model: the samples that were taken.
type noted []Sample

// naive is what Segments has to give, by looking at each byte: when it was
// first seen, or last of all, with no known time.
func (n noted) naive(from, to Sizes) []Segment {
	var segments []Segment
	at := from
	samples := append(append(noted{}, n...), Sample{Sizes: to})
	for _, s := range samples {
		for f := range at {
			begin := at[f]
			for at[f] < s.Sizes[f] && at[f] < to[f] {
				at[f]++
			}
			if at[f] > begin {
				segments = append(segments, Segment{File(f), begin, at[f] - begin, s.Time})
			}
		}
	}
	return segments
}

func segmentsOf(t rapid.TB, s Spool, from, to Sizes) (segments []Segment) {
	t.Helper()
	must(t, s.Segments(from, to, func(s Segment) bool { segments = append(segments, s); return true }))
	return segments
}

// forgetNow takes away the time of bytes that the timeline does not know.
func forgetNow(segments []Segment, n noted) []Segment {
	var last Sizes
	if len(n) > 0 {
		last = n[len(n)-1].Sizes
	}
	for i, s := range segments {
		if s.Offset+s.Length > last[s.File] {
			segments[i].Time = time.Time{}
		}
	}
	return segments
}

func drawSizes(t *rapid.T, most Sizes, name string) (sizes Sizes) {
	for f := range sizes {
		sizes[f] = rapid.Int64Range(0, most[f]).Draw(t, fmt.Sprintf("%s of file %d", name, f))
	}
	return sizes
}

func TestSegmentsAgainstAModel(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		dir := filepath.Join(base, fmt.Sprint(round))
		must(t, os.Mkdir(dir, 0o700))
		s := In(dir, 1)
		line := s.Timeline()
		var model noted
		var now Sizes
		clock := time.Unix(1e9, 0)
		for range rapid.IntRange(0, 30).Draw(rt, "looks") {
			clock = clock.Add(time.Duration(rapid.IntRange(-3, 9).Draw(rt, "ms later")) * time.Millisecond)
			growth := drawSizes(rt, Sizes{20, 20, 3}, "growth")
			for f := range now {
				now[f] += growth[f]
			}
			grown, err := line.Note(clock, now)
			if want := growth.Total() > 0; grown != want || err != nil {
				rt.Fatalf("Note(%v) after growth %v: got %v, %v, want %v", now, growth, grown, err, want)
			}
			if grown {
				seen := clock
				if n := len(model); n > 0 && seen.Before(model[n-1].Time) {
					seen = model[n-1].Time // a clock that is set back
				}
				model = append(model, Sample{seen, now})
			}
			if rapid.IntRange(0, 5).Draw(rt, "keeper") == 0 { // another takes over
				must(t, line.Close(false))
				line = s.Timeline()
			}
		}
		must(t, line.Close(true))
		most := Sizes{now[0] + 10, now[1] + 10, now[2] + 10}
		from, to := drawSizes(rt, most, "from"), drawSizes(rt, most, "to")
		got, want := forgetNow(segmentsOf(rt, s, from, to), model), forgetNow(model.naive(from, to), model)
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("Segments(%v, %v) of %v: got %v, want %v", from, to, model, got, want)
		}
		checkCover(rt, got, from, to)
	})
}

// checkCover looks that segments cover the bytes between two marks once each,
// in the order of every file and of time.
func checkCover(t rapid.TB, segments []Segment, from, to Sizes) {
	t.Helper()
	at := from
	var last time.Time
	for _, s := range segments {
		if s.Offset != at[s.File] || s.Length <= 0 {
			t.Fatalf("segment %+v does not go on at %d", s, at[s.File])
		}
		at[s.File] += s.Length
		if !s.Time.IsZero() && s.Time.Before(last) {
			t.Fatalf("segment %+v is before %v, which came before it", s, last)
		}
		if !s.Time.IsZero() {
			last = s.Time
		}
	}
	for f := range at {
		if want := max(from[f], to[f]); at[f] != want {
			t.Fatalf("file %d: segments end at %d, want %d", f, at[f], want)
		}
	}
}

func TestSegmentsMayBeLeft(t *testing.T) {
	s := In(t.TempDir(), 1)
	line := s.Timeline()
	for i := range int64(5) {
		_, err := line.Note(time.Unix(i, 0), Sizes{i + 1, i + 1})
		must(t, err)
	}
	must(t, line.Close(false))
	calls := 0
	must(t, s.Segments(Sizes{}, Sizes{9, 9}, func(Segment) bool { calls++; return calls < 3 }))
	if calls != 3 {
		t.Errorf("Segments left at the third: got %d calls", calls)
	}
}

func TestSegmentsOfManySamples(t *testing.T) {
	s := In(t.TempDir(), 1)
	line := s.Timeline()
	const samples = 5000 // more than are read at once
	for i := range int64(samples) {
		_, err := line.Note(time.Unix(i, 0), Sizes{i + 1})
		must(t, err)
	}
	must(t, line.Close(false))
	for _, from := range []int64{0, 1, 1023, 1024, 1025, 4000, samples} {
		got := segmentsOf(t, s, Sizes{from}, Sizes{samples})
		if len(got) != int(samples-from) {
			t.Errorf("Segments from %d: got %d, want %d", from, len(got), samples-from)
		}
		checkCover(t, got, Sizes{from}, Sizes{samples})
	}
}

// A timeline that was cut, by a full disk or a power cut, loses times and no
// bytes, and goes on.
func TestTimelineCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	s := In(dir, 1)
	line := s.Timeline()
	for i := range int64(4) {
		_, err := line.Note(time.Unix(100+i, 0), Sizes{10 * (i + 1), i})
		must(t, err)
	}
	must(t, line.Close(true))
	path := filepath.Join(dir, "1.timeline")
	whole, err := os.ReadFile(path)
	must(t, err)
	to := Sizes{40, 3}
	for n := range len(whole) + 1 {
		must(t, os.WriteFile(path, whole[:n], 0o600))
		got := segmentsOf(t, s, Sizes{}, to)
		checkCover(t, got, Sizes{}, to)
		for i, seg := range got {
			if known := int64(n / sampleSize * 10); seg.File == OutputFile && seg.Offset < known && seg.Time != time.Unix(100+seg.Offset/10, 0) {
				t.Fatalf("cut to %d bytes: segment %d is %+v", n, i, seg)
			}
		}
		line := s.Timeline() // the next keeper
		_, err := line.Note(time.Unix(200, 0), Sizes{50, 3})
		must(t, err)
		must(t, line.Close(false))
		got = segmentsOf(t, s, Sizes{}, Sizes{50, 3})
		checkCover(t, got, Sizes{}, Sizes{50, 3})
		if last := got[len(got)-1]; last.File == OutputFile && last.Time != time.Unix(200, 0) {
			t.Fatalf("cut to %d bytes, then a sample noted: got the last segment %+v, want it at %v", n, last, time.Unix(200, 0))
		}
		for _, seg := range got {
			if seg.Time.Before(time.Unix(100, 0)) || seg.Time.After(time.Unix(200, 0)) {
				t.Fatalf("cut to %d bytes, then a sample noted: got segment %+v, at no time that was noted", n, seg)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	dir := t.TempDir()
	s := In(dir, 1)
	if got, err := s.Sizes(); got != (Sizes{}) || err != nil {
		t.Errorf("Sizes of nothing: got %v, %v, want 0", got, err)
	}
	for f, n := range []int{3, 5, 7} {
		file, err := s.Append(File(f))
		must(t, err)
		_, err = file.Write(make([]byte, n))
		must(t, err)
		must(t, file.Close())
	}
	got, err := s.Sizes()
	if want := (Sizes{3, 5, 7}); got != want || err != nil || got.Total() != 15 {
		t.Errorf("Sizes: got %v, %v, want %v", got, err, want)
	}
	if got, want := got.Minus(Sizes{1, 9, 7}), (Sizes{2, 0, 0}); got != want {
		t.Errorf("Minus: got %v, want %v", got, want)
	}
}

func FuzzTimeline(f *testing.F) {
	f.Add(make([]byte, sampleSize), int64(0), int64(10))
	f.Add([]byte("0123456789012345678901234567890123456789"), int64(3), int64(1000))
	f.Add([]byte{}, int64(0), int64(1))
	f.Fuzz(func(t *testing.T, b []byte, from, to int64) {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "1.timeline"), b, 0o600))
		a, z := Sizes{from & 0xffff, 0, 7}, Sizes{to & 0xffff, to & 0xff, 9}
		at := a
		must(t, In(dir, 1).Segments(a, z, func(s Segment) bool {
			if s.Offset != at[s.File] || s.Length <= 0 {
				t.Fatalf("segment %+v does not go on at %d", s, at[s.File])
			}
			at[s.File] += s.Length
			return true
		}))
		for f := range at {
			if want := max(a[f], z[f]); at[f] != want {
				t.Errorf("file %d: segments end at %d, want %d", f, at[f], want)
			}
		}
	})
}
