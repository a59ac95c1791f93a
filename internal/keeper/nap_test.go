package keeper

import (
	"strings"
	"testing"
	"time"
)

func TestRestIsRemembered(t *testing.T) {
	for _, want := range []rest{
		{napped: true, after: 4 * time.Second},
		{napped: true, after: 64 * time.Second, left: 59*time.Minute + 3*time.Nanosecond, began: 1000 * time.Hour},
		{napped: true, after: time.Microsecond, left: -time.Second, began: time.Nanosecond},
	} {
		how := want.how()
		if got := restOf(how); got != want || !strings.HasPrefix(how, napping) {
			t.Errorf("restOf(%q): got %+v, want %+v", how, got, want)
		}
	}
}

// A keeper of another version may have napped.
func TestRestOfOtherArguments(t *testing.T) {
	for how, want := range map[string]rest{
		"program=0000000017":     {after: NapAfter},
		fresh:                    {after: NapAfter},
		adopting:                 {after: NapAfter},
		"":                       {after: NapAfter},
		"napping:":               {napped: true, after: NapAfter},
		"napping:soon:1s:2s":     {napped: true, after: NapAfter},
		"napping:4s:1s:2s:3s:4s": {napped: true, after: NapAfter},
	} {
		if got := restOf(how); got != want {
			t.Errorf("restOf(%q): got %+v, want %+v", how, got, want)
		}
	}
}
