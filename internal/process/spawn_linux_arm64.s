#include "textflag.h"

// func spawn(flags, stack uintptr, tid *uint32, fn, p uintptr) (pid, errno uintptr)
//
// The child begins on the stack it was given, calls fn with p, and never
// returns. fn is Go code, called as Go code calls it (ABIInternal).
TEXT ·spawn(SB), NOSPLIT, $0-56
	MOVD	flags+0(FP), R0
	MOVD	stack+8(FP), R1
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	tid+16(FP), R4 // for CLONE_CHILD_CLEARTID
	MOVD	fn+24(FP), R19
	MOVD	p+32(FP), R20
	MOVD	$220, R8 // clone
	SVC
	CBZ	R0, child
	CMN	$4095, R0
	BCC	ok
	NEG	R0, R0
	MOVD	ZR, pid+40(FP)
	MOVD	R0, errno+48(FP)
	RET
ok:
	MOVD	R0, pid+40(FP)
	MOVD	ZR, errno+48(FP)
	RET
child:
	MOVD	R20, R0
	CALL	(R19)
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
