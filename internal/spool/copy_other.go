//go:build !linux

package spool

import (
	"io"
	"os"
)

// Copy writes n bytes of src, from offset on, to dst. It gives how many bytes
// were written, also with an error.
func Copy(dst, src *os.File, offset, n int64) (written int64, err error) {
	return io.CopyN(dst, io.NewSectionReader(src, offset, n), n)
}
