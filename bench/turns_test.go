package main

import "testing"

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		s    sample
		q    float64
		want float64
	}{
		{sample{7}, 0.5, 7},
		{sample{3, 1, 2}, 0.5, 2},
		{sample{4, 1, 3, 2}, 0.5, 2.5},
		{sample{1, 2, 3, 4, 5}, 0.25, 2},
		{sample{1, 2, 3, 4, 5}, 0.75, 4},
		{sample{1, 2}, 1, 2},
	} {
		if got := c.s.quantile(c.q); got != c.want {
			t.Errorf("%v.quantile(%v): got %v, want %v", c.s, c.q, got, c.want)
		}
	}
}

// The ratio is that of two neighbours in time, not that of two medians.
func TestRatioIsRoundByRound(t *testing.T) {
	ours, peer := sample{2, 30, 4}, sample{1, 10, 4}
	if got := ours.over(peer).median(); got != 2 {
		t.Errorf("median of %v over %v: got %v, want 2", ours, peer, got)
	}
	if got := ours.minus(peer).median(); got != 1 {
		t.Errorf("median of %v minus %v: got %v, want 1", ours, peer, got)
	}
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		l    limit
		v    float64
		want bool
	}{
		{atMost(2.2), 2.2, true},
		{atMost(2.2), 2.3, false},
		{atLeast(0.97), 0.97, true},
		{atLeast(0.97), 0.96, false},
	} {
		if got := c.l.holds(c.v); got != c.want {
			t.Errorf("%s holds %v: got %v, want %v", c.l.text(factor), c.v, got, c.want)
		}
	}
}
