package store

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"github.com/backjob/job"
)

// errDamaged says that the index holds something else than was written.
var errDamaged = errors.New("damaged")

// openIndex opens the index and checks its header and size against each
// other. One that is damaged or gone is built again.
func (s *Store) openIndex() error {
	f, err := s.openFile(s.path("index"))
	if errors.Is(err, fs.ErrNotExist) {
		return s.Rebuild("is gone")
	}
	if err != nil {
		return err
	}
	if s.index != nil {
		s.index.Close()
	}
	s.index = f
	if why := s.checkIndex(); why != "" {
		return s.Rebuild(why)
	}
	return nil
}

// checkIndex reads the header and tells what is wrong, "" if nothing is. The
// header is read before the size: an append grows the file first.
func (s *Store) checkIndex() string {
	var b [RecordSize]byte
	for range 10 { // a header that is being rewritten may be read half
		if _, err := s.index.ReadAt(b[:], 0); err != nil {
			return "is cut short"
		}
		h, ok := decodeHeader(b[:])
		if !ok {
			runtime.Gosched()
			continue
		}
		s.header = h
		if info, err := s.index.Stat(); err != nil || info.Size() < int64(h.count+1)*RecordSize {
			return "is cut short"
		}
		return ""
	}
	return "has a damaged header"
}

// Last is the highest id given out when the store was opened or last changed.
func (s *Store) Last() job.ID { return job.ID(s.header.count) }

// Refresh looks again how many records there are.
func (s *Store) Refresh() error { return s.openIndex() }

// append writes r as the next record and gives it its id.
func (s *Store) append(r *Record) error {
	if s.readOnly != nil {
		return s.readOnly
	}
	if err := lock(s.format); err != nil {
		return err
	}
	defer unlock(s.format)
	if err := s.currentLocked(); err != nil {
		return err
	}
	r.ID = job.ID(s.header.count + 1)
	b := r.encode()
	if _, err := s.index.WriteAt(b[:], int64(r.ID)*RecordSize); err != nil {
		return err
	}
	s.header.count++
	return s.writeHeader()
}

// currentLocked makes sure that s.index is the index that has the name, and
// that the header is the newest.
func (s *Store) currentLocked() error {
	open, err := s.index.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(s.path("index"))
	if err != nil || !os.SameFile(open, named) {
		f, err := os.OpenFile(s.path("index"), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		s.index.Close()
		s.index = f
	}
	if why := s.checkIndex(); why != "" {
		return s.rebuildLocked(why)
	}
	return nil
}

func (s *Store) writeHeader() error {
	b := s.header.encode()
	_, err := s.index.WriteAt(b[:], 0)
	return err
}

// Read gives the record of a job. ok is false if there is none.
func (s *Store) Read(id job.ID) (r Record, ok bool, err error) {
	if id == 0 || id > s.Last() {
		return r, false, nil
	}
	r, err = s.read(id)
	if errors.Is(err, errDamaged) {
		if err = s.Rebuild("holds garbage"); err == nil && id > s.Last() {
			return r, false, nil // the job was taken back meanwhile
		}
		if err == nil {
			r, err = s.read(id)
		}
	}
	return r, err == nil && r.Flags&Removed == 0, err
}

func (s *Store) read(id job.ID) (r Record, err error) {
	var b [RecordSize]byte
	for range 100 { // its owner may be writing it at this moment
		if _, err := s.index.ReadAt(b[:], int64(id)*RecordSize); err != nil {
			return r, errDamaged
		}
		if r, ok := decodeRecord(b[:], id); ok {
			return r, nil
		}
		runtime.Gosched()
	}
	return r, errDamaged
}

// Update changes a job's record in place. Only the holder of its lock may.
func (s *Store) Update(r Record) error {
	f, err := os.OpenFile(s.path("index"), os.O_RDWR, 0) // by name: it may have been built again
	if err != nil {
		return err
	}
	defer f.Close()
	b := r.encode()
	_, err = f.WriteAt(b[:], int64(r.ID)*RecordSize)
	return err
}

const blockRecords = 512 // records read at once, and summed up in the file blocks

// Each calls fn for every record that stands for a job or a job in the
// making, in the order of ids, until fn returns false.
func (s *Store) Each(fn func(Record) bool) error {
	const step = 16 * blockRecords
	buffer := make([]byte, step*RecordSize)
	for first := job.ID(1); first <= s.Last(); first += step {
		records, err := s.span(buffer, first, min(first+step-1, s.Last()))
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.Flags&Removed == 0 && !fn(r) {
				return nil
			}
		}
	}
	return nil
}

