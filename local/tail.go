package local

import (
	"bytes"
	"os"

	"github.com/backjob/job/internal/spool"
)

// TailFrom gives a place from which on the last n lines are found, and not
// many more: the last n lines of all files are among the last n of each. With
// all, lines will be left out that are not known yet, so everything counts.
func (j *Job) TailFrom(from, to spool.Sizes, n int, all bool) (spool.Sizes, error) {
	switch {
	case n == 0:
		return to, nil
	case all:
		return from, nil
	}
	for f := range from {
		if to[f] <= from[f] {
			continue
		}
		at, err := lastLines(j.Spool().Path(spool.File(f)), from[f], to[f], n)
		if err != nil {
			return from, err
		}
		from[f] = at
	}
	return from, nil
}

// lastLines gives where the last n lines of a part of a file begin.
func lastLines(path string, from, to int64, n int) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return from, err
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	newlines := 0
	for end := to; end > from; {
		begin := max(end-int64(len(block)), from)
		b := block[:end-begin]
		if _, err := f.ReadAt(b, begin); err != nil {
			return from, err
		}
		for at := len(b); ; {
			if at = bytes.LastIndexByte(b[:at], '\n'); at < 0 {
				break
			}
			if begin+int64(at) == to-1 {
				continue // it ends the last line
			}
			if newlines++; newlines == n {
				return begin + int64(at) + 1, nil
			}
		}
		end = begin
	}
	return from, nil
}
