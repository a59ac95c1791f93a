// Package store is the repository on disk: an index of fixed records, a
// folder for each job, and the locks that say who may write what.
//
// The folders are the truth; the index makes looking things up fast, and is
// built again from the folders when it is damaged or gone. A job's folder and
// its record in the index have one writer: whoever holds the lock of the
// job's journal. That lock also says that the writer is alive, without
// trusting a process number. docs/formats.md describes every byte.
//
// The store knows nothing of processes and starts none.
package store
