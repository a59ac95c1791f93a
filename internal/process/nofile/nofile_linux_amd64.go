// Package nofile knows the limit of open files that this process was started
// with.
//
// Package syscall raises the soft limit in its init, and gives the old one
// back only to programs that syscall.ForkExec starts. We start programs by
// other means, so the limit has to be read before that. Packages without
// imports are initialised in the order of their import paths (Go spec,
// "Program initialization"), so this one, which imports nothing, comes before
// syscall.
package nofile

// Limit is the soft and the hard limit at the start of this process. Both are
// zero if they could not be read.
var Limit = read()

func read() (limit [2]uint64) {
	getrlimit(&limit)
	return limit
}

// getrlimit is getrlimit(RLIMIT_NOFILE, limit).
func getrlimit(limit *[2]uint64)
