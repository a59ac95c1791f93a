package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// bench is what the targets share: the programs built for this run, and a
// folder of its own in which everything happens.
type bench struct {
	options
	ctx    context.Context
	report *report
	dir    string

	job, writer, stamp, empty string // programs

	leave []func() // undone by close, the last first
}

// newBench builds the programs; close removes them.
func newBench(ctx context.Context, o options) (*bench, error) {
	dir, err := temporary()
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, ctx: ctx, report: &report{w: os.Stdout}, dir: dir}
	b.leave = append(b.leave, func() { os.RemoveAll(dir) })
	if err := b.build(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	for len(b.leave) > 0 {
		last := len(b.leave) - 1
		b.leave[last]()
		b.leave = b.leave[:last]
	}
}

// temporary makes the folder of this run. It is not below /tmp, which is
// often in memory: what is measured should lie where a user's jobs lie.
func temporary() (string, error) {
	base := os.Getenv("BENCH_DIR")
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		base = cache
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(base, "job-bench-")
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir) // as /proc shows it
}

// build makes the programs with plain go build, as a user's are.
func (b *bench) build() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	programs := filepath.Join(b.dir, "bin")
	for name, path := range map[string]*string{
		"./cmd/job": &b.job, "./bench/writer": &b.writer, "./bench/stamp": &b.stamp, "./bench/empty": &b.empty,
	} {
		*path = filepath.Join(programs, filepath.Base(name))
		c := exec.Command("go", "build", "-o", *path, name)
		c.Dir = root
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if file == "" || file == os.DevNull {
		return "", errors.New("start it inside the module: go run ./bench")
	}
	return filepath.Dir(file), nil
}

// folder makes a folder inside that of the run.
func (b *bench) folder(name string) (string, error) {
	dir := filepath.Join(b.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// interrupted is the error of a run that the user ended.
func (b *bench) interrupted() error { return b.ctx.Err() }

// output runs a command that is not timed and returns what it printed.
func output(c *exec.Cmd) (string, error) {
	out, err := c.Output()
	return strings.TrimSpace(string(out)), explain(c, err)
}

// run runs a command that is not timed, for its effect.
func run(c *exec.Cmd) error {
	_, err := output(c)
	return err
}

// timed tells how long a command takes, from its fork to its exit. What it
// puts out goes to c.Stdout, by default to /dev/null.
func timed(c *exec.Cmd) (time.Duration, error) {
	begin := time.Now()
	err := c.Run()
	return time.Since(begin), explain(c, err)
}

// explain adds the command line, and what the command said, to its error.
func explain(c *exec.Cmd, err error) error {
	if err == nil {
		return nil
	}
	said := ""
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		said = strings.TrimSpace(": " + string(exit.Stderr))
	}
	return fmt.Errorf("%s: %w%s", strings.Join(c.Args, " "), err, strings.TrimSuffix(said, ":"))
}
