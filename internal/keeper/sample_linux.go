package keeper

import (
	"os"
	"time"

	"github.com/backjob/job/internal/spool"
)

// sampler notes in the timeline how large the files have become. While
// nothing is written it costs nothing: the first write after silence wakes
// us. While much is written the looks become fewer.
type sampler struct {
	spool    spool.Spool
	timeline *spool.Timeline
	dense    time.Duration // until the next look; 0 while it is silent
}

const (
	firstLook = 2 * time.Millisecond  // after the look that broke the silence
	lastLook  = 32 * time.Millisecond // while writes are dense
)

// note writes a sample if anything has grown.
func (s *sampler) note() (grown bool) {
	if s.timeline == nil {
		return false
	}
	sizes, err := s.spool.Sizes()
	if err != nil {
		return false
	}
	grown, _ = s.timeline.Note(time.Now(), sizes) // on a full disk the times get coarse, no byte is lost
	return grown
}

// sample looks at the sizes and decides when to look again.
func (k *keeper) sample() {
	if k.life.State().State.Final() {
		return
	}
	if k.sampler.note() {
		k.sampler.dense = min(max(2*k.sampler.dense, firstLook), lastLook)
		k.lookWithin(k.sampler.dense)
		return
	}
	k.sampler.dense = 0
	k.changes.Arm()
	if k.sampler.note() { // between the look and the arming
		k.lookWithin(firstLook)
	}
	if requestsLeft(k.journal.Path) {
		k.serveRequests()
	}
}

// lookWithin makes the next look come within d.
func (k *keeper) lookWithin(d time.Duration) {
	if k.ask == nil && k.ended == nil {
		k.look.Reset(d)
	}
}

func requestsLeft(folder string) bool {
	dir, err := os.Open(folder + "/" + requestsFolder)
	if err != nil {
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(1)
	return len(names) > 0
}

// sync brings the files to the disk.
func (s *sampler) sync() {
	if s.timeline != nil {
		s.timeline.Close(true)
	}
	sizes, _ := s.spool.Sizes()
	for file, size := range sizes {
		if size == 0 {
			continue
		}
		if f, err := os.Open(s.spool.Path(spool.File(file))); err == nil {
			f.Sync()
			f.Close()
		}
	}
}
