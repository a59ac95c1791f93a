package asjob_test

import (
	"context"
	"flag"
	"os"

	"github.com/backjob/job"
	"github.com/backjob/job/asjob"
)

// A program with several commands, or another way to read its flags, uses a
// Command by itself.
func ExampleCommand() {
	asjob.Keep()
	c := asjob.Command{Verbose: os.Getenv("DEBUG") != ""}
	flags := flag.NewFlagSet("tidy", flag.ExitOnError)
	c.Flags(flags) // --as-job and --job-name; or set c.AsJob and c.Name as you like
	flags.Parse(os.Args[1:])

	ctx, end := asjob.Signals(context.Background()) // done with Ctrl-C
	defer end()
	err := c.Run(ctx, flags.Args(), func(ctx context.Context, out *job.Writer, args []string) error {
		out.Output("all is tidy")
		return nil
	})
	if err != nil {
		asjob.Report(os.Stderr, "tidy", err)
	}
	os.Exit(asjob.ExitStatus(ctx, err))
}
