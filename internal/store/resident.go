package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/backjob/job"
)

// residents is the file that lists the jobs that are to have a keeper at all
// times, one id a line: they wait for events, and nobody may be looking. It
// is not there while there are none.
const residents = "resident"

// Residents are the jobs that are to have a keeper at all times. Some may be
// final by now.
func (s *Store) Residents() []job.ID {
	b, err := os.ReadFile(s.path(residents))
	if err != nil {
		return nil
	}
	var ids []job.ID
	for text := range strings.FieldsSeq(string(b)) {
		if id, err := strconv.ParseUint(text, 10, 63); err == nil {
			ids = append(ids, job.ID(id))
		}
	}
	return ids
}

// Settle puts a job on the list of those that are to have a keeper at all
// times.
func (s *Store) Settle(id job.ID) error {
	return s.changeResidents(func(ids []job.ID) []job.ID { return append(ids, id) })
}

// Unsettle takes a job off that list.
func (s *Store) Unsettle(id job.ID) error {
	return s.changeResidents(func(ids []job.ID) []job.ID {
		return slices.DeleteFunc(ids, func(i job.ID) bool { return i == id })
	})
}

// changeResidents writes the list anew. It is there whole at each moment.
func (s *Store) changeResidents(change func([]job.ID) []job.ID) error {
	if s.readOnly != nil {
		return s.readOnly
	}
	if err := lock(s.format); err != nil {
		return err
	}
	defer unlock(s.format)
	ids := change(s.Residents())
	if len(ids) == 0 {
		if err := os.Remove(s.path(residents)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var b []byte
	for _, id := range ids {
		b = fmt.Appendln(b, uint64(id))
	}
	half := s.path(residents + ".new")
	if err := os.WriteFile(half, b, 0o600); err != nil {
		return err
	}
	return os.Rename(half, s.path(residents))
}
