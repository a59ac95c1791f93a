package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/backjob/job"
)

// calls is how many functions, or writes, a turn of b8 is made of.
const calls = 200_000

var background = context.Background()

// b8Functions compares functions as jobs with bare goroutines, in this
// process:
//
//	job.Go, Wait, Records      a goroutine that sends on a channel
//
// then how much memory a million of each take, while they run, in the queue
// of a group, and finished; then what a write of a record takes while a slow
// reader follows.
func b8Functions(b *bench) error {
	samples, err := b.takeTurns(4*b.pairs,
		side{"job.Go, Wait, Records", perCall(functionJobs)},
		side{"goroutine and channel", perCall(goroutines)},
		side{"time.Now", perCall(clock)})
	if err != nil {
		return err
	}
	b.report.times("b8", "job.Go, Wait, Records", samples[0], "goroutine and channel", samples[1], atMost(1.6))
	b.report.floor("b8", "time.Now; a job takes it twice", samples[2])
	if err := b.memoryOfFunctions(); err != nil {
		return err
	}
	return b.writes()
}

// perCall is a turn that does its work as often as calls says. The garbage of
// the turn before is not its own.
func perCall(do func(n int)) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		runtime.GC()
		begin := time.Now()
		do(calls)
		return time.Since(begin) / calls, nil
	}
}

func functionJobs(n int) {
	for range n {
		j := job.Go(background, "", func(context.Context, *job.Writer) error { return nil })
		j.Wait(background)
		for range j.Records(background, job.RecordOptions{}) {
			panic("an empty function wrote a record")
		}
	}
}

func goroutines(n int) {
	for range n {
		c := make(chan int)
		go func() { c <- 1 }()
		<-c
	}
}

func clock(n int) {
	last := time.Now()
	for range n {
		if now := time.Now(); now.Before(last) { // so that the compiler does not leave it out
			panic("the clock went back")
		}
	}
}

// records is how many a turn of writing puts out. They fit into memory that we
// have already: what the system takes for a page that nobody has touched is
// 0.7 µs here and 50 µs there, and is not ours.
const records = 1 << 17

const line = "a line of text as a program would write it"

// writes times writing only: the reader may take as long as it likes. Beside
// it stands the least that a program would do itself.
func (b *bench) writes() error {
	for _, writers := range []int{1, 16} {
		samples, err := b.takeTurns(4*b.pairs,
			side{"a write", func() (time.Duration, error) { return write(writers) }},
			side{"time.Now, lock, append", func() (time.Duration, error) { return writeBare(writers) }})
		if err != nil {
			return err
		}
		b.report.within("b8", fmt.Sprintf("a write, writers: %d", writers), samples[0], "time.Now, lock, append", samples[1], atMost(100e-9))
	}
	return nil
}

// write is the time of a write, while a reader follows that rests a
// millisecond after every hundred records.
func write(writers int) (time.Duration, error) {
	runtime.GC()
	ctx, end := context.WithCancel(background)
	defer end()
	var took time.Duration
	j := job.Go(background, "", func(_ context.Context, out *job.Writer) error {
		took = inParallel(writers, func() { out.Output(line) })
		return nil
	})
	reader := make(chan error)
	go func() { reader <- readSlowly(ctx, j) }() // ends with ctx
	err := j.Wait(background)
	end()
	if err := <-reader; err != context.Canceled {
		return 0, fmt.Errorf("the slow reader: %v", err)
	}
	return took, err
}

func writeBare(writers int) (time.Duration, error) {
	type record struct {
		time  int64
		value any
	}
	runtime.GC()
	var mu sync.Mutex
	var list []record
	return inParallel(writers, func() {
		now := time.Now().UnixNano()
		mu.Lock()
		list = append(list, record{now, line})
		mu.Unlock()
	}), nil
}

// inParallel is the time of each of as many calls as there are records.
func inParallel(n int, do func()) time.Duration {
	var all sync.WaitGroup
	begin := time.Now()
	for range n {
		all.Go(func() {
			for range records / n {
				do()
			}
		})
	}
	all.Wait()
	return time.Since(begin) / records
}

func readSlowly(ctx context.Context, j job.Job) error {
	rest := time.NewTicker(time.Millisecond)
	defer rest.Stop()
	read := 0
	for _, err := range j.Records(ctx, job.RecordOptions{Follow: true, Reader: "slow"}) {
		if err != nil {
			return err
		}
		if read++; read%100 == 0 {
			<-rest.C
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
