package main

import (
	"fmt"
	"time"
)

// b5Million compares, from fork to exit of the command, the same
// `job get --newest 50` among a million finished jobs and among a hundred.
func b5Million(b *bench) error {
	sizes := []int{b.b5, 100}
	var sides []side
	for _, n := range sizes {
		r, err := b.repository(fmt.Sprintf("b5-%d", n))
		if err != nil {
			return err
		}
		if err := makeRepository(r.dir, n); err != nil {
			return err
		}
		sides = append(sides, side{fmt.Sprintf("get --newest 50 of %d", n), func() (time.Duration, error) {
			return timed(r.command("get", "--newest", "50"))
		}})
	}
	samples, err := b.takeTurns(10*b.pairs, sides...)
	if err != nil {
		return err
	}
	b.report.times("b5", sides[0].name, samples[0], sides[1].name, samples[1], atMost(1.3))
	return nil
}
