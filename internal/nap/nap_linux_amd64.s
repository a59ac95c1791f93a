#include "textflag.h"
#include "go_asm.h"

// The tiny program. It is copied into a file and executed there, alone in a
// process: no stack but the kernel's, no handlers, all signals blocked. It
// makes nothing but system calls, whose numbers are those of
// asm/unistd_64.h; they keep all registers but AX, CX and R11.
//
//	R12  the stack as the kernel left it: argc, argv, 0, envp, 0
//	R13  what we write to, below the stack: nobody else uses it
//	R14  the parameters
//	BX   what a loop goes through

#define LIMIT	512 // of R13: struct timespec, the time that is left
#define POLL	528 // of R13: struct pollfd
#define BUFFER	512 // bytes from R13 on
#define BELOW	1024

#define CALL(number)	MOVL $number, AX; SYSCALL

TEXT program<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ	SP, R12
	LEAQ	-BELOW(SP), R13
	MOVQ	$(const_base+const_parametersAt), R14

	MOVL	$15, DI // PR_SET_NAME
	LEAQ	parameters_name(R14), SI
	CALL(157)	// prctl
	MOVQ	parameters_limit(R14), AX
	MOVQ	AX, LIMIT(R13)
	MOVQ	(parameters_limit+8)(R14), AX
	MOVQ	AX, (LIMIT+8)(R13)
	MOVQ	parameters_signals(R14), AX // fd, then events and revents
	MOVQ	$(1<<32), CX // POLLIN
	ORQ	CX, AX
	MOVQ	AX, POLL(R13)

	// First forget the signals that came, then ask for the next, then look:
	// what comes after the look is told again.
look:
	MOVL	parameters_signals(R14), DI
	MOVQ	R13, SI
	MOVL	$BUFFER, DX
	CALL(0)	// read
	MOVL	parameters_folder(R14), DI
	MOVL	$1026, SI // F_NOTIFY
	MOVL	$0x1e, DX // DN_MODIFY, DN_CREATE, DN_DELETE, DN_RENAME; once
	CALL(72)	// fcntl
	TESTQ	AX, AX
	JNE	wake

	// Has one of the files another size?
	MOVQ	parameters_files(R14), BX
file:
	MOVQ	watched_name(BX), SI
	TESTQ	SI, SI
	JEQ	requests
	MOVL	parameters_folder(R14), DI
	MOVQ	R13, DX // struct stat
	XORL	R10, R10
	CALL(262)	// newfstatat
	XORL	CX, CX
	CMPQ	AX, $-2 // ENOENT
	JEQ	size
	TESTQ	AX, AX
	JNE	wake
	MOVQ	48(R13), CX // st_size
size:
	CMPQ	CX, watched_size(BX)
	JNE	wake
	ADDQ	$watched__size, BX
	JMP	file

	// Is there a request?
requests:
	MOVL	parameters_folder(R14), DI
	MOVQ	parameters_requests(R14), SI
	MOVL	$0x90000, DX // O_DIRECTORY, O_CLOEXEC
	XORL	R10, R10
	CALL(257)	// openat
	CMPQ	AX, $-2 // ENOENT
	JEQ	children
	CMPQ	AX, $-20 // ENOTDIR
	JEQ	children
	TESTQ	AX, AX
	JLT	wake
	MOVQ	AX, BX
entries:
	MOVL	BX, DI
	MOVQ	R13, SI
	MOVL	$BUFFER, DX
	CALL(217)	// getdents64
	TESTQ	AX, AX
	JLE	close
	MOVQ	R13, SI
	ADDQ	R13, AX // where the entries end
entry:
	CMPB	19(SI), $0x2e // d_name begins with a dot
	JNE	wake
	MOVWLZX	16(SI), CX // d_reclen
	ADDQ	CX, SI
	CMPQ	SI, AX
	JLT	entry
	JMP	entries
close:
	MOVL	BX, DI
	CALL(3)	// close

	// Has a child ended?
children:
	MOVL	$0, (R13)
	MOVL	$0, DI // P_ALL
	MOVL	$0, SI
	MOVQ	R13, DX // siginfo_t; si_signo stays 0 if none has
	MOVL	$0x1000005, R10 // WNOHANG, WEXITED, WNOWAIT: it stays to be waited for
	XORL	R8, R8
	CALL(247)	// waitid
	CMPL	(R13), $0
	JNE	wake

	LEAQ	POLL(R13), DI
	MOVL	$1, SI
	LEAQ	LIMIT(R13), DX // the kernel counts it down
	CMPQ	LIMIT(R13), $0
	JGE	limited
	XORL	DX, DX
limited:
	XORL	R10, R10
	MOVL	$8, R8
	CALL(271)	// ppoll
	TESTQ	AX, AX
	JGT	look

	// What is left is to execute our own program. From here on signals are
	// lost, but do no harm, until it looks at everything.
wake:
	MOVL	$64, BX
ignore:
	LEAQ	-1(BX), AX
	BTQ	AX, parameters_ignore(R14)
	JCC	ignored
	MOVL	BX, DI
	LEAQ	parameters_action(R14), SI
	XORL	DX, DX
	MOVL	$8, R10
	CALL(13)	// rt_sigaction
ignored:
	DECL	BX
	JNE	ignore
	MOVL	$2, DI // SIG_SETMASK
	LEAQ	parameters_mask(R14), SI
	XORL	DX, DX
	MOVL	$8, R10
	CALL(14)	// rt_sigprocmask

	MOVL	$2, BX // folder, signals, self
closed:
	MOVL	parameters_folder(R14)(BX*8), DI
	MOVL	$2, SI // F_SETFD
	MOVL	$1, DX // FD_CLOEXEC
	CALL(72)	// fcntl
	DECL	BX
	JGE	closed

	MOVQ	parameters_tries(R14), BX
again:
	MOVQ	parameters_path(R14), DI
	LEAQ	8(R12), SI // argv
	MOVQ	(R12), DX
	LEAQ	16(R12)(DX*8), DX // envp
	CALL(59)	// execve
	LEAQ	parameters_pause(R14), DI
	XORL	SI, SI
	CALL(35)	// nanosleep
	DECQ	BX
	JNE	again

	MOVL	$2, DI
	MOVQ	parameters_lost(R14), SI
	MOVQ	parameters_lostSize(R14), DX
	CALL(1)	// write
	MOVL	$1, DI
	CALL(231)	// exit_group

	LONG	$0x0b0f0b0f // the end, see machineCode
	LONG	$0x0b0f0b0f

// func code() (start unsafe.Pointer)
TEXT ·code(SB), NOSPLIT, $0-8
	LEAQ	program<>(SB), AX
	MOVQ	AX, start+0(FP)
	RET
