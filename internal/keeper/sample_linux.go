package keeper

import (
	"os"
	"time"

	"github.com/backjob/job/internal/spool"
)

// sampler notes in the timeline how large a child's files have become. While
// nothing is written it costs nothing: the first write after silence wakes
// us. While much is written the looks become fewer.
type sampler struct {
	files    int // the number of the files; 0 while there are none
	spool    spool.Spool
	timeline *spool.Timeline
	last     spool.Sizes
}

const (
	firstLook = 2 * time.Millisecond  // after the look that broke the silence
	lastLook  = 32 * time.Millisecond // while writes are dense
)

// open makes the child write to the files with this number.
func (c *child) open(files int) {
	c.files = files
	c.spool = spool.In(c.k.journal.Path, files)
	c.timeline = c.spool.Timeline()
	if c.k.meta.Many() {
		c.timeline.Make() // readers hold it; without it the times get coarse
	}
}

// sizes are the sizes of the files as they are now.
func (s *sampler) sizes() spool.Sizes {
	if s.files == 0 {
		return spool.Sizes{}
	}
	sizes, err := s.spool.Sizes()
	if err != nil {
		return s.last
	}
	s.last = sizes
	return sizes
}

// sample writes a sample if anything has grown.
func (s *sampler) sample() (grown bool) {
	if s.files == 0 {
		return false
	}
	grown, _ = s.timeline.Note(time.Now(), s.sizes()) // on a full disk the times get coarse, no byte is lost
	return grown
}

// sample looks at the sizes and decides when to look again.
func (k *keeper) sample() {
	if k.final() {
		return
	}
	k.hear()
	if k.sampleAll() {
		k.dense = min(max(2*k.dense, firstLook), lastLook)
		k.sampleAt = time.Now().Add(k.dense)
		return
	}
	k.dense = 0
	k.changes.Arm()
	k.hear()
	if k.sampleAll() { // between the look and the arming
		k.sampleAt = time.Now().Add(firstLook)
	}
	if requestsLeft(k.journal.Path) {
		k.serveRequests()
	}
}

func (k *keeper) sampleAll() (grown bool) {
	for _, c := range k.running {
		if c.sample() {
			grown = true
		}
	}
	return k.sampleFunctions() || grown
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
func (k *keeper) sync() {
	for n := range max(k.tally.Slots, 1) {
		files := spool.In(k.journal.Path, n+1)
		sizes, _ := files.Sizes()
		paths := []string{files.TimelinePath()}
		for file, size := range sizes {
			if size > 0 {
				paths = append(paths, files.Path(spool.File(file)))
			}
		}
		for _, path := range paths {
			if f, err := os.Open(path); err == nil {
				f.Sync()
				f.Close()
			}
		}
	}
}
