package spool

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What several children put out, brought together: each part is what its
// child wrote, with the times at which it was written.
func TestArchiveKeepsEachPart(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		dir := filepath.Join(base, fmt.Sprint(round))
		must(t, os.Mkdir(dir, 0o700))
		archive, err := In(dir, 1).Archive()
		must(t, err)
		var parts []Part
		var wrote [][3][]byte
		var segments [][]Segment
		for n := range rapid.IntRange(1, 5).Draw(rt, "children") {
			from := In(dir, 2+n%2)
			b, seen := childWrites(rt, t, from, n)
			sizes, err := from.Sizes()
			must(t, err)
			segments = append(segments, partSegments(t, from.Whole(), sizes))
			at, err := archive.Take(from, sizes)
			must(t, err)
			until := at.plus(sizes)
			parts = append(parts, Part{Spool: In(dir, 1), From: at, Until: &until})
			wrote = append(wrote, b)
			if done, err := from.Clear(); !done || err != nil {
				rt.Fatalf("Clear: got %v, %v", done, err)
			}
			if left, err := from.Sizes(); left != (Sizes{}) || err != nil {
				rt.Fatalf("after Clear: got %v, %v", left, err)
			}
			if seen != sizes {
				rt.Fatalf("wrote %v, the files have %v", seen, sizes)
			}
			if rapid.Bool().Draw(rt, "another keeper takes over") {
				must(t, archive.Close())
				archive, err = In(dir, 1).Archive()
				must(t, err)
			}
		}
		must(t, archive.Close())
		for i, p := range parts {
			sizes, err := p.Sizes()
			must(t, err)
			for f, want := range wrote[i] {
				b, _ := os.ReadFile(p.Path(File(f)))
				if got := b[min(int64(len(b)), p.At(File(f), 0)):min(int64(len(b)), p.At(File(f), sizes[f]))]; !bytes.Equal(got, want) {
					rt.Fatalf("child %d, %v: got %q, want %q", i, File(f), got, want)
				}
			}
			if got := partSegments(t, p, sizes); !reflect.DeepEqual(got, segments[i]) {
				rt.Fatalf("child %d: got segments %v, want %v", i, got, segments[i])
			}
		}
	})
}

// childWrites makes a child write to a spool, a little at a time.
func childWrites(rt *rapid.T, t *testing.T, s Spool, n int) (wrote [3][]byte, sizes Sizes) {
	line := s.Timeline()
	for i := range rapid.IntRange(0, 4).Draw(rt, "samples") {
		for f := range sizes {
			b := rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(rt, "bytes")
			if len(b) == 0 {
				continue
			}
			file, err := s.Append(File(f))
			must(t, err)
			_, err = file.Write(b)
			must(t, err)
			must(t, file.Close())
			wrote[f] = append(wrote[f], b...)
			sizes[f] += int64(len(b))
		}
		_, err := line.Note(time.Unix(int64(100*n+i), 0), sizes)
		must(t, err)
	}
	must(t, line.Close(false))
	return wrote, sizes
}

func partSegments(t *testing.T, p Part, to Sizes) (all []Segment) {
	must(t, p.Segments(Sizes{}, to, func(s Segment) bool {
		all = append(all, s)
		return true
	}))
	return all
}

// Files that somebody holds are not emptied.
func TestHeldFilesAreNotEmptied(t *testing.T) {
	s := In(t.TempDir(), 2)
	if held, err := s.Hold(); held != nil || err != nil {
		t.Errorf("Hold of files that are not there: got %v, %v", held, err)
	}
	must(t, os.WriteFile(s.Path(OutputFile), []byte("text"), 0o600))
	line := s.Timeline()
	must(t, line.Make())
	must(t, line.Close(false))
	held, err := s.Hold()
	must(t, err)
	second, err := s.Hold()
	must(t, err)
	for _, f := range []*os.File{held, second} {
		if done, err := s.Clear(); done || err != nil {
			t.Errorf("Clear while it is held: got %v, %v", done, err)
		}
		must(t, f.Close())
	}
	if sizes, err := s.Sizes(); sizes[OutputFile] != 4 || err != nil {
		t.Errorf("after Clear in vain: got %v, %v", sizes, err)
	}
	if done, err := s.Clear(); !done || err != nil {
		t.Errorf("Clear: got %v, %v", done, err)
	}
}

// A spool that cannot be taken whole leaves nothing behind.
func TestArchiveTakesAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	from := In(dir, 2)
	must(t, os.WriteFile(from.Path(OutputFile), []byte("text"), 0o600))
	archive, err := In(dir, 1).Archive()
	must(t, err)
	if _, err := archive.Take(from, Sizes{4, 9, 0}); err == nil { // there is no file for errors
		t.Error("Take of what is not there: got no error")
	}
	if sizes, err := In(dir, 1).Sizes(); sizes != (Sizes{}) || err != nil {
		t.Errorf("after that: got %v, %v, want nothing", sizes, err)
	}
	must(t, archive.Close())
}
