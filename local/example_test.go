package local_test

import (
	"context"
	"fmt"
	"os"

	"github.com/backjob/job"
	"github.com/backjob/job/local"
)

// What the command job starts and shows, a Go program can start and show too.
func Example() {
	local.Keep() // first in main: this process may be executed to be a job's keeper
	ctx := context.Background()
	source, err := local.Open("", local.Options{}) // the user's own repository
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer source.Close() // the jobs go on
	j, err := source.Start(ctx, job.Spec{Name: "build", Argv: []string{"make", "all"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // a program that cannot be started is no job
		return
	}
	for r, err := range j.Records(ctx, job.RecordOptions{Follow: true}) {
		if err != nil {
			return
		}
		fmt.Printf("%v: %s\n", r.Stream, r.Text)
	}
}
