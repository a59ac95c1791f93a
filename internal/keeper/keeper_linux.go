package keeper

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/internal/watch"
	"golang.org/x/sys/unix"
)

// keeper looks after one job with one child. All of it runs in one goroutine;
// those that wait for something tell it through channels.
type keeper struct {
	dir     string // of the repository
	journal *store.Journal
	meta    store.Meta
	child   int  // the program that was launched with us; 0 if none was
	adopted bool // another keeper was here before us
	rest    rest // of the nap that we come from, and until the next

	events   []store.Event // the journal so far
	life     job.Lifecycle // of child 1
	attempt  int
	program  store.Process
	ours     bool          // the program is our child
	boot     string        // of this machine
	ended    *store.Exit   // the program of this attempt; nil while it runs
	ask      *asking       // a stop that is being carried out; nil if none is
	stopped  bool          // a stop was asked for
	timedOut bool          // the attempt took too long
	held     bool          // the next attempt waits for a resume
	timeLeft time.Duration // of the attempt's timeout, when its clock last started
	clock    time.Time     // when it started; zero while it stands still

	signals  chan os.Signal
	changes  *watch.Watcher
	foreign  chan store.Exit // how a program ended that is not our child
	look     *time.Timer     // next look at the sizes, and at what is left of the tree
	deadline *time.Timer     // the attempt's timeout
	retry    *time.Timer     // the next attempt
	quiet    *time.Timer     // the next nap
	sampler  sampler
}

// Main is the whole life of a keeper process; args are its arguments after
// Verb. It gives the exit status of the process.
func Main(args []string) int {
	if len(args) != 3 {
		return 2
	}
	id, err := strconv.ParseUint(args[1], 10, 63)
	if err != nil {
		return 2
	}
	if after, err := time.ParseDuration(os.Getenv(napVariable)); err == nil {
		NapAfter = after
	}
	child, _ := strconv.Atoi(strings.TrimPrefix(args[2], "program="))
	f := store.FolderIn(args[0], job.ID(id))
	k := &keeper{dir: args[0], journal: store.JournalOf(f, journalFD), child: child, adopted: args[2] == adopting, rest: restOf(args[2]),
		signals: make(chan os.Signal, 16), foreign: make(chan store.Exit, 1)}
	if err := k.run(); err != nil {
		os.Stderr.WriteString("keeper: " + err.Error() + "\n") // into the journal
		return 1
	}
	return 0
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
	k.look, k.deadline, k.retry, k.quiet = stoppedTimer(), stoppedTimer(), stoppedTimer(), stoppedTimer()
	if err := k.begin(); err != nil {
		return err
	}
	for !k.life.State().State.Final() {
		k.napAfterQuiet()
		k.step()
	}
	k.leave()
	return nil
}

// begin takes up the job, between the starter's word and ours; after a nap
// there is no starter.
func (k *keeper) begin() error {
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

// takeUp reads what is known of the job, and goes on from there.
func (k *keeper) takeUp() (err error) {
	meta, status, err := k.journal.Read()
	if err != nil {
		return k.giveUp(err)
	}
	k.meta, k.events = meta, status.Events
	child := status.Children[0]
	if k.boot = child.Boot; !k.rest.napped {
		k.boot = process.BootID()
	}
	k.life.Job = job.Ref{ID: k.meta.ID, Child: 1}
	k.life.Restore(status.Steps)
	k.life.Keep = func(e job.StateEvent) error { return nil }
	k.attempt, k.program, k.ended = child.Attempt, child.Program, child.Ended
	k.stopped = child.State.State == job.Stopping
	k.sampler = sampler{spool: spool.In(k.journal.Path, 1)}
	k.sampler.timeline = k.sampler.spool.Timeline()
	if !child.State.State.Final() && status.Keeper.PID != os.Getpid() {
		self, _ := process.StatOf(os.Getpid())
		k.note(store.Event{Keeper: store.Process{PID: os.Getpid(), Start: self.Start}, Boot: k.boot})
	}
	switch {
	case child.State.State.Final():
		k.publish() // a keeper was killed between the journal and the index
	case k.program.PID == 0 && k.child != 0:
		k.began(k.child, 1) // who launched us was killed before it could write that
		k.reap()
	case k.program.PID == 0 && k.adopted:
		k.end(job.Failed, errors.New("never started, because its keeper was killed, or its journal is lost"), nil)
	case k.program.PID == 0:
		k.startFirst()
	default:
		k.takeUpProgram(child)
	}
	k.serveRequests()
	k.sample()
	return nil
}

func (k *keeper) takeUpProgram(child store.ChildStatus) {
	k.startClock(k.timeLeftOf(child))
	switch k.life.State().State {
	case job.Suspended:
		k.stopClock()
	case job.Suspending: // our forerunner did not come to the end of it
		k.standStill()
	}
	told := k.ended == nil && k.findProgram(child)
	switch {
	case k.life.State().State.Final():
	case k.stopped:
		k.beginStop(Request{Verb: "stop", Grace: child.Grace})
	case k.ended != nil && k.waitingToRetry():
		k.retryLater()
	case k.ended != nil && !told:
		k.programEnded(*k.ended)
	}
}

// findProgram finds the program that the journal speaks of. told says that we
// were told of its end, or will be.
func (k *keeper) findProgram(child store.ChildStatus) (told bool) {
	stat, err := process.StatOf(k.program.PID)
	if k.ours = k.rest.napped || err == nil && stat.Parent == os.Getpid(); k.ours {
		k.reap()
		return true
	}
	if child.Boot != k.boot {
		k.end(job.Failed, errors.New("machine restarted"), nil)
		return true
	}
	handle, err := process.Open(k.program.PID, k.program.Start)
	if err != nil {
		k.ended = &store.Exit{Code: -1}
		return false
	}
	go k.waitForeign(handle) // ends with the program, or with us
	return true
}

// waitForeign waits for a program that is not our child.
func (k *keeper) waitForeign(h process.Handle) {
	defer h.Close()
	h.Wait()
	exit, err := h.Exit()
	if err != nil {
		exit.Code = -1
	}
	k.foreign <- store.Exit{Code: exit.Code, Signal: int(exit.Signal)}
}

// step waits for the next thing to happen and deals with it.
func (k *keeper) step() {
	select {
	case s := <-k.signals:
		if s == syscall.SIGCHLD {
			k.reap()
		}
		k.serveRequests()
	case <-k.changes.C:
		k.serveRequests()
		k.sample()
	case <-k.look.C:
		k.sample()
		k.goOn()
	case <-k.deadline.C:
		k.timeIsUp()
	case <-k.retry.C:
		k.startAgain()
	case exit := <-k.foreign:
		k.programEnded(exit)
	case <-k.quiet.C:
		k.nap()
	}
}

// reap takes all our children that have ended. The tree's orphans are ours,
// as we are child subreaper.
func (k *keeper) reap() {
	for {
		pid, exit, _ := process.Reap()
		if pid == 0 {
			break
		}
		if pid == k.program.PID && k.ours && k.ended == nil {
			k.programEnded(store.Exit{Code: exit.Code, Signal: int(exit.Signal), User: exit.User,
				System: exit.System, MaxRSS: exit.MaxRSS})
		}
	}
	k.goOn()
}

// leave is what is done after the final state was written: nobody waits for
// it, and it is off everybody's path.
func (k *keeper) leave() {
	k.changes.Close()
	k.journal.Release()
	if k.meta.Notify != "" {
		k.notify()
	}
	k.sampler.sync()
	k.journal.Sync()
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
