package watch

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// changes is DN_MODIFY, DN_CREATE, DN_DELETE and DN_RENAME of linux/fcntl.h;
// without DN_MULTISHOT the first of them ends it.
const changes = 0x02 | 0x04 | 0x08 | 0x10

// Watcher watches folders. C gets a value after a change that came after the
// last Arm; it may also get one without a reason. The value says nothing.
type Watcher struct {
	C chan os.Signal

	dirs   []*os.File
	ticker *time.Ticker // nil unless dnotify is not there
	done   chan struct{}
	ended  sync.WaitGroup
}

// New makes a watcher of nothing. Close it.
func New() *Watcher {
	w := &Watcher{C: make(chan os.Signal, 1), done: make(chan struct{})}
	handled()
	signal.Notify(w.C, syscall.SIGIO)
	return w
}

// handled keeps the runtime handling SIGIO when no watcher is left: one that
// comes late, with the system's own handling, would end the process.
var handled = sync.OnceFunc(func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGIO) })

// Wake puts a value into C, as a change does.
func (w *Watcher) Wake() {
	select {
	case w.C <- syscall.SIGIO:
	default:
	}
}

// Add watches a folder from the next Arm on.
func (w *Watcher) Add(dir string) error {
	f, err := os.Open(dir)
	if err == nil {
		w.dirs = append(w.dirs, f)
	}
	return err
}

// Arm makes the next change in any of the folders be told. Look at what is
// watched after Arm, not before: what came in between is not told.
func (w *Watcher) Arm() {
	for _, dir := range w.dirs {
		if _, err := unix.FcntlInt(dir.Fd(), unix.F_NOTIFY, changes); err != nil && w.ticker == nil {
			w.ticker = time.NewTicker(tick)
			w.ended.Go(w.passTicks)
		}
	}
}

// Told reports whether the system tells of changes, so that the watcher does
// not have to tick. It knows after the first Arm.
func (w *Watcher) Told() bool { return w.ticker == nil }

// passTicks wakes at each tick, until Close.
func (w *Watcher) passTicks() {
	for {
		select {
		case <-w.ticker.C:
			w.Wake()
		case <-w.done:
			return
		}
	}
}

// Close ends the watching.
func (w *Watcher) Close() {
	signal.Stop(w.C)
	close(w.done)
	w.ended.Wait()
	if w.ticker != nil {
		w.ticker.Stop()
	}
	for _, dir := range w.dirs {
		dir.Close()
	}
}
