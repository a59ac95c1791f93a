// Package cli is the command job: one file a verb, and one file each for
// what they share: flags, which jobs are meant, printing, exit codes, help.
package cli
