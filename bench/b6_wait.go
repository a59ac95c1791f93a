package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// asleep is how long the process of b6 lives: long enough for the waiter to
// be waiting when it ends.
const asleep = 60 * time.Millisecond

// longAsleep is how long it lives where its keeper is to nap before it ends.
const longAsleep = 2500 * time.Millisecond

// b6Wait compares how long after the exit of a process its waiter exits:
//
//	job wait -q ID           process ► keeper ► lock ► job wait
//	bash -c 'stamp … & wait'
//
// The process notes the time as the last thing it does; the waiter's exit is
// noted here. The same once more with a process that lives so long that its
// keeper naps, which is told and has no target.
func b6Wait(b *bench) error {
	r, err := b.repository("b6")
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("bash"); err != nil {
		return fmt.Errorf("bash is missing: %w", err)
	}
	samples, err := b.takeTurns(4*b.pairs,
		side{"job wait", func() (time.Duration, error) { return b.waitOfJob(r, asleep, nil) }},
		side{"bash's wait", func() (time.Duration, error) { return b.waitOfBash() }})
	if err != nil {
		return err
	}
	b.report.later("b6", "job wait", samples[0], "bash's wait", samples[1], atMost(0.0015))
	napped, err := b.takeTurns(b.pairs,
		side{"job wait, keeper naps", func() (time.Duration, error) { return b.waitOfJob(r, longAsleep, b.untilAllNap) }})
	if err != nil {
		return err
	}
	b.report.alsoLater("b6", "job wait, its keeper napped", napped[0], "bash's wait", samples[1])
	return nil
}

func (b *bench) stampFile() string { return filepath.Join(b.dir, "stamp.txt") }

// waitOfJob waits for a job whose process lives so long; first what is to be
// done with its keeper, if anything is.
func (b *bench) waitOfJob(r *repository, lives time.Duration, first func(keepers []int) error) (time.Duration, error) {
	id, err := output(r.command("start", "-q", "--", b.stamp, b.stampFile(), lives.String()))
	if err != nil {
		return 0, err
	}
	if first != nil {
		pids, err := r.keepers()
		if err == nil {
			err = first(pids)
		}
		if err != nil {
			return 0, err
		}
	}
	late, err := b.lateness(r.command("wait", "-q", id))
	if err != nil {
		return 0, err
	}
	return late, r.settle()
}

func (b *bench) waitOfBash() (time.Duration, error) {
	return b.lateness(exec.Command("bash", "-c", `"$0" "$@" & wait`, b.stamp, b.stampFile(), asleep.String()))
}

// lateness runs a waiter and tells how long after the stamp it was gone.
func (b *bench) lateness(waiter *exec.Cmd) (time.Duration, error) {
	_, err := timed(waiter)
	gone := time.Now()
	if err != nil {
		return 0, err
	}
	data, err := os.ReadFile(b.stampFile())
	if err != nil {
		return 0, err
	}
	if err := os.Remove(b.stampFile()); err != nil {
		return 0, err
	}
	nanoseconds, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the waiter returned before the process ended: %w", err)
	}
	return gone.Sub(time.Unix(0, nanoseconds)), nil
}
