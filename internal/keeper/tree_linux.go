package keeper

import (
	"os"
	"strconv"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
)

// tree is the child's processes. Where it is the only one, that is all that
// came of us; the last child of a job that is being stopped takes with it
// what others left behind.
func (c *child) tree() process.Tree {
	k := c.k
	t := process.Tree{Keeper: os.Getpid(), Session: c.status.Program.PID, Spare: isKeeper, Lost: !c.ours,
		Siblings: k.meta.Many() && !k.meta.Self && !(k.tally.Stop && len(k.running) == 1)}
	if t.Siblings || t.Lost {
		t.Cookies = cookies(k.journal.Folder, c.number, c.files)
	}
	if t.Siblings {
		t.Files = c.fileInfos()
	}
	return t
}

// whole is all processes that descend from us.
func (k *keeper) whole() process.Tree { return process.Tree{Keeper: os.Getpid(), Spare: isKeeper} }

// fileInfos are the child's files that a process may have open.
func (c *child) fileInfos() (files []os.FileInfo) {
	for _, f := range []spool.File{spool.OutputFile, spool.ErrorFile} {
		if info, err := os.Stat(c.spool.Path(f)); err == nil {
			files = append(files, info)
		}
	}
	return files
}

// isKeeper spares the keepers of jobs that our job started: those are jobs of
// their own, and go on. The job's journal has to say so too.
func isKeeper(pid int) bool {
	args := process.Arguments(pid)
	if len(args) < 4 || args[0] != "job" || args[1] != Verb {
		return false
	}
	ref, ok := job.ParseRef(args[3])
	if !ok {
		return false
	}
	_, status, err := store.FolderIn(args[2], ref.ID).Read()
	return err == nil && status.Keeper.PID == pid
}

// holding names the processes of the tree that still have the child's output
// open, "" if there are none: then no further byte can come.
func (c *child) holding() string {
	if c.ours && len(c.k.orphans()) == 0 {
		return ""
	}
	t := c.tree()
	t.Siblings = false // nobody else's processes have these files open
	var names []string
	for _, s := range t.Holding(c.fileInfos()...) {
		names = append(names, strconv.Itoa(s.PID))
	}
	if len(names) == 0 {
		return ""
	}
	return "process " + strings.Join(names, ", ")
}

// orphans are the children of ours that are not programs of the job's
// children, without those that we know to be left behind by a child that has
// ended. Only below one of them can there be something that a program which
// has ended left. This is asked at the end of each child, and costs little.
func (k *keeper) orphans() []int {
	if !process.HasChildren() {
		return nil
	}
	pids, ok := process.Children()
	if !ok {
		return k.orphansAmongAll()
	}
	var orphans []int
	for _, pid := range pids {
		if k.whose(pid) != nil || k.strays[pid] {
			continue
		}
		if s, err := process.StatOf(pid); err == nil && !s.Gone() {
			orphans = append(orphans, pid)
		}
	}
	return orphans
}

// orphansAmongAll is for a system that does not list our children.
func (k *keeper) orphansAmongAll() (orphans []int) {
	for _, s := range process.Every() {
		if s.Parent == os.Getpid() && !s.Gone() && k.whose(s.PID) == nil && !k.strays[s.PID] {
			orphans = append(orphans, s.PID)
		}
	}
	return orphans
}

// leftNothing reports whether nothing that a child left when it ended can
// write to its files any more.
func (c *child) leftNothing() bool {
	if c.ours || c.status.Attempt == 0 {
		return !c.k.newStrays(c)
	}
	return len(c.tree().Members()) == 0
}

// newStrays reports whether there are orphans that are not those of a child
// that still runs when this one has ended, and remembers them.
func (k *keeper) newStrays(ended *child) (found bool) {
	for _, pid := range k.orphans() {
		if k.ofRunning(pid, ended) {
			continue
		}
		if k.strays == nil {
			k.strays = map[int]bool{}
		}
		k.strays[pid], found = true, true
	}
	return found
}

// ofRunning reports whether an orphan came of a child that still runs, by
// what it was given and what it has open.
func (k *keeper) ofRunning(pid int, ended *child) bool {
	all := process.Every()
	for _, c := range k.running {
		if c == ended {
			continue
		}
		for _, s := range c.tree().Among(all) {
			if s.PID == pid {
				return true
			}
		}
	}
	return false
}
