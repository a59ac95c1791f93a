// Package nap lets a process that waits for a change in a folder, or for the
// end of a child, do so in a program of its own that needs almost no memory:
// a few hundred bytes of machine code that have no runtime. The process
// executes it, and that executes the process's first program again, from the
// same file, as soon as there is anything to do. Number, parent, children,
// session and the descriptors that are kept stay what they are through both.
//
// A nap promises that nothing is missed: what happened before it, or while it
// begins, ends it at once. It knows no jobs.
//
// The code is for amd64 on Linux; elsewhere nobody naps.
package nap

import (
	"syscall"
	"time"
)

// Nap says what to wait for, and how to go on. Whatever it names has to be
// seen to when the nap is over: it does not say what ended it, and may end
// without a reason.
type Nap struct {
	Name string    // of the process while it naps, at most 15 bytes
	Argv []string  // of the process while it naps, and afterwards
	Env  []string  // the same
	Keep []uintptr // descriptors that stay open, though they close on exec

	Folder   string         // where something may change
	Files    []File         // files there; a nap ends when one has another size
	Requests string         // a folder there; a nap ends when it has an entry that begins with no dot,
	Signal   syscall.Signal // which this signal tells
	Limit    time.Duration  // a nap ends after it; 0 means never

	// A nap also ends when a child has ended. The child stays to be waited for.
}

// File is a file and the size that is no news; one that is not there has 0.
type File struct {
	Name string // at most as long as a file's name may be
	Size int64
}
