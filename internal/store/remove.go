package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/backjob/job"
)

const removedSuffix = ".removed"

// Remove forgets a job and deletes its folder. j holds its lock, and is
// closed. At whatever moment it is interrupted, the job is either there or
// gone; what is left of its files is deleted by the next rebuild.
func (s *Store) Remove(j *Journal) error {
	defer j.Close()
	r, err := s.read(j.ID)
	if err != nil {
		return err
	}
	if err := s.keepHighest(j.ID); err != nil {
		return err
	}
	away := j.Path + removedSuffix
	if err := os.Rename(j.Path, away); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.forget(r); err != nil {
		return err
	}
	return os.RemoveAll(away)
}

// Forget removes the record of a job whose folder is gone.
func (s *Store) Forget(id job.ID) error {
	r, err := s.read(id)
	if err != nil {
		return err
	}
	return errors.Join(s.keepHighest(id), s.forget(r))
}

func (s *Store) forget(r Record) error {
	s.unseal(r.ID)
	return s.Update(Record{ID: r.ID, Flags: Removed, State: r.State, Instance: r.Instance, Created: r.Created})
}

// discard takes back a job that never was one. Its id is given out again if
// no other was given out since.
func (s *Store) discard(r Record) {
	os.RemoveAll(s.Folder(r.ID).Path)
	if lock(s.format) != nil {
		return
	}
	defer unlock(s.format)
	if s.currentLocked() != nil || s.Last() != r.ID {
		s.forget(r)
		return
	}
	s.header.count--
	if s.writeHeader() == nil {
		s.index.Truncate(int64(r.ID) * RecordSize)
	}
}

// Discard takes back a job whose start did not succeed; j is closed.
func (s *Store) Discard(j *Journal) {
	r, err := s.read(j.ID)
	if err == nil && r.Flags&Preparing == 0 { // its keeper had written that it failed
		s.Remove(j)
		return
	}
	if err == nil {
		s.discard(r)
	}
	j.Close()
}

// making is how long a job start may take to make a job's folder and journal.
const making = 10 * time.Second

// Sweep takes back a record whose job start was killed before there was a
// journal.
func (s *Store) Sweep(r Record) {
	if r.Flags&Preparing != 0 && time.Since(r.Created) > making {
		s.discard(r)
	}
}

// keepHighest remembers the highest id ever removed, so that a rebuild of the
// index gives out no id again. The file has had its size since the repository
// was made: writing it needs no room on a full disk.
func (s *Store) keepHighest(id job.ID) error {
	if err := lock(s.format); err != nil {
		return err
	}
	defer unlock(s.format)
	if id <= s.highestRemoved() {
		return nil
	}
	return s.writeHighest(id)
}

func (s *Store) writeHighest(id job.ID) error {
	f, err := os.OpenFile(s.path("removed"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%020d\n", id)
	return errors.Join(err, f.Close())
}

func (s *Store) highestRemoved() job.ID {
	b, _ := os.ReadFile(s.path("removed"))
	id, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 63)
	return job.ID(id)
}

// fromFolders makes the records of the index from the folders, and deletes
// what removals left.
func (s *Store) fromFolders() (records []Record, damaged int, err error) {
	// Not filepath.Glob: the repository's own name may look like a pattern.
	names, err := fs.Glob(os.DirFS(s.Dir), "jobs/*/*")
	if err != nil {
		return nil, 0, err
	}
	records = make([]Record, s.highestRemoved())
	for _, name := range names {
		path := s.path(filepath.FromSlash(name))
		if strings.HasSuffix(path, removedSuffix) {
			os.RemoveAll(path)
			continue
		}
		id, err := strconv.ParseUint(filepath.Base(path), 10, 40)
		if err != nil || s.Folder(job.ID(id)).Path != path {
			continue // not ours
		}
		for uint64(len(records)) < id {
			records = append(records, Record{})
		}
		r, ok := s.fromFolder(job.ID(id))
		if !ok {
			damaged++
		}
		records[id-1] = r
	}
	for i := range records {
		if records[i].ID == 0 {
			records[i] = Record{ID: job.ID(i + 1), Flags: Removed}
		}
	}
	return records, damaged, nil
}

// fromFolder makes the record of one job. One whose journal cannot be read is
// Failed; its output, if there is any, can still be received.
func (s *Store) fromFolder(id job.ID) (r Record, whole bool) {
	f := s.Folder(id)
	m, status, err := f.Read()
	r = status.Record(m)
	kept, _ := f.Kept()
	switch {
	case status.Events == 0 && (kept || f.empty()):
		r.Flags |= Preparing // a job start is at it, or was killed at it
	case err != nil:
		r.State, r.End = job.Failed, time.Now()
		if info, err := os.Stat(f.Path); err == nil {
			r.Created, r.End = info.ModTime(), info.ModTime()
		}
	}
	return r, err == nil
}

// empty reports whether nothing but a journal has anything in it.
func (f Folder) empty() bool {
	entries, err := os.ReadDir(f.Path)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.Name() != "journal" && info.Size() > 0 {
			return false
		}
	}
	return err == nil
}
