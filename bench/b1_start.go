package main

import (
	"os/exec"
	"time"
)

// b1Start compares, from fork to exit of the command:
//
//	job start -q -- true           the program runs, or the error is told
//	job start --async -q -- true   the job is noted; the program runs soon
//	tsp true                       the job is queued with a server that runs
//
// An empty Go program and /bin/true show what no command can be faster than.
func b1Start(b *bench) error {
	r, err := b.repository("b1")
	if err != nil {
		return err
	}
	start := r.startTurn("start", "-q", "--", "true")
	async := r.startTurn("start", "--async", "-q", "--", "true")
	sides := []side{
		{"job start -q -- true", start},
		{"job start --async -q -- true", async},
		{"an empty Go program", func() (time.Duration, error) { return timed(exec.Command(b.empty)) }},
		{"/bin/true", func() (time.Duration, error) { return timed(exec.Command("/bin/true")) }},
	}
	s, missing := b.spooler("b1-tsp", 1)
	if missing == nil {
		sides = append(sides, side{"tsp true", s.startTurn("true")})
	}
	samples, err := b.takeTurns(10*b.pairs, sides...)
	if err != nil {
		return err
	}
	if missing != nil {
		b.report.alone("b1", sides[0].name, samples[0])
		b.report.alone("b1", sides[1].name, samples[1])
	} else {
		b.report.times("b1", sides[0].name, samples[0], "tsp true", samples[4], atMost(2.2))
		b.report.times("b1", sides[1].name, samples[1], "tsp true", samples[4], atMost(1.3))
	}
	b.report.floor("b1", sides[2].name, samples[2])
	b.report.floor("b1", sides[3].name, samples[3])
	return missing
}

// startTurn times a call of job, then waits until its job has left no trace
// on the processors.
func (r *repository) startTurn(args ...string) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		took, err := timed(r.command(args...))
		if err != nil {
			return 0, err
		}
		return took, r.settle()
	}
}

// startTurn does the same for tsp.
func (s *spooler) startTurn(args ...string) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		took, err := timed(s.command(args...))
		if err != nil {
			return 0, err
		}
		return took, s.settle()
	}
}
