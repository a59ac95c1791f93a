package job_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backjob/job"
)

func after(d time.Duration) *job.FuncJob {
	return job.Go(background, d.String(), func(ctx context.Context, _ *job.Writer) error {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
		return nil
	})
}

func TestWaitAnyAndAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		slow, quick := after(time.Hour), after(time.Minute)
		first, err := job.WaitAny(background, slow, quick, slow, quick)
		if err != nil || first != quick || time.Since(begun) != time.Minute {
			t.Errorf("WaitAny: got %v, %v after %v, want the quick one after a minute", first, err, time.Since(begun))
		}
		if first, err = job.WaitAny(background, slow, quick); err != nil || first != quick {
			t.Errorf("WaitAny with one that is final: got %v, %v", first, err)
		}
		short, cancel := context.WithTimeout(background, time.Minute)
		defer cancel()
		if _, err = job.WaitAny(short, slow); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitAny with a context of a minute: got %v", err)
		}
		if err = job.WaitAll(short, quick, slow); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitAll with a context of a minute: got %v", err)
		}
		must(t, job.WaitAll(background, slow, quick, slow))
		if slow.State().State != job.Completed || time.Since(begun) != time.Hour {
			t.Errorf("WaitAll: got %v after %v", slow.State(), time.Since(begun))
		}
	})
}

func TestWaitForNothing(t *testing.T) {
	var none *job.FuncJob
	final := job.Go(background, "", func(context.Context, *job.Writer) error { return nil })
	must(t, final.Wait(background))
	_, noJobs := job.WaitAny(background)
	_, nilJob := job.WaitAny(background, nil)
	_, nilBehind := job.WaitAny(background, none, final)
	for what, err := range map[string]error{
		"WaitAny of nothing": noJobs, "WaitAny of nil": nilJob, "WaitAny of a nil pointer": nilBehind,
		"WaitAll of nil": job.WaitAll(background, nil), "WaitAll of a nil pointer": job.WaitAll(background, final, none),
	} {
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != job.Invalid {
			t.Errorf("%s: got %v, want an Invalid error", what, err)
		}
	}
	must(t, job.WaitAll(background))
}

// lost is a job that cannot be waited for.
type lost struct{ *hand }

var errLost = errors.New("connection lost")

func (lost) Wait(context.Context) error { return errLost }

func TestWaitForWhatIsLost(t *testing.T) {
	good, bad := job.Go(background, "", func(context.Context, *job.Writer) error { return nil }), lost{&hand{}}
	if first, err := job.WaitAny(background, bad, good); err != nil || first != good {
		t.Errorf("WaitAny with one that is lost: got %v, %v, want the other", first, err)
	}
	if _, err := job.WaitAny(background, bad, bad); !errors.Is(err, errLost) {
		t.Errorf("WaitAny of what is lost: got %v, want why", err)
	}
	if err := job.WaitAll(background, good, bad); !errors.Is(err, errLost) {
		t.Errorf("WaitAll with one that is lost: got %v, want why", err)
	}
}

// A function that waits for any of its own group gives its turn meanwhile.
func TestWaitAnyInsideAGroup(t *testing.T) {
	g := &job.Group{Throttle: 1}
	outer := g.Go(background, "", func(ctx context.Context, _ *job.Writer) error {
		work := func(context.Context, *job.Writer) error { return nil }
		_, err := job.WaitAny(ctx, g.Go(ctx, "", work), g.Go(ctx, "", work))
		return err
	})
	must(t, outer.Wait(background))
	g.Close()
	must(t, g.Wait(background))
	if g.State().State != job.Completed {
		t.Errorf("a group of one whose function waits for two others: got %v", g.State())
	}
}

func TestOnStateFromTheFirst(t *testing.T) {
	j := after(0)
	must(t, j.Wait(background))
	var told []string
	late := job.OnState(j, func(e job.StateEvent) { told = append(told, fmt.Sprintf("%v→%v", e.Previous.State, e.New.State)) })
	if err := late(); err != nil || fmt.Sprint(told) != "[NotStarted→Running Running→Completed]" {
		t.Errorf("a handler that came late: got %v, %v", told, err)
	}
	must(t, late()) // twice does nothing
}

func TestOnStateIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hand{}
		told := 0
		stop := job.OnState(h, func(job.StateEvent) { told++ })
		h.to(job.Running)
		synctest.Wait()
		must(t, stop())
		h.to(job.Completed)
		synctest.Wait()
		if told != 1 {
			t.Errorf("a handler that was stopped after the first step: got %d calls, want 1", told)
		}
	})
}
