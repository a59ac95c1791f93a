package process

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/backjob/job/internal/process/nofile"
)

// Keeper is the process that becomes the parent of what Launch starts.
type Keeper struct {
	Argv  []string    // our own program is executed with these arguments; the last ends in PIDDigits
	Env   []string    // and this environment
	Files [6]*os.File // its descriptors 0 to 5; nil means /dev/null
}

// PIDDigits is what the keeper's last argument ends in; the number of the
// program takes its place. So the keeper knows what it is the parent of, also
// if who launched both is killed before it can write that down.
const PIDDigits = "0000000000"

// CanLaunch says that Launch works on this system.
const CanLaunch = true

// Launch starts a program under a keeper, in the order that costs least: the
// process that will be the keeper forks the program first, and executes our
// own program again only when go, its descriptor 4, is at its end. So the
// keeper's runtime, which takes a millisecond to come up, is on nobody's way,
// and the keeper is the program's parent all the same. Launch returns when the
// program was executed, or cannot be; if c.Path is empty there is none, and
// it returns at once.
// meanwhile is called while the program is being executed, which takes about
// as long as all the rest.
//
// Between the forks only system calls are made, as in syscall.ForkExec: these
// processes share our memory, and Go's runtime does not run in them.
func Launch(c Command, k Keeper, meanwhile func(keeper int)) (keeper, program int, err error) {
	var pipe [2]int // not an os.Pipe: the answer comes in less time than its poller takes
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		return 0, 0, os.NewSyscallError("pipe2", err)
	}
	defer syscall.Close(pipe[0])
	p, free, err := newPlan(c, k, uintptr(pipe[1]))
	syscall.Close(pipe[1])
	if err != nil {
		return 0, 0, err
	}
	keeper, errno := p.spawn()
	free()
	if errno != 0 {
		return 0, 0, os.NewSyscallError("fork", errno)
	}
	if c.Path == "" {
		Mind(keeper)
		return keeper, 0, nil
	}
	meanwhile(keeper)
	// The keeper's end of the pipe closes when it goes on or exits.
	if told(pipe[0]) && p.programErrno == 0 {
		Mind(keeper)
		return keeper, p.program, nil
	}
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(keeper, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if p.programErrno != 0 {
		return 0, 0, p.programErrno
	}
	return 0, 0, errors.New("the keeper was killed while it started the program")
}

// told waits for the keeper's word, and reports whether it came.
func told(fd int) bool {
	var b [1]byte
	for {
		n, err := syscall.Read(fd, b[:])
		if err != syscall.EINTR {
			return n == 1
		}
	}
}

// spawn forks the keeper.
func (p *plan) spawn() (pid int, errno syscall.Errno) {
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	inFlight = slices.DeleteFunc(inFlight, func(p *plan) bool { return atomic.LoadUint32(&p.tid) == 0 })
	inFlight = append(inFlight, p)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 0, 0, uintptr(unsafe.Pointer(&p.mask)), 8, 0, 0)
	p.tid = 1 // cleared by the kernel when the keeper no longer uses our memory
	const cloneVM, clearTID = 0x100, 0x200000
	keeper := becomeKeeper
	code := **(**uintptr)(unsafe.Pointer(&keeper)) // a func value points to where its code is
	top := p.stackTop()
	beforeFork()
	child, e := spawn(cloneVM|clearTID|uintptr(syscall.SIGCHLD), top, &p.tid, code, uintptr(unsafe.Pointer(p)))
	afterFork()
	if e != 0 {
		p.tid = 0
	}
	return int(child), syscall.Errno(e)
}

// inFlight keeps what keepers use that have not executed themselves yet.
// syscall.ForkLock guards it.
var inFlight []*plan

// plan is all that the children need, ready for the kernel, and what they
// tell us.
type plan struct {
	self, path, dir, root *byte
	keeperArgv, keeperEnv []*byte
	argv, env             []*byte
	keeperFiles           [6]uintptr
	files                 [3]uintptr
	digits                *[len(PIDDigits)]byte // at the end of the last of keeperArgv
	told                  uintptr               // the pipe that tells that program or programErrno are set
	nofile                [2]uint64
	mask                  uint64 // of signals, as it was before the fork
	tid                   uint32
	program               int
	programErrno          syscall.Errno
	stack                 [512]uintptr // the keeper's
}

// stackTop is where the keeper's stack begins: its end, aligned as calls want
// it.
func (p *plan) stackTop() uintptr {
	return uintptr(unsafe.Pointer(&p.stack[len(p.stack)-8])) &^ 15
}

