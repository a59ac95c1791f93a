package process

import "errors"

// ErrUnsupported says that this system cannot do it yet.
var ErrUnsupported = errors.New("processes are looked after on Linux only, so far")

// ErrUnknown says that how a process ended cannot be known any more.
var ErrUnknown = errors.New("this system does not tell how a process ended that is not one's child")

// ErrGone says that there is no such process.
var ErrGone = errors.New("no such process")
