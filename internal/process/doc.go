// Package process starts a program and knows the tree of processes that comes
// of it: who is in it, how to signal all of them, and how the program ended.
// It knows no jobs.
package process
