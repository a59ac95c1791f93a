package changes_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/changes"
)

// A job that builds when a source changes, here once.
func ExampleUnder() {
	dir, err := os.MkdirTemp("", "changes")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	o := changes.Options{
		Ignore: append(changes.Usual(), "*.o"),
		Ready: func() {
			os.WriteFile(filepath.Join(dir, "main.o"), nil, 0o600)
			os.WriteFile(filepath.Join(dir, "main.c"), nil, 0o600)
		},
	}
	j := job.On(ctx, "build", changes.Under(dir, o), func(_ context.Context, _ *job.Writer, c changes.Change) error {
		fmt.Println("build, as there changed", c.Paths)
		return nil
	}, job.EventOptions{Max: 1})
	<-j.Finished()
	fmt.Println(j.State().State)
	// Output:
	// build, as there changed [main.c]
	// Completed
}
