package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/backjob/job"
)

// Folder is the place of one job.
type Folder struct {
	ID   job.ID
	Path string
}

// jobsInShard is how many jobs stand in one folder below jobs/.
const jobsInShard = 1000

// Folder gives the place of a job, whether it is there or not.
func (s *Store) Folder(id job.ID) Folder { return FolderIn(s.Dir, id) }

// FolderIn gives the place of a job in the repository dir.
func FolderIn(dir string, id job.ID) Folder {
	const sep = string(filepath.Separator)
	return Folder{id, dir + sep + "jobs" + sep + strconv.FormatUint(uint64(id/jobsInShard), 10) +
		sep + strconv.FormatUint(uint64(id), 10)}
}

// File is the path of a file in the folder.
func (f Folder) File(name string) string { return f.Path + string(filepath.Separator) + name }

// Create makes a job: its record, which is Preparing, its folder, and the
// journal with its first line, which comes back and holds the job's lock. m
// gets its id, instance id and time; with m.InputFrom, m.Input becomes the
// file input in the folder, which the caller has to fill.
func (s *Store) Create(m *Meta) (*Journal, error) {
	m.Created = time.Now()
	m.Instance = job.NewInstanceID(m.Created)
	r := Record{Flags: Preparing, Instance: m.Instance, Created: m.Created, Name: m.Name, Children: m.Children}
	if m.Many() {
		r.Flags |= Many
	}
	if err := s.append(&r); err != nil {
		return nil, err
	}
	m.ID = r.ID
	if m.InputFrom != nil {
		m.Input = s.Folder(m.ID).File("input")
	}
	j, err := s.fill(*m)
	if err != nil {
		s.discard(r)
		return nil, err
	}
	return j, nil
}

func (s *Store) fill(m Meta) (*Journal, error) {
	f := s.Folder(m.ID)
	if err := mkdir(f.Path); err != nil {
		return nil, err
	}
	j, err := f.openJournal(os.O_CREATE | os.O_EXCL)
	if err != nil {
		return nil, err
	}
	err = lock(j.file)
	if err == nil {
		_, err = j.file.Write(m.encode())
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// mkdir makes a job's folder, and its shard if it is the first there.
func mkdir(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.Mkdir(path, 0o700)
		}
	}
	return err
}

func (f Folder) damaged(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &job.Error{Job: job.Ref{ID: f.ID}.String(), Kind: job.Damaged,
		Err:  fmt.Errorf("the job's file %s cannot be used: %w", f.File("journal"), err),
		Hint: "what it put out may still be in " + f.Path}
}
