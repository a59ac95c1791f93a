#include "textflag.h"

// func spawn(flags, stack uintptr, tid *uint32) (pid, errno uintptr)
//
// The child begins on the stack it was given, where the argument of
// becomeKeeper stands above a free word, and never returns.
TEXT ·spawn(SB), NOSPLIT, $0-40
	MOVD	flags+0(FP), R0
	MOVD	stack+8(FP), R1
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	tid+16(FP), R4 // for CLONE_CHILD_CLEARTID
	MOVD	$220, R8 // clone
	SVC
	CBZ	R0, child
	CMN	$4095, R0
	BCC	ok
	NEG	R0, R0
	MOVD	ZR, pid+24(FP)
	MOVD	R0, errno+32(FP)
	RET
ok:
	MOVD	R0, pid+24(FP)
	MOVD	ZR, errno+32(FP)
	RET
child:
	CALL	·becomeKeeper(SB)
	UNDEF

// func vfork() (pid, errno uintptr)
//
// The return address is in the link register, which the system call keeps.
TEXT ·vfork(SB), NOSPLIT|NOFRAME, $0-16
	MOVD	$0x4111, R0 // CLONE_VM | CLONE_VFORK | SIGCHLD
	MOVD	$0, R1
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	$0, R4
	MOVD	$0, R5
	MOVD	$220, R8 // clone
	SVC
	CMN	$4095, R0
	BCC	ok
	NEG	R0, R0
	MOVD	ZR, pid+0(FP)
	MOVD	R0, errno+8(FP)
	RET
ok:
	MOVD	R0, pid+0(FP)
	MOVD	ZR, errno+8(FP)
	RET