func newPlan(c Command, k Keeper, told uintptr) (p *plan, free func(), err error) {
	p = &plan{nofile: nofile.Limit}
	var open []int
	free = func() {
		for _, fd := range open {
			syscall.Close(fd)
		}
	}
	// The children's descriptors are moved above those that they will have,
	// so that no dup overwrites one that is still needed.
	above := func(fd uintptr) uintptr {
		fd, errno := fcntl(fd, syscall.F_DUPFD_CLOEXEC, 6)
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
		p.keeperFiles[i] = above(f.Fd())
	}
	for i, f := range c.files(null) {
		p.files[i] = above(f.Fd())
	}
	p.told = above(told)
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
		if t.text == "" {
			continue
		}
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
	last := len(k.Argv) - 1
	p.digits = (*[len(PIDDigits)]byte)(unsafe.Add(unsafe.Pointer(p.keeperArgv[last]), len(k.Argv[last])-len(PIDDigits)))
	return nil
}

func fcntl(fd uintptr, cmd int, arg int) (uintptr, syscall.Errno) {
	r, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, uintptr(cmd), uintptr(arg))
	return r, errno
}

// spawn makes a child that shares our memory and calls fn with p on the stack
// that ends there.
func spawn(flags, stack uintptr, tid *uint32, fn, p uintptr) (pid, errno uintptr)

// vfork makes a child that shares our memory; we stand still until it
// executes something or exits. It returns 0 in the child.
func vfork() (pid, errno uintptr)

// What package syscall calls around its own fork, see runtime/proc.go: all
// signals are blocked in between, so the children begin with none.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

// The functions below run in the children. They make no call that could
// allocate, grow the stack or yield.

//go:norace
//go:nosplit
func becomeKeeper(p *plan) {
	const prSetChildSubreaper, rlimitNofile = 36, 7
	syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0, 0, 0, 0)
	if p.nofile[1] != 0 {
		syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, rlimitNofile, uintptr(unsafe.Pointer(&p.nofile)), 0, 0, 0)
	}
	clearHandlers(p)
	if p.path != nil {
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
	}
	for i, n := len(p.digits)-1, p.program; i >= 0; i-- {
		p.digits[i] = byte('0' + n%10)
		n /= 10
	}
	// From now on our number is known, and requests come with this signal,
	// which would end us until the runtime is up and handles it.
	action := sigaction{handler: ignoreSignal}
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGUSR1), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	for i := uintptr(0); i < 6; i++ {
		syscall.RawSyscall(syscall.SYS_DUP3, p.keeperFiles[i], i, 0)
	}
	syscall.RawSyscall(syscall.SYS_WRITE, p.told, uintptr(unsafe.Pointer(&p.program)), 1)
	closeAbove(6)
	syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(p.root)), 0, 0)
	for { // until go is at its end
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, 4, uintptr(unsafe.Pointer(&p.stack)), 1)
		if errno == 0 && n == 0 || errno != 0 && errno != syscall.EINTR {
			break
		}
	}
	syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(p.self)),
		uintptr(unsafe.Pointer(&p.keeperArgv[0])), uintptr(unsafe.Pointer(&p.keeperEnv[0])))
	exit() // the job goes on; whoever looks next starts another keeper
}

// sigaction is the kernel's struct of that name.
type sigaction struct{ handler, flags, restorer, mask uintptr }

const ignoreSignal = 1 // SIG_IGN as a handler

// clearHandlers gives every signal that our runtime handles its default
// again, then lets signals through.
//
//go:norace
//go:nosplit
func clearHandlers(p *plan) {
	var action sigaction
	for sig := uintptr(1); sig <= 64; sig++ {
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(&action)), 8, 0, 0)
		if action.handler > ignoreSignal {
			action = sigaction{}
			syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
		}
	}
	const setMask = 2
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&p.mask)), 0, 8, 0, 0)
}

//go:norace
//go:nosplit
func becomeProgram(p *plan) {
	syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0)
	_, _, errno := syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(p.dir)), 0, 0)
	for i := uintptr(0); i < 3 && errno == 0; i++ {
		_, _, errno = syscall.RawSyscall(syscall.SYS_DUP3, p.files[i], i, 0)
	}
	closeAbove(3)
	if errno == 0 {
		_, _, errno = syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(p.path)),
			uintptr(unsafe.Pointer(&p.argv[0])), uintptr(unsafe.Pointer(&p.env[0])))
	}
	p.programErrno = errno
	exit()
}

// closeAbove closes all descriptors from first on: the children keep nothing
// of the caller's open but what they were given. The
// other end of a pipe that they held would never be told of its end.
//
//go:norace
//go:nosplit
func closeAbove(first uintptr) {
	const closeRange = 436 // Linux 5.9
	if _, _, errno := syscall.RawSyscall(closeRange, first, 1<<31-1, 0); errno != 0 {
		for fd := first; fd < 1024; fd++ {
			syscall.RawSyscall(syscall.SYS_CLOSE, fd, 0, 0)
		}
	}
}

//go:norace
//go:nosplit
func exit() {
	for {
		syscall.RawSyscall(syscall.SYS_EXIT, 127, 0, 0)
	}
}