// span reads the records first to last; the index is built again if they are
// damaged.
func (s *Store) span(buffer []byte, first, last job.ID) ([]Record, error) {
	records, err := s.readSpan(buffer, first, last)
	if errors.Is(err, errDamaged) {
		if err = s.Rebuild("holds garbage"); err == nil && first <= s.Last() {
			records, err = s.readSpan(buffer, first, min(last, s.Last())) // the last may have been taken back
		}
	}
	return records, err
}

func (s *Store) readSpan(buffer []byte, first, last job.ID) ([]Record, error) {
	b := buffer[:(last-first+1)*RecordSize]
	if _, err := s.index.ReadAt(b, int64(first)*RecordSize); err != nil {
		return nil, errDamaged
	}
	records := make([]Record, 0, last-first+1)
	for id := first; id <= last; id++ {
		at := (id - first) * RecordSize
		r, ok := decodeRecord(b[at:at+RecordSize], id)
		if !ok {
			var err error
			if r, err = s.read(id); err != nil {
				return nil, err
			}
		}
		records = append(records, r)
	}
	return records, nil
}

// Rebuild sets the index aside, if there is one, and builds it again from the
// folders. why says what is wrong with it, as in "is gone".
func (s *Store) Rebuild(why string) error {
	if s.readOnly != nil {
		return fmt.Errorf("the index %s, and cannot be built again: %w", why, s.readOnly)
	}
	if err := lock(s.format); err != nil {
		return err
	}
	defer unlock(s.format)
	if f, err := s.openFile(s.path("index")); err == nil { // another process may have done it
		old := s.index
		s.index = f
		if s.checkIndex() == "" && s.checkRecords() {
			if old != nil {
				old.Close()
			}
			return nil
		}
		f.Close()
		s.index = old
	}
	return s.rebuildLocked(why)
}

func (s *Store) checkRecords() bool {
	for id := job.ID(1); id <= s.Last(); id++ {
		if _, err := s.read(id); err != nil {
			return false
		}
	}
	return true
}

func (s *Store) rebuildLocked(why string) error {
	records, damaged, err := s.fromFolders()
	if err != nil {
		return err
	}
	aside := "index.damaged-" + time.Now().UTC().Format("20060102T150405.000000000")
	kept := ""
	if err := os.Rename(s.path("index"), s.path(aside)); err == nil {
		kept = "; the old one is kept as " + aside
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.writeIndex(records); err != nil {
		return err
	}
	jobs := 0
	for _, r := range records {
		if r.Live() {
			jobs++
		}
	}
	s.Warn(fmt.Sprintf("the index of %s %s: built again from the folders (%d jobs, %d damaged)%s", s.Dir, why, jobs, damaged, kept))
	return s.openIndex()
}

// writeIndex writes a whole index, record N of which is records[N-1], and
// gives it its name when it is whole.
func (s *Store) writeIndex(records []Record) error {
	os.Remove(s.path("blocks"))
	f, err := os.OpenFile(s.path("index.new"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	h := header{uint64(len(records)), rand.Uint64()}.encode()
	b := append(make([]byte, 0, (len(records)+1)*RecordSize), h[:]...)
	for _, r := range records {
		e := r.encode()
		b = append(b, e[:]...)
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	if len(records) > 0 {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return os.Rename(s.path("index.new"), s.path("index"))
}
