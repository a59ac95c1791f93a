//go:build !linux

package cli

import "errors"

func addNice(int) error { return errors.New("not there yet on this system") }

func ignorePipe() {}

func signalNumber(string) int { return 0 }
