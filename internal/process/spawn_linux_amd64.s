#include "textflag.h"

// func spawn(flags, stack uintptr, tid *uint32, fn, p uintptr) (pid, errno uintptr)
//
// The child begins on the stack it was given, calls fn with p, and never
// returns. fn is Go code, called as Go code calls it (ABIInternal): by way of
// the symbol we would get a wrapper, which the race detector instruments.
TEXT ·spawn(SB), NOSPLIT, $0-56
	MOVQ	flags+0(FP), DI
	MOVQ	stack+8(FP), SI
	MOVQ	$0, DX
	MOVQ	tid+16(FP), R10 // for CLONE_CHILD_CLEARTID
	MOVQ	$0, R8
	MOVQ	fn+24(FP), R12
	MOVQ	p+32(FP), R13
	MOVQ	$56, AX // clone
	SYSCALL
	CMPQ	AX, $0
	JEQ	child
	CMPQ	AX, $0xfffffffffffff001
	JLS	ok
	NEGQ	AX
	MOVQ	$0, pid+40(FP)
	MOVQ	AX, errno+48(FP)
	RET
ok:
	MOVQ	AX, pid+40(FP)
	MOVQ	$0, errno+48(FP)
	RET
child:
	MOVQ	R13, AX
	MOVQ	(TLS), R14 // g
	XORPS	X15, X15
	CALL	R12
	INT	$3

// func vfork() (pid, errno uintptr)
//
// The child shares our stack until it executes something, so the return
// address cannot stay there: the child's calls overwrite it. It stays in a
// register that the system call keeps.
TEXT ·vfork(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ	$0x4111, DI // CLONE_VM | CLONE_VFORK | SIGCHLD
	MOVQ	$0, SI
	MOVQ	$0, DX
	MOVQ	$0, R10
	MOVQ	$0, R8
	MOVQ	$0, R9
	MOVQ	$56, AX // clone
	POPQ	R12
	SYSCALL
	PUSHQ	R12
	CMPQ	AX, $0xfffffffffffff001
	JLS	ok
	NEGQ	AX
	MOVQ	$0, pid+0(FP)
	MOVQ	AX, errno+8(FP)
	RET
ok:
	MOVQ	AX, pid+0(FP)
	MOVQ	$0, errno+8(FP)
	RET
