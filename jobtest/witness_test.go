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

// patience is how long the kit waits for what a broken job does, and impatience
// for what it will never do.
const (
	patience   = time.Minute
	impatience = 3 * time.Second
)

// broken is a Job or a Source with a fault, which the check of this name has to
// tell.
type broken struct {
	fault string
	check string
	says  string // a regular expression
	kind  any
}

// hangs reports whether the fault shows by something that never comes.
func (b broken) hangs() bool {
	return strings.Contains(b.says, "has not") || strings.Contains(b.says, "has given") || slices.Contains(hanging, b.fault)
}

var hanging = []string{"comes back from Stop early", "leaves a goroutine behind", "goes on when the loop was left",
	"waits for its readers", "loses their records"}

func (b broken) hear() []string {
	wait := patience
	if b.hangs() {
		wait = impatience
	}
	switch kind := b.kind.(type) {
	case Job:
		kind.Patience, kind.Rounds = wait, 20
		for _, c := range jobChecks() {
			if c.name == b.check {
				return hear(func(w testing.TB) { c.run(&trial{TB: w, kind: kind}) })
			}
		}
	case Source:
		kind.Patience, kind.Rounds = wait, 20
		for _, c := range sourceChecks() {
			if c.name == b.check {
				return hear(func(w testing.TB) { c.run(kind.trial(w)) })
			}
		}
	}
	return []string{"there is no check " + b.check}
}

// catch looks whether the kit tells all of these faults. Checks that wait for
// what will not happen run side by side.
func catch(t *testing.T, all ...[]broken) {
	t.Helper()
	for _, b := range slices.Concat(all...) {
		if !b.hangs() {
			t.Run(b.fault, func(t *testing.T) { wantSaid(t, b.hear(), b.says) })
			continue
		}
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
