package process

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Children gives the processes that are our children at this moment, also
// those that have ended and were not taken yet. ok is false where the system
// does not tell.
func Children() (pids []int, ok bool) {
	threads, err := os.ReadDir("/proc/self/task") // a child is one of the thread that forked it
	if err != nil {
		return nil, false
	}
	for _, thread := range threads {
		b, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/children")
		if err != nil {
			return nil, false // the kernel was built without it, or a thread has just ended
		}
		for _, text := range bytes.Fields(b) {
			if pid, err := strconv.Atoi(string(text)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids, true
}

// HasChildren reports whether we have children at all, also such that have
// ended and were not taken yet.
func HasChildren() bool {
	err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil
}
