package cli

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/backjob/job/internal/process"
	"golang.org/x/sys/unix"
)

// addNice adds n to the niceness of this thread, which starts the job.
func addNice(n int) error {
	runtime.LockOSThread() // for good: what it starts inherits the niceness
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return err
	}
	return unix.Setpriority(unix.PRIO_PROCESS, 0, min(max(20-raw+n, -20), 19))
}

// ignorePipe makes a write to a closed pipe an error in place of our end, so
// that the mark says what was written.
func ignorePipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

func signalNumber(name string) int { return int(process.ParseSignal(name)) }
