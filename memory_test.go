package job_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// Adding, ending, stopping, finding and removing, in any order, against a
// slice.
func TestMemoryInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(t *rapid.T) {
			m := &remembered{}
			t.Repeat(map[string]func(*rapid.T){
				"add":       m.add,
				"add twice": m.addTwice,
				"end":       m.one((*puppet).end),
				"stop":      m.one((*puppet).stop),
				"remove":    m.remove,
				"find":      m.find,
				"":          m.check,
			})
			for _, p := range m.ever {
				p.stop(t)
			}
		})
	})
}

type remembered struct {
	memory job.Memory
	ever   []*puppet // id i+1 at i
	gone   []*puppet
}

func (m *remembered) add(t *rapid.T) {
	p := newPuppet(nil)
	if err := m.memory.Add(p); err != nil {
		t.Fatalf("Add: %v", err)
	}
	m.ever = append(m.ever, p)
}

func (m *remembered) one(do func(*puppet, *rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		if len(m.ever) > 0 {
			do(rapid.SampledFrom(m.ever).Draw(t, "job"), t)
		}
	}
}

func (m *remembered) addTwice(t *rapid.T) {
	m.one(func(p *puppet, t *rapid.T) { wantKind(t, "Add twice", m.memory.Add(p), job.WrongState) })(t)
}

func (m *remembered) remove(t *rapid.T) {
	m.one(func(p *puppet, t *rapid.T) {
		synctest.Wait()
		err := m.memory.Remove(background, p)
		switch {
		case slices.Contains(m.gone, p):
			wantKind(t, "Remove twice", err, job.NotFound)
		case !p.state.Final():
			wantKind(t, "Remove of one at work", err, job.WrongState)
		case err != nil:
			t.Fatalf("Remove: %v", err)
		default:
			m.gone = append(m.gone, p)
		}
	})(t)
}

func (m *remembered) here() []*puppet {
	return slices.DeleteFunc(slices.Clone(m.ever), func(p *puppet) bool { return slices.Contains(m.gone, p) })
}

func (m *remembered) find(t *rapid.T) {
	id := rapid.IntRange(0, len(m.ever)+1).Draw(t, "id")
	state := rapid.SampledFrom([]job.State{job.Running, job.Completed, job.Failed, job.Stopped}).Draw(t, "state")
	synctest.Wait()
	byID, err := m.memory.Find(background, job.Query{Jobs: []string{fmt.Sprint(id)}})
	there := id > 0 && id <= len(m.ever) && slices.Contains(m.here(), m.ever[id-1])
	if there && (err != nil || len(byID) != 1 || byID[0] != m.ever[id-1]) {
		t.Fatalf("Find by id %d: got %d jobs, %v", id, len(byID), err)
	} else if !there {
		wantKind(t, "Find by an id that is not here", err, job.NotFound)
	}
	byState, err := m.memory.Find(background, job.Query{States: []job.State{state}})
	want := slices.DeleteFunc(m.here(), func(p *puppet) bool { return p.state != state })
	if err != nil || len(byState) != len(want) {
		t.Fatalf("Find by state %v: got %d jobs, %v, want %d", state, len(byState), err, len(want))
	}
}

func (m *remembered) check(t *rapid.T) {
	all, err := m.memory.Find(background, job.Query{})
	if err != nil || len(all) != len(m.here()) {
		t.Fatalf("Find of all: got %d jobs, %v, want %d", len(all), err, len(m.here()))
	}
	for i, p := range m.here() {
		if all[i] != p {
			t.Fatalf("Find of all: at %d got another job, want the order of ids", i)
		}
	}
}

func wantKind(t interface{ Fatalf(string, ...any) }, what string, err error, kind job.Kind) {
	var e *job.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("%s: got %v, want kind %v", what, err, kind)
	}
}

func TestMemoryRefuses(t *testing.T) {
	var m job.Memory
	var none *job.FuncJob
	child := (&job.Group{}).Go(background, "", func(context.Context, *job.Writer) error { return nil })
	wantKind(t, "Add of nil", m.Add(nil), job.Invalid)
	wantKind(t, "Add of a nil pointer", m.Add(none), job.Invalid)
	wantKind(t, "Add of a group's child", m.Add(child), job.WrongState)
	wantKind(t, "Remove of nil", m.Remove(background, nil), job.Invalid)
	wantKind(t, "Remove of a nil pointer", m.Remove(background, none), job.Invalid)
	wantKind(t, "Remove of what cannot be compared", m.Remove(background, value{hand: &hand{}}), job.NotFound)
	_, err := m.Start(background, job.Spec{})
	wantKind(t, "Start without Run", err, job.Unsupported)
	m.Run = func(context.Context, job.Spec, *job.Writer) error { return nil }
	_, err = m.Start(background, job.Spec{Name: "7"})
	wantKind(t, "Start with a name like an id", err, job.Invalid)
	if all, _ := m.Find(background, job.Query{}); len(all) != 0 {
		t.Errorf("after that: got %d jobs, want none", len(all))
	}
	must(t, child.Wait(background))
}

// pair embeds a Lifecycle by pointer, and is a value.
type pair struct {
	*job.Lifecycle
	notes []string
}

func (pair) Stop(context.Context, job.StopOptions) error { return nil }

func TestMemoryTakesValues(t *testing.T) {
	var m job.Memory
	p := pair{Lifecycle: &job.Lifecycle{}, notes: []string{"a slice"}}
	must(t, m.Add(p))
	wantKind(t, "Add twice", m.Add(pair{Lifecycle: p.Lifecycle}), job.WrongState)
	must(t, p.Move(job.Stopped, nil))
	must(t, m.Remove(background, p))
	wantKind(t, "Remove twice", m.Remove(background, p), job.NotFound)
}

// The caller may do with its Spec what it likes.
func TestMemoryStart(t *testing.T) {
	m := job.Memory{Run: func(_ context.Context, s job.Spec, out *job.Writer) error {
		out.Output(strings.Join(s.Argv, "+"))
		return nil
	}}
	argv := []string{"add", "1 2"}
	j, err := m.Start(background, job.Spec{Argv: argv})
	must(t, err)
	must(t, j.Wait(background))
	argv[0] = "spoiled"
	info, err := j.Info()
	must(t, err)
	if info.Name != "Job1" || info.Command != "add '1 2'" || info.Argv[0] != "add" || info.Attempt != 1 {
		t.Errorf("Info: got %+v", info)
	}
	if got := textsOf(t, j, job.RecordOptions{}); got != "output:add+1 2" {
		t.Errorf("records: got %q", got)
	}
}
