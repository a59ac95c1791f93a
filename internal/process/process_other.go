//go:build !linux

package process

import (
	"os"
	"syscall"
)

// Command is a program to be started.
type Command struct {
	Path string
	Argv []string
	Env  []string
	Dir  string

	Stdin, Stdout, Stderr *os.File
}

// Start is not there on this system.
func (c Command) Start() (pid int, err error) { return 0, ErrUnsupported }

// Stat is what the system says of a process.
type Stat struct {
	PID     int
	State   byte
	Parent  int
	Session int
	Start   uint64
}

// Gone reports whether the process has ended.
func (s Stat) Gone() bool { return true }

// StatOf is not there on this system.
func StatOf(int) (Stat, error) { return Stat{}, ErrUnsupported }

// Alive is not there on this system.
func Alive(int, uint64) bool { return false }

// BootID is not there on this system.
func BootID() string { return "" }

// Handle is a process that may be somebody else's child.
type Handle struct{}

// Open is not there on this system.
func Open(int, uint64) (Handle, error) { return Handle{}, ErrUnsupported }

// Close gives the handle back.
func (h Handle) Close() error { return nil }

// Signal is not there on this system.
func (h Handle) Signal(syscall.Signal) error { return ErrUnsupported }

// WaitAny is not there on this system.
func WaitAny([]Handle, *os.File) int { return -1 }

// ReapKeepers does nothing here: there are no keepers.
func ReapKeepers() {}
