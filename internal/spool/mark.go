package spool

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// DefaultReader is the reader who is meant when none is named.
const DefaultReader = "default"

// Mark says how far a reader has received what a child put out.
type Mark struct {
	Sizes
	Told    bool // the reader was told that the child Failed
	JobTold bool // the reader was told that its job Failed; of the first child's mark, where there may be others
}

// What byte 32 of a mark says.
const (
	told    = 1 << 0
	jobTold = 1 << 1
)

// markSize is the size of a mark on disk; child n's stands at (n-1)*markSize.
const markSize = 64

// Marks is the marks of one reader of one job, open and locked: between two
// processes that receive as the same reader, each byte goes to exactly one.
type Marks struct {
	file *os.File
}

// MarkPath is the file of a reader's marks in a job's folder.
func MarkPath(folder, reader string) string {
	return folder + string(filepath.Separator) + "mark." + reader
}

// ReadMark gives the mark of a reader for a child without locking it. A mark
// that is not there, or not whole, is at the beginning.
func ReadMark(folder, reader string, child int) Mark {
	f, err := os.Open(MarkPath(folder, reader))
	if err != nil {
		return Mark{}
	}
	defer f.Close()
	m, _ := readMark(f, child)
	return m
}

// ReadMarks gives the marks of a reader for all children of a job, child n's
// at n-1, without locking them. Those beyond the last are at the beginning.
func ReadMarks(folder, reader string) (marks []Mark) {
	b, _ := os.ReadFile(MarkPath(folder, reader))
	for ; len(b) >= markSize; b = b[markSize:] {
		marks = append(marks, decodeMark(b[:markSize]))
	}
	return marks
}

// OpenMarks opens the marks of a reader, which are made if they are not
// there, and takes their lock. busy is called once if another process has it,
// before we wait for it.
func OpenMarks(folder, reader string, busy func()) (*Marks, error) {
	f, err := os.OpenFile(MarkPath(folder, reader), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f, busy); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Marks{f}, nil
}

// Read gives the mark for a child.
func (m *Marks) Read(child int) (Mark, error) { return readMark(m.file, child) }

// Move sets the mark for a child.
func (m *Marks) Move(child int, mark Mark) error {
	var b [markSize]byte
	for i, size := range mark.Sizes {
		binary.LittleEndian.PutUint64(b[8+8*i:], uint64(size))
	}
	if mark.Told {
		b[32] |= told
	}
	if mark.JobTold {
		b[32] |= jobTold
	}
	binary.LittleEndian.PutUint32(b[0:], crc32.ChecksumIEEE(b[4:]))
	_, err := m.file.WriteAt(b[:], int64(child-1)*markSize)
	return err
}

// Close ends the lock.
func (m *Marks) Close() error { return m.file.Close() }

func readMark(f io.ReaderAt, child int) (Mark, error) {
	var b [markSize]byte
	n, err := f.ReadAt(b[:], int64(child-1)*markSize)
	if err != nil && err != io.EOF {
		return Mark{}, err
	}
	return decodeMark(b[:n]), nil
}

// decodeMark reads a mark; one that is not whole is at the beginning.
func decodeMark(b []byte) Mark {
	if len(b) < markSize || binary.LittleEndian.Uint32(b) != crc32.ChecksumIEEE(b[4:markSize]) {
		return Mark{}
	}
	m := Mark{Told: b[32]&told != 0, JobTold: b[32]&jobTold != 0}
	for i := range m.Sizes {
		m.Sizes[i] = int64(binary.LittleEndian.Uint64(b[8+8*i:]))
	}
	return m
}
