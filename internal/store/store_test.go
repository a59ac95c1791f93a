package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// Whatever is created, changed, removed and lost of the index, in any order:
// the store says what a model says, and gives out no id twice.
func TestStoreAgainstAModel(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		dir := filepath.Join(base, fmt.Sprint(round))
		s := openWarned(t, dir, func(string) {})
		jobs := map[job.ID]Meta{}
		states := map[job.ID]job.State{}
		var highest job.ID
		some := func(rt *rapid.T) (job.ID, bool) {
			var ids []job.ID
			for id := range jobs {
				ids = append(ids, id)
			}
			sort.Slice(ids, func(i, k int) bool { return ids[i] < ids[k] })
			if len(ids) == 0 {
				return 0, false
			}
			return rapid.SampledFrom(ids).Draw(rt, "job"), true
		}
		rt.Repeat(map[string]func(*rapid.T){
			"create": func(rt *rapid.T) {
				state := rapid.SampledFrom([]job.State{job.Running, job.Completed, job.Failed}).Draw(rt, "state")
				m := create(t, s, rapid.StringN(0, 60, 255).Draw(rt, "name"), state)
				if m.ID != highest+1 {
					rt.Fatalf("Create after job %d: got id %d, want the next", highest, m.ID)
				}
				highest, jobs[m.ID], states[m.ID] = m.ID, m, state
			},
			"create in vain": func(rt *rapid.T) {
				m := someMeta("vain")
				j, err := s.Create(&m)
				must(t, err)
				s.Discard(j)
			},
			"update": func(rt *rapid.T) {
				id, ok := some(rt)
				if !ok || states[id].Final() {
					return
				}
				j, err := s.Folder(id).Claim()
				if j == nil || err != nil {
					rt.Fatalf("Claim of job %d, which nobody keeps: got %v, %v", id, j, err)
				}
				must(t, j.Append(Event{Time: jobs[id].Created, Child: 1, Step: true, State: job.Stopped}))
				m, status, err := j.Read()
				must(t, err)
				must(t, s.Update(status.Record(m)))
				must(t, j.Close())
				states[id] = job.Stopped
			},
			"remove": func(rt *rapid.T) {
				id, ok := some(rt)
				if !ok {
					return
				}
				j, err := s.Folder(id).Claim()
				must(t, err)
				must(t, s.Remove(j))
				delete(jobs, id)
				delete(states, id)
			},
			"open again": func(*rapid.T) { s = openWarned(t, dir, func(string) {}) },
			"lose the index": func(*rapid.T) {
				must(t, os.Remove(filepath.Join(dir, "index")))
				s = openWarned(t, dir, func(string) {})
			},
			"": func(rt *rapid.T) {
				var want, got []job.ID
				for id := range jobs {
					want = append(want, id)
				}
				sort.Slice(want, func(i, k int) bool { return want[i] < want[k] })
				if err := s.Each(func(r Record) bool { got = append(got, r.ID); return true }); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					rt.Fatalf("Each: got %v, %v, want %v", got, err, want)
				}
				for id := job.ID(0); id <= highest+2; id++ {
					r, ok, err := s.Read(id)
					if _, want := jobs[id]; err != nil || ok != want {
						rt.Fatalf("Read(%d): got %v, %v, want %v", id, ok, err, want)
					}
					if ok && (r.State != states[id] || !strings.HasPrefix(jobs[id].Name, r.Name) || r.Instance != jobs[id].Instance || !r.Live()) {
						rt.Fatalf("Read(%d): got %+v, want state %v of %+v", id, r, states[id], jobs[id])
					}
				}
			},
		})
	})
}

// One who opened the store before the last job was taken back is not told
// that the index is damaged.
func TestReadWhileAJobIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	create(t, s, "stays", job.Completed)
	m := someMeta("vain")
	j, err := s.Create(&m)
	must(t, err)
	early := open(t, dir)
	s.Discard(j)
	if _, ok, err := early.Read(m.ID); ok || err != nil {
		t.Errorf("Read(%d) after it was taken back: got %v, %v, want none", m.ID, ok, err)
	}
	early = open(t, dir)
	j, err = s.Create(&m)
	must(t, err)
	must(t, early.Refresh())
	s.Discard(j)
	var ids []job.ID
	if err := early.Each(func(r Record) bool { ids = append(ids, r.ID); return true }); err != nil || fmt.Sprint(ids) != "[1]" {
		t.Errorf("Each after the last was taken back: got %v, %v, want job 1", ids, err)
	}
}

// Goroutines with a store each, and processes, append at once.
func TestIDsAreUniqueAcrossProcesses(t *testing.T) {
	const each, goroutines, processes = 25, 4, 3
	dir := filepath.Join(t.TempDir(), "repository") // made by whoever comes first
	ids := make(chan string, each*(goroutines+processes))
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			s, err := Open(dir, func(text string) { t.Errorf("got the warning %q, want none", text) })
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			defer s.Close()
			for range each {
				m := someMeta("goroutine")
				j, err := s.Create(&m)
				if err != nil {
					t.Errorf("Create: %v", err)
					return
				}
				ids <- fmt.Sprint(m.ID)
				j.Close()
			}
		})
	}
	for range processes {
		group.Go(func() {
			out, err := exec.Command(os.Args[0], "create", dir, fmt.Sprint(each)).Output()
			if err != nil {
				var exit *exec.ExitError
				errors.As(err, &exit)
				t.Errorf("a process that creates jobs: %v, %s", err, exit.Stderr)
			}
			for id := range strings.FieldsSeq(string(out)) {
				ids <- id
			}
		})
	}
	group.Wait()
	close(ids)
	seen := map[string]bool{}
	for id := range ids {
		if seen[id] {
			t.Errorf("id %s was given out twice", id)
		}
		seen[id] = true
	}
	s := open(t, dir)
	if len(seen) != each*(goroutines+processes) || int(s.Last()) != len(seen) {
		t.Errorf("%d at once: got %d ids, the last %d, want all", goroutines+processes, len(seen), s.Last())
	}
}

// Two that open a repository for the first time make one.
func TestFirstUseByManyAtOnce(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "a", "b")
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				s, err := Open(dir, func(text string) { t.Errorf("got the warning %q, want none", text) })
				if err != nil {
					t.Errorf("Open for the first time: %v", err)
					return
				}
				s.Close()
			})
		}
		group.Wait()
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Fatalf("the new repository: got %v, %v, want mode 0700", info, err)
		}
	}
}
