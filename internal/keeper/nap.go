package keeper

import (
	"strings"
	"time"
)

// NapAfter is how long a keeper waits, when nothing happens, before it naps
// for the first time. It is a variable for tests: a keeper that they start
// gets it by napVariable.
var NapAfter = napAfter

const (
	napAfter    = 2 * time.Second
	napVariable = "NAP_AFTER" // in a keeper's own environment, which has nothing of the user's
	// napLater bounds how much longer than NapAfter a keeper waits that had
	// to wake up often. To wake up costs 5 ms of a processor.
	napLater = 32
)

// rest is what a keeper remembers over a nap; its last argument has it.
type rest struct {
	napped bool
	after  time.Duration // how long it has to be quiet until the next nap
	left   time.Duration // of the attempt's timeout, when the nap began
	began  time.Duration // the time of the monotonic clock then
}

// restOf reads the last argument of a keeper.
func restOf(how string) rest {
	r := rest{after: NapAfter}
	text, napped := strings.CutPrefix(how, napping)
	if !napped {
		return r
	}
	r.napped = true
	for i, field := range strings.Split(text, ":") {
		if d, err := time.ParseDuration(field); err == nil && i < 3 {
			*[]*time.Duration{&r.after, &r.left, &r.began}[i] = d
		}
	}
	return r
}

// how is the last argument of a keeper that remembers this.
func (r rest) how() string {
	return napping + r.after.String() + ":" + r.left.String() + ":" + r.began.String()
}
