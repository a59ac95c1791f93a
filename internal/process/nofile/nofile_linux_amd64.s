#include "textflag.h"

// func getrlimit(limit *[2]uint64)
TEXT ·getrlimit(SB), NOSPLIT, $0-8
	MOVQ	$7, DI // RLIMIT_NOFILE
	MOVQ	limit+0(FP), SI
	MOVQ	$97, AX // getrlimit
	SYSCALL
	RET
