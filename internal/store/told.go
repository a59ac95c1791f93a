package store

import "time"

// ChildrenFile and AsksFile are the files by which a program that runs
// children of its job itself, as functions, and the job's keeper tell each
// other about them: lines of JSON, each written at once.
const (
	ChildrenFile = "children" // [Told], written by the program
	AsksFile     = "asks"     // [Asked], written by the keeper, which then sends SIGUSR2
)

// Told is what a program says of a child that it runs itself. Children are
// numbered from 2, without a gap: 1 is the program.
type Told struct {
	Child  int       `json:"child"`
	Time   time.Time `json:"time"`
	State  string    `json:"state,omitempty"`  // the child stepped to it; first of all to NotStarted
	Name   string    `json:"name,omitempty"`   // with NotStarted
	Reason string    `json:"reason,omitempty"` // of the state; of child 1: why the program will end badly
	Slot   int       `json:"slot,omitempty"`   // with Running: the number of the files that it writes to, from 2
	Sizes  *[3]int64 `json:"sizes,omitempty"`  // with Running: their sizes then; output, error, records
	Until  *[3]int64 `json:"until,omitempty"`  // their sizes at its end
	Hears  bool      `json:"hears,omitempty"`  // of child 1: the program answers SIGUSR2, by reading AsksFile
}

// Asked is what the program is asked to do with a child.
type Asked struct {
	Child int    `json:"child"`
	Verb  string `json:"verb"` // "stop"
}
