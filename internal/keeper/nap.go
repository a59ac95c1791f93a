package keeper

import (
	"errors"
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
	// to wake up often.
	napLater = 32
)

// rest is what a keeper remembers over a nap; its last argument has it.
type rest struct {
	napped bool
	after  time.Duration // how long it has to be quiet until the next nap
	left   time.Duration // of the attempt's timeout, when the nap began
	began  time.Duration // the time of the monotonic clock then; 0 means that left is not known
}

// restOf reads the last argument of a keeper. What a keeper of another version
// remembers in another way is not known.
func restOf(how string) rest {
	text, napped := strings.CutPrefix(how, napping)
	r := rest{napped: napped, after: NapAfter}
	fields := strings.Split(text, ":")
	if !napped || len(fields) != 3 {
		return r
	}
	after, err1 := time.ParseDuration(fields[0])
	left, err2 := time.ParseDuration(fields[1])
	began, err3 := time.ParseDuration(fields[2])
	if errors.Join(err1, err2, err3) == nil {
		r.after, r.left, r.began = after, left, began
	}
	return r
}

// how is the last argument of a keeper that remembers this.
func (r rest) how() string {
	return napping + r.after.String() + ":" + r.left.String() + ":" + r.began.String()
}
