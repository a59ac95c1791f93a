//go:build unix

package spool

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func lock(f *os.File, busy func()) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return err
	}
	if busy != nil {
		busy()
	}
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			return err
		}
	}
}
