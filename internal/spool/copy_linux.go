package spool

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Copy writes n bytes of src, from offset on, to dst, in the kernel where it
// can: copy_file_range into a file, sendfile into whatever else takes it. It
// gives how many bytes were written, also with an error. Bytes that are not
// there are io.EOF.
func Copy(dst, src *os.File, offset, n int64) (written int64, err error) {
	for _, way := range []func(dst, src int, at *int64, n int) (int, error){copyRange, sendfile} {
		for written < n {
			at := offset + written
			m, err := way(int(dst.Fd()), int(src.Fd()), &at, int(min(n-written, 1<<30)))
			if err == unix.EINTR || err == unix.EAGAIN && m > 0 {
				continue
			}
			if unable(err) {
				break
			}
			if err != nil {
				return written, os.NewSyscallError("write", err)
			}
			if m == 0 {
				break // the end of src, or a file system that says so
			}
			written += int64(m)
		}
	}
	m, err := plainCopy(dst, src, offset+written, n-written)
	return written + m, err
}

func unable(err error) bool {
	for _, e := range []syscall.Errno{unix.EINVAL, unix.EXDEV, unix.EBADF, unix.ENOSYS, unix.EOPNOTSUPP, unix.EAGAIN, unix.EPERM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func copyRange(dst, src int, at *int64, n int) (int, error) {
	return unix.CopyFileRange(src, at, dst, nil, n, 0)
}

func sendfile(dst, src int, at *int64, n int) (int, error) {
	return unix.Sendfile(dst, src, at, n)
}

func plainCopy(dst io.Writer, src io.ReaderAt, offset, n int64) (int64, error) {
	return io.CopyN(dst, io.NewSectionReader(src, offset, n), n)
}
