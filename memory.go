package job

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"sync"
)

// Memory is the source of the jobs of one process: what is added to it is
// found by id, name and state as any other job, and is gone with the process.
// The zero Memory is ready to use, by several goroutines.
type Memory struct {
	// Run, when set, is how Start runs a Spec: as a function job.
	Run func(ctx context.Context, spec Spec, out *Writer) error

	mu   sync.Mutex
	jobs map[ID]Job
	ids  map[*Lifecycle]ID
	last ID // the newest id; none is given twice
}

var _ Source = (*Memory)(nil)

// Member is a job that can be added to a [Memory]: any that embeds
// [Lifecycle], which takes its id from there.
type Member interface {
	Job
	lifecycle() *Lifecycle
}

func (l *Lifecycle) lifecycle() *Lifecycle { return l }

// Name is "memory".
func (m *Memory) Name() string { return "memory" }

// Add gives the job the next id and keeps it. A nil job is an [Invalid]
// error, one that was added before, here or elsewhere, a [WrongState] error.
func (m *Memory) Add(j Member) error {
	if isNil(j) {
		return &Error{Op: "add", Kind: Invalid, Err: errNil}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ref := j.lifecycle(), Ref{ID: m.last + 1}
	if !l.rename(Ref{}, ref) {
		return &Error{Op: "add", Job: l.ref().String(), Kind: WrongState, Err: errors.New("the job is in a repository, or a group, already")}
	}
	if m.jobs == nil {
		m.jobs, m.ids = map[ID]Job{}, map[*Lifecycle]ID{}
	}
	m.last++
	m.jobs[m.last], m.ids[l] = j, m.last
	if p, ok := j.(parent); ok {
		p.renameChildren(Ref{}, ref)
	}
	return nil
}

// idOf is the id of a job that is here.
func (m *Memory) idOf(j Job) (id ID, ok bool) {
	if member, is := j.(Member); is {
		id, ok = m.ids[member.lifecycle()]
	}
	return id, ok
}

// sameJob compares jobs by what makes them one: wrapped, or of a type that
// cannot be compared, they may differ as values.
func sameJob(a, b Job) bool {
	x, ok := a.(Member)
	y, both := b.(Member)
	if ok && both {
		return x.lifecycle() == y.lifecycle()
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

var errNil = errors.New("the job is nil")

// isNil is also true for a nil pointer that is no nil interface.
func isNil(j Job) bool {
	if j == nil {
		return true
	}
	v := reflect.ValueOf(j)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// Start runs the Spec by Run, and adds it. Without Run it is an [Unsupported]
// error.
func (m *Memory) Start(ctx context.Context, spec Spec) (Job, error) {
	if m.Run == nil {
		return nil, &Error{Op: "start", Kind: Unsupported, Err: errors.New("this repository in memory does not know how to run a Spec"),
			Hint: "set Memory.Run, or Add a job that runs"}
	}
	if spec.Name != "" {
		if err := CheckName(spec.Name); err != nil {
			return nil, err
		}
	}
	j := newFunc(context.WithoutCancel(ctx), spec.Name, func(ctx context.Context, out *Writer) error { return m.Run(ctx, spec, out) })
	j.Describe(func(i *Info) {
		i.Command, i.Argv, i.Dir = spec.Command, slices.Clone(spec.Argv), spec.Dir
		if i.Command == "" {
			i.Command = CommandText(spec.Argv)
		}
	})
	if err := m.Add(j); err != nil {
		return nil, err
	}
	j.launch()
	return j, nil
}

// Find gives the jobs that the query takes: see [Select].
func (m *Memory) Find(ctx context.Context, q Query) ([]Job, error) {
	return Select(m.all(), q)
}

func (m *Memory) all() []Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := make([]ID, 0, len(m.jobs))
	for id := range m.jobs {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, k int) bool { return ids[i] < ids[k] })
	jobs := make([]Job, len(ids))
	for i, id := range ids {
		jobs[i] = m.jobs[id]
	}
	return jobs
}

// Remove forgets a job. One that is not final is a [WrongState] error, one
// that is not here a [NotFound] error, a nil job an [Invalid] error.
func (m *Memory) Remove(ctx context.Context, j Job) error {
	if isNil(j) {
		return &Error{Op: "remove", Kind: Invalid, Err: errNil}
	}
	info, err := j.Info()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.idOf(j)
	switch {
	case !ok && info.Child != 0:
		return &Error{Op: "remove", Job: info.Ref.String(), Kind: WrongState, Err: errors.New("a child cannot be removed alone")}
	case !ok:
		return &Error{Op: "remove", Job: info.Name, Kind: NotFound, Err: fmt.Errorf("no such job in %s", m.Name())}
	case !info.State.Final():
		return &Error{Op: "remove", Job: info.Ref.String(), Kind: WrongState, Err: fmt.Errorf("job is %v", info.State),
			Hint: "stop it first"}
	}
	delete(m.ids, m.jobs[id].(Member).lifecycle())
	delete(m.jobs, id)
	return nil
}
