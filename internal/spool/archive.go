package spool

import (
	"errors"
	"io"
	"os"
)

// Archive is a spool into which what many children have put out is brought
// together: the part of each stands in one piece in the files, and what is
// there once never changes. One process writes it.
type Archive struct {
	spool    Spool
	files    [3]*os.File // opened when they are needed
	timeline *os.File
	sizes    Sizes
}

// Archive gives the spool for bringing together. Close it.
func (s Spool) Archive() (*Archive, error) {
	sizes, err := s.Sizes()
	return &Archive{spool: s, sizes: sizes}, err
}

// Take copies the files of another spool, which have these sizes and are
// small, and their times. It gives where they begin here. If there is no room
// nothing has changed.
func (a *Archive) Take(from Spool, sizes Sizes) (base Sizes, err error) {
	base = a.sizes
	for f, size := range sizes {
		if size > 0 && err == nil {
			err = a.take(File(f), from, size)
		}
	}
	if err == nil && sizes.Total() > 0 {
		err = a.takeTimes(from, base, sizes)
	}
	if err != nil {
		return base, errors.Join(err, a.backTo(base))
	}
	a.sizes = base.plus(sizes)
	return base, nil
}

func (a *Archive) take(f File, from Spool, size int64) (err error) {
	b := make([]byte, size)
	if err := readWhole(from.Path(f), b); err != nil {
		return err
	}
	if a.files[f] == nil {
		if a.files[f], err = a.spool.Append(f); err != nil {
			return err
		}
	}
	_, err = a.files[f].Write(b)
	return err
}

// takeTimes copies the samples, as if they were samples of this spool.
func (a *Archive) takeTimes(from Spool, base, sizes Sizes) error {
	b, err := os.ReadFile(from.TimelinePath())
	if err != nil {
		return err
	}
	b = b[:len(b)-len(b)%sampleSize]
	for sample := b; len(sample) > 0; sample = sample[sampleSize:] {
		s := decodeSample(sample)
		for f := range s.Sizes {
			s.Sizes[f] = base[f] + min(s.Sizes[f], sizes[f])
		}
		s.encode(sample)
	}
	if a.timeline == nil {
		if a.timeline, err = os.OpenFile(a.spool.TimelinePath(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
			return err
		}
		if err := a.timeline.Truncate(int64(samplesIn(a.timeline)) * sampleSize); err != nil { // a power cut may have left half a sample
			return err
		}
	}
	_, err = a.timeline.Write(b)
	return err
}

// backTo takes back what was written of a spool that could not be taken. Half
// a sample at the end of the timeline would put all that follow out of step.
func (a *Archive) backTo(base Sizes) (err error) {
	for f, file := range a.files {
		if file != nil {
			err = errors.Join(err, file.Truncate(base[f]))
		}
	}
	if a.timeline != nil {
		err = errors.Join(err, a.timeline.Truncate(int64(samplesIn(a.timeline))*sampleSize))
	}
	return err
}

// Close closes the files.
func (a *Archive) Close() (err error) {
	for _, f := range append(a.files[:], a.timeline) {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func readWhole(path string, b []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.ReadFull(f, b)
	return err
}

// Hold keeps the files from being emptied for another child until the file
// that comes back is closed. Look after it whose they are. There is none while
// the spool has no timeline; nothing was written to it then.
func (s Spool) Hold() (*os.File, error) {
	f, err := os.Open(s.TimelinePath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := lockShared(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Clear empties the files, so that another child can write to them. It is
// false while a reader holds them.
func (s Spool) Clear() (done bool, err error) {
	f, err := os.OpenFile(s.TimelinePath(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if ok, err := tryLock(f); !ok {
		return false, err
	}
	sizes, err := s.Sizes()
	if err != nil {
		return false, err
	}
	for i, size := range sizes {
		if size > 0 {
			err = errors.Join(err, os.Truncate(s.Path(File(i)), 0))
		}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	return err == nil, err
}
