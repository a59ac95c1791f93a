package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// b7Receive compares, from fork to exit, giving out 1 GiB that a job has put
// out, with cat giving out a file of the same size:
//
//	job receive --all ID > file              cat file > file
//	job receive --all ID | cat > /dev/null   cat file | cat > /dev/null
//
// A last line is the memory of job receive, for which the conformance page
// asks less than 32 MiB.
func b7Receive(b *bench) error {
	r, id, err := b.jobWithOutput()
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "b7.bin")
	defer os.Remove(file)
	if err := run(exec.Command("sh", "-c", `exec "$1" blocks "$2" > "$0"`, file, b.writer, strconv.Itoa(b.mib))); err != nil {
		return err
	}
	if err := b.sync(); err != nil {
		return err
	}
	size := fmt.Sprintf("%d MiB", b.mib)
	for _, sink := range []struct{ name, script string }{
		{"> file", `exec "$@" > "$0"`},
		{"| cat", `"$@" | cat > /dev/null`},
	} {
		samples, err := b.takePairs(
			side{"job receive", func() (time.Duration, error) {
				return b.giveOut(r, sink.script, b.job, "receive", "--all", id)
			}},
			side{"cat", func() (time.Duration, error) {
				return b.giveOut(r, sink.script, "cat", file)
			}})
		if err != nil {
			return err
		}
		b.report.speed("b7", "receive "+size+" "+sink.name, samples[0], "cat "+sink.name, samples[1], atLeast(0.95))
		b.report.control("b7", "cat "+sink.name, samples)
	}
	memory, err := r.memoryOfReceive(id, b.mib)
	if err != nil {
		return err
	}
	b.report.memory("b7", "memory of receive "+size, sample{memory}, atMost(32<<20))
	return r.removeAll()
}

// jobWithOutput makes a finished job that has put out as much as asked for.
func (b *bench) jobWithOutput() (r *repository, id string, err error) {
	r, err = b.repository("b7")
	if err != nil {
		return nil, "", err
	}
	id, err = output(r.command("start", "-q", "--", b.writer, "blocks", strconv.Itoa(b.mib)))
	if err != nil {
		return nil, "", err
	}
	return r, id, r.settle()
}

// giveOut times a shell line that has the command in "$@" and a file to write
// to in "$0". The file is gone before and after, off the clock.
func (b *bench) giveOut(r *repository, script string, command ...string) (time.Duration, error) {
	file := filepath.Join(b.dir, "b7.out")
	c := exec.Command("sh", append([]string{"-c", script, file}, command...)...)
	c.Env = r.command().Env
	took, err := timed(c)
	if err != nil {
		return 0, err
	}
	if err := b.sync(); err != nil {
		return 0, err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	return took, nil
}

// memoryOfReceive is the most memory that job receive took, in bytes, when
// nearly all had been read from it. It is still alive then: what is left does
// not fit into the pipe.
func (r *repository) memoryOfReceive(id string, mib int) (float64, error) {
	c := r.command("receive", "--all", id)
	out, err := c.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	const rest = 512 << 10
	_, failed := io.CopyN(io.Discard, out, int64(mib)<<20-rest)
	memory, err := peak(c.Process.Pid)
	io.Copy(io.Discard, out)
	return memory, errors.Join(failed, err, explain(c, c.Wait()))
}
