//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/backjob/job"
	"golang.org/x/sys/unix"
)

// lock waits until this open file holds the exclusive lock. The lock goes
// with the open file, also into another process, and ends with its last
// descriptor.
func lock(f *os.File) error { return flock(f, unix.LOCK_EX) }

// tryLock takes the exclusive lock if it is free.
func tryLock(f *os.File) (bool, error) { return try(f, unix.LOCK_EX) }

// tryShared takes a shared lock if nobody holds the exclusive one.
func tryShared(f *os.File) (bool, error) { return try(f, unix.LOCK_SH) }

func unlock(f *os.File) error { return flock(f, unix.LOCK_UN) }

func try(f *os.File, how int) (bool, error) {
	err := flock(f, how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if err == unix.EINTR {
			continue
		}
		if err == unix.ENOLCK || err == unix.ENOTSUP || err == unix.EBADF {
			return &job.Error{Kind: job.Unsupported, Err: fmt.Errorf("the file system of %s has no locks: %w", f.Name(), err),
				Hint: "put the repository on a local file system (--repository DIR or JOB_REPOSITORY)"}
		}
		return err
	}
}

// checkOwner refuses a folder that is somebody else's, or that others can
// write to: they could put their commands into our jobs.
func checkOwner(path string, info fs.FileInfo) error {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if int(sys.Uid) != os.Geteuid() {
		return refused(path, fmt.Sprintf("belongs to user %d, not to you (%d)", sys.Uid, os.Geteuid()),
			"use a repository of your own: --repository DIR or JOB_REPOSITORY")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return refused(path, fmt.Sprintf("can be written by others (mode %04o)", info.Mode().Perm()),
			"take the right away: chmod go-w "+job.CommandText([]string{path}))
	}
	return nil
}
