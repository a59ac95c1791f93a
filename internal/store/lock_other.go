//go:build !unix

package store

import (
	"errors"
	"io/fs"
	"os"

	"github.com/backjob/job"
)

var errNoLocks = &job.Error{Kind: job.Unsupported, Err: errors.New("repositories are not there yet on this system"),
	Hint: "job works on Linux today"}

func lock(*os.File) error              { return errNoLocks }
func tryLock(*os.File) (bool, error)   { return false, errNoLocks }
func tryShared(*os.File) (bool, error) { return false, errNoLocks }
func unlock(*os.File) error            { return errNoLocks }

func checkOwner(string, fs.FileInfo) error { return nil }
