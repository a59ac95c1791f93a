package spool

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// TestMain makes the test binary into the processes that the tests start.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "receive" {
		if err := receiveAll(os.Args[2], os.Args[3]); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// receiveAll receives a spool's output in bites of some bytes, as the default
// reader, until there is no more.
func receiveAll(folder, bite string) error {
	n, err := strconv.ParseInt(bite, 10, 64)
	if err != nil {
		return err
	}
	for {
		more, err := receiveOnce(folder, n)
		if err != nil || !more {
			return err
		}
	}
}

func receiveOnce(folder string, bite int64) (more bool, err error) {
	marks, err := OpenMarks(folder, DefaultReader, nil)
	if err != nil {
		return false, err
	}
	defer marks.Close()
	mark, err := marks.Read(1)
	if err != nil {
		return false, err
	}
	sizes, err := In(folder, 1).Sizes()
	if err != nil {
		return false, err
	}
	left := sizes.Minus(mark.Sizes)[OutputFile]
	if left == 0 {
		return false, nil
	}
	f, err := os.Open(In(folder, 1).Path(OutputFile))
	if err != nil {
		return false, err
	}
	defer f.Close()
	written, err := Copy(os.Stdout, f, mark.Sizes[OutputFile], min(left, bite))
	mark.Sizes[OutputFile] += written
	return true, errors.Join(err, marks.Move(1, mark))
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func isErrno(err error, errno syscall.Errno) bool { return errors.Is(err, errno) }
