package job_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine is left: conformance 83.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
