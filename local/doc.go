// Package local is the source of jobs on this machine: processes, each looked
// after by a keeper of its own, so that they outlive the shell, the terminal
// and whoever started them.
//
// A program that uses the package has to let the keeper in: the first lines
// of its main call [Keep].
package local
