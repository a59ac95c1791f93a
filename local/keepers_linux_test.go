package local

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/backjob/job"
)

// A program that starts jobs and goes on leaves no keeper in the process
// table.
func TestCloseTakesTheKeepersThatEnded(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "repository"), Options{})
	must(t, err)
	var keepers []int
	for range 3 {
		j, err := s.Start(context.Background(), job.Spec{Argv: []string{"true"}})
		must(t, err)
		must(t, j.Wait(context.Background()))
		_, status, err := j.(*Job).folder().Read()
		must(t, err)
		keepers = append(keepers, status.Keeper.PID)
	}
	// A keeper goes on for a moment after the final state; one that nobody
	// takes stays for ever.
	for len(keepers) > 0 {
		must(t, s.Close())
		keepers = slices.DeleteFunc(keepers, func(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
		s, err = Open(s.Folder(), Options{})
		must(t, err)
	}
	must(t, s.Close())
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		t.Errorf("after Close: got child %d, %v, want none", pid, err)
	}
}
