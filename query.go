package job

import (
	"path"
	"strings"
	"time"
)

// Query says which jobs. All that is set has to hold; the zero Query means
// every job.
type Query struct {
	Jobs []string // ids, child ids, instance ids, names or patterns; nil means all

	States      []State   // one of them; nil means any
	Name        string    // pattern; "" means any
	Command     string    // literal text or pattern; "" means any
	Location    string    // pattern; "" means any
	HasMoreData *bool     // for Reader; nil means either
	Before      time.Time // ended before, strictly; zero means any
	After       time.Time // ended after, strictly; zero means any
	Newest      *int      // only so many, latest ends first; unfinished ones count as newest; nil means all

	Children   bool   // add all children
	ChildState *State // add the children in this state
	Reader     string // whose mark HasMoreData looks at; "" means the default reader
}

// Filtered reports whether anything but Jobs narrows the query. Children and
// ChildState only add to it.
func (q Query) Filtered() bool {
	return len(q.States) > 0 || q.Name != "" || q.Command != "" || q.Location != "" ||
		q.HasMoreData != nil || !q.Before.IsZero() || !q.After.IsZero() || q.Newest != nil
}

// MatchState reports whether the query takes a job in this state.
func (q Query) MatchState(s State) bool {
	for _, want := range q.States {
		if s == want {
			return true
		}
	}
	return len(q.States) == 0
}

// MatchEnd reports whether the query takes a job with this end time, zero if
// it has not ended.
func (q Query) MatchEnd(end time.Time) bool {
	if q.Before.IsZero() && q.After.IsZero() {
		return true
	}
	return !end.IsZero() && (q.Before.IsZero() || end.Before(q.Before)) && (q.After.IsZero() || end.After(q.After))
}

// MatchInfo reports whether everything but Jobs and Newest holds for a job.
func (q Query) MatchInfo(i Info) bool {
	return q.MatchState(i.State) && q.MatchEnd(i.EndTime) &&
		(q.Name == "" || MatchPattern(q.Name, i.Name)) &&
		(q.Location == "" || MatchPattern(q.Location, i.Location)) &&
		(q.Command == "" || matchCommand(q.Command, i)) &&
		(q.HasMoreData == nil || *q.HasMoreData == i.HasMoreData())
}

// matchCommand takes the command's text as it is shown, and also the bare
// words joined by blanks: nobody remembers where quotes were set.
func matchCommand(pattern string, i Info) bool {
	pattern = strings.TrimSpace(pattern)
	return MatchPattern(pattern, strings.TrimSpace(i.Command)) ||
		MatchPattern(pattern, strings.TrimSpace(strings.Join(i.Argv, " ")))
}

// IsPattern reports whether a text has shell wildcards in it.
func IsPattern(text string) bool { return strings.ContainsAny(text, "*?[") }

// MatchPattern reports whether text is the pattern's literal text, or matches
// it with the shell's wildcards * ? [a-z], without regard to case. A pattern
// that is malformed matches literally only.
func MatchPattern(pattern, text string) bool {
	if strings.EqualFold(pattern, text) {
		return true
	}
	if !IsPattern(pattern) {
		return false
	}
	// path.Match stops * and ? at a slash; here a slash is a letter like others.
	// And shells write [!a] where path.Match has [^a].
	fold := strings.NewReplacer("/", "\x00", "[!", "[^")
	ok, err := path.Match(strings.ToLower(fold.Replace(pattern)), strings.ToLower(strings.ReplaceAll(text, "/", "\x00")))
	return err == nil && ok
}
