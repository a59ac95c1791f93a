package changes

import (
	"errors"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// room is how many events wait in an inbox at most, as many as the system's
// own queue has on Linux.
const room = 16384

// inbox takes what a system watcher tells as it comes, whatever the one who
// reads it does: fsnotify may wait for its events to be taken while it is
// asked to watch another folder.
type inbox struct {
	wake chan struct{} // has a value when there is something to take

	mu     sync.Mutex
	events []fsnotify.Event
	lost   bool // some events were not told
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// fill takes all that comes until the system watcher is closed.
func (i *inbox) fill(events <-chan fsnotify.Event, errs <-chan error) {
	for events != nil || errs != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			i.put(e)
		case err, ok := <-errs:
			if !ok {
				errs = nil
				continue
			}
			i.putError(err)
		}
	}
}

func (i *inbox) put(e fsnotify.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if n := len(i.events); n > 0 && i.events[n-1] == e {
		return // many writes to one file
	}
	if len(i.events) < room {
		i.events = append(i.events, e)
	} else {
		i.lost = true
	}
	i.wakeLocked()
}

// putError takes an error as a loss of events, the overflow of the system's
// queue and any other. EINVAL is none: a folder that was moved and removed
// had no watch left to be taken off.
func (i *inbox) putError(err error) {
	if errors.Is(err, syscall.EINVAL) {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lost = true
	i.wakeLocked()
}

func (i *inbox) wakeLocked() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// take gives what has come, and whether something was lost.
func (i *inbox) take() (events []fsnotify.Event, lost bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	events, lost = i.events, i.lost
	i.events, i.lost = nil, false
	return events, lost
}
