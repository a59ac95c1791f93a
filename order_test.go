package job_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// puppet is a function that does what it is told, step by step.
type puppet struct {
	*job.FuncJob
	told  chan func(*job.Writer) (end bool, err error)
	wrote []line // the model: what it put out
	state job.State
}

type line struct {
	stream job.Stream
	text   string
}

func (p *puppet) work(ctx context.Context, out *job.Writer) error {
	for {
		select {
		case do := <-p.told:
			if end, err := do(out); end {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func newPuppet(g *job.Group) *puppet {
	p := &puppet{told: make(chan func(*job.Writer) (bool, error)), state: job.Running}
	if g == nil {
		p.FuncJob = job.Go(background, "puppet", p.work)
	} else {
		p.FuncJob = g.Go(background, "puppet", p.work)
	}
	return p
}

func (p *puppet) write(t *rapid.T) {
	if p.state.Final() {
		return
	}
	l := line{rapid.SampledFrom([]job.Stream{job.Output, job.ErrorStream, job.Warning}).Draw(t, "stream"), fmt.Sprint(len(p.wrote))}
	p.told <- func(out *job.Writer) (bool, error) {
		map[job.Stream]func(any){job.Output: out.Output, job.ErrorStream: out.Error, job.Warning: out.Warning}[l.stream](l.text)
		return false, nil
	}
	p.wrote = append(p.wrote, l)
}

var errPuppet = errors.New("told to fail")

func (p *puppet) end(t *rapid.T) {
	if p.state.Final() {
		return
	}
	p.state = job.Completed
	var err error
	if rapid.Bool().Draw(t, "badly") {
		p.state, err = job.Failed, errPuppet
	}
	p.told <- func(*job.Writer) (bool, error) { return true, err }
	synctest.Wait() // a stop right behind it would race
}

func (p *puppet) stop(t *rapid.T) {
	if err := p.Stop(background, job.StopOptions{}); err != nil {
		t.Fatalf("Stop: got %v", err)
	}
	if !p.state.Final() {
		p.state = job.Stopped
	}
}

// given are what each reader got, of each of several jobs: the model of marks.
type given map[string]map[int]map[int]bool

// next is what a reader gets now of jobs that put out these lines.
func (g given) next(reader string, wants []job.Stream, all [][]line, n int) (lines []line) {
	if g[reader] == nil {
		g[reader] = map[int]map[int]bool{}
	}
	for j, wrote := range all {
		if g[reader][j] == nil {
			g[reader][j] = map[int]bool{}
		}
		for i, l := range wrote {
			if len(lines) == n || reader != "" && g[reader][j][i] || wants != nil && !slices.Contains(wants, l.stream) {
				continue
			}
			g[reader][j][i] = true
			lines = append(lines, l)
		}
	}
	return lines
}

// receive takes up to some records of a job and compares them with the model.
func (g given) receive(t *rapid.T, j job.Job, all [][]line) {
	synctest.Wait()
	o := job.RecordOptions{Reader: rapid.SampledFrom([]string{"", "default", "other"}).Draw(t, "reader")}
	o.Streams = rapid.SampledFrom([][]job.Stream{nil, {job.Output}, {job.ErrorStream, job.Warning}}).Draw(t, "streams")
	n := rapid.IntRange(1, 5).Draw(t, "at most")
	var got []line
	for r, err := range j.Records(background, o) {
		if err != nil {
			t.Fatalf("Records(%+v): %v", o, err)
		}
		if got = append(got, line{r.Stream, string(r.Text)}); len(got) == n {
			break
		}
	}
	if want := g.next(o.Reader, o.Streams, all, n); !slices.Equal(got, want) {
		t.Fatalf("Records(%+v), at most %d: got %v, want %v", o, n, got, want)
	}
	unread := 0
	for i, wrote := range all {
		unread += len(wrote) - len(g["default"][i])
	}
	if info, err := j.Info(); err != nil || info.Unread != int64(unread) {
		t.Fatalf("Info after Records(%+v): got %d unread, %v, want %d", o, info.Unread, err, unread)
	}
}

// Writing, ending, stopping and receiving, in any order.
func TestFunctionInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(t *rapid.T) {
			p, marks := newPuppet(nil), given{}
			t.Repeat(map[string]func(*rapid.T){
				"write":   p.write,
				"end":     p.end,
				"stop":    p.stop,
				"receive": func(t *rapid.T) { marks.receive(t, p, [][]line{p.wrote}) },
				"": func(t *rapid.T) {
					synctest.Wait()
					if got := p.State(); got.State != p.state || (got.Reason == errPuppet) != (p.state == job.Failed) {
						t.Fatalf("the state: got %v, want %v", got, p.state)
					}
				},
			})
			p.stop(t)
		})
	})
}

