package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/internal/table"
)

func TestReadRefs(t *testing.T) {
	infos := []job.Info{{Ref: job.Ref{ID: 7}, Name: "two words", Command: "x"}, {Ref: job.Ref{ID: 12, Child: 3}, Name: "b", Command: "make all"}}
	asJSON := filepath.Join(t.TempDir(), "json")
	f, err := os.Create(asJSON)
	if err == nil {
		err = errors.Join(printJSON(f, infos), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	objects, _ := os.ReadFile(asJSON)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"blank lines", "\n \n\t\n", nil},
		{"ids", "7\n12.3\n", []string{"7", "12.3"}},
		{"no newline at the end", "7\n8", []string{"7", "8"}},
		{"blanks around", "  7 \r\n\t8\n", []string{"7", "8"}},
		{"names and patterns", "two words\nnight*\n", []string{"two words", "night*"}},
		{"a table", table.Text(infos, noon, 0, false), []string{"7", "12.3"}},
		{"two tables", table.Text(infos, noon, 0, false) + table.Text(infos[:1], noon, 0, false), []string{"7", "12.3", "7"}},
		{"JSON", string(objects), []string{"7", "12.3"}},
		{"JSON with other keys", `{"id":5,"colour":"blue"}`, []string{"5"}},
	} {
		got, err := readRefs(strings.NewReader(c.in))
		if !reflect.DeepEqual(got, c.want) || err != nil {
			t.Errorf("%s: readRefs: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	for _, in := range []string{"{", `{"id":"seven"}`, `{"name":"x"}`, "{}", `{"id":-1}`} {
		var e *job.Error
		if got, err := readRefs(strings.NewReader("7\n" + in)); !errors.As(err, &e) || e.Kind != job.Invalid {
			t.Errorf("readRefs of %s: got %q, %v, want an Invalid error", in, got, err)
		}
	}
	if _, err := readRefs(strings.NewReader(strings.Repeat("x", 17<<20))); !errors.Is(err, bufio.ErrTooLong) {
		t.Errorf("readRefs of a line of 17 MiB: got %v, want an error", err)
	}
}

func TestFlatten(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	for _, x := range []struct {
		err  error
		want []error
	}{
		{nil, nil}, {a, []error{a}}, {errors.Join(a, nil, errors.Join(b, c)), []error{a, b, c}},
	} {
		if got := flatten(x.err); !reflect.DeepEqual(got, x.want) {
			t.Errorf("flatten(%v): got %v, want %v", x.err, got, x.want)
		}
	}
}

// completing is a call of __complete in a repository with two final jobs.
func completing(t *testing.T) *call {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repository")
	s, err := store.Open(dir, func(text string) { t.Errorf("got the warning %q", text) })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "night"} {
		m := store.Meta{Type: "BackgroundJob", Children: 1, Spec: job.Spec{Name: name, Argv: []string{"true"}, Dir: "/"}}
		j, err := s.Create(&m)
		if err != nil {
			t.Fatal(err)
		}
		e := store.Event{Time: time.Now(), Child: 1, Step: true, State: job.Completed}
		if err := errors.Join(j.Append(e), s.Update(store.Sum(m, e).Record(m)), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	c := &call{verb: build(completeVerbName), err: new(strings.Builder)}
	if err := errors.Join(s.Close(), c.verb.flags.set.Set("repository", dir)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.source != nil {
			c.source.Close()
		}
	})
	return c
}

func TestComplete(t *testing.T) {
	c := completing(t)
	for _, x := range []struct {
		words string // between commas; the last is being completed
		want  string
	}{
		{"st", "start stop"},
		{"rem", "remove"},
		{"__", ""},
		{"nonsense,", ""},
		{"get,", "1 Job1 2 night"},
		{"ls,", "1 Job1 2 night"},
		{"get,n", "night"},
		{"get,1,J", "Job1"},
		{"stop,zz", ""},
		{"get,--state,Comp", "Completed"},
		{"get,--child-state,St", "Stopped Stopping"},
		{"receive,--stream,e", "error"},
		{"get,--chi", "--child-state --children"},
		{"wait,--any", "--any"},
		{"start,", ""},
		{"start,--na", "--name"},
		{"run,make,", ""},
		{"help,rec", "receive"},
		{"completion,", "bash zsh fish powershell"},
		{"completion,p", "powershell"},
		{"version,", ""},
		{"write,", ""},
	} {
		if got := strings.Join(c.complete(strings.Split(x.words, ",")), " "); got != x.want {
			t.Errorf("complete(%s): got %q, want %q", x.words, got, x.want)
		}
	}
	for _, words := range [][]string{nil, {""}} {
		got := fmt.Sprint(c.complete(words))
		for _, v := range verbs() {
			if shown := v.names[0] != completeVerbName; strings.Contains(got, v.names[0]) != shown {
				t.Errorf("complete(%q): got %s, want it to have %s: %v", words, got, v.names[0], shown)
			}
		}
	}
}
