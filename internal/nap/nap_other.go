//go:build !(linux && amd64)

package nap

import "errors"

// Possible says that nobody can nap on this system.
const Possible = false

// Take is not there on this system.
func (n Nap) Take() error { return errors.ErrUnsupported }
