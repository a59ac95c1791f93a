package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/backjob/job/internal/table"
)

// progress is the line that a wait shows on a terminal while it waits.
type progress struct {
	ended chan int
	done  chan struct{}
}

// newProgress shows nothing if standard error is no terminal. Close it.
func newProgress(c *call, total int) *progress {
	f, ok := c.err.(*os.File)
	if !ok || !table.Terminal(f) {
		return nil
	}
	p := &progress{make(chan int), make(chan struct{})}
	go p.show(f, total) // ends with close
	return p
}

func (p *progress) show(f *os.File, total int) {
	defer close(p.done)
	begun := time.Now()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	shown, n := false, 0
	for {
		select {
		case now, ok := <-p.ended:
			if !ok {
				if shown {
					fmt.Fprint(f, "\r\x1b[K")
				}
				return
			}
			n = now
		case <-second.C: // what ends within a second needs no line
			shown = true
		}
		if shown {
			fmt.Fprintf(f, "\rwaiting: %d of %d ended · %s\x1b[K", n, total, table.Duration(time.Since(begun)))
		}
	}
}

// tell says how many have ended.
func (p *progress) tell(n int) {
	if p != nil {
		p.ended <- n
	}
}

func (p *progress) close() {
	if p != nil {
		close(p.ended)
		<-p.done
	}
}
