package changes

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/backjob/job"
)

// exhausted tells whether the system has no means left to watch more.
func exhausted(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// explain puts an error of the system, about watching a path, into our words.
func explain(path string, err error) error {
	e := &job.Error{Err: fmt.Errorf("watch %s: %w", path, reason(err))}
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		e.Kind, e.Hint = job.Invalid, "it has to be there at the beginning; later it may go away and come back"
	case errors.Is(err, syscall.ENOSPC):
		e.Err = fmt.Errorf("watch %s: your user's inotify watches are used up, one for each folder", path)
		e.Hint = "ignore folders that need no watching, or allow more: sudo sysctl fs.inotify.max_user_watches=1048576"
	case errors.Is(err, syscall.EMFILE):
		e.Err = fmt.Errorf("watch %s: your user's inotify instances, or this process's open files, are used up", path)
		e.Hint = "end some programs that watch files, or allow more: sudo sysctl fs.inotify.max_user_instances=1024, ulimit -n"
	}
	return e
}

// reason is an error without the path and the system call, which we name
// ourselves.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
