package store

import (
	"fmt"
	"time"

	"github.com/backjob/job"
)

// Fill makes the repository dir, which must not be there yet, with n finished
// jobs, for benchmarks and tests. All have a record; a folder, which takes a
// hundred times as long to make, only the last ones have, as many as whole
// says.
func Fill(dir string, n, whole int) error {
	s, err := Open(dir, func(string) {})
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Last() != 0 {
		return fmt.Errorf("%s has jobs in it already", dir)
	}
	begun := time.Now().Add(-time.Duration(n) * time.Second)
	records := make([]Record, n)
	for i := range records {
		m, events := finished(job.ID(i+1), begun.Add(time.Duration(i)*time.Second))
		records[i] = Sum(m, events...).Record(m)
		if i < n-whole {
			continue
		}
		j, err := s.fill(m)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := j.Append(e); err != nil {
				return err
			}
		}
		if err := j.Close(); err != nil {
			return err
		}
	}
	if err := lock(s.format); err != nil {
		return err
	}
	defer unlock(s.format)
	return s.writeIndex(records)
}

// finished is a job that ran for half a second.
func finished(id job.ID, begin time.Time) (Meta, []Event) {
	m := Meta{ID: id, Instance: job.NewInstanceID(begin), Created: begin, Type: "BackgroundJob", Children: 1,
		Spec: job.Spec{Argv: []string{"true"}, Command: "true", Dir: "/"}}
	return m, []Event{
		{Time: begin, Child: 1, Step: true, State: job.Running, Try: 1, Program: Process{PID: 1, Start: 1}},
		{Time: begin.Add(500 * time.Millisecond), Child: 1, Step: true, State: job.Completed, Ended: &Exit{}},
	}
}
