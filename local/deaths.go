package local

import (
	"os"
	"sync"

	"github.com/backjob/job/internal/process"
)

// deaths tells when a job's keeper has ended.
type deaths struct {
	wake    func()
	handles map[*Job]process.Handle
	end     func() // ends the round under way; nil if there is none

	mu   sync.Mutex
	lost map[*Job]bool // their keeper has ended
}

func newDeaths(wake func()) *deaths {
	return &deaths{wake: wake, handles: map[*Job]process.Handle{}, lost: map[*Job]bool{}}
}

// take reports once whether the job's keeper has ended.
func (d *deaths) take(j *Job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	lost := d.lost[j]
	delete(d.lost, j)
	return lost
}

// watch makes these jobs, and no others, the ones that are watched.
func (d *deaths) watch(jobs []*Job) {
	wanted := map[*Job]bool{}
	var come []*Job
	for _, j := range jobs {
		wanted[j] = true
		if _, ok := d.handles[j]; !ok {
			come = append(come, j)
		}
	}
	if len(come) == 0 && len(jobs) == len(d.handles) {
		return
	}
	d.stop()
	for j, h := range d.handles {
		if !wanted[j] {
			h.Close()
			delete(d.handles, j)
		}
	}
	for _, j := range come {
		d.open(j)
	}
	d.start()
}

// open gets a handle on the job's keeper. A keeper that is not up yet will
// change the index when it is.
func (d *deaths) open(j *Job) {
	_, status, err := j.folder().Read()
	if err != nil || status.Keeper.PID == 0 {
		return
	}
	h, err := process.Open(status.Keeper.PID, status.Keeper.Start)
	if err != nil {
		d.tell(j)
		return
	}
	d.handles[j] = h
}

func (d *deaths) tell(j *Job) {
	d.mu.Lock()
	d.lost[j] = true
	d.mu.Unlock()
	d.wake()
}

// start begins a round: a goroutine that waits for any of the keepers until
// one has ended or stop is called.
func (d *deaths) start() {
	if len(d.handles) == 0 {
		return
	}
	var jobs []*Job
	var handles []process.Handle
	for j, h := range d.handles {
		jobs, handles = append(jobs, j), append(handles, h)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return // out of descriptors: the index still tells of every end
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for len(handles) > 0 {
			i := process.WaitAny(handles, read)
			if i < 0 {
				return
			}
			d.tell(jobs[i])
			jobs = append(jobs[:i:i], jobs[i+1:]...)
			handles = append(handles[:i:i], handles[i+1:]...)
		}
	}()
	d.end = func() {
		write.Close()
		<-ended
		read.Close()
	}
}

// stop ends the round under way and forgets the keepers that have ended.
func (d *deaths) stop() {
	if d.end != nil {
		d.end()
		d.end = nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for j := range d.lost {
		if h, ok := d.handles[j]; ok {
			h.Close()
			delete(d.handles, j)
		}
	}
}

func (d *deaths) close() {
	d.stop()
	for _, h := range d.handles {
		h.Close()
	}
}
