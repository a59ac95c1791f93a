package main

import (
	"fmt"
	"time"
)

// quiet is how long the sleeping jobs are left alone before their memory is
// read: a keeper may grow leaner once nothing happens.
const quiet = 3 * time.Second

// b4Memory sums the memory (PSS) of what stands behind N sleeping jobs, not
// counting the sleeping programs themselves, and divides it by N:
//
//	job start -- sleep …   N keepers
//	tsp sleep …            one server and N helpers
func b4Memory(b *bench) error {
	var missing error
	for _, n := range b.jobs {
		ours, err := b.memoryOfKeepers(n)
		if err != nil {
			return err
		}
		b.report.memory("b4", fmt.Sprintf("each of %d sleeping jobs, mean", n), ours, atMost(600*1024))
		peers, err := b.memoryOfSpooler(n)
		if err != nil {
			missing = err
			continue
		}
		b.report.memoryOfPeer("b4", fmt.Sprintf("tsp, each of %d, mean", n), peers)
	}
	return missing
}

// memoryOfKeepers is the memory of each keeper.
func (b *bench) memoryOfKeepers(n int) (sample, error) {
	r, err := b.repository(fmt.Sprintf("b4-%d", n))
	if err != nil {
		return nil, err
	}
	for range n {
		if err := b.interrupted(); err != nil {
			return nil, err
		}
		if err := run(r.command("start", "-q", "--", "sleep", "1000000")); err != nil {
			return nil, err
		}
	}
	time.Sleep(quiet)
	pids, err := r.keepers()
	if err != nil {
		return nil, err
	}
	if len(pids) != n {
		return nil, fmt.Errorf("%d processes `job keep %s …` for %d jobs:\n%s", len(pids), r.dir, n, r.states())
	}
	s, err := memoryOf(pids)
	if err != nil {
		return nil, err
	}
	return s, r.removeAll()
}

// memoryOfSpooler is the memory of server and helpers, in equal parts: the
// server belongs to no job.
func (b *bench) memoryOfSpooler(n int) (sample, error) {
	s, err := b.spooler(fmt.Sprintf("b4-tsp-%d", n), n)
	if err != nil {
		return nil, err
	}
	defer s.close()
	for range n {
		if err := run(s.command("sleep", "1000000")); err != nil {
			return nil, err
		}
	}
	time.Sleep(quiet)
	pids, err := s.own()
	if err != nil {
		return nil, err
	}
	all, err := memoryOf(pids)
	if err != nil {
		return nil, err
	}
	return sample{all.mean() * float64(len(all)) / float64(n)}, nil
}

func memoryOf(pids []int) (sample, error) {
	var s sample
	for _, pid := range pids {
		bytes, err := proportional(pid)
		if err != nil {
			return nil, err
		}
		s = append(s, bytes)
	}
	return s, nil
}