// The same with several functions in a group.
func TestGroupInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(t *rapid.T) {
			g, marks := &job.Group{Throttle: -1}, given{}
			var all []*puppet
			wrote := func() (lines [][]line) {
				for _, p := range all {
					lines = append(lines, p.wrote)
				}
				return lines
			}
			one := func(do func(*puppet, *rapid.T)) func(*rapid.T) {
				return func(t *rapid.T) {
					if len(all) > 0 {
						do(rapid.SampledFrom(all).Draw(t, "child"), t)
					}
				}
			}
			t.Repeat(map[string]func(*rapid.T){
				"add":     func(*rapid.T) { all = append(all, newPuppet(g)) },
				"write":   one((*puppet).write),
				"end":     one((*puppet).end),
				"stop":    one((*puppet).stop),
				"receive": func(t *rapid.T) { marks.receive(t, g, wrote()) },
			})
			var states []job.State
			for _, p := range all {
				p.stop(t)
				states = append(states, p.state)
			}
			g.Close()
			synctest.Wait()
			want := job.Completed
			if len(all) > 0 {
				want = job.ParentState(states, false)
			}
			if got := g.State().State; got != want {
				t.Fatalf("a group whose children are %v: got %v, want %v", states, got, want)
			}
		})
	})
}

// Two that follow for one reader, and one for itself, while the function
// writes, ends or is stopped: each record once between the two, and all for
// the third.
func TestFollowersInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, stopped := rapid.IntRange(0, 20).Draw(t, "records"), rapid.Bool().Draw(t, "stopped")
		j := job.Go(background, "", func(ctx context.Context, out *job.Writer) error {
			for i := range n {
				out.Output(i)
			}
			if stopped {
				<-ctx.Done()
			}
			return nil
		})
		follow := func(reader string) chan []int {
			c := make(chan []int, 1)
			go func() {
				var got []int
				for v := range job.Values[int](j.Records(background, job.RecordOptions{Reader: reader, Follow: true})) {
					got = append(got, v)
				}
				c <- got
			}()
			return c
		}
		alone, one, two := follow(""), follow("r"), follow("r")
		if stopped {
			if err := j.Stop(background, job.StopOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		a, b := <-one, <-two
		if !slices.IsSorted(a) || !slices.IsSorted(b) {
			t.Fatalf("two followers for one reader: got %v and %v, want the order of writing", a, b)
		}
		both := append(a, b...)
		slices.Sort(both)
		if got := <-alone; !slices.Equal(got, both) || len(got) != n {
			t.Fatalf("%d records: got %v alone, and %v between two, want all in both", n, got, both)
		}
	})
}

// First in, first out, and never more than the throttle, whoever is stopped
// while it waits.
func TestQueueInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(t *rapid.T) {
			q := &queue{group: &job.Group{Throttle: rapid.IntRange(1, 3).Draw(t, "throttle")}}
			t.Repeat(map[string]func(*rapid.T){
				"add":  q.add,
				"end":  func(t *rapid.T) { q.one(t, job.Running, (*puppet).end) },
				"stop": func(t *rapid.T) { q.one(t, rapid.SampledFrom(job.States()).Draw(t, "state"), (*puppet).stop) },
				"":     q.check,
			})
			if err := q.group.Stop(background, job.StopOptions{}); err != nil || !q.group.State().State.Final() {
				t.Fatalf("Stop: got %v, state %v", err, q.group.State())
			}
		})
	})
}

type queue struct {
	group *job.Group
	all   []*puppet
}

func (q *queue) add(*rapid.T) {
	p := newPuppet(q.group)
	p.state = job.NotStarted
	q.all = append(q.all, p)
	q.admit()
}

// admit is the model: who begins now.
func (q *queue) admit() {
	running := 0
	for _, p := range q.all {
		if p.state == job.Running {
			running++
		}
	}
	for _, p := range q.all {
		if p.state == job.NotStarted && running < q.group.Throttle {
			p.state = job.Running
			running++
		}
	}
}

// one does something to one of those in a state, if there are any.
func (q *queue) one(t *rapid.T, in job.State, do func(*puppet, *rapid.T)) {
	some := slices.DeleteFunc(slices.Clone(q.all), func(p *puppet) bool { return p.state != in })
	if len(some) > 0 {
		do(rapid.SampledFrom(some).Draw(t, "child"), t)
		q.admit()
	}
}

func (q *queue) check(t *rapid.T) {
	synctest.Wait()
	for i, p := range q.all {
		if got := p.State().State; got != p.state {
			t.Fatalf("throttle %d, child %d of %d: got %v, want %v", q.group.Throttle, i+1, len(q.all), got, p.state)
		}
	}
}
