package process

import "errors"

// ErrUnsupported says that this system cannot do it yet.
var ErrUnsupported = errors.New("processes are looked after on Linux only, so far")

// ErrUnknown says that how a process ended cannot be known any more.
var ErrUnknown = errors.New("its parent did not see it end, and this kernel does not tell others")

// ErrGone says that there is no such process.
var ErrGone = errors.New("no such process")
