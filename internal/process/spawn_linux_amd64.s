#include "textflag.h"

// func spawn(flags, stack uintptr, tid *uint32) (pid, errno uintptr)
//
// The child begins on the stack it was given, whose top holds the argument of
// becomeKeeper, and never returns.
TEXT ·spawn(SB), NOSPLIT, $0-40
	MOVQ	flags+0(FP), DI
	MOVQ	stack+8(FP), SI
	MOVQ	$0, DX
	MOVQ	tid+16(FP), R10 // for CLONE_CHILD_CLEARTID
	MOVQ	$0, R8
	MOVQ	$56, AX // clone
	SYSCALL
	CMPQ	AX, $0
	JEQ	child
	CMPQ	AX, $0xfffffffffffff001
	JLS	ok
	NEGQ	AX
	MOVQ	$0, pid+24(FP)
	MOVQ	AX, errno+32(FP)
	RET
ok:
	MOVQ	AX, pid+24(FP)
	MOVQ	$0, errno+32(FP)
	RET
child:
	CALL	·becomeKeeper(SB)
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
