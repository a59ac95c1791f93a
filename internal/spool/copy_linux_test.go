package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// source is a file with bytes that tell where they are.
func source(t *testing.T, n int) (*os.File, []byte) {
	t.Helper()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i >> 3)
	}
	path := filepath.Join(t.TempDir(), "source")
	must(t, os.WriteFile(path, b, 0o600))
	f, err := os.Open(path)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f, b
}

func TestCopyToFiles(t *testing.T) {
	src, all := source(t, 3<<20)
	for name, flags := range map[string]int{"a file": os.O_RDWR, "a file that is appended to": os.O_RDWR | os.O_APPEND} {
		path := filepath.Join(t.TempDir(), "copy")
		must(t, os.WriteFile(path, []byte("begin "), 0o600))
		dst, err := os.OpenFile(path, flags, 0)
		must(t, err)
		_, err = dst.Seek(0, io.SeekEnd)
		must(t, err)
		for _, part := range [][2]int64{{0, 0}, {5, 1}, {0, 3 << 20}, {1<<20 + 7, 1 << 20}} {
			if n, err := Copy(dst, src, part[0], part[1]); n != part[1] || err != nil {
				t.Errorf("Copy of %v to %s: got %d, %v", part, name, n, err)
			}
		}
		must(t, dst.Close())
		want := append([]byte("begin "), all[5])
		want = append(append(want, all...), all[1<<20+7:][:1<<20]...)
		if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
			t.Errorf("Copy to %s: got %d bytes, want the %d that were asked for", name, len(got), len(want))
		}
	}
	if at, _ := src.Seek(0, io.SeekCurrent); at != 0 {
		t.Errorf("Copy moved the source to %d, want it left alone", at)
	}
}

func TestCopyToAPipe(t *testing.T) {
	src, all := source(t, 1<<20)
	read, write, err := os.Pipe()
	must(t, err)
	defer read.Close()
	done := make(chan error, 1)
	go func() { // ends when all is copied; the test reads it
		_, err := Copy(write, src, 100, int64(len(all)-100))
		done <- errors.Join(err, write.Close())
	}()
	got, err := io.ReadAll(read)
	if err != nil || !bytes.Equal(got, all[100:]) {
		t.Errorf("Copy to a pipe: got %d bytes, %v, want %d", len(got), err, len(all)-100)
	}
	if err := <-done; err != nil {
		t.Errorf("Copy to a pipe: %v", err)
	}
}

// The reader of a pipe goes away: what was written before counts.
func TestCopyToAPipeThatCloses(t *testing.T) {
	src, all := source(t, 1<<20)
	read, write, err := os.Pipe()
	must(t, err)
	defer write.Close()
	type result struct {
		n   int64
		err error
	}
	done := make(chan result, 1)
	go func() { // ends when the reader is gone
		n, err := Copy(write, src, 0, int64(len(all)))
		done <- result{n, err}
	}()
	taken, err := io.CopyN(io.Discard, read, 1000)
	must(t, err)
	must(t, read.Close())
	if r := <-done; !isErrno(r.err, syscall.EPIPE) || r.n < taken || r.n >= int64(len(all)) {
		t.Errorf("Copy to a pipe that closes after %d bytes: got %d, %v, want a number from there and EPIPE", taken, r.n, r.err)
	}
}

func TestCopyOfBytesThatAreNotThere(t *testing.T) {
	src, all := source(t, 1000)
	for _, c := range []struct{ offset, n, want int64 }{{900, 200, 100}, {1000, 1, 0}, {5000, 5, 0}} {
		dst, err := os.Create(filepath.Join(t.TempDir(), "copy"))
		must(t, err)
		if n, err := Copy(dst, src, c.offset, c.n); n != c.want || !errors.Is(err, io.EOF) {
			t.Errorf("Copy of %d bytes from %d of %d: got %d, %v, want %d and EOF", c.n, c.offset, len(all), n, err, c.want)
		}
		dst.Close()
	}
}

func TestCopyToWhatCannotBeWritten(t *testing.T) {
	src, _ := source(t, 10)
	again, err := os.Open(src.Name())
	must(t, err)
	defer again.Close()
	if n, err := Copy(again, src, 0, 10); n != 0 || err == nil {
		t.Errorf("Copy to a file that is open for reading: got %d, %v, want an error", n, err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	must(t, err)
	defer full.Close()
	if n, err := Copy(full, src, 0, 10); n != 0 || !isErrno(err, syscall.ENOSPC) {
		t.Errorf("Copy to a full disk: got %d, %v, want ENOSPC", n, err)
	}
}
