package process

import (
	"os"
	"syscall"
)

// Command is a program to be started. It gets exactly what is given here; the
// rest (umask, limits, niceness, groups, namespaces) it inherits.
type Command struct {
	Path string   // as execve takes it, from Dir if it is relative
	Argv []string // with argv[0]
	Env  []string
	Dir  string

	Stdin, Stdout, Stderr *os.File // nil means /dev/null
}

// Start starts the program as our child, in a session of its own. The error
// is a syscall.Errno if the program cannot be executed.
func (c Command) Start() (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	files := make([]uintptr, 3)
	for i, f := range c.files(null) {
		files[i] = f.Fd()
	}
	return syscall.ForkExec(c.Path, c.Argv, &syscall.ProcAttr{
		Dir: c.Dir, Env: c.Env, Files: files,
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

func (c Command) files(null *os.File) [3]*os.File {
	files := [3]*os.File{c.Stdin, c.Stdout, c.Stderr}
	for i, f := range files {
		if f == nil {
			files[i] = null
		}
	}
	return files
}
