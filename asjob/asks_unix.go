//go:build unix

package asjob

import (
	"os"
	"syscall"
)

// asking are the signals by which the keeper says that it asks something.
var asking = []os.Signal{syscall.SIGUSR2}
