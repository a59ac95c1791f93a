package keeper

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/internal/watch"
	"golang.org/x/sys/unix"
)

// keeper looks after one job and all its children. All of it runs in one
// goroutine; those that wait for something tell it through channels.
type keeper struct {
	dir       string // of the repository
	journal   *store.Journal
	meta      store.Meta
	launched  int    // the program that was launched with us; 0 if none was
	adopted   bool   // another keeper was here before us
	rest      rest   // of the nap that we come from, and until the next
	boot      string // of this machine
	restarted bool   // the machine, since there was a keeper

	tally   store.Tally  // what the journal says of the job so far
	told    store.Record // what the index was told last
	running []*child     // have begun and are not final, in the order in which they began
	waiting []waiting    // have not begun, in order
	slots   slots        // the files that no child writes to
	functions
	events
	archive  *spool.Archive // what children put out that have ended; nil before the first
	strays   map[int]bool   // children of ours that a child of the job left behind
	grace    time.Duration  // of a stop of the whole job
	dense    time.Duration  // between two looks at the sizes; 0 while it is silent
	sampleAt time.Time      // the next of them; zero if none is due
	napAt    time.Time      // if nothing happens until then; zero if we have to stay awake

	signals chan os.Signal
	changes *watch.Watcher
	inbox   chan func()  // what others want to be done in our goroutine
	foreign chan foreign // how a program ended that is not our child
	timer   *time.Timer  // the next thing that is due
	armed   time.Time    // when it fires; zero while it stands still
}

// Main is the whole life of a keeper process; args are its arguments after
// Verb. It gives the exit status of the process.
func Main(args []string) int {
	k, err := newKeeper(args)
	if err != nil {
		return 2
	}
	if err := k.run(); err != nil {
		os.Stderr.WriteString("keeper: " + err.Error() + "\n") // into the journal
		return 1
	}
	return 0
}

func newKeeper(args []string) (*keeper, error) {
	if len(args) != 3 {
		return nil, errors.New("a keeper has three arguments")
	}
	id, err := strconv.ParseUint(args[1], 10, 63)
	if err != nil {
		return nil, err
	}
	if after, err := time.ParseDuration(os.Getenv(napVariable)); err == nil {
		NapAfter = after
	}
	launched, _ := strconv.Atoi(strings.TrimPrefix(args[2], "program="))
	f := store.FolderIn(args[0], job.ID(id))
	return &keeper{dir: args[0], journal: store.JournalOf(f, journalFD), launched: launched, adopted: args[2] == adopting, rest: restOf(args[2]),
		signals: make(chan os.Signal, 16), inbox: make(chan func()), foreign: make(chan foreign, 1)}, nil
}

