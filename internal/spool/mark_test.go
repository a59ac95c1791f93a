package spool

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestMarksRoundTrip(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		dir := filepath.Join(base, fmt.Sprint(round))
		must(t, os.Mkdir(dir, 0o700))
		model := map[int]Mark{}
		rt.Repeat(map[string]func(*rapid.T){
			"move": func(rt *rapid.T) {
				child := rapid.IntRange(1, 20).Draw(rt, "child")
				mark := Mark{drawSizes(rt, Sizes{math.MaxInt64, math.MaxInt64, 9}, "mark"), rapid.Bool().Draw(rt, "told"), rapid.Bool().Draw(rt, "job told")}
				marks, err := OpenMarks(dir, "r", nil)
				must(t, err)
				must(t, marks.Move(child, mark))
				must(t, marks.Close())
				model[child] = mark
			},
			"": func(rt *rapid.T) {
				all := append(ReadMarks(dir, "r"), make([]Mark, 21)...)
				for child := 1; child <= 21; child++ {
					if all[child-1] != model[child] {
						rt.Fatalf("ReadMarks: the mark of child %d: got %+v, want %+v", child, all[child-1], model[child])
					}
					if got := ReadMark(dir, "r", child); got != model[child] {
						rt.Fatalf("the mark of child %d: got %+v, want %+v", child, got, model[child])
					}
				}
			},
		})
	})
}

// A mark that is damaged is at the beginning: better twice than never. The
// marks of other children stay.
func TestDamagedMarks(t *testing.T) {
	dir := t.TempDir()
	mark := Mark{Sizes: Sizes{1, 2, 3}, Told: true}
	marks, err := OpenMarks(dir, DefaultReader, nil)
	must(t, err)
	must(t, marks.Move(1, mark))
	must(t, marks.Move(2, mark))
	must(t, marks.Close())
	path := MarkPath(dir, DefaultReader)
	whole, err := os.ReadFile(path)
	must(t, err)
	for bit := range markSize * 8 {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		must(t, os.WriteFile(path, b, 0o600))
		if got := ReadMark(dir, DefaultReader, 1); got != (Mark{}) {
			t.Errorf("bit %d flipped: got %+v, want a mark at the beginning", bit, got)
		}
		if got := ReadMark(dir, DefaultReader, 2); got != mark {
			t.Errorf("bit %d flipped: the mark of child 2: got %+v, want %+v", bit, got, mark)
		}
	}
	for n := range len(whole) {
		must(t, os.WriteFile(path, whole[:n], 0o600))
		for child, end := range map[int]int{1: markSize, 2: 2 * markSize} {
			want := mark
			if n < end {
				want = Mark{}
			}
			if got := ReadMark(dir, DefaultReader, child); got != want {
				t.Errorf("cut to %d bytes: the mark of child %d: got %+v, want %+v", n, child, got, want)
			}
		}
	}
	if got := ReadMark(dir, "nobody", 1); got != (Mark{}) {
		t.Errorf("the mark of a reader who never was: got %+v", got)
	}
}

// Who comes second is told that it waits, once.
func TestMarksAreForOne(t *testing.T) {
	dir := t.TempDir()
	first, err := OpenMarks(dir, DefaultReader, func() { t.Error("busy was called with nobody there") })
	must(t, err)
	busy := make(chan bool, 2)
	second := make(chan error, 1)
	go func() { // ends when first is closed
		m, err := OpenMarks(dir, DefaultReader, func() { busy <- true })
		if err == nil {
			err = m.Close()
		}
		second <- err
	}()
	<-busy
	other, err := OpenMarks(dir, "other", nil) // another reader is not kept waiting
	must(t, err)
	must(t, other.Close())
	must(t, first.Close())
	if err := <-second; err != nil || len(busy) != 0 {
		t.Errorf("the second to open the marks: got %v, told %d times more that it waits", err, len(busy))
	}
}

// Two processes that receive as the same reader get each byte once.
func TestTwoProcessesShareAMark(t *testing.T) {
	dir := t.TempDir()
	f, err := In(dir, 1).Append(OutputFile)
	must(t, err)
	var whole bytes.Buffer
	for i := range 5000 {
		fmt.Fprintf(&whole, "%07d\n", i) // 8 bytes each: a bite of 8 is a line
	}
	_, err = f.Write(whole.Bytes())
	must(t, err)
	must(t, f.Close())
	outs := make([][]byte, 3)
	var group sync.WaitGroup
	for i := range outs {
		group.Go(func() {
			var err error
			if outs[i], err = exec.Command(os.Args[0], "receive", dir, fmt.Sprint(8*(7+i))).Output(); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	group.Wait()
	seen := map[string]int{}
	for _, out := range outs {
		for line := range bytes.Lines(out) {
			seen[string(line)]++
		}
	}
	for line := range bytes.Lines(whole.Bytes()) {
		if seen[string(line)] != 1 {
			t.Fatalf("line %q: got it %d times, want once", line, seen[string(line)])
		}
	}
	if len(seen) != 5000 {
		t.Errorf("got %d lines, want 5000", len(seen))
	}
}
