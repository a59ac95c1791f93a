//go:build !unix

package spool

import (
	"errors"
	"os"
)

func lock(*os.File, func()) error { return errors.New("marks are not there yet on this system") }

func lockShared(*os.File) error { return errors.New("locks are not there yet on this system") }

func tryLock(*os.File) (bool, error) {
	return false, errors.New("locks are not there yet on this system")
}
