package asjob

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// answer does what the keeper asks of the children of j, until end is called:
// a child alone can be stopped.
func (f *files) answer(j *job.FuncJob) (end func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, asking...)
	f.tell(store.Told{Child: 1, Hears: len(asking) > 0})
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // ends with end
		defer close(done)
		var heard int64
		for {
			select {
			case <-signals:
				heard = f.serve(j, heard)
			case <-stop:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(stop)
		<-done
	}
}

// serve reads what was asked since, and gives how far it has read.
func (f *files) serve(j *job.FuncJob, from int64) int64 {
	file, err := os.Open(filepath.Join(f.folder, store.AsksFile))
	if err != nil {
		return from
	}
	defer file.Close()
	b, err := io.ReadAll(io.NewSectionReader(file, from, 1<<30))
	for whole := true; err == nil && whole; {
		var line []byte
		if line, b, whole = bytes.Cut(b, []byte{'\n'}); !whole {
			break
		}
		from += int64(len(line)) + 1
		var a store.Asked
		if json.Unmarshal(line, &a) == nil && a.Verb == "stop" {
			f.stop(j, a.Child)
		}
	}
	return from
}

func (f *files) stop(j *job.FuncJob, number int) {
	children := j.Children()
	if n := number - 1; n >= 1 && n <= len(children) {
		go children[n-1].Stop(context.Background(), job.StopOptions{}) // ends with the child, or the grace
	}
}
