//go:build !race

package job_test

// many is how many jobs a test makes that is about a great number.
const many = 1_000_000
