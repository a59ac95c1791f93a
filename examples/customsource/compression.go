package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/backjob/job"
)

// Compression is a job that makes FILE.gz of a file. All of a job but the work
// and Stop is Lifecycle's.
type Compression struct {
	job.Lifecycle
	cancel context.CancelFunc
}

// Saving is what a Compression puts out.
type Saving struct{ Before, After int64 } // bytes

// String is the line that a person sees.
func (s Saving) String() string { return fmt.Sprintf("%d bytes became %d", s.Before, s.After) }

// begin makes the job and starts its work. Everything that the job says of
// itself is set before the first step, which others may see.
func begin(ref job.Ref, spec job.Spec, work job.Work) *Compression {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Compression{cancel: cancel}
	c.Job = ref
	c.Describe(func(i *job.Info) {
		i.Name, i.Type, i.Location = spec.Name, "Compression", "this process"
		i.Argv, i.Command = spec.Argv, spec.Command
		if i.Command == "" {
			i.Command = "gzip " + job.CommandText(spec.Argv)
		}
	})
	c.Move(job.Running, nil)
	go c.run(ctx, work) // ends with the work; Wait waits for it
	return c
}

func (c *Compression) run(ctx context.Context, work job.Work) {
	defer c.cancel()
	err := guarded(ctx, c.Writer(), work)
	switch stopping := c.State().State == job.Stopping; {
	case stopping && errors.Is(err, context.Canceled):
		c.Move(job.Stopped, nil)
	case stopping:
		c.Move(job.Stopped, err)
	case err != nil:
		c.Move(job.Failed, err)
	default:
		c.Move(job.Completed, nil)
	}
}

// guarded is the work, with a panic as an error: one bad file must not end all.
func guarded(ctx context.Context, out *job.Writer, work job.Work) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return work(ctx, out)
}

// Stop asks the work to end and waits until it has, for the grace at most:
// what runs in this process cannot be killed.
func (c *Compression) Stop(ctx context.Context, o job.StopOptions) error {
	return c.StopBy(ctx, o, c.cancel)
}

// compress is the work: it makes path.gz, whole or not at all.
func compress(ctx context.Context, out *job.Writer, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	part, err := os.CreateTemp(filepath.Dir(path), ".gz-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name()) // gone already if all went well
	defer part.Close()
	packed := gzip.NewWriter(part)
	n, err := io.Copy(packed, reader{ctx, from})
	if err := errors.Join(err, packed.Close()); err != nil {
		return err
	}
	info, err := part.Stat()
	if err != nil {
		return err
	}
	if err := os.Rename(part.Name(), path+".gz"); err != nil {
		return err
	}
	out.Output(Saving{n, info.Size()})
	return nil
}

// reader reads until the context is done.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
