package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// spooler is a task-spooler server of our own.
type spooler struct {
	path   string
	dir    string
	socket string
	slots  int
	closed bool
}

// spooler starts a task-spooler server that runs so many jobs at once. It
// ends with the run.
func (b *bench) spooler(name string, slots int) (*spooler, error) {
	path, err := exec.LookPath("tsp")
	if err != nil {
		return nil, fmt.Errorf("tsp is missing (apt-get install task-spooler)")
	}
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}
	s := &spooler{path: path, dir: dir, socket: filepath.Join(dir, "socket"), slots: slots}
	b.leave = append(b.leave, s.close)
	return s, run(s.command("-l")) // any call starts the server
}

// command is a call of tsp on this server. tsp puts output files into TMPDIR.
func (s *spooler) command(args ...string) *exec.Cmd {
	c := exec.Command(s.path, args...)
	c.Env = append(os.Environ(), s.mark(), "TMPDIR="+s.dir, "TS_SLOTS="+strconv.Itoa(s.slots))
	return c
}

// settle waits until the job that came last is final.
func (s *spooler) settle() error { return run(s.command("-w")) }

// mark stands in the environment of every process of this server.
func (s *spooler) mark() string { return "TS_SOCKET=" + s.socket }

// own are the server and its helpers, one for each running job.
func (s *spooler) own() ([]int, error) {
	return s.processes(func(program string) bool { return program == "tsp" })
}

func (s *spooler) processes(match func(program string) bool) ([]int, error) {
	return processes(func(pid int) bool {
		args := commandLine(pid)
		return len(args) > 0 && match(filepath.Base(args[0])) && slices.Contains(environment(pid), s.mark())
	})
}

// close ends the server and kills what it leaves running.
func (s *spooler) close() {
	if s.closed {
		return
	}
	s.closed = true
	run(s.command("-K"))
	pids, _ := s.processes(func(string) bool { return true })
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	}
}
