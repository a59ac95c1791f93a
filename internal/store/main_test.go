package store

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// TestMain makes the test binary into the processes that the tests start.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "create" {
		createMany(os.Args[2], os.Args[3])
		return
	}
	os.Exit(m.Run())
}

// createMany makes jobs in a repository and prints their ids.
func createMany(dir, times string) {
	n, err := strconv.Atoi(times)
	if err != nil {
		panic(err)
	}
	s, err := Open(dir, func(text string) { panic(text) })
	if err != nil {
		panic(err)
	}
	defer s.Close()
	for range n {
		m := someMeta("child")
		j, err := s.Create(&m)
		if err != nil {
			panic(err)
		}
		fmt.Println(m.ID)
		j.Close()
	}
}

// warnings is what a store warned of.
type warnings []string

func (w *warnings) add(text string) { *w = append(*w, text) }

// open opens a repository that has to be in order.
func open(t testing.TB, dir string) *Store {
	t.Helper()
	return openWarned(t, dir, func(text string) { t.Errorf("%s: got the warning %q, want none", dir, text) })
}

func openWarned(t testing.TB, dir string, warn func(string)) *Store {
	t.Helper()
	s, err := Open(dir, warn)
	if err != nil {
		t.Fatalf("Open(%s): %v", dir, err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func someMeta(name string) Meta {
	return Meta{Type: "BackgroundJob", Children: 1, Spec: job.Spec{Name: name, Argv: []string{"true"}, Command: "true", Dir: "/", Env: []string{"A=b"}}}
}

// create makes a job and brings it to a state.
func create(t testing.TB, s *Store, name string, state job.State) Meta {
	t.Helper()
	m := someMeta(name)
	j, err := s.Create(&m)
	if err != nil {
		t.Fatalf("Create(%q): %v", name, err)
	}
	defer j.Close()
	steps := []job.State{job.Running}
	if state != job.Running {
		steps = append(steps, state)
	}
	var events []Event
	for i, to := range steps {
		e := Event{Time: m.Created.Add(time.Duration(i+1) * time.Millisecond), Child: 1, Step: true, State: to}
		if i == 0 {
			e.Try, e.Program, e.Boot = 1, Process{4242, 99}, "boot"
		}
		if to.Final() {
			e.Ended = &Exit{Code: 3}
		}
		must(t, j.Append(e))
		events = append(events, e)
	}
	must(t, s.Update(Sum(m, events...).Record(m)))
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// timeGen draws times as they can be on disk, the zero time among them.
var timeGen = rapid.Custom(func(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "unset") {
		return time.Time{}
	}
	return time.Unix(0, rapid.Int64Range(1, 1<<62).Draw(t, "ns"))
})

// bytesGen draws texts of any bytes.
func bytesGen(most int) *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringN(0, most, most), rapid.StringMatching(`[ -~\n\t"\\=]{0,9}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, most), func(b []byte) string { return string(b) }))
}
