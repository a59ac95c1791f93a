package job

import (
	"testing"
	"unsafe"
)

// A queued or finished function costs no more than this: target B8.
func TestFuncJobIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(FuncJob{}); size > 224 {
		t.Errorf("a FuncJob has %d bytes, want at most 224: it stands in a list, too, and B8 gives each 256", size)
	}
}
