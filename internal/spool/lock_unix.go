//go:build unix

package spool

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lock takes the exclusive lock. Somebody who has it for a moment only is not
// worth a word; busy is called when it takes longer.
func lock(f *os.File, busy func()) error {
	const patience, step = 500 * time.Millisecond, 5 * time.Millisecond
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(step) {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
	}
	if busy != nil {
		busy()
	}
	return flock(f, unix.LOCK_EX)
}

// lockShared takes a shared lock, which no other process holds exclusively for
// more than a moment.
func lockShared(f *os.File) error { return flock(f, unix.LOCK_SH) }

// tryLock takes the exclusive lock if it is free.
func tryLock(f *os.File) (bool, error) {
	err := flock(f, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}
