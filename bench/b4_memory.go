package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// quiet is how long task-spooler's sleeping jobs are left alone before their
// memory is read.
const quiet = 3 * time.Second

// b4Memory sums the memory (PSS) of what stands behind N sleeping jobs, not
// counting the sleeping programs themselves, and divides it by N:
//
//	job start -- sleep …   N keepers
//	tsp sleep …            one server and N helpers
//
// A keeper naps after a while; the target is about those. What it has before
// is told too.
func b4Memory(b *bench) error {
	var missing error
	for _, n := range b.jobs {
		awake, napping, err := b.memoryOfKeepers(n)
		if err != nil {
			return err
		}
		b.report.memory("b4", fmt.Sprintf("each of %d sleeping jobs, mean", n), napping, atMost(20*1024))
		b.report.memory("b4", fmt.Sprintf("%d of them while awake, mean", len(awake)), awake, atMost(600*1024))
		peers, err := b.memoryOfSpooler(n)
		if err != nil {
			missing = err
			continue
		}
		b.report.memoryOfPeer("b4", fmt.Sprintf("tsp, each of %d, mean", n), peers)
	}
	return missing
}

// memoryOfKeepers is the memory of each keeper: of those that are still awake
// when the last job is started, and of all when they nap.
func (b *bench) memoryOfKeepers(n int) (awake, all sample, err error) {
	r, err := b.repository(fmt.Sprintf("b4-%d", n))
	if err != nil {
		return nil, nil, err
	}
	for range n {
		if err := b.interrupted(); err != nil {
			return nil, nil, err
		}
		if err := run(r.command("start", "-q", "--", "sleep", "1000000")); err != nil {
			return nil, nil, err
		}
	}
	pids, err := r.keepers()
	if err != nil {
		return nil, nil, err
	}
	if len(pids) != n {
		return nil, nil, fmt.Errorf("%d processes `job keep %s …` for %d jobs:\n%s", len(pids), r.dir, n, r.states())
	}
	if awake, err = memoryOf(slices.DeleteFunc(slices.Clone(pids), naps)); err != nil {
		return nil, nil, err
	}
	if err := b.untilAllNap(pids); err != nil {
		return nil, nil, err
	}
	if all, err = memoryOf(pids); err != nil {
		return nil, nil, err
	}
	return awake, all, r.removeAll()
}

// naps reports whether a keeper naps: it runs a program that is in no folder.
func naps(pid int) bool {
	link, _ := os.Readlink(procFile(pid, "exe"))
	return strings.HasPrefix(link, "/memfd:")
}

func (b *bench) untilAllNap(pids []int) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // nobody tells us
		awake := slices.DeleteFunc(slices.Clone(pids), naps)
		if err := b.interrupted(); err != nil || len(awake) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d keepers do not nap after %v", len(awake), len(pids), patience)
		}
	}
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
