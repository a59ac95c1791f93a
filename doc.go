// Package job is the model of background jobs: what a job is, what states it
// goes through, what it puts out, and how jobs are found again.
//
// A [Job] is a record that stands for work done elsewhere. Its children do the
// work, each at a location; its [State] follows from theirs ([ParentState]);
// what they put out is kept as [Record] values on a [Stream] until somebody
// receives it. All jobs stand in a [Repository], which joins any number of
// [Source] values; a source runs and finds the jobs of one kind.
//
// # Jobs in this process
//
// [Go] runs a function as a job; a [Group] runs many, a few at a time, and is
// one job that stands for all; [On] runs an action for each event. They write
// to a [Writer], typed values if they like, and [Values] gets these back. A
// [Memory] is the source that finds them by id, name and state.
//
//	j := job.Go(ctx, "thumbnails", func(ctx context.Context, out *job.Writer) error {
//		for _, name := range names {
//			if err := shrink(ctx, name); err != nil {
//				return err // the job is Failed, for this reason
//			}
//			out.Output(name)
//		}
//		return nil // Completed
//	})
//	for record, err := range j.Records(ctx, job.RecordOptions{Follow: true}) {
//		...
//	}
//
// # Kinds of jobs of one's own
//
// Embed [Lifecycle], which is all of [Job] but the work and Stop, and moves
// the state by the one table of steps that there is. Package jobtest proves
// that the result is a good job, and that a Source is a good source.
//
// # What is elsewhere
//
// The package starts no process, reads no disk and prints nothing, and imports
// the standard library only. Package local is the Source for processes on this
// machine, package asjob gives a program's own command an --as-job switch, and
// the command job is for the shell.
package job
