package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/backjob/job"
)

// entry copies a folder, a file or a link.
func (t *tree) entry(ctx context.Context, out *job.Writer, from, to string, e fs.DirEntry) error {
	if ctx.Err() != nil {
		return ctx.Err() // somebody stopped us
	}
	info, err := e.Info()
	if err != nil {
		out.Warning(fmt.Sprintf("left out: %v", err)) // it is gone
		return nil
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		return t.folder(ctx, out, from, to, info)
	case 0:
		return t.file(ctx, out, from, to, info)
	case fs.ModeSymlink:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	out.Warning(fmt.Sprintf("left out: %s is neither file, folder nor link", from))
	return nil
}

func (t *tree) folder(ctx context.Context, out *job.Writer, from, to string, info fs.FileInfo) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		out.Warning(fmt.Sprintf("left out: %v", err))
		return nil
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if err := t.entry(ctx, out, filepath.Join(from, e.Name()), filepath.Join(to, e.Name()), e); err != nil {
			return err
		}
	}
	return alike(to, info) // last: what is put into a folder changes its time
}

// file copies into a file with another name, which gets its own once it is
// whole.
func (t *tree) file(ctx context.Context, out *job.Writer, from, to string, info fs.FileInfo) error {
	source, err := os.Open(from)
	if err != nil {
		out.Warning(fmt.Sprintf("left out: %v", err))
		return nil
	}
	defer source.Close()
	part, err := os.CreateTemp(filepath.Dir(to), ".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name()) // gone already if all went well
	r := &reader{ctx: ctx, from: source, tree: t, path: from}
	_, err = io.Copy(part, r)
	if r.failed != nil {
		out.Warning(fmt.Sprintf("left out: %v", r.failed))
		return nil
	}
	if err := errors.Join(err, part.Close(), alike(part.Name(), info)); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), to); err != nil {
		return err
	}
	t.files.Add(1)
	out.Verbose(to)
	return nil
}

// reader reads until the context is done, and counts.
type reader struct {
	ctx  context.Context
	from io.Reader
	tree *tree
	path string

	failed error // of reading; what else goes wrong is about writing
}

func (r *reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.from.Read(b)
	r.tree.count(int64(n), r.path)
	if err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}

// alike gives a copy the permissions and the time of what it was made of.
func alike(path string, info fs.FileInfo) error {
	return errors.Join(os.Chmod(path, info.Mode().Perm()), os.Chtimes(path, info.ModTime(), info.ModTime()))
}
