package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/backjob/job"
)

// Store is an open repository. It is not safe for use by several goroutines.
type Store struct {
	// Dir is the repository's folder, an absolute path.
	Dir string

	// Warn is told, in a sentence, what was found damaged and mended. It is
	// never nil.
	Warn func(string)

	format *os.File // the file "format": its lock is held to append to the index
	index  *os.File

	readOnly error  // why nothing can be written; nil if it can
	header   header // as it was when the store was opened, or at the last append
}

const formatText = "job repository, format "

// Open opens the repository in folder dir, which is made on first use. A
// folder that is somebody else's or that others can write to is Refused, one
// made by a newer version is TooNew; nothing in it is touched then.
func Open(dir string, warn func(string)) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{Dir: dir, Warn: warn}
	if err := s.open(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the files of the store; locks that are held end.
func (s *Store) Close() error {
	for _, f := range []*os.File{s.index, s.format} {
		if f != nil {
			f.Close()
		}
	}
	return nil
}

func (s *Store) open() error {
	info, err := os.Stat(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return s.first()
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return refused(s.Dir, "is not a folder", "name another with --repository DIR or JOB_REPOSITORY")
	}
	if err := checkOwner(s.Dir, info); err != nil {
		return err
	}
	s.format, err = s.openFile(s.path("format"))
	if errors.Is(err, fs.ErrNotExist) {
		return s.first()
	}
	if err != nil {
		return err
	}
	if err := s.checkFormat(); err != nil {
		return err
	}
	return s.openIndex()
}

// first makes the repository, or finishes what another process is making.
func (s *Store) first() error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	if err := s.checkEmpty(); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path("format"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	s.format = f
	if err := lock(f); err != nil {
		return err
	}
	defer unlock(f)
	if info, err := f.Stat(); err != nil {
		return err
	} else if info.Size() == 0 {
		if err := s.makeLocked(); err != nil {
			return err
		}
		if _, err := f.WriteAt([]byte(formatText+"1\n"), 0); err != nil {
			return err
		}
	}
	return s.openIndex()
}

// makeLocked makes what a repository consists of. What is there already stays:
// a power cut may have taken no more than the format.
func (s *Store) makeLocked() error {
	if err := os.MkdirAll(s.path("jobs"), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(s.path("index")); !errors.Is(err, fs.ErrNotExist) {
		return err // openIndex looks whether it is sound
	}
	if shards, err := os.ReadDir(s.path("jobs")); err != nil || len(shards) > 0 {
		return errors.Join(err, s.rebuildLocked("is gone"))
	}
	return errors.Join(s.writeIndex(nil), s.writeHighest(0))
}

// checkEmpty keeps us from moving into a folder that has another purpose.
func (s *Store) checkEmpty() error {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "jobs", name == "format", name == "blocks", strings.HasPrefix(name, "resident"), strings.HasPrefix(name, "removed"), strings.HasPrefix(name, "index"):
		default:
			return refused(s.Dir, fmt.Sprintf("is no job repository: %s is in it", name),
				"name an empty folder, or one that does not exist yet")
		}
	}
	return nil
}

func (s *Store) checkFormat() error {
	var b [64]byte
	n, _ := s.format.ReadAt(b[:], 0)
	text := string(b[:n])
	if n == 0 { // another process is at its first use, or was killed there
		s.format.Close()
		return s.first()
	}
	version, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(text, formatText)))
	switch {
	case !strings.HasPrefix(text, formatText) || err != nil:
		return refused(s.Dir, "is no job repository: its file format says something else",
			"name another folder with --repository DIR or JOB_REPOSITORY")
	case version > formatVersion:
		return &job.Error{Kind: job.TooNew, Err: fmt.Errorf("repository %s has format %d, this program knows %d", s.Dir, version, formatVersion),
			Hint: "use the newer version of job that made it"}
	}
	return nil
}

func (s *Store) path(name string) string { return s.Dir + string(filepath.Separator) + name }

// openFile opens for reading and writing, or only for reading where no more is
// allowed; s.readOnly says why then.
func (s *Store) openFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if readable, readErr := os.Open(path); readErr == nil {
			s.readOnly = err
			return readable, nil
		}
	}
	return f, err
}

func refused(path, why, hint string) error {
	return &job.Error{Kind: job.Refused, Err: fmt.Errorf("repository %s %s", path, why), Hint: hint}
}
