package changes

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/backjob/job"
)

// ignored tells whether a pattern matches a path under the root. The folders
// above it are not looked at: under one that is ignored nothing is watched.
func ignored(patterns []string, name string) bool {
	name = filepath.ToSlash(name)
	for _, pattern := range patterns {
		against := path.Base(name)
		if strings.Contains(pattern, "/") {
			against = name
		}
		if ok, _ := path.Match(strings.TrimPrefix(pattern, "/"), against); ok { // the patterns were checked
			return true
		}
	}
	return false
}

// CheckPatterns refuses patterns that are none: see [Options].
func CheckPatterns(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return &job.Error{Kind: job.Invalid, Err: fmt.Errorf("ignore %s: %w", pattern, err),
				Hint: `* stands for any text, ? for a character, [a-z] for one of them, \ makes what follows mean itself`}
		}
	}
	return nil
}
