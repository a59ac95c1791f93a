package job_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

// allowed is the table of steps once more, as a picture: an x where the state
// at the left may become the state above. It is kept by hand, so that a step
// is never allowed by a slip.
const allowed = `
              NotStarted Running Completed Failed Stopped Blocked Suspended Disconnected Suspending Stopping AtBreakpoint
NotStarted    .          x       .         x      x       x       .         x            .          x        .
Running       .          .       x         x      x       x       x         x            x          x        x
Completed     .          .       .         .      .       .       .         .            .          .        .
Failed        .          .       .         .      .       .       .         .            .          .        .
Stopped       .          .       .         .      .       .       .         .            .          .        .
Blocked       .          x       x         x      x       .       x         x            x          x        x
Suspended     .          x       x         x      x       .       .         x            .          x        .
Disconnected  .          x       x         x      x       x       x         .            .          x        .
Suspending    .          x       x         x      x       .       x         x            .          x        .
Stopping      .          .       x         x      x       .       .         x            .          .        .
AtBreakpoint  .          x       x         x      x       .       .         x            .          x        .
`

// picture gives for each pair of states whether the step is allowed.
func picture(t *testing.T) map[[2]job.State]bool {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(allowed), "\n")
	above := strings.Fields(lines[0])
	steps := map[[2]job.State]bool{}
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		for i, cell := range cells[1:] {
			steps[[2]job.State{state(t, cells[0]), state(t, above[i])}] = cell == "x"
		}
	}
	return steps
}

