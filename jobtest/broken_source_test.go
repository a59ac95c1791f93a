package jobtest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/backjob/job"
)

// bentSource is a good source of which something is broken.
type bentSource struct {
	job.Memory
	name   func() string
	start  func(ctx context.Context, spec job.Spec) (job.Job, error)
	find   func(ctx context.Context, q job.Query) ([]job.Job, error)
	remove func(ctx context.Context, j job.Job) error
}

func (s *bentSource) Name() string {
	if s.name == nil {
		return s.Memory.Name()
	}
	return s.name()
}

func (s *bentSource) Start(ctx context.Context, spec job.Spec) (job.Job, error) {
	if s.start == nil {
		return s.Memory.Start(ctx, spec)
	}
	return s.start(ctx, spec)
}

func (s *bentSource) Find(ctx context.Context, q job.Query) ([]job.Job, error) {
	if s.find == nil {
		return s.Memory.Find(ctx, q)
	}
	return s.find(ctx, q)
}

func (s *bentSource) Remove(ctx context.Context, j job.Job) error {
	if s.remove == nil {
		return s.Memory.Remove(ctx, j)
	}
	return s.remove(ctx, j)
}

// shelved are the scripts of specs, by their only argument.
var (
	shelved   sync.Map
	lastShelf atomic.Int64
)

func bendSource(how func(*bentSource)) Source {
	return Source{
		Open: func(testing.TB) job.Source {
			s := &bentSource{}
			s.Run = func(ctx context.Context, spec job.Spec, out *job.Writer) error {
				script, _ := shelved.Load(spec.Argv[0])
				return script.(Script).Work(ctx, out)
			}
			how(s)
			return s
		},
		Spec: func(_ testing.TB, s Script) job.Spec {
			key := strconv.FormatInt(lastShelf.Add(1), 10)
			shelved.Store(key, s)
			return job.Spec{Argv: []string{key}}
		},
		Lacks: ParentState,
	}
}

// bendFind changes what is found, and bendQuery what is asked.
func bendFind(how func(s *bentSource, q job.Query, found []job.Job, err error) ([]job.Job, error)) Source {
	return bendSource(func(s *bentSource) {
		s.find = func(ctx context.Context, q job.Query) ([]job.Job, error) {
			found, err := s.Memory.Find(ctx, q)
			return how(s, q, found, err)
		}
	})
}

func bendQuery(how func(*job.Query)) Source {
	return bendSource(func(s *bentSource) {
		s.find = func(ctx context.Context, q job.Query) ([]job.Job, error) {
			how(&q)
			return s.Memory.Find(ctx, q)
		}
	})
}

func TestTheKitCatchesBrokenSources(t *testing.T) {
	catch(t, brokenStarts(), brokenFinds(), brokenQueries(), brokenRemoves())
}

func brokenStarts() []broken {
	start := func(how func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error)) Source {
		return bendSource(func(s *bentSource) {
			s.start = func(ctx context.Context, spec job.Spec) (job.Job, error) { return how(s, ctx, spec) }
		})
	}
	return []broken{
		{"has no name", "source/has a name", `Name: got "", then ""`, bendSource(func(s *bentSource) { s.name = func() string { return "" } })},
		{"does not keep the name", "start/gives a job of its own", `Info of a job started as "one", command "work of one": got "Job1"`, start(
			func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error) {
				spec.Name = ""
				return s.Memory.Start(ctx, spec)
			})},
		{"has a name of its own where none is given", "start/a job without a name", `started without one: got "unnamed", wanted "Job1"`, start(
			func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error) {
				if spec.Name == "" {
					spec.Name = "unnamed"
				}
				return s.Memory.Start(ctx, spec)
			})},
		{"loses the arguments", "start/takes the arguments as they are", "Argv of a job started with", start(
			func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error) {
				j, err := s.Memory.Start(ctx, spec)
				if f, ok := j.(*job.FuncJob); ok {
					f.Describe(func(i *job.Info) { i.Argv = nil })
				}
				return j, err
			})},
		{"gives every job one id", "start/gives a job of its own", "the id of a job after that with id 1: got 1, wanted a greater one", start(
			func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error) {
				var other job.Memory
				other.Run = s.Run
				return other.Start(ctx, spec)
			})},
		{"ends its jobs with the context of their start", "start/a job outlives the context of its start", "after the context of Start was cancelled: got Stopped", start(
			func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error) {
				j, err := s.Memory.Start(ctx, spec)
				if err == nil {
					context.AfterFunc(ctx, func() { _ = j.Stop(context.Background(), job.StopOptions{}) })
				}
				return j, err
			})},
		{"takes any name", "start/refuses a name that is none", `Start of a job named "7": got job 1, wanted an Invalid error`, start(
			func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error) {
				spec.Name = strings.Trim("x"+spec.Name, "/\n.")
				spec.Name = "x" + strconv.Itoa(len(spec.Name))
				return s.Memory.Start(ctx, spec)
			})},
		{"keeps what it refused", "start/refuses a name that is none", "after starts that were refused: got the jobs", start(
			func(s *bentSource, ctx context.Context, spec job.Spec) (job.Job, error) {
				bad := job.CheckName(spec.Name)
				if bad != nil {
					spec.Name = ""
				}
				j, err := s.Memory.Start(ctx, spec)
				if bad != nil {
					return nil, bad
				}
				return j, err
			})},
		{"does not find what was just started", "start/can be found at once", "Find of a job that was just started: got 0 jobs", bendQuery(
			func(q *job.Query) { q.States = []job.State{job.Completed} })},
		{"gives nothing and no error", "find/all, each once, in the order of ids", `Start of a job named "c": got <nil>, error <nil>`, start(
			func(*bentSource, context.Context, job.Spec) (job.Job, error) { return nil, nil })},
	}
}

