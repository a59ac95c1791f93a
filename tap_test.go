package job_test

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/backjob/job"
)

// tapped writes down what a tap is told.
type tapped struct {
	mu   sync.Mutex
	said []string
}

func (p *tapped) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, fmt.Sprintf(format, args...))
}

func (p *tapped) tap() *job.Tap {
	return &job.Tap{
		Child: func(child job.Ref, name string) { p.say("child %v %s", child, name) },
		Step: func(e job.StateEvent) error {
			p.say("step %v %v→%v", e.Job, e.Previous.State, e.New.State)
			return nil
		},
		Record: func(r job.Record) { p.say("record %v %v:%s", r.Job, r.Stream, r.Text) },
	}
}

// of is what was said of one job, in order.
func (p *tapped) of(ref string) string {
	var said []string
	for _, s := range p.said {
		if words := strings.Fields(s); words[1] == ref {
			said = append(said, strings.Replace(s, " "+ref, "", 1))
		}
	}
	return strings.Join(said, ", ")
}

func TestTapTakesAll(t *testing.T) {
	var p tapped
	ctx := job.WithTap(background, p.tap())
	j := job.Go(ctx, "parent", func(ctx context.Context, out *job.Writer) error {
		out.Output("own")
		out.Go(ctx, "one", func(ctx context.Context, out *job.Writer) error {
			out.Warning("careful")
			fmt.Fprint(out.Lines(job.Output), "a line\nand a half")
			out.Go(ctx, "deep", func(_ context.Context, out *job.Writer) error { out.Output("deep"); return nil })
			return nil
		})
		return nil
	})
	must(t, j.Wait(background))
	if got, want := p.of("0"), "step NotStarted→Running, record output:own, step Running→Completed"; got != want {
		t.Errorf("of the job: got\n%s\nwant\n%s", got, want)
	}
	got := strings.Split(p.of("0.1"), ", ")
	if got[0] != "child one" || got[1] != "step NotStarted→Running" || got[len(got)-1] != "step Running→Completed" {
		t.Errorf("of its first child: got %q, want it told first, then its steps around its records", got)
	}
	sort.Strings(got)
	if want := "child one, record output:a line, record output:and a half, record output:deep, record warning:careful, step NotStarted→Running, step Running→Completed"; strings.Join(got, ", ") != want {
		t.Errorf("of its first child, sorted: got\n%s\nwant\n%s", strings.Join(got, ", "), want)
	}
	if got := textsOf(t, j, job.RecordOptions{}); got != "" {
		t.Errorf("what the jobs keep themselves: got %q, want nothing, as the tap took it", got)
	}
}

// What the tap cannot keep is not told as a step.
func TestTapThatIsFull(t *testing.T) {
	full := errors.New("disk full")
	p := tapped{}
	tap := p.tap()
	let := make(chan bool)
	refused := 0
	tap.Step = func(e job.StateEvent) error {
		if e.New.State == job.Stopping {
			refused++
			return full
		}
		return nil
	}
	j := job.Go(job.WithTap(background, tap), "", func(context.Context, *job.Writer) error { <-let; return nil })
	if err := j.Move(job.Stopping, nil); !errors.Is(err, full) || refused != 1 || j.State().State != job.Running {
		t.Errorf("a step that cannot be kept: got %v, state %v", err, j.State())
	}
	close(let)
	must(t, j.Wait(background))
}

// A function's own children have its tap, whatever context they get; other
// jobs that it starts keep what they write.
func TestTapIsTheFamilys(t *testing.T) {
	var mu sync.Mutex
	var taken []string
	tap := &job.Tap{Child: func(job.Ref, string) {}, Step: func(job.StateEvent) error { return nil },
		Record: func(r job.Record) {
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, r.Job.String()+" "+string(r.Text))
		}}
	var kept []string
	j := job.Go(job.WithTap(background, tap), "", func(ctx context.Context, out *job.Writer) error {
		say := func(text string) job.Work {
			return func(_ context.Context, out *job.Writer) error { out.Output(text); return nil }
		}
		var g job.Group
		g.Go(ctx, "", say("a group's"))
		alone := job.Go(ctx, "", say("its own"))
		g.Close()
		if err := job.WaitAll(ctx, &g, alone, out.Go(background, "", say("a child's"))); err != nil {
			return err
		}
		kept = append(kept, textsOf(t, &g, job.RecordOptions{}), textsOf(t, alone, job.RecordOptions{}))
		return nil
	})
	must(t, j.Wait(background))
	if fmt.Sprint(taken) != "[0.1 a child's]" || fmt.Sprint(kept) != "[output:a group's output:its own]" {
		t.Errorf("got %q taken and %q kept, state %v", taken, kept, j.State())
	}
}