func state(t *testing.T, name string) job.State {
	t.Helper()
	s, err := job.ParseState(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAllowsEveryPairOfStates(t *testing.T) {
	steps := picture(t)
	if got, want := len(steps), len(job.States())*len(job.States()); got != want {
		t.Fatalf("the picture has %d pairs, want %d", got, want)
	}
	for pair, want := range steps {
		from, to := pair[0], pair[1]
		if got := from.Allows(to); got != want {
			t.Errorf("%v.Allows(%v): got %v, want %v", from, to, got, want)
		}
	}
}

func TestFinalStatesAllowNothing(t *testing.T) {
	for _, s := range job.States() {
		if !s.Final() {
			continue
		}
		for to := range 256 {
			if s.Allows(job.State(to)) {
				t.Errorf("%v.Allows(%v): got true, want a final state to stay", s, job.State(to))
			}
		}
	}
}

func TestAllowsNoUnknownState(t *testing.T) {
	for from := range 256 {
		for to := len(job.States()); to < 256; to++ {
			if job.State(from).Allows(job.State(to)) || job.State(to).Allows(job.State(from)) {
				t.Errorf("a step between %v and %v is allowed; one of them is no state", job.State(from), job.State(to))
			}
		}
	}
}

func TestFinalAndEnded(t *testing.T) {
	for _, s := range job.States() {
		final := s == job.Completed || s == job.Failed || s == job.Stopped
		ended := final || s == job.Suspended || s == job.Disconnected
		if s.Final() != final || s.Ended() != ended {
			t.Errorf("%v: got Final %v, Ended %v, want %v, %v", s, s.Final(), s.Ended(), final, ended)
		}
	}
}

func TestStateNumbers(t *testing.T) {
	// They are PowerShell's, and on disk.
	for i, name := range []string{"NotStarted", "Running", "Completed", "Failed", "Stopped", "Blocked",
		"Suspended", "Disconnected", "Suspending", "Stopping", "AtBreakpoint"} {
		if got := job.State(i).String(); got != name {
			t.Errorf("State(%d): got %q, want %q", i, got, name)
		}
	}
	if got := job.State(11).String(); got != "State(11)" {
		t.Errorf("State(11): got %q, want a text with the number", got)
	}
}

func TestParseState(t *testing.T) {
	for _, s := range job.States() {
		for _, name := range []string{s.String(), strings.ToLower(s.String()), strings.ToUpper(s.String())} {
			if got, err := job.ParseState(name); got != s || err != nil {
				t.Errorf("ParseState(%q): got %v, %v, want %v", name, got, err, s)
			}
		}
	}
	for _, name := range []string{"", "Run", "Running ", "State(1)", "1", "Runnıng"} {
		got, err := job.ParseState(name)
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != job.Invalid || !strings.Contains(e.Hint, "AtBreakpoint") {
			t.Errorf("ParseState(%q): got %v, %v, want an Invalid error whose hint lists the states", name, got, err)
		}
	}
}

func TestStateAsJSON(t *testing.T) {
	for _, s := range job.States() {
		b, err := json.Marshal(map[job.State]job.State{s: s})
		back := map[job.State]job.State{}
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || back[s] != s || len(back) != 1 {
			t.Errorf("%v through JSON: got %v by %s, %v, want it back", s, back, b, err)
		}
	}
	kept := job.Running
	if err := json.Unmarshal([]byte(`"Ran"`), &kept); err == nil || kept != job.Running {
		t.Errorf(`unmarshal "Ran" into Running: got %v, %v, want an error and no change`, kept, err)
	}
}

func TestStateInfoString(t *testing.T) {
	for _, c := range []struct {
		info job.StateInfo
		want string
	}{
		{job.StateInfo{State: job.Running}, "Running"},
		{job.StateInfo{State: job.Failed, Reason: errors.New("exit status 3")}, "Failed: exit status 3"},
	} {
		if got := c.info.String(); got != c.want {
			t.Errorf("%#v: got %q, want %q", c.info, got, c.want)
		}
	}
}

// ruleOfParents is CLI.md's rule, sentence by sentence.
func ruleOfParents(children []job.State, stopping bool) job.State {
	if len(children) == 0 {
		return job.NotStarted
	}
	var unfinished []job.State
	for _, s := range children {
		if !s.Final() {
			unfinished = append(unfinished, s)
		}
	}
	any := func(of []job.State, s job.State) bool {
		for _, have := range of {
			if have == s {
				return true
			}
		}
		return false
	}
	all := func(of []job.State, these ...job.State) bool {
		for _, have := range of {
			if !any(these, have) {
				return false
			}
		}
		return true
	}
	if len(unfinished) == 0 {
		for _, s := range []job.State{job.Failed, job.Stopped} {
			if any(children, s) {
				return s
			}
		}
		return job.Completed
	}
	for _, rule := range []struct {
		holds bool
		state job.State
	}{
		{any(unfinished, job.Blocked), job.Blocked},
		{any(unfinished, job.AtBreakpoint), job.AtBreakpoint},
		{stopping, job.Stopping},
		{all(unfinished, job.Suspended), job.Suspended},
		{all(unfinished, job.Suspended, job.Suspending), job.Suspending},
		{all(unfinished, job.Disconnected), job.Disconnected},
		{all(children, job.NotStarted), job.NotStarted},
	} {
		if rule.holds {
			return rule.state
		}
	}
	return job.Running
}

func TestParentStateFollowsTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few different states make the rules with "all" come up.
		some := rapid.SliceOfN(rapid.SampledFrom(job.States()), 1, 3).Draw(t, "of these states")
		children := rapid.SliceOfN(rapid.SampledFrom(some), 0, 6).Draw(t, "children")
		stopping := rapid.Bool().Draw(t, "stopping")
		got, want := job.ParentState(children, stopping), ruleOfParents(children, stopping)
		if got != want {
			t.Fatalf("ParentState(%v, %v): got %v, want %v", children, stopping, got, want)
		}
		permuted := rapid.Permutation(children).Draw(t, "permuted")
		if again := job.ParentState(permuted, stopping); again != got {
			t.Fatalf("ParentState(%v, %v): got %v, want %v as for %v", permuted, stopping, again, got, children)
		}
	})
}

func TestParentStateOfOneChild(t *testing.T) {
	for _, s := range job.States() {
		if got := job.ParentState([]job.State{s}, s == job.Stopping); got != s {
			t.Errorf("ParentState of one child that is %v: got %v, want the same", s, got)
		}
	}
}
