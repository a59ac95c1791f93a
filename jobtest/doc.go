// Package jobtest proves that somebody's [job.Job] or [job.Source] is a good
// one, in the manner of testing/slogtest: hand it a way to make jobs whose work
// follows a [Script], and it tries what a user may do with them, says what was
// done, what it got and what it wanted.
//
//	func TestCountdown(t *testing.T) {
//		jobtest.TestJob(t, jobtest.Job{
//			Start: func(t testing.TB, s jobtest.Script) job.Job { return StartCountdown(s.Work) },
//		})
//	}
//
// It tries the life cycle, the events of early and late subscribers, records
// on all streams for readers of all kinds, waiting, stopping in a race with
// the end, children, and what is left behind. Let it run with -race: much is
// done by several goroutines at once.
//
// What a kind of jobs cannot do is said in Lacks, and stands in the log of the
// test. Package jobtest waits for things, never for time to pass; a job that
// does not do what it should within Patience fails.
package jobtest
