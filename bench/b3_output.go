package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// b3Output compares how fast a program can write:
//
//	job start -- writer …     the keeper samples the files' sizes meanwhile
//	sh -c 'writer … > file'   on the same file system
//
// once in blocks of 1 MiB and once in lines, each line with a write of its
// own, as a program writes its log. The writer takes its time itself, from
// before the first write to after the last, so what starting costs is not in
// it. After each turn, of either side, everything is written to the disk and
// deleted, so that nobody pays for what the other left to be written.
func b3Output(b *bench) error {
	kinds := []struct {
		name string
		args []string
	}{
		{fmt.Sprintf("%d MiB in blocks", b.mib), []string{"blocks", strconv.Itoa(b.mib)}},
		{fmt.Sprintf("%d lines", b.lines), []string{"lines", strconv.Itoa(b.lines)}},
	}
	for _, kind := range kinds {
		r, err := b.repository("b3-" + kind.args[0])
		if err != nil {
			return err
		}
		samples, err := b.takePairs(
			side{"job start", func() (time.Duration, error) { return b.writeInJob(r, kind.args) }},
			side{"sh", func() (time.Duration, error) { return b.writeInShell(kind.args) }})
		if err != nil {
			return err
		}
		b.report.speed("b3", "job start, "+kind.name, samples[0], "writer > file", samples[1], atLeast(0.97))
		b.report.control("b3", "writer > file", samples)
	}
	return nil
}

func (b *bench) writeInJob(r *repository, args []string) (time.Duration, error) {
	c := r.command(append([]string{"start", "-q", "--", b.writer}, args...)...)
	c.Env = append(c.Env, b.tookVariable())
	if err := run(c); err != nil {
		return 0, err
	}
	if err := r.settle(); err != nil {
		return 0, err
	}
	if err := b.sync(); err != nil {
		return 0, err
	}
	if err := r.removeAll(); err != nil {
		return 0, err
	}
	return b.took()
}

func (b *bench) writeInShell(args []string) (time.Duration, error) {
	file := filepath.Join(b.dir, "output")
	c := exec.Command("sh", append([]string{"-c", `exec "$@" > "$0"`, file, b.writer}, args...)...)
	c.Env = append(os.Environ(), b.tookVariable())
	if err := run(c); err != nil {
		return 0, err
	}
	if err := b.sync(); err != nil {
		return 0, err
	}
	if err := os.Remove(file); err != nil {
		return 0, err
	}
	return b.took()
}

// sync writes the file system's data to the disk.
func (b *bench) sync() error { return run(exec.Command("sync", "-f", b.dir)) }

func (b *bench) tookFile() string { return filepath.Join(b.dir, "took") }

func (b *bench) tookVariable() string { return "BENCH_TOOK=" + b.tookFile() }

// took is the time that the writer noted.
func (b *bench) took() (time.Duration, error) {
	data, err := os.ReadFile(b.tookFile())
	if err != nil {
		return 0, fmt.Errorf("the writer told no time: %w", err)
	}
	if err := os.Remove(b.tookFile()); err != nil {
		return 0, err
	}
	return time.ParseDuration(strings.TrimSpace(string(data)))
}
