// Package arch holds the architecture: its tests parse the module and say who
// may import whom, what the job command links, and how files and tests are
// kept. It has no code of its own.
//
// The tests open every Go file themselves instead of asking `go list`, so
// that Go's test cache knows what they depend on: a cached answer would go on
// saying yes to an import that was added since.
package arch
