// Package cobrajob gives a cobra command an --as-job switch: see package
// asjob. It is a package of its own so that a program that uses the standard
// flag package does not link cobra.
package cobrajob

import (
	"context"
	"os"

	"github.com/backjob/job/asjob"
	"github.com/spf13/cobra"
)

// Add makes work what the command does, and gives it the flags --as-job and
// --job-name. The context that the work gets is the command's (ExecuteContext),
// ended by SIGINT and SIGTERM too. asjob.Keep has to be the first call in main:
//
//	cobrajob.Add(cmd, func(ctx context.Context, out *job.Writer, args []string) error {
//
// The command's Use, Args, hooks and other flags stay as they are. Main
// executes it.
func Add(cmd *cobra.Command, work asjob.Work) {
	var c asjob.Command
	cmd.Flags().BoolVar(&c.AsJob, "as-job", false, asjob.AsJobUsage)
	cmd.Flags().StringVar(&c.Name, "job-name", "", asjob.NameUsage)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cmd.SilenceUsage = true // the command line was right; what comes now is about the work
		ctx, ended := asjob.Signals(cmd.Context())
		defer ended()
		return c.Run(ctx, args, work)
	}
}

// Main executes a command, or the one of its subcommands that was asked for,
// and reports its error, with a hint if there is one. It gives the exit status
// as asjob.Main does: 0, 1 for an error, 2 where cobra has shown the usage,
// 130 or 143 when a signal ended it.
func Main(root *cobra.Command) int {
	ctx, ended := asjob.Signals(context.Background())
	defer ended()
	root.SilenceErrors = true // we report them
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	asjob.Report(os.Stderr, root.Name(), err)
	if !cmd.SilenceUsage && !root.SilenceUsage {
		return 2
	}
	return asjob.ExitStatus(ctx, err)
}
