package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// File is one of the three files of a spool that hold what was put out.
type File int

// The files of a spool.
const (
	OutputFile  File = 0
	ErrorFile   File = 1
	RecordsFile File = 2
)

// Sizes are numbers of bytes in the files of a spool, by File.
type Sizes [3]int64

// Total is the sum of the sizes.
func (s Sizes) Total() int64 { return s[0] + s[1] + s[2] }

// Minus is what s has more than t, file by file, never below 0.
func (s Sizes) Minus(t Sizes) Sizes {
	for i := range s {
		s[i] = max(s[i]-t[i], 0)
	}
	return s
}

// Spool is the files with one number in a job's folder.
type Spool struct {
	prefix string
}

// In gives spool number n in a folder. Nothing is opened or made.
func In(folder string, n int) Spool {
	return Spool{folder + string(filepath.Separator) + strconv.Itoa(n) + "."}
}

var fileNames = [...]string{OutputFile: "output", ErrorFile: "error", RecordsFile: "records"}

// Path is where a file of the spool is.
func (s Spool) Path(f File) string { return s.prefix + fileNames[f] }

// Append opens a file of the spool for a program to append to. It is made if
// it is not there.
func (s Spool) Append(f File) (*os.File, error) {
	return os.OpenFile(s.Path(f), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// Sizes looks how large the files are. A file that is not there has size 0.
func (s Spool) Sizes() (sizes Sizes, err error) {
	for f := range sizes {
		info, err := os.Stat(s.Path(File(f)))
		if err == nil {
			sizes[f] = info.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return sizes, err
		}
	}
	return sizes, nil
}
