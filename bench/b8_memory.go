package main

import (
	"context"
	"runtime"

	"github.com/backjob/job"
)

// memoryOfFunctions measures a million functions, or as many as -b8 says. All
// run at once first, so that what the Go runtime keeps of each goroutine for
// ever is there before anything is counted.
func (b *bench) memoryOfFunctions() error {
	runningGoroutines(b.b8)
	bare := runningGoroutines(b.b8)
	running := runningJobs(b.b8)
	b.report.memory("b8", "job.Go, each running", sample{running - bare}, atMost(2048))
	return nil
}

// inUse is what the heap and the stacks hold after a collection.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func runningGoroutines(n int) float64 {
	before := inUse()
	let, c := make(chan int), make([]chan int, n)
	for i := range c {
		c[i] = make(chan int)
		go func() { <-let; c[i] <- 1 }()
	}
	each := (inUse() - before) / float64(n)
	close(let)
	for i := range c {
		<-c[i]
	}
	return each
}

func runningJobs(n int) float64 {
	before := inUse()
	let, jobs := make(chan int), make([]*job.FuncJob, n)
	for i := range jobs {
		jobs[i] = job.Go(background, "", func(context.Context, *job.Writer) error { <-let; return nil })
	}
	each := (inUse() - before) / float64(n)
	close(let)
	for _, j := range jobs {
		j.Wait(background)
	}
	return each
}
