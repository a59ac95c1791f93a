// Package spool keeps what children put out on disk: the files that their
// programs write to by themselves, the timeline that says when which byte was
// there, and the marks of readers.
//
// Files have a number, the spool's, so that children can share them:
// 1.output, 1.error, 1.records, 1.timeline. Programs append; nothing is ever
// deleted or moved by a reader. docs/formats.md describes every byte.
package spool