func (k *keeper) run() error {
	debug.SetGCPercent(20) // it hardly allocates; memory counts, there may be hundreds of us
	unix.Prctl(unix.PR_SET_NAME, uintptr(namePointer(processName)), 0, 0, 0)
	if err := process.BecomeSubreaper(); err != nil {
		return err
	}
	// What ends the job's processes at a shutdown also comes to us, and we
	// end by ourselves then, after writing how they ended.
	signal.Notify(k.signals, syscall.SIGCHLD, syscall.SIGUSR1,
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	syscall.CloseOnExec(journalFD)
	k.changes = watch.New()
	k.changes.Add(k.journal.Path)
	k.timer = time.NewTimer(time.Hour)
	k.timer.Stop()
	if err := k.begins(); err != nil {
		return err
	}
	for !k.final() {
		k.napAt = k.nextNap()
		k.step()
	}
	k.leave()
	return nil
}

// begins takes up the job, between the starter's word and ours; after a nap
// there is no starter.
func (k *keeper) begins() error {
	if k.rest.napped {
		return k.takeUp()
	}
	k.waitForStarter()
	told := os.NewFile(toldFD, "told")
	syscall.CloseOnExec(toldFD)
	if told != nil {
		defer told.Close()
	}
	return k.takeUp()
}

// waitForStarter waits until the process that started us has written what it
// had to, or is dead.
func (k *keeper) waitForStarter() {
	if f := os.NewFile(goFD, "go"); f != nil {
		io.Copy(io.Discard, f)
		f.Close()
	}
}

// final reports whether the job is through.
func (k *keeper) final() bool { return k.tally.State().Final() }

// step waits for the next thing to happen and deals with it.
func (k *keeper) step() {
	k.arm()
	select {
	case s := <-k.signals:
		if s == syscall.SIGCHLD {
			k.collect()
		}
		k.serveRequests()
	case <-k.changes.C:
		k.hear()
		k.serveRequests()
		k.sample()
	case <-k.timer.C:
		k.armed = time.Time{}
		k.due(time.Now())
	case do := <-k.inbox:
		do()
	case f := <-k.foreign:
		f.child.hasEnded(f.exit)
	}
	k.settle()
}

// collect takes all our children that have ended. The tree's orphans are
// ours, as we are child subreaper; when one of them ends, what a stop or an
// ended program waits for may have come.
func (k *keeper) collect() {
	for {
		pid, exit, _ := process.Reap()
		if pid == 0 {
			return
		}
		c := k.whose(pid)
		if c == nil {
			delete(k.strays, pid)
			for _, c := range k.running {
				c.fresh = true
			}
			continue
		}
		c.hasEnded(store.Exit{Code: exit.Code, Signal: int(exit.Signal), User: exit.User,
			System: exit.System, MaxRSS: exit.MaxRSS})
	}
}

// whose is the child whose program is our child and has this number, nil if
// there is none.
func (k *keeper) whose(pid int) *child {
	for _, c := range k.running {
		if c.status.Program.PID == pid && c.ours && c.ended == nil {
			return c
		}
	}
	return nil
}

// settle goes on with the children about which there is news, and begins
// others where there is room.
func (k *keeper) settle() {
	for again := true; again; { // to go on with one may bring news of others
		again = false
		for _, c := range k.each() {
			if c.fresh {
				c.fresh, again = false, true
				c.goOn()
			}
		}
	}
	k.admit()
	k.endIfThrough()
}

// each is the running children, for a pass in which some may become final or
// begin.
func (k *keeper) each() []*child { return slices.Clone(k.running) }

// due does what the time has come for.
func (k *keeper) due(now time.Time) {
	for _, c := range k.each() {
		c.due(now)
	}
	if isDue(k.sampleAt, now) {
		k.sampleAt = time.Time{}
		k.sample()
	}
	if isDue(k.napAt, now) {
		k.nap()
	}
}

func isDue(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// arm makes the timer fire when the next thing is due.
func (k *keeper) arm() {
	next := earliest(k.napAt, k.sampleAt)
	for _, c := range k.running {
		for _, at := range [...]time.Time{c.lookAt, c.deadline, c.retryAt} {
			next = earliest(next, at)
		}
	}
	switch {
	case next.Equal(k.armed):
	case next.IsZero():
		k.timer.Stop()
	default:
		k.timer.Reset(time.Until(next))
	}
	k.armed = next
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// leave is what is done after the final state was written: nobody waits for
// it, and it is off everybody's path.
func (k *keeper) leave() {
	k.changes.Close()
	k.unsubscribe()
	k.journal.Release()
	if k.meta.Notify != "" {
		k.notify()
	}
	k.sync()
	k.journal.Sync()
	k.listening.Wait()
}

// giveUp is for a job whose files say too little to look after it. The index
// says so where it can, so that nobody tries again and again.
func (k *keeper) giveUp(err error) error {
	s, openErr := store.Open(k.dir, func(string) {})
	if openErr != nil {
		return errors.Join(err, openErr)
	}
	defer s.Close()
	if r, ok, readErr := s.Read(k.journal.ID); readErr == nil && ok && !r.State.Final() {
		r.State, r.End = job.Failed, time.Now()
		return errors.Join(err, s.Update(r))
	}
	return err
}

// throttle is how many children run at once.
func (k *keeper) throttle() int { return max(k.meta.Throttle, 1) }

func namePointer(name string) uintptr {
	b := append([]byte(name), 0)
	return uintptr(unsafe.Pointer(&b[0]))
}
