package job

import (
	"fmt"
	"strings"
)

// State says where a job or a child stands in its life. The numbers are
// PowerShell's (JobState); they are written to disk and never change.
type State uint8

// The eleven states. Completed, Failed and Stopped are final: they never
// change again.
const (
	NotStarted   State = 0  // made, or waiting for its turn
	Running      State = 1  // at work
	Completed    State = 2  // ended well
	Failed       State = 3  // ended badly, or could not be started
	Stopped      State = 4  // ended because somebody asked for it
	Blocked      State = 5  // waits for input
	Suspended    State = 6  // stands still until it is resumed
	Disconnected State = 7  // out of reach; the work may go on
	Suspending   State = 8  // a suspend was asked for
	Stopping     State = 9  // a stop was asked for
	AtBreakpoint State = 10 // held by a debugger
)

var stateNames = [...]string{
	NotStarted: "NotStarted", Running: "Running", Completed: "Completed",
	Failed: "Failed", Stopped: "Stopped", Blocked: "Blocked",
	Suspended: "Suspended", Disconnected: "Disconnected",
	Suspending: "Suspending", Stopping: "Stopping", AtBreakpoint: "AtBreakpoint",
}

// steps is the law: the states that may follow each state. Final states have
// none. A state does not follow itself.
var steps = [...][]State{
	NotStarted:   {Running, Failed, Stopped, Stopping, Blocked, Disconnected},
	Running:      {Completed, Failed, Stopped, Blocked, Suspended, Disconnected, Suspending, Stopping, AtBreakpoint},
	Blocked:      {Running, Completed, Failed, Stopped, Suspended, Disconnected, Suspending, Stopping, AtBreakpoint},
	Suspending:   {Suspended, Running, Completed, Failed, Stopped, Disconnected, Stopping},
	Suspended:    {Running, Completed, Failed, Stopped, Disconnected, Stopping},
	Disconnected: {Running, Completed, Failed, Stopped, Blocked, Suspended, Stopping},
	Stopping:     {Stopped, Completed, Failed, Disconnected},
	AtBreakpoint: {Running, Completed, Failed, Stopped, Disconnected, Stopping},
}

// States lists all states in the order of their numbers.
func States() []State {
	all := make([]State, len(stateNames))
	for i := range all {
		all[i] = State(i)
	}
	return all
}

// ParseState takes a state's name without regard to case. An unknown name is
// an [Invalid] error that lists the states.
func ParseState(name string) (State, error) {
	for i, n := range stateNames {
		if strings.EqualFold(n, name) {
			return State(i), nil
		}
	}
	return 0, &Error{Kind: Invalid, Err: fmt.Errorf("no state is named %q", name),
		Hint: "the states are " + strings.Join(stateNames[:], " ")}
}

// String returns the state's name, or "State(n)" for a number that is none.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name; see [ParseState].
func (s *State) UnmarshalText(text []byte) error {
	parsed, err := ParseState(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// Final reports whether the state never changes again.
func (s State) Final() bool { return s == Completed || s == Failed || s == Stopped }

// Ended reports whether the state changes only when somebody acts: final,
// Suspended or Disconnected. Waiting ends here unless it is forced.
func (s State) Ended() bool { return s.Final() || s == Suspended || s == Disconnected }

// Allows reports whether a job in state s may step to state to.
func (s State) Allows(to State) bool {
	if int(s) >= len(steps) {
		return false
	}
	for _, next := range steps[s] {
		if next == to {
			return true
		}
	}
	return false
}

// StateInfo is a state with the reason for it; Reason is nil where there is
// nothing to say.
type StateInfo struct {
	State  State
	Reason error
}

// String is the state, followed by the reason if there is one.
func (i StateInfo) String() string {
	if i.Reason == nil {
		return i.State.String()
	}
	return i.State.String() + ": " + i.Reason.Error()
}

// ParentState is the one rule by which a job's state follows from its
// children's. stopping says that a stop of the whole job was asked for. A job
// without children is NotStarted.
func ParentState(children []State, stopping bool) State {
	var counts stateCounts
	for _, s := range children {
		counts[s]++
	}
	return counts.state(len(children), stopping)
}

// stateCounts says how many children are in each state.
type stateCounts [len(stateNames)]int

func (c stateCounts) final() int { return c[Completed] + c[Failed] + c[Stopped] }

func (c stateCounts) state(children int, stopping bool) State {
	open := children - c.final()
	switch {
	case children == 0:
		return NotStarted
	case open == 0:
		return finalState(c[Failed], c[Stopped])
	case c[Blocked] > 0:
		return Blocked
	case c[AtBreakpoint] > 0:
		return AtBreakpoint
	case stopping:
		return Stopping
	case c[Suspended] == open:
		return Suspended
	case c[Suspended]+c[Suspending] == open:
		return Suspending
	case c[Disconnected] == open:
		return Disconnected
	case c[NotStarted] == children:
		return NotStarted
	}
	return Running
}

func finalState(failed, stopped int) State {
	switch {
	case failed > 0:
		return Failed
	case stopped > 0:
		return Stopped
	}
	return Completed
}
