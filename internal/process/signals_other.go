//go:build !linux

package process

import "syscall"

// SignalName is the signal's text.
func SignalName(sig syscall.Signal) string { return sig.String() }

// ParseSignal is not there on this system.
func ParseSignal(string) syscall.Signal { return 0 }
