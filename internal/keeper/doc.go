// Package keeper is the process that stays with one job: it is the parent of
// the job's program, samples what it puts out, carries out what is asked of
// it (stop, suspend, resume), and writes how it ended.
//
// A keeper promises that a state is written when it is true and not before,
// and the final state after the last byte. It may be killed at any moment:
// the program goes on and its output is whole, because the keeper is not in
// its way. Whoever looks next starts another one, which goes on from what the
// journal says; the first one does the same, so there is one way to begin.
//
// The keeper is lean: its path in main comes first, and it links little.
package keeper
