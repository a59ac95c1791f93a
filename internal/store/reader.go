package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Reader reads a job's journal, and goes on reading as it grows.
type Reader struct {
	Folder
	Meta   Meta
	Status *Status

	file os.FileInfo // which file was read
	at   int64       // how much of it
	err  error       // what is wrong with its first line
}

// Reader gives a reader of the job's journal that has read nothing yet.
func (f Folder) Reader() *Reader {
	r := &Reader{Folder: f}
	r.forget()
	return r
}

func (r *Reader) forget() {
	r.Meta = Meta{ID: r.ID, Children: 1}
	r.Status, r.file, r.at, r.err = newStatus(r.Meta), nil, 0, nil
}

// Refresh reads what has been added to the journal, and passes each event on
// (tell may be nil). What is not what was written is a Damaged error; what
// could be read is there all the same. A last line that was not written whole
// is left for the next time, and any line that is no event, such as what a
// crash of the keeper printed, is passed over.
func (r *Reader) Refresh(tell func(Event)) error {
	file, err := os.Open(r.File("journal"))
	if err != nil {
		r.forget()
		return r.damaged(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return r.damaged(err)
	}
	if r.err != nil || r.file == nil || !os.SameFile(info, r.file) || info.Size() < r.at {
		r.forget()
	}
	r.file = info
	err = scan(file, r.at, func(text string, from, to int64) {
		if from == 0 {
			r.readFirst(text)
			r.at = to
			return
		}
		e, err := decodeEvent(strings.TrimSuffix(text, "\n"))
		if err != nil && !strings.HasSuffix(text, "\n") {
			return // it is being written, or was cut short
		}
		r.at = to
		if err != nil {
			return
		}
		r.Status.Add(e)
		if tell != nil {
			tell(e)
		}
	})
	if err == nil && r.at == 0 {
		r.readFirst("") // it is empty
	}
	if err == nil {
		err = r.err
	}
	if err != nil {
		return r.damaged(err)
	}
	return nil
}

func (r *Reader) readFirst(text string) {
	m, err := decodeMeta(strings.TrimSuffix(text, "\n"))
	if err == nil && m.ID != r.ID {
		err = fmt.Errorf("it is about job %d", m.ID)
	}
	if err != nil {
		m = Meta{ID: r.ID, Children: 1}
	}
	r.Meta, r.Status, r.err = m, newStatus(m), err
}

// scan goes through the lines of a file from a place on. Each comes with its
// newline, if it has one, and with where it begins and ends.
func scan(f *os.File, at int64, fn func(text string, from, to int64)) error {
	info, err := f.Stat()
	if err != nil || info.Size() <= at {
		return err
	}
	size := int(min(info.Size()-at, 64<<10)) // a keeper is small, and so is most it has to read
	lines := bufio.NewReaderSize(io.NewSectionReader(f, at, info.Size()-at), size)
	for {
		text, err := lines.ReadString('\n')
		if text != "" {
			fn(text, at, at+int64(len(text)))
			at += int64(len(text))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Read reads the journal: what was started, and what became of it. See
// Reader.Refresh.
func (f Folder) Read() (Meta, *Status, error) {
	r := f.Reader()
	err := r.Refresh(nil)
	return r.Meta, r.Status, err
}

// Scan goes through the journal without keeping what it reads: the first line
// comes back, then fn is told each event and where its line begins.
func (j *Journal) Scan(first func(Meta), fn func(e Event, at int64)) error {
	var firstErr error
	err := scan(j.file, 0, func(text string, from, _ int64) {
		text = strings.TrimSuffix(text, "\n")
		if from == 0 {
			m, err := decodeMeta(text)
			if err == nil && m.ID != j.ID {
				err = fmt.Errorf("it is about job %d", m.ID)
			}
			if firstErr = err; err == nil {
				first(m)
			}
			return
		}
		if e, err := decodeEvent(text); err == nil && firstErr == nil {
			fn(e, from)
		}
	})
	if err == nil {
		err = firstErr
	}
	if err != nil {
		return j.damaged(err)
	}
	return nil
}

// At reads the event whose line begins at a place that Scan or Append told.
func (j *Journal) At(at int64) (Event, error) {
	line, err := bufio.NewReader(io.NewSectionReader(j.file, at, 1<<62-at)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return Event{}, err
	}
	return decodeEvent(strings.TrimSuffix(line, "\n"))
}
