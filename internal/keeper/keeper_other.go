//go:build !linux

package keeper

import (
	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// Main is not there on this system.
func Main([]string) int { return 1 }

// Begin is not there on this system.
func Begin(*store.Store, *store.Journal, store.Meta) (*store.Status, error) {
	return nil, unsupported()
}

// Adopt is not there on this system.
func Adopt(*store.Store, *store.Journal) error { return unsupported() }

func unsupported() error {
	return &job.Error{Kind: job.Unsupported, Err: process.ErrUnsupported, Hint: "job works on Linux today"}
}
