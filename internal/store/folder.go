package store

import (
	"bytes"
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

// Create makes a job: its record, which is Preparing, its folder and its
// meta. The journal that comes back holds the job's lock. m gets its id,
// instance id and time.
func (s *Store) Create(m *Meta) (*Journal, error) {
	m.Created = time.Now()
	m.Instance = job.NewInstanceID(m.Created)
	r := Record{Flags: Preparing, Instance: m.Instance, Created: m.Created, Name: m.Name, Children: m.Children}
	if err := s.append(&r); err != nil {
		return nil, err
	}
	m.ID = r.ID
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
	if err := lock(j.file); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	if err := os.WriteFile(f.File("meta"), m.encode(), 0o600); err != nil {
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

// Meta reads what was written when the job was made. Anything else than what
// was written is a Damaged error.
func (f Folder) Meta() (Meta, error) {
	b, err := os.ReadFile(f.File("meta"))
	if err != nil {
		return Meta{}, f.damaged("meta", err)
	}
	m, err := decodeMeta(string(b))
	if err != nil {
		return m, f.damaged("meta", err)
	}
	if m.ID != f.ID {
		return m, f.damaged("meta", fmt.Errorf("it is about job %d", m.ID))
	}
	return m, nil
}

func (f Folder) damaged(file string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &job.Error{Job: job.Ref{ID: f.ID}.String(), Kind: job.Damaged,
		Err:  fmt.Errorf("the job's file %s cannot be used: %w", f.File(file), err),
		Hint: "what it put out may still be in " + f.Path}
}

// Status reads the journal and adds it up. A last line that was not written
// whole is left out; any other line that is no event is passed over. A
// journal without any event of a job that has begun is Damaged.
func (f Folder) Status(children int) (Status, error) {
	events, err := f.Events()
	return Sum(f.ID, children, events), err
}

// Events reads the journal.
func (f Folder) Events() ([]Event, error) {
	b, err := os.ReadFile(f.File("journal"))
	if err != nil {
		return nil, f.damaged("journal", err)
	}
	events := make([]Event, 0, 4)
	var bad error
	for text := range strings.Lines(string(b)) {
		e, err := decodeEvent(strings.TrimSuffix(text, "\n"))
		if err == nil {
			events = append(events, e)
		} else if strings.HasPrefix(text, "time=") || bytes.IndexByte(b, 0) >= 0 {
			bad = err
		}
	}
	if len(events) == 0 && bad != nil {
		return nil, f.damaged("journal", bad)
	}
	return events, nil
}