func brokenFinds() []broken {
	return []broken{
		{"adds each job twice", "find/all, each once, in the order of ids", `got the jobs \[1 c, 2 a, 3 b, 4 a, 1 c, 2 a, 3 b, 4 a\]`, bendFind(
			func(_ *bentSource, _ job.Query, found []job.Job, err error) ([]job.Job, error) {
				return append(found, found...), err
			})},
		{"lists the newest first", "find/all, each once, in the order of ids", `got the jobs \[4 a, 3 b`, bendFind(
			func(_ *bentSource, _ job.Query, found []job.Job, err error) ([]job.Job, error) {
				slices.Reverse(found)
				return found, err
			})},
		{"does not tell what it has not found", "find/what names nothing is told, the rest is found", "got error <nil>, wanted 1 NotFound errors", bendFind(
			func(_ *bentSource, _ job.Query, found []job.Job, _ error) ([]job.Job, error) { return found, nil })},
		{"finds nothing where one is unknown", "find/what names nothing is told, the rest is found", `Find by \["two" "nobody" "one"\]: got the jobs \[\], wanted \[2 two, 1 one\]`, bendFind(
			func(_ *bentSource, _ job.Query, found []job.Job, err error) ([]job.Job, error) {
				if err != nil {
					found = nil
				}
				return found, err
			})},
		{"tells one of several", "find/what names nothing is told, the rest is found", "wanted 4 NotFound errors", bendFind(
			func(_ *bentSource, _ job.Query, found []job.Job, err error) ([]job.Job, error) {
				if err != nil {
					err = &job.Error{Kind: job.NotFound, Err: errors.New("not found")}
				}
				return found, err
			})},
		{"takes a pattern without a match for an error", "find/by what names a job", "by a pattern that matches nothing.*: got error no job", bendFind(
			func(_ *bentSource, q job.Query, found []job.Job, err error) ([]job.Job, error) {
				if len(found) == 0 && len(q.Jobs) > 0 {
					err = &job.Error{Kind: job.NotFound, Err: errors.New("no job")}
				}
				return found, err
			})},
		{"looks at capitals", "find/by what names a job", `by a name that two have, \["night"\]: got the jobs \[1 night\]`, bendFind(
			func(_ *bentSource, q job.Query, found []job.Job, err error) ([]job.Job, error) {
				return slices.DeleteFunc(found, func(j job.Job) bool {
					i, _ := j.Info()
					return strings.EqualFold(i.Name, q.Jobs[0]) && i.Name != q.Jobs[0]
				}), err
			})},
		{"knows whole instance ids only", "find/by what names a job", "by the end of an instance id.*: got the jobs", bendFind(
			func(_ *bentSource, q job.Query, found []job.Job, err error) ([]job.Job, error) {
				if len(q.Jobs[0]) < 36 && q.Jobs[0] != "other" {
					found = nil
				}
				return found, err
			})},
		{"has an order of its own", "find/by what names a job", "in the order of the texts, each once.*: got the jobs", bendFind(
			func(_ *bentSource, _ job.Query, found []job.Job, err error) ([]job.Job, error) {
				slices.SortFunc(found, func(a, b job.Job) int {
					x, _ := a.Info()
					y, _ := b.Info()
					return int(x.ID) - int(y.ID)
				})
				return found, err
			})},
		{"does not know children", "find/children by their ids", `by the child id 2.1: got error`, bendFind(
			func(_ *bentSource, q job.Query, found []job.Job, err error) ([]job.Job, error) {
				if len(q.Jobs) > 0 && strings.Contains(q.Jobs[0], ".") {
					return nil, &job.Error{Kind: job.NotFound}
				}
				return found, err
			})},
		{"does not add children", "find/children by their ids", `with Children: got the jobs \[1 other, 2 parent\]`, bendQuery(func(q *job.Query) { q.Children = false })},
		{"adds all children", "find/children by their ids", "with the children that Failed: got the jobs", bendQuery(func(q *job.Query) {
			q.Children = q.Children || q.ChildState != nil
			q.ChildState = nil
		})},
		{"panics in Find", "find/nothing where there is nothing", "Find panicked: not implemented", bendQuery(func(*job.Query) { panic("not implemented") })},
	}
}

