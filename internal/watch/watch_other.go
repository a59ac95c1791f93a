//go:build !linux

package watch

import (
	"os"
	"time"
)

// Watcher watches folders; here it ticks.
type Watcher struct {
	C chan os.Signal

	ticker *time.Ticker
	done   chan struct{}
	ended  chan struct{}
}

// New makes a watcher. Close it.
func New() *Watcher {
	w := &Watcher{C: make(chan os.Signal, 1), ticker: time.NewTicker(tick),
		done: make(chan struct{}), ended: make(chan struct{})}
	go w.pass()
	return w
}

func (w *Watcher) pass() {
	defer close(w.ended)
	for {
		select {
		case <-w.ticker.C:
			w.Wake()
		case <-w.done:
			return
		}
	}
}

// Wake puts a value into C, as a change does.
func (w *Watcher) Wake() {
	select {
	case w.C <- os.Interrupt:
	default:
	}
}

// Add watches a folder.
func (w *Watcher) Add(dir string) error {
	_, err := os.Stat(dir)
	return err
}

// Arm does nothing here.
func (w *Watcher) Arm() {}

// Told reports that the watcher has to tick.
func (w *Watcher) Told() bool { return false }

// Close ends the watching.
func (w *Watcher) Close() {
	w.ticker.Stop()
	close(w.done)
	<-w.ended
}
