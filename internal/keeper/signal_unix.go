//go:build unix

package keeper

import "syscall"

// Signal tells a keeper that a request was left for it.
const Signal = syscall.SIGUSR1