func brokenQueries() []broken {
	return []broken{
		{"has no filter for states", "find/filters", "Find by state: got", bendQuery(func(q *job.Query) { q.States = nil })},
		{"has no filter for names", "find/filters", "Find by name: got", bendQuery(func(q *job.Query) { q.Name = "" })},
		{"has no filter for commands", "find/filters", "Find by command: got", bendQuery(func(q *job.Query) { q.Command = "" })},
		{"has no filter for locations", "find/filters", "Find by a location where nothing runs: got", bendQuery(func(q *job.Query) { q.Location = "" })},
		{"has no filter for ends before", "find/filters", "Find ended before: got", bendQuery(func(q *job.Query) {
			if !q.Before.IsZero() {
				q.Before = q.Before.Add(1)
			}
		})},
		{"has no filter for ends after", "find/filters", "Find ended after: got", bendQuery(func(q *job.Query) {
			if !q.After.IsZero() {
				q.After = q.After.Add(-1)
			}
		})},
		{"takes any filter that holds for all", "find/filters", "Find by state and name: got", bendQuery(func(q *job.Query) {
			if len(q.States) > 0 {
				q.Name = ""
			}
		})},
		{"does not filter what is named", "find/filters", "Find by a name among those named: got", bendQuery(func(q *job.Query) {
			if len(q.Jobs) > 0 {
				q.Name = ""
			}
		})},
		{"knows no newest", "find/the newest", "Find the newest 0: got", bendQuery(func(q *job.Query) { q.Newest = nil })},
		{"knows no unread", "find/has more data", "Find what has more data, when nothing was received: got", bendQuery(func(q *job.Query) { q.HasMoreData = nil })},
		{"knows no readers", "find/has more data", "Find what has more data for another reader: got", bendQuery(func(q *job.Query) { q.Reader = "" })},
	}
}

func brokenRemoves() []broken {
	remove := func(how func(s *bentSource, ctx context.Context, j job.Job) error) Source {
		return bendSource(func(s *bentSource) {
			s.remove = func(ctx context.Context, j job.Job) error { return how(s, ctx, j) }
		})
	}
	return []broken{
		{"forgets nothing", "remove/of a final job", `after a job was removed: got the jobs \[1 kept, 2 gone\]`, remove(
			func(*bentSource, context.Context, job.Job) error { return nil })},
		{"cannot remove", "remove/of a final job", "Remove of a final job: got not implemented", remove(
			func(*bentSource, context.Context, job.Job) error { return errors.New("not implemented") })},
		{"removes twice", "remove/of a final job", "Remove of a job that was removed: got error <nil>", remove(
			func(s *bentSource, ctx context.Context, j job.Job) error { _ = s.Memory.Remove(ctx, j); return nil })},
		{"stops what is at work", "remove/of a job that is not final", "Remove of a job that is at work: got error <nil>, wanted a \\*job.Error of kind WrongState", remove(
			func(s *bentSource, ctx context.Context, j job.Job) error {
				_ = j.Stop(ctx, job.StopOptions{})
				return s.Memory.Remove(ctx, j)
			})},
		{"stops what it refuses to remove", "remove/of a job that is not final", "after a Remove that was refused: got Stopped", remove(
			func(s *bentSource, ctx context.Context, j job.Job) error {
				err := s.Memory.Remove(ctx, j)
				_ = j.Stop(ctx, job.StopOptions{})
				return err
			})},
		{"panics at nil", "remove/of what is no job here", "Remove panicked", remove(
			func(s *bentSource, ctx context.Context, j job.Job) error {
				if _, err := j.Info(); err != nil {
					return err
				}
				return s.Memory.Remove(ctx, j)
			})},
		{"takes jobs of others", "remove/of what is no job here", "Remove of a job of another source: got error <nil>", remove(
			func(s *bentSource, ctx context.Context, j job.Job) error {
				err := s.Memory.Remove(ctx, j)
				if kindOf(err) == job.NotFound {
					return nil
				}
				return err
			})},
		{"removes jobs by their children", "remove/of a child", "Remove of child 1.1 alone: got nil", remove(
			func(s *bentSource, ctx context.Context, j job.Job) error {
				if i, _ := j.Info(); i.Child != 0 {
					found, _ := s.Memory.Find(ctx, job.Query{Jobs: []string{job.Ref{ID: i.ID}.String()}})
					j = found[0]
				}
				return s.Memory.Remove(ctx, j)
			})},
		{"gives ids again", "remove/of a final job", "the id of a job started after job 2 was removed: got 1, wanted a greater one", bendSource(func(s *bentSource) {
			s.remove = func(ctx context.Context, j job.Job) error {
				err := s.Memory.Remove(ctx, j)
				other := &job.Memory{Run: s.Run}
				s.start = other.Start
				return err
			}
		})},
		{"finds a job for each of two", "use/of a source by many at once", "which was just started: got 2 jobs", bendFind(
			func(_ *bentSource, _ job.Query, found []job.Job, err error) ([]job.Job, error) {
				return append(found, found...), err
			})},
	}
}
