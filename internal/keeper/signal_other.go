//go:build !unix

package keeper

import "syscall"

// Signal tells a keeper that a request was left for it; not here.
const Signal = syscall.Signal(0)
