package main

import (
	"context"

	"github.com/backjob/job"
)

// Primes is the result of a job.
type Primes struct {
	Below int `json:"below"`
	Count int `json:"count"`
}

// primes counts the primes below a number, and tells how far it is.
func primes(ctx context.Context, out *job.Writer, below int) error {
	result := Primes{Below: below}
	told := 0
	for n := 2; n < below; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err() // somebody stopped us
		}
		if percent := n * 100 / below; percent > told {
			told = percent
			out.Progress(job.Step{Activity: "counting primes", Percent: percent})
		}
		if prime(n) {
			result.Count++
		}
	}
	out.Output(result)
	return nil
}

func prime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}
