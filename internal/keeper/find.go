package keeper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/backjob/job"
)

// Find looks for a program as a shell in folder dir with environment env
// would: a name with a slash is a path from dir, another is looked for in
// PATH. It is a NoProgram or NotRunnable error if there is none to execute.
func Find(name, dir string, env []string) (path string, err error) {
	if name == "" {
		return "", &job.Error{Kind: job.NoProgram, Err: errors.New("the program's name is empty")}
	}
	if strings.Contains(name, "/") {
		return name, executable(name, dir)
	}
	var denied error
	for _, folder := range filepath.SplitList(lookup(env, "PATH")) {
		if folder == "" {
			folder = "."
		}
		path := folder + "/" + name
		switch err := executable(path, dir); {
		case err == nil:
			return path, nil
		case denied == nil && isKind(err, job.NotRunnable) && !errors.Is(err, fs.ErrPermission):
			denied = err
		}
	}
	if denied != nil {
		return "", denied
	}
	return "", &job.Error{Kind: job.NoProgram, Err: fmt.Errorf("program %q was not found in PATH", name),
		Hint: "a shell's own commands and && need -c: job start -c " + job.CommandText([]string{name})}
}

func isKind(err error, kind job.Kind) bool {
	var e *job.Error
	return errors.As(err, &e) && e.Kind == kind
}

func executable(path, dir string) error {
	full := path
	if !filepath.IsAbs(path) {
		full = filepath.Join(dir, path)
	}
	info, err := os.Stat(full)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &job.Error{Kind: job.NotRunnable, Err: fmt.Errorf("%q cannot be reached: %w", path, fs.ErrPermission)}
	case err != nil:
		return &job.Error{Kind: job.NoProgram, Err: fmt.Errorf("program %q was not found", path)}
	case info.IsDir():
		return &job.Error{Kind: job.NotRunnable, Err: fmt.Errorf("%q is a folder, not a program", path)}
	case info.Mode().Perm()&0o111 == 0:
		return &job.Error{Kind: job.NotRunnable, Err: fmt.Errorf("%q is not executable", path),
			Hint: "make it so: chmod +x " + job.CommandText([]string{full})}
	}
	return nil
}

// lookup is the value of a variable in an environment; the last entry counts.
func lookup(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}
