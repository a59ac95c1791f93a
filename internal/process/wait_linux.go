package process

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Exit is how a process ended.
type Exit struct {
	Code   int // exit status; -1 if a signal ended it
	Signal syscall.Signal
	User   time.Duration // of it and of what it waited for
	System time.Duration
	MaxRSS int64 // bytes
}

func exitOf(status syscall.WaitStatus) Exit {
	if status.Signaled() {
		return Exit{Code: -1, Signal: status.Signal()}
	}
	return Exit{Code: status.ExitStatus()}
}

// Reap takes one of our children that has ended, without waiting. pid is 0 if
// none has; any reports whether we have children at all.
func Reap() (pid int, exit Exit, any bool) {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, &usage)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return 0, Exit{}, err == nil
		}
		exit = exitOf(status)
		exit.User, exit.System = time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())
		exit.MaxRSS = usage.Maxrss * 1024
		return pid, exit, true
	}
}

// BecomeSubreaper makes processes whose parent ended our children, if they
// descend from us.
func BecomeSubreaper() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// Handle is a process that may be somebody else's child.
type Handle struct{ fd int }

// Open gives a handle on the process that has this number and started then;
// ErrGone if it is not there any more.
func Open(pid int, start uint64) (Handle, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return Handle{-1}, ErrGone
	}
	if !Alive(pid, start) {
		unix.Close(fd)
		return Handle{-1}, ErrGone
	}
	return Handle{fd}, nil
}

// Close gives the handle back.
func (h Handle) Close() error { return unix.Close(h.fd) }

// Signal sends a signal.
func (h Handle) Signal(sig syscall.Signal) error { return unix.PidfdSendSignal(h.fd, sig, nil, 0) }

// Wait returns when the process has ended.
func (h Handle) Wait() { WaitAny([]Handle{h}, nil) }

// WaitAny returns when one of the processes has ended, or when there is
// something to read from cancel (nil: never). It gives the index of one that
// has ended, or -1.
func WaitAny(handles []Handle, cancel *os.File) int {
	polls := make([]unix.PollFd, len(handles), len(handles)+1)
	for i, h := range handles {
		polls[i] = unix.PollFd{Fd: int32(h.fd), Events: unix.POLLIN}
	}
	if cancel != nil {
		polls = append(polls, unix.PollFd{Fd: int32(cancel.Fd()), Events: unix.POLLIN})
	}
	for {
		if _, err := unix.Poll(polls, -1); errors.Is(err, unix.EINTR) {
			continue
		}
		for i := range handles {
			if polls[i].Revents != 0 {
				return i
			}
		}
		return -1
	}
}

// reaping is how long a parent may take to look at its child that has ended.
const reaping = 5 * time.Second

// Exit tells how the process ended, though it was not our child: Linux 6.15
// and newer keep that for whoever has a handle, from the moment that its
// parent has looked (POLLHUP). ErrUnknown elsewhere.
func (h Handle) Exit() (Exit, error) {
	polls := []unix.PollFd{{Fd: int32(h.fd)}}
	for end := time.Now().Add(reaping); polls[0].Revents == 0 && time.Now().Before(end); {
		unix.Poll(polls, int(time.Until(end)/time.Millisecond)+1)
	}
	// struct pidfd_info of linux/pidfd.h in its first version, 64 bytes.
	info := struct {
		mask, cgroup uint64
		ids          [11]uint32
		exit         int32
	}{mask: 1 << 3} // PIDFD_INFO_EXIT
	const getInfo = 3<<30 | 64<<16 | 0xff<<8 | 11 // _IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(h.fd), getInfo, uintptr(unsafe.Pointer(&info)))
	if errno != 0 || info.mask&(1<<3) == 0 {
		return Exit{Code: -1}, ErrUnknown
	}
	return exitOf(syscall.WaitStatus(info.exit)), nil
}
