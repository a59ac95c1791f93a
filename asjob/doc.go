// Package asjob gives a command of a Go program an --as-job switch.
//
// Without the switch the command's work runs in the foreground: results go to
// standard output, errors, warnings and progress to standard error. With it
// the program starts itself again as a job of the user's repository, prints
// the job and returns at once; the command job then knows it: job get,
// receive, wait, stop. The program is its own keeper, so the command job need
// not be installed.
//
// The work is a function of the same form as for job.Go, with the arguments
// that the flags leave over:
//
//	func main() {
//		asjob.Keep() // first of all
//		deep := flag.Bool("deep", false, "look into folders")
//		os.Exit(asjob.Main(flag.CommandLine, os.Args[1:],
//			func(ctx context.Context, out *job.Writer, args []string) error {
//				...
//			}))
//	}
//
// For a cobra command see package cobrajob; for any other framework
// [Command].
package asjob
