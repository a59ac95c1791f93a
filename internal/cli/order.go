package cli

import (
	"context"
	"path/filepath"
	"sort"

	"github.com/backjob/job/local"
)

func sortByRef(jobs []*local.Job) {
	sort.SliceStable(jobs, func(i, k int) bool {
		a, b := jobs[i].Ref(), jobs[k].Ref()
		return a.ID < b.ID || a.ID == b.ID && a.Child < b.Child
	})
}

func absolutePath(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// context is for what cannot be interrupted halfway.
func (c *call) context() context.Context { return context.Background() }
