package spool

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
	"time"
)

// Sample says how large the files of a spool were at a time.
type Sample struct {
	Time time.Time
	Sizes
}

// sampleSize is the size of a sample on disk: time in nanoseconds since 1970,
// then the three sizes, all of 8 bytes, little endian.
const sampleSize = 32

// Timeline is the list of samples beside the files. The keeper appends to it
// while the files grow.
type Timeline struct {
	path string
	file *os.File // opened when the first sample is written
	last Sample
}

// TimelinePath is where the timeline is.
func (s Spool) TimelinePath() string { return s.prefix + "timeline" }

// Timeline gives the timeline of the spool, for writing. Samples that are
// there already count.
func (s Spool) Timeline() *Timeline {
	t := &Timeline{path: s.TimelinePath()}
	if f, err := os.Open(t.path); err == nil {
		defer f.Close()
		if n := samplesIn(f); n > 0 {
			t.last, _ = readSample(f, n-1)
		}
	}
	return t
}

// Note appends a sample if anything has grown since the last one, and reports
// whether it had.
func (t *Timeline) Note(now time.Time, sizes Sizes) (grown bool, err error) {
	if sizes.Minus(t.last.Sizes).Total() == 0 {
		return false, nil
	}
	if err := t.Make(); err != nil {
		return true, err
	}
	if now.Before(t.last.Time) {
		now = t.last.Time // a clock that was set back
	}
	var b [sampleSize]byte
	Sample{now, sizes}.encode(b[:])
	if _, err := t.file.Write(b[:]); err != nil {
		t.dropHalf()
		return true, err
	}
	t.last = Sample{now, sizes}
	return true, nil
}

// Make makes the timeline if it is not there.
func (t *Timeline) Make() (err error) {
	if t.file != nil {
		return nil
	}
	if t.file, err = os.OpenFile(t.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err == nil {
		t.dropHalf()
	}
	return err
}

// Written reports whether there is a sample.
func (t *Timeline) Written() bool { return !t.last.Time.IsZero() }

// dropHalf takes away a last sample that is not whole, which a power cut or a
// full disk left: those that follow would not be found.
func (t *Timeline) dropHalf() {
	t.file.Truncate(int64(samplesIn(t.file)) * sampleSize)
}

// Close closes the timeline; sync brings it to the disk before.
func (t *Timeline) Close(sync bool) error {
	if t.file == nil {
		return nil
	}
	if sync {
		t.file.Sync()
	}
	return t.file.Close()
}

func samplesIn(f *os.File) int {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return int(info.Size() / sampleSize) // a last one that is cut short does not count
}

func readSample(f io.ReaderAt, i int) (Sample, error) {
	var b [sampleSize]byte
	_, err := f.ReadAt(b[:], int64(i)*sampleSize)
	return decodeSample(b[:]), err
}

func (s Sample) encode(b []byte) {
	binary.LittleEndian.PutUint64(b[0:], uint64(s.Time.UnixNano()))
	for i, size := range s.Sizes {
		binary.LittleEndian.PutUint64(b[8+8*i:], uint64(size))
	}
}

func decodeSample(b []byte) (s Sample) {
	s.Time = time.Unix(0, int64(binary.LittleEndian.Uint64(b)))
	for i := range s.Sizes {
		s.Sizes[i] = int64(binary.LittleEndian.Uint64(b[8+8*i:]))
	}
	return s
}

// Segment is bytes of one file that were first seen at one time.
type Segment struct {
	File   File
	Offset int64
	Length int64
	Time   time.Time
}

// Segments goes through the bytes between two marks in the order of time, as
// far as the timeline tells it: segment after segment until fn returns false.
// Bytes that are not in the timeline yet come last, with the time now.
func (s Spool) Segments(from, to Sizes, fn func(Segment) bool) error {
	f, err := os.Open(s.TimelinePath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	at := from
	if err == nil {
		defer f.Close()
		n := samplesIn(f)
		first := sort.Search(n, func(i int) bool {
			sample, _ := readSample(f, i)
			return sample.Sizes.Minus(from).Total() > 0
		})
		// The samples are read in lumps: a long job has millions.
		lump := make([]byte, 1024*sampleSize)
		for i := first; i < n; i += 1024 {
			m, err := f.ReadAt(lump[:min(1024, n-i)*sampleSize], int64(i)*sampleSize)
			if err != nil && err != io.EOF {
				return err
			}
			for b := lump[:m-m%sampleSize]; len(b) > 0; b = b[sampleSize:] {
				if !advance(&at, decodeSample(b), to, fn) {
					return nil
				}
			}
		}
	}
	advance(&at, Sample{time.Now(), to}, to, fn)
	return nil
}

// advance passes on what a sample has more than at, but nothing beyond to.
func advance(at *Sizes, sample Sample, to Sizes, fn func(Segment) bool) bool {
	for f := range at {
		end := min(sample.Sizes[f], to[f])
		if end <= at[f] {
			continue
		}
		segment := Segment{File(f), at[f], end - at[f], sample.Time}
		at[f] = end
		if !fn(segment) {
			return false
		}
	}
	return true
}
