// Command copytree copies a folder with all that is in it, in the foreground
// or, with --as-job, in the background. It shows a command made with cobra,
// progress, warnings, a child job for each folder at the top, and a clean stop:
// no half file is left behind.
//
//	go run ./examples/copytree ~/photos /mnt/backup/photos
//	go run ./examples/copytree --as-job --job-name backup ~/photos /mnt/backup/photos
//	job receive backup --follow --stream progress
//	job stop backup
package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/backjob/job"
	"github.com/backjob/job/asjob"
	"github.com/backjob/job/asjob/cobrajob"
	"github.com/spf13/cobra"
)

func main() {
	asjob.Keep() // first of all: this process may be a job's keeper
	cmd := &cobra.Command{
		Use:   "copytree FROM TO",
		Short: "Copies a folder with all that is in it; TO must not be there yet",
		Args:  cobra.ExactArgs(2),
	}
	cobrajob.Add(cmd, copyTree)
	os.Exit(cobrajob.Main(cmd))
}

// Summary is what came of it.
type Summary struct {
	Files, Bytes int64
}

// String is the line that a person sees.
func (s Summary) String() string { return fmt.Sprintf("%d files, %d bytes copied", s.Files, s.Bytes) }

// tree is a copy under way. The children share it.
type tree struct {
	out          *job.Writer // of the job itself: one progress for all
	total        int64       // bytes to copy
	files, bytes atomic.Int64
	percent      atomic.Int64 // told last
}

// copyTree is the work. What cannot be read is a warning, what cannot be
// written an error.
func copyTree(ctx context.Context, out *job.Writer, args []string) error {
	from, to := args[0], args[1]
	if err := apart(from, to); err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(from) // before anything is made: it may be no folder
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	t := &tree{out: out, total: size(ctx, from)}
	var children []job.Job
	for _, e := range entries {
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		copyEntry := func(ctx context.Context, out *job.Writer) error { return t.entry(ctx, out, source, target, e) }
		if e.IsDir() {
			children = append(children, out.Go(ctx, e.Name(), copyEntry))
		} else if err := copyEntry(ctx, out); err != nil {
			return err
		}
	}
	if err := job.WaitAll(ctx, children...); err != nil {
		return err // stopped; the children have the same context
	}
	out.Output(Summary{t.files.Load(), t.bytes.Load()})
	return alike(to, info)
}

// apart refuses a copy of a folder into itself, which would have no end.
func apart(from, to string) error {
	from, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	if to, err = filepath.Abs(to); err != nil {
		return err
	}
	if strings.HasPrefix(to+string(filepath.Separator), from+string(filepath.Separator)) {
		return &job.Error{Kind: job.Invalid, Err: fmt.Errorf("%s is inside of %s", to, from)}
	}
	return nil
}

// size is the number of bytes to copy. What cannot be read is told later.
func size(ctx context.Context, dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return ctx.Err()
		}
		if info, err := e.Info(); err == nil {
			total += info.Size()
		}
		return ctx.Err()
	})
	return total
}

// count tells of more bytes that are copied, once for each percent.
func (t *tree) count(n int64, path string) {
	now := int64(100)
	if done := t.bytes.Add(n); t.total > 0 {
		now = min(done*100/t.total, 100)
	}
	if before := t.percent.Load(); now > before && t.percent.CompareAndSwap(before, now) {
		t.out.Progress(job.Step{Activity: "copying", Status: path, Percent: int(now)})
	}
}
