package job_test

import (
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// No goroutine is left: conformance 83.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// timeless is a test without a deadline, which none has inside a bubble of
// synctest, and rapid asks for.
type timeless struct{ rapid.TB }
