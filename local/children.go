package local

import (
	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
)

// Children are the job's children so far; none for a child.
func (j *Job) Children() (all []job.Job) {
	for _, c := range j.ChildJobs() {
		all = append(all, c)
	}
	return all
}

// ChildJobs are Children as what they are.
func (j *Job) ChildJobs() []*Job {
	if j.ref.Child != 0 {
		return nil
	}
	n := 1
	if r, ok, err := j.source.store.Read(j.ref.ID); err == nil && ok {
		_, status, _ := j.source.read(r)
		n = status.Children
	}
	children := make([]*Job, n)
	for i := range children {
		children[i] = j.child(i + 1)
	}
	return children
}

func (j *Job) child(n int) *Job {
	return &Job{source: j.source, ref: job.Ref{ID: j.ref.ID, Child: n}}
}

// number is the number of the child that j is; a job with one child is taken
// for that.
func (j *Job) number() int { return max(j.ref.Child, 1) }

// read gives what a job's journal says. For a job with many children it is
// read once, and from then on only what was added: many look at it.
func (s *Source) read(r store.Record) (store.Meta, *store.Status, error) {
	if r.Flags&store.Many == 0 {
		return s.store.Folder(r.ID).Read()
	}
	reader := s.readers[r.ID]
	if reader == nil {
		if len(s.readers) > mostReaders {
			clear(s.readers) // they are large, and rarely is more than one in use
		}
		reader = s.store.Folder(r.ID).Reader()
		s.readers[r.ID] = reader
	}
	err := reader.Refresh(nil)
	return reader.Meta, reader.Status, err
}

const mostReaders = 8

// own is what a record of the job says when it is asked as the child that j
// is.
func (j *Job) own(r store.Record) (store.Record, error) {
	if j.ref.Child == 0 || r.Flags&store.Many == 0 {
		return r, nil
	}
	_, status, err := j.source.read(r)
	if err != nil && status.Events == 0 {
		return r, nil // it is damaged: the index is all there is
	}
	if j.ref.Child > status.Children {
		return r, notFound(j.ref.String())
	}
	c := status.Each[j.ref.Child-1]
	if r.State.Final() && !c.State.State.Final() {
		return r, nil // its end is lost
	}
	r.State, r.Begin, r.End = c.State.State, c.Begin, c.End
	return r, nil
}

// Part is what the child has put out: where it stands, and how much there is.
// A job with one child is taken for that; one with many has only theirs.
func (j *Job) Part() (*spool.Part, error) {
	if j.part != nil {
		return j.part, nil
	}
	r, ok, err := j.source.store.Read(j.ref.ID)
	if err != nil || !ok || r.Flags&store.Many == 0 {
		whole := spool.In(j.folder().Path, 1).Whole()
		return &whole, err
	}
	m, status, _ := j.source.read(r) // damaged, it has what could be read
	part := partOf(j.folder(), m, status, j.ref.Child)
	return &part, nil
}

// partOf is the part of the job's files that a child has; 0 is the job, which
// has none if it has many children.
func partOf(f store.Folder, m store.Meta, s *store.Status, child int) spool.Part {
	if !m.Many() && s.Slots == 0 {
		return spool.In(f.Path, 1).Whole()
	}
	if child < 1 || child > len(s.Each) || s.Each[child-1].Attempt == 0 {
		return spool.Part{None: true}
	}
	c := s.Each[child-1]
	part := spool.Part{Spool: spool.In(f.Path, c.Slot), From: spool.Sizes(c.From)}
	if c.Until != nil {
		until := spool.Sizes(*c.Until)
		part.Until = &until
	}
	return part
}

// Many reports whether the job is one with many children, or a child of such.
func (j *Job) Many() (bool, error) {
	r, ok, err := j.source.store.Read(j.ref.ID)
	if err == nil && !ok {
		err = notFound(j.ref.String())
	}
	return r.Flags&store.Many != 0, err
}
