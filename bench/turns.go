package main

import (
	"fmt"
	"slices"
	"time"
)

// side is one of the things that a target compares. Its turn does the thing
// once and tells how long that took; what has to be made ready before and
// waited for after is in the turn too, but not in the time.
type side struct {
	name string
	turn func() (time.Duration, error)
}

// takeTurns lets the sides run n times each and returns their times, in the
// order of the sides. Every other round goes backwards, A B, B A, A B, so that
// each side comes as often after itself as after the other: what ran before
// leaves caches and free pages behind, and was seen to cost or save 6% of the
// time of a gigabyte's writing. A first round, for the caches, does not count.
func (b *bench) takeTurns(n int, sides ...side) ([]sample, error) {
	samples := make([]sample, len(sides))
	for round := range n + 1 {
		for i := range sides {
			if round%2 == 1 {
				i = len(sides) - 1 - i
			}
			s := sides[i]
			if err := b.interrupted(); err != nil {
				return nil, err
			}
			took, err := s.turn()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 {
				samples[i] = append(samples[i], took.Seconds())
			}
		}
	}
	return samples, nil
}

// takePairs lets two sides run as often as the user asked for; with -control
// the peer runs twice.
func (b *bench) takePairs(ours, peer side) ([]sample, error) {
	sides := []side{ours, peer}
	if b.control {
		sides = append(sides, peer)
	}
	return b.takeTurns(b.pairs, sides...)
}

// sample holds what was measured of one side, in the order of the rounds:
// seconds, or bytes.
type sample []float64

// over is the ratio of this side to another, round by round.
func (s sample) over(other sample) sample {
	return s.with(other, func(a, b float64) float64 { return a / b })
}

// minus is the difference to another side, round by round.
func (s sample) minus(other sample) sample {
	return s.with(other, func(a, b float64) float64 { return a - b })
}

func (s sample) with(other sample, f func(a, b float64) float64) sample {
	both := make(sample, len(s))
	for i := range s {
		both[i] = f(s[i], other[i])
	}
	return both
}

func (s sample) mean() float64 {
	sum := 0.0
	for _, v := range s {
		sum += v
	}
	return sum / float64(len(s))
}

func (s sample) median() float64 { return s.quantile(0.5) }

// quantile is the value below which the part q of the sample lies, between
// neighbours in proportion.
func (s sample) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[low]
	}
	part := at - float64(low)
	return sorted[low]*(1-part) + sorted[low+1]*part
}
