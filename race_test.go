//go:build race

package job_test

// many is how many jobs a test makes that is about a great number: the race
// detector makes each ten times as dear.
const many = 20_000
