//go:build linux && (amd64 || arm64)

package process

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/backjob/job/internal/process/nofile"
)

// Keeper is the process that becomes the parent of what Launch starts.
type Keeper struct {
	Argv  []string    // our own program is executed with these arguments
	Env   []string    // and this environment
	Files [6]*os.File // its descriptors 0 to 5; nil means /dev/null
}

// CanLaunch says that Launch works on this system.
const CanLaunch = true

// Launch starts a program under a keeper, in the order that costs least: we
// fork the keeper, which forks the program before it executes itself. So the
// program runs while the keeper's runtime, which takes a millisecond to come
// up, is still on its way, and the keeper is the program's parent all the
// same. Launch returns when the program was executed, or cannot be.
//
// Between the forks only system calls are made, as in syscall.ForkExec: the
// children share our memory, and the runtime does not run in them.
func Launch(c Command, k Keeper) (keeper, program int, err error) {
	p, free, err := newPlan(c, k)
	if err != nil {
		return 0, 0, err
	}
	defer free()
	syscall.ForkLock.Lock()
	keeper, errno := forkKeeper(p)
	syscall.ForkLock.Unlock()
	runtime.KeepAlive(p)
	switch {
	case errno != 0:
		return 0, 0, os.NewSyscallError("fork", errno)
	case p.programErrno != 0 || p.keeperErrno != 0:
		var status syscall.WaitStatus
		for {
			if _, err := syscall.Wait4(keeper, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
				break
			}
		}
	}
	if p.programErrno != 0 {
		return 0, 0, p.programErrno
	}
	if p.keeperErrno != 0 {
		return 0, 0, os.NewSyscallError("exec of the keeper", p.keeperErrno)
	}
	return keeper, p.program, nil
}

// plan is all that the children need, ready for the kernel.
type plan struct {
	self, path, dir, root     *byte
	keeperArgv, keeperEnv     []*byte
	argv, env                 []*byte
	keeperFiles               [6]uintptr
	files                     [3]uintptr
	nofile                    [2]uint64
	program                   int           // written by the keeper
	programErrno, keeperErrno syscall.Errno // written by whom they befall
}

func newPlan(c Command, k Keeper) (p *plan, free func(), err error) {
	p = &plan{nofile: nofile.Limit}
	var open []int
	free = func() {
		for _, fd := range open {
			syscall.Close(fd)
		}
	}
	// The children's descriptors are moved above those that they will have,
	// so that no dup overwrites one that is still needed.
	above := func(f *os.File) uintptr {
		fd, errno := fcntl(f.Fd(), syscall.F_DUPFD_CLOEXEC, 10)
		if errno != 0 && err == nil {
			err = os.NewSyscallError("fcntl", errno)
		}
		open = append(open, int(fd))
		return fd
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	for i, f := range k.Files {
		if f == nil {
			f = null
		}
		p.keeperFiles[i] = above(f)
	}
	for i, f := range c.files(null) {
		p.files[i] = above(f)
	}
	if err == nil {
		err = p.setTexts(c, k)
	}
	if err != nil {
		free()
		return nil, nil, err
	}
	return p, free, nil
}

func (p *plan) setTexts(c Command, k Keeper) (err error) {
	for _, t := range []struct {
		to   **byte
		text string
	}{{&p.self, "/proc/self/exe"}, {&p.root, "/"}, {&p.path, c.Path}, {&p.dir, c.Dir}} {
		if *t.to, err = syscall.BytePtrFromString(t.text); err != nil {
			return err
		}
	}
	for _, t := range []struct {
		to    *[]*byte
		texts []string
	}{{&p.keeperArgv, k.Argv}, {&p.keeperEnv, k.Env}, {&p.argv, c.Argv}, {&p.env, c.Env}} {
		if *t.to, err = syscall.SlicePtrFromStrings(t.texts); err != nil {
			return err
		}
	}
	return nil
}

func fcntl(fd uintptr, cmd int, arg int) (uintptr, syscall.Errno) {
	r, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, uintptr(cmd), uintptr(arg))
	return r, errno
}

// vfork makes a child that shares our memory; we stand still until it
// executes something or exits. It returns 0 in the child.
func vfork() (pid uintptr, errno uintptr)

// What package syscall calls around its own fork; see runtime/proc.go.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

//go:noinline
//go:norace
func forkKeeper(p *plan) (pid int, errno syscall.Errno) {
	beforeFork()
	child, e := vfork()
	if child == 0 && e == 0 {
		afterForkInChild()
		becomeKeeper(p)
	}
	afterFork()
	return int(child), syscall.Errno(e)
}

// The functions below run in the children. They make no call that could
// allocate, grow the stack or yield.

//go:noinline
//go:norace
//go:nosplit
func becomeKeeper(p *plan) {
	const prSetChildSubreaper, rlimitNofile = 36, 7
	syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0, 0, 0, 0)
	if p.nofile[1] != 0 {
		syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, rlimitNofile, uintptr(unsafe.Pointer(&p.nofile)), 0, 0, 0)
	}
	program, e := vfork()
	if program == 0 && e == 0 {
		becomeProgram(p)
	}
	p.program = int(program)
	if e != 0 {
		p.programErrno = syscall.Errno(e)
	}
	if p.programErrno != 0 {
		exit()
	}
	for i := uintptr(0); i < 6; i++ {
		syscall.RawSyscall(syscall.SYS_DUP3, p.keeperFiles[i], i, 0)
	}
	syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(p.root)), 0, 0)
	_, _, errno := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(p.self)),
		uintptr(unsafe.Pointer(&p.keeperArgv[0])), uintptr(unsafe.Pointer(&p.keeperEnv[0])))
	p.keeperErrno = errno
	syscall.RawSyscall(syscall.SYS_KILL, program, uintptr(syscall.SIGKILL), 0)
	exit()
}

//go:noinline
//go:norace
//go:nosplit
func becomeProgram(p *plan) {
	syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0)
	_, _, errno := syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(p.dir)), 0, 0)
	for i := uintptr(0); i < 3 && errno == 0; i++ {
		_, _, errno = syscall.RawSyscall(syscall.SYS_DUP3, p.files[i], i, 0)
	}
	if errno == 0 {
		_, _, errno = syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(p.path)),
			uintptr(unsafe.Pointer(&p.argv[0])), uintptr(unsafe.Pointer(&p.env[0])))
	}
	p.programErrno = errno
	exit()
}

//go:norace
//go:nosplit
func exit() {
	for {
		syscall.RawSyscall(syscall.SYS_EXIT, 127, 0, 0)
	}
}
