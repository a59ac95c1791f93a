package jobtest

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// witness is a testing.TB that writes down what a check says, so that the kit
// can be tried on what it has to catch.
type witness struct {
	testing.TB // whose methods that are not here are not called

	mu       sync.Mutex
	faults   []string
	cleanups []func()
}

func (w *witness) Helper()      {}
func (w *witness) Log(...any)   {}
func (w *witness) Name() string { return "witness" }

func (w *witness) Logf(string, ...any) {}

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

func (w *witness) Fatalf(format string, args ...any) {
	w.Errorf(format, args...)
	runtime.Goexit()
}

func (w *witness) Fatal(args ...any) { w.Fatalf("%s", fmt.Sprint(args...)) }

func (w *witness) Cleanup(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cleanups = append(w.cleanups, f)
}

// hear runs a check to its end, and gives what it said.
func hear(check func(testing.TB)) []string {
	w := &witness{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(w)
	}()
	<-done
	for i := len(w.cleanups) - 1; i >= 0; i-- {
		w.cleanups[i]()
	}
	return w.faults
}

// impatient is how long the kit waits for what a broken job will never do.
const impatient = 2 * time.Second

// broken is a Job or a Source with a fault, which the check of this name has to
// tell.
type broken struct {
	fault string
	check string
	says  string // a regular expression
	kind  any
}

func (b broken) hear() []string {
	switch kind := b.kind.(type) {
	case Job:
		kind.Patience, kind.Rounds = impatient, 20
		for _, c := range jobChecks() {
			if c.name == b.check {
				return hear(func(w testing.TB) { c.run(&trial{TB: w, kind: kind}) })
			}
		}
	case Source:
		kind.Patience, kind.Rounds = impatient, 20
		for _, c := range sourceChecks() {
			if c.name == b.check {
				return hear(func(w testing.TB) { c.run(kind.trial(w)) })
			}
		}
	}
	return []string{"there is no check " + b.check}
}

// catch looks whether the kit tells all of these faults. The checks run side
// by side, as they wait for what will not happen.
func catch(t *testing.T, all ...[]broken) {
	t.Helper()
	for _, b := range slices.Concat(all...) {
		heard := make(chan []string, 1)
		go func() { heard <- b.hear() }() // ends with the check
		defer t.Run(b.fault, func(t *testing.T) { wantSaid(t, <-heard, b.says) })
	}
}

func wantSaid(t *testing.T, faults []string, says string) {
	t.Helper()
	for _, f := range faults {
		if regexp.MustCompile("(?s)" + says).MatchString(f) {
			return
		}
	}
	t.Errorf("what the kit says: got\n\t%s\nwanted something like\n\t%s", strings.Join(faults, "\n\t"), says)
}
