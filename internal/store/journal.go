package store

import (
	"errors"
	"io/fs"
	"iter"
	"os"
)

// Journal is a job's journal, open for writing by the one who looks after the
// job. Its lock makes it so; see the package comment.
type Journal struct {
	Folder
	file *os.File
}

func (f Folder) openJournal(flags int) (*Journal, error) {
	file, err := os.OpenFile(f.File("journal"), os.O_RDWR|os.O_APPEND|flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.damaged(err)
	}
	if err != nil {
		return nil, err
	}
	return &Journal{f, file}, nil
}

// JournalOf takes over a journal that another process opened and locked; fd
// is its descriptor.
func JournalOf(f Folder, fd uintptr) *Journal {
	return &Journal{f, os.NewFile(fd, f.File("journal"))}
}

// File is the open file, to be handed to the process that takes over.
func (j *Journal) File() *os.File { return j.file }

// Append writes one event. If it cannot be written whole, as on a full disk,
// the part that was is taken back.
func (j *Journal) Append(e Event) error {
	n, err := j.file.Write(e.encode())
	if err != nil && n > 0 {
		if info, statErr := j.file.Stat(); statErr == nil {
			err = errors.Join(err, j.file.Truncate(info.Size()-int64(n)))
		}
	}
	return err
}

// AppendAll writes events, some at a time.
func (j *Journal) AppendAll(events iter.Seq[Event]) error {
	const lump = 64 << 10
	var b []byte
	for e := range events {
		if b = append(b, e.encode()...); len(b) < lump {
			continue
		}
		if _, err := j.file.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	_, err := j.file.Write(b)
	return err
}

// End is where the next event will stand.
func (j *Journal) End() (int64, error) {
	info, err := j.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Sync brings the journal to the disk.
func (j *Journal) Sync() error { return j.file.Sync() }

// Close closes the file; the lock ends unless another process holds the file
// open.
func (j *Journal) Close() error { return j.file.Close() }

// Release ends the lock, also for processes that hold the same open file.
func (j *Journal) Release() error { return unlock(j.file) }

// Claim takes the job's lock, so that the caller may look after the job. It
// gives nil when another does.
func (f Folder) Claim() (*Journal, error) {
	j, err := f.openJournal(0)
	if err != nil {
		return nil, err
	}
	// Somebody who only looks whether the lock is held has it for a moment.
	for range 50 {
		ok, err := tryLock(j.file)
		if ok {
			err = j.endLine()
		}
		if ok && err == nil {
			return j, nil
		}
		if err != nil {
			return nil, errors.Join(err, j.Close())
		}
		if kept, err := j.kept(); kept || err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	return nil, j.Close()
}

// endLine ends a last line that was cut short by a power cut, so that the
// next event has a line of its own.
func (j *Journal) endLine() error {
	info, err := j.file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	var last [1]byte
	if _, err := j.file.ReadAt(last[:], info.Size()-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = j.file.Write([]byte{'\n'})
	return err
}

// Kept reports whether somebody looks after the job at this moment.
func (f Folder) Kept() (bool, error) {
	file, err := os.Open(f.File("journal"))
	if err != nil {
		return false, f.damaged(err)
	}
	defer file.Close()
	return (&Journal{f, file}).kept()
}

func (j *Journal) kept() (bool, error) {
	ok, err := tryShared(j.file)
	if ok {
		err = unlock(j.file)
	}
	return !ok && err == nil, err
}

// Restore makes a journal for a job that lost it, so that there is a lock to
// hold, and claims it; nil if somebody else has it.
func (f Folder) Restore() (*Journal, error) {
	j, err := f.openJournal(os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if ok, err := tryLock(j.file); !ok {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}
