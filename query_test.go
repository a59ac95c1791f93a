package job_test

import (
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

func TestMatchPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"nightly", "nightly", true}, {"Nightly", "nIGHTLY", true}, {"nightly", "nightly2", false},
		{"night*", "nightly", true}, {"night*", "night", true}, {"NIGHT*", "nightly", true}, {"night*", "midnight", false},
		{"*night*", "midnights", true}, {"*", "", true}, {"*", "a b", true}, {"?", "", false}, {"?", "é", true}, {"b?", "bé", true},
		{"[ab]1", "a1", true}, {"[ab]1", "c1", false}, {"[a-c]1", "B1", true}, {"[^a]1", "b1", true}, {"[^a]1", "a1", false},
		{"*", "a/b", true}, {"a?b", "a/b", true}, {"/usr/*", "/usr/bin/make all", true},
		{"[", "[", true}, {"[", "a", false}, {"a[", "a[", true}, {"a[b", "ab", false}, {"[]", "[]", true},
		{"100%", "100%", true}, {`a\*`, "a*", true}, {"a*b", "a*b", true}, {"", "", true}, {"", "a", false},
		{"straße*", "STRASSE", false}, {"É*", "école", true},
	} {
		if got := job.MatchPattern(c.pattern, c.text); got != c.want {
			t.Errorf("MatchPattern(%q, %q): got %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

func TestMatchPatternTakesItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if !job.MatchPattern(text, text) || !job.MatchPattern("*", text) {
			t.Fatalf("MatchPattern(%q or *, %q): got false, want true", text, text)
		}
	})
}

func TestMatchInfo(t *testing.T) {
	end := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	info := job.Info{Name: "build", Location: "localhost", Command: " make 'a b' ", Argv: []string{"make", "a b"},
		StateInfo: job.StateInfo{State: job.Failed}, EndTime: end, Unread: 3}
	running := job.Info{Name: "build", Location: "localhost", StateInfo: job.StateInfo{State: job.Running}}
	yes, no := true, false
	for _, c := range []struct {
		name            string
		query           job.Query
		ended, onTheWay bool
	}{
		{"all", job.Query{}, true, true},
		{"one state", job.Query{States: []job.State{job.Failed}}, true, false},
		{"of states", job.Query{States: []job.State{job.Failed, job.Running}}, true, true},
		{"other state", job.Query{States: []job.State{job.Completed}}, false, false},
		{"name", job.Query{Name: "BUI*"}, true, true},
		{"other name", job.Query{Name: "bui"}, false, false},
		{"location", job.Query{Location: "local*"}, true, true},
		{"other location", job.Query{Location: "there"}, false, false},
		{"command as shown", job.Query{Command: "make 'a b'"}, true, false},
		{"command without quotes", job.Query{Command: "  MAKE a b "}, true, false},
		{"command by pattern", job.Query{Command: "make *"}, true, false},
		{"half a command", job.Query{Command: "make"}, false, false},
		{"more data", job.Query{HasMoreData: &yes}, true, false},
		{"no more data", job.Query{HasMoreData: &no}, false, true},
		{"before, strictly", job.Query{Before: end}, false, false},
		{"before", job.Query{Before: end.Add(1)}, true, false},
		{"after, strictly", job.Query{After: end}, false, false},
		{"after", job.Query{After: end.Add(-1)}, true, false},
		{"between", job.Query{After: end.Add(-1), Before: end.Add(1)}, true, false},
		{"all must hold", job.Query{Name: "build", States: []job.State{job.Running}, HasMoreData: &yes}, false, false},
		{"Jobs and Newest do not count", job.Query{Jobs: []string{"other"}, Newest: new(int)}, true, true},
	} {
		if got := c.query.MatchInfo(info); got != c.ended {
			t.Errorf("%s: MatchInfo of a job that ended: got %v, want %v", c.name, got, c.ended)
		}
		if got := c.query.MatchInfo(running); got != c.onTheWay {
			t.Errorf("%s: MatchInfo of a running job: got %v, want %v", c.name, got, c.onTheWay)
		}
	}
}

func TestFiltered(t *testing.T) {
	s, n, b := job.Failed, 0, false
	for _, c := range []struct {
		query job.Query
		want  bool
	}{
		{job.Query{}, false}, {job.Query{Jobs: []string{"7"}, Children: true, Reader: "x"}, false},
		{job.Query{States: []job.State{s}}, true}, {job.Query{Name: "x"}, true}, {job.Query{Command: "x"}, true},
		{job.Query{Location: "x"}, true}, {job.Query{HasMoreData: &b}, true}, {job.Query{Before: time.Now()}, true},
		{job.Query{After: time.Now()}, true}, {job.Query{Newest: &n}, true}, {job.Query{ChildState: &s}, false}, // it adds
	} {
		if got := c.query.Filtered(); got != c.want {
			t.Errorf("%+v: Filtered: got %v, want %v", c.query, got, c.want)
		}
	}
}
