package local

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/backjob/job/internal/spool"
	"pgregory.net/rapid"
)

// naiveTail is where the last n lines of a part begin.
func naiveTail(b []byte, from, to int64, n int) int64 {
	if to <= from {
		return from
	}
	var begins []int64
	at := from
	for part := range bytes.Lines(b[from:to]) {
		begins = append(begins, at)
		at += int64(len(part))
	}
	switch {
	case n == 0:
		return to
	case len(begins) <= n:
		return from
	}
	return begins[len(begins)-n]
}

func TestTailFromEqualsTheNaiveTail(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		texts := [][]byte{textGen.Draw(rt, "output"), textGen.Draw(rt, "error"), nil}
		if rapid.IntRange(0, 3).Draw(rt, "large") == 0 { // more than is read at once
			width := rapid.IntRange(1, 3000).Draw(rt, "width")
			texts[0] = bytes.Repeat(append(bytes.Repeat([]byte("w"), width), '\n'), 200_000/width)
			texts[0] = append(texts[0], textGen.Draw(rt, "end")...)
		}
		j := bare(rt, filepath.Join(base, fmt.Sprint(round)), texts[0], texts[1], nil)
		var from, to spool.Sizes
		for f := range 2 {
			from[f] = rapid.Int64Range(0, int64(len(texts[f]))).Draw(rt, "from")
			to[f] = rapid.Int64Range(0, int64(len(texts[f]))).Draw(rt, "to")
		}
		n := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 200_000)).Draw(rt, "n")
		got, err := j.TailFrom(from, to, n, false)
		want := from
		for f := range 2 {
			if want[f] = naiveTail(texts[f], from[f], to[f], n); n == 0 {
				want[f] = to[f]
			}
		}
		if got != want || err != nil {
			rt.Fatalf("TailFrom(%v, %v, %d) of files of %d and %d bytes: got %v, %v, want %v", from, to, n, len(texts[0]), len(texts[1]), got, err, want)
		}
		if got, err := j.TailFrom(from, to, max(n, 1), true); got != from || err != nil {
			rt.Fatalf("TailFrom where any line may be left out: got %v, %v, want the begin %v", got, err, from)
		}
	})
}
