package nap

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Possible says that this system can nap, unless it forbids what it takes.
const Possible = true

// Take begins the nap and does not return, but for an error: then nothing has
// changed, except that signals which came meanwhile may be lost.
//
// The other threads of this process get signals up to the last moment, and
// end with them. That is no harm, as the tiny program looks at everything
// once before it waits.
func (n Nap) Take() error {
	d, err := n.open()
	if err != nil {
		return err
	}
	defer d.close()
	program, err := inMemory(n.Name, n.image(d))
	if err != nil {
		return err
	}
	defer unix.Close(program)
	return n.execute(program, d)
}

// descriptors are what the tiny program holds open beside Keep. It closes
// them when it executes ours.
type descriptors struct{ folder, signals, self int }

func (n Nap) open() (d descriptors, err error) {
	d = descriptors{-1, -1, -1}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.folder, err = unix.Open(n.Folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return d, &os.PathError{Op: "open", Path: n.Folder, Err: err}
	}
	// The file that we run, though another may have its name by then.
	if d.self, err = unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0); err != nil {
		return d, os.NewSyscallError("open /proc/self/exe", err)
	}
	told := unix.Sigset_t{}
	for _, sig := range []syscall.Signal{unix.SIGCHLD, unix.SIGIO, n.Signal} {
		told.Val[0] |= bit(sig)
	}
	d.signals, err = unix.Signalfd(-1, &told, unix.SFD_CLOEXEC|unix.SFD_NONBLOCK)
	return d, os.NewSyscallError("signalfd", err)
}

func (d descriptors) close() {
	for _, fd := range []int{d.folder, d.signals, d.self} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// inMemory makes a file of a program that is in no folder.
func inMemory(name string, program []byte) (fd int, err error) {
	const executable = 0x10 // MFD_EXEC, Linux 6.3
	fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|executable)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	}
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	if _, err := unix.Write(fd, program); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("write", err)
	}
	return fd, nil
}

// execute executes the tiny program with all signals blocked, so that they
// wait for it. syscall.Exec gives back the limit of open files that we were
// started with.
func (n Nap) execute(program int, d descriptors) error {
	syscall.ForkLock.Lock() // nothing is forked while they are open to children
	defer syscall.ForkLock.Unlock()
	kept := append([]uintptr{uintptr(d.folder), uintptr(d.signals), uintptr(d.self)}, n.Keep...)
	for _, fd := range kept {
		unix.FcntlInt(fd, unix.F_SETFD, 0)
		defer unix.FcntlInt(fd, unix.F_SETFD, unix.FD_CLOEXEC)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all, before := ^uint64(0), uint64(0)
	setMask(&all, &before)
	defer setMask(&before, nil)
	return os.NewSyscallError("execve", syscall.Exec(path(program), n.Argv, n.Env))
}

// path is what executes an open file. The tiny program executes us the same
// way: if it gets to run at all, that works here.
func path(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

func setMask(to, before *uint64) {
	const set = 2 // SIG_SETMASK
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, set, uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(before)), 8, 0, 0)
}

func bit(sig syscall.Signal) uint64 { return 1 << (sig - 1) }

// timespec is how long, as the kernel takes it; negative means for ever.
func timespec(d time.Duration) [2]int64 {
	if d <= 0 {
		return [2]int64{-1, 0}
	}
	return [2]int64{int64(d / time.Second), int64(d % time.Second)}
}
