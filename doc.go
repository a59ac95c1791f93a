// Package job is the model of background jobs: what a job is, what states it
// goes through, what it puts out, and how jobs are found again.
//
// A [Job] is a record that stands for work done elsewhere. Its children do the
// work, each at a location; its [State] follows from theirs ([ParentState]);
// what they put out is kept as [Record] values on a [Stream] until somebody
// receives it. All jobs stand in a [Repository], which joins any number of
// [Source] values; a source runs and finds the jobs of one kind.
//
// The package holds types and rules and nothing that runs a process, reads a
// disk or prints. It imports the standard library only. Package local is the
// Source for processes on this machine; the command job ties both together.
package job
