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
	part, err := j.Part()
	for f := range from {
		if err != nil || to[f] <= from[f] {
			continue
		}
		file := spool.File(f)
		var at int64
		at, err = lastLines(part.Path(file), part.At(file, from[f]), part.At(file, to[f]), n)
		from[f] = at - part.At(file, 0)
	}
	return from, err
}

// WholeLines is as far as there are whole lines between two places, file by
// file: what comes then may be half a line.
func (j *Job) WholeLines(from, to spool.Sizes) (spool.Sizes, error) {
	part, err := j.Part()
	for f := range from {
		if err != nil || to[f] <= from[f] {
			continue
		}
		file := spool.File(f)
		var at int64
		at, err = lastNewline(part.Path(file), part.At(file, from[f]), part.At(file, to[f]))
		to[f] = at - part.At(file, 0)
	}
	return to, err
}

// lastNewline gives the place after the last newline of a part of a file, its
// begin if there is none.
func lastNewline(path string, from, to int64) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return from, err
	}
	defer f.Close()
	block := make([]byte, min(to-from, 64<<10))
	for end := to; end > from; {
		begin := max(end-int64(len(block)), from)
		if _, err := f.ReadAt(block[:end-begin], begin); err != nil {
			return from, err
		}
		if at := bytes.LastIndexByte(block[:end-begin], '\n'); at >= 0 {
			return begin + int64(at) + 1, nil
		}
		end = begin
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
