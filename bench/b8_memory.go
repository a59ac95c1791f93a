package main

import (
	"context"
	"runtime"

	"github.com/backjob/job"
)

// memoryOfFunctions measures as many functions as -b8 says. A million bare
// goroutines run first, so that what the Go runtime keeps of each for ever is
// there before anything is counted.
func (b *bench) memoryOfFunctions() error {
	bareRunning(b.b8)
	bare, running := bareRunning(b.b8), jobsRunning(b.b8)
	b.report.memoryOfPeer("b8", "goroutine, each running", sample{bare})
	b.report.memory("b8", "job.Go, each running: more", sample{running - bare}, atMost(2048))
	b.report.memory("b8", "Group.Go, each queued", sample{jobsQueued(b.b8)}, atMost(256))
	b.report.memory("b8", "Group.Go, each finished", sample{jobsFinished(b.b8)}, atMost(256))
	b.report.memory("b8", "job.Go, each finished", sample{jobsKept(b.b8)}, atMost(256))
	return nil
}

// inUse is what the heap and the stacks hold after a collection. The first
// one may leave work to be finished, stacks of goroutines that ended.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func bareRunning(n int) float64 {
	before := inUse()
	let, channels := make(chan int), make([]chan int, n)
	for i := range channels {
		c := make(chan int)
		channels[i] = c
		go func() { <-let; c <- 1 }()
	}
	each := (inUse() - before) / float64(n)
	close(let)
	for _, c := range channels {
		<-c
	}
	return each
}

func jobsRunning(n int) float64 {
	before := inUse()
	let, jobs := make(chan int), make([]*job.FuncJob, n)
	work := func(context.Context, *job.Writer) error { <-let; return nil }
	for i := range jobs {
		jobs[i] = job.Go(background, "", work)
	}
	each := (inUse() - before) / float64(n)
	close(let)
	for _, j := range jobs {
		j.Wait(background)
	}
	return each
}

func jobsQueued(n int) float64 {
	var g job.Group
	g.Throttle = 1
	let := make(chan int)
	g.Go(background, "", func(context.Context, *job.Writer) error { <-let; return nil })
	before := inUse()
	for range n {
		g.Go(background, "", doNothing)
	}
	each := (inUse() - before) / float64(n)
	close(let)
	g.Close()
	g.Wait(background)
	return each
}

func jobsFinished(n int) float64 {
	var g job.Group
	before := inUse()
	for range n {
		g.Go(background, "", doNothing)
	}
	g.Close()
	g.Wait(background)
	each := (inUse() - before) / float64(n)
	runtime.KeepAlive(&g)
	return each
}

func jobsKept(n int) float64 {
	before := inUse()
	jobs := make([]*job.FuncJob, n)
	for i := range jobs {
		jobs[i] = job.Go(background, "", doNothing)
		jobs[i].Wait(background)
	}
	each := (inUse() - before) / float64(n)
	runtime.KeepAlive(jobs)
	return each
}

func doNothing(context.Context, *job.Writer) error { return nil }
