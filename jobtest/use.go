package jobtest

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backjob/job"
)

var useChecks = []check{
	{"use/by many at once", 0, func(t *trial) {
		for range few(t.kind.rounds()) {
			gate := t.hold()
			j := t.start(Script{Before: lines(job.Output, "before", 10), Hold: gate.C, After: lines(job.Output, "after", 10)})
			try(t, "a job used by several goroutines", func() any {
				t.useByMany(gate, j)
				return nil
			})
			t.wantLife(j)
		}
	}},
	{"use/leaves no goroutine behind", 0, func(t *trial) {
		t.useAndLeave() // what is made once for the whole process may stay
		if left := t.leftBy(t.useAndLeave); left != "" {
			t.Errorf("goroutines that were still there %v after their jobs had ended and nobody listened any more:\n%s", t.kind.patience(), left)
		}
	}},
}

// useByMany does to one job all that may be done, side by side.
func (t *trial) useByMany(g *gate, j job.Job) {
	var users sync.WaitGroup
	defer users.Wait()
	for range 3 {
		users.Go(func() { t.askAll(j) })
		users.Go(func() {
			for range j.Events(t.ctx(), true) {
				t.askAll(j)
			}
		})
		users.Go(func() {
			for range j.Records(t.ctx(), job.RecordOptions{Follow: true}) {
			}
		})
		users.Go(func() { _ = j.Wait(t.ctx()) })
	}
	users.Go(g.open)
	users.Go(func() { _ = j.Stop(t.ctx(), job.StopOptions{}) })
}

// useAndLeave lets jobs end in several ways, with users who left before.
func (t *trial) useAndLeave() {
	for _, fail := range []string{"", "broken"} {
		t.ended(Script{Before: lines(job.Output, "out", 2), Fail: fail})
	}
	gate := t.hold()
	j := t.start(Script{Before: lines(job.Output, "out", 2), Hold: gate.C})
	ctx, cancel := context.WithCancel(t.ctx())
	leave := func(int) bool { return false }
	hearEvents(t, "Events, left after the first,", j, ctx, true, leave).all()
	hearRecords(t, "Records, left after the first,", j, ctx, job.RecordOptions{Follow: true}, leave).all()
	cancelled := hearEvents(t, "Events, cancelled,", j, ctx, true, nil)
	cancelled.first(1)
	stop := job.OnState(j, func(job.StateEvent) {})
	cancel()
	_, _ = cancelled.end()
	_ = try(t, "stop of a handler", stop)
	t.stop(j)
}

// label marks the goroutines of one use, and those that they start.
const label = "jobtest"

var uses atomic.Int64

// leftBy are the stacks of goroutines that were started within use and are
// still there when patience ends. Goroutines inherit labels, so those of
// others that run at the same time are none of ours.
func (t *trial) leftBy(use func()) (left string) {
	mark := strconv.FormatInt(uses.Add(1), 10)
	pprof.Do(t.ctx(), pprof.Labels(label, mark), func(context.Context) { use() })
	end := time.NewTimer(t.kind.patience())
	defer end.Stop()
	for wait := time.Millisecond; ; wait *= 2 {
		if left = stacksOf(mark); left == "" {
			return ""
		}
		again := time.NewTimer(min(wait, 100*time.Millisecond))
		select {
		case <-again.C: // a goroutine that ends tells nobody
		case <-end.C:
			return left
		}
	}
}

// stacksOf are the stacks of the goroutines with our label.
func stacksOf(mark string) string {
	runtime.Gosched()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return err.Error()
	}
	var ours []string
	for _, stack := range strings.Split(profile.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("%q:%q", label, mark)) {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}
