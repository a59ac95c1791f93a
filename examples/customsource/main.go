// Command customsource compresses files, each as a job, and shows the jobs. It
// shows a kind of jobs of one's own (compression.go), a source that starts,
// finds and removes them (source.go), and how a Repository joins it with
// another: a Memory, which has a function job that sums up.
//
//	go run ./examples/customsource FILE...
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/backjob/job"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "customsource:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, files []string) error {
	compressions, memory := &Source{}, &job.Memory{}
	repository := job.NewRepository(compressions, memory)
	for _, file := range files {
		if _, err := repository.Start(ctx, job.Spec{Argv: []string{file}}); err != nil {
			return err
		}
	}
	all, err := repository.Find(ctx, job.Query{})
	if err != nil {
		return err
	}
	sum := job.Go(ctx, "sum", func(ctx context.Context, out *job.Writer) error { return sumUp(ctx, out, all) })
	if err := memory.Add(sum); err != nil {
		return err
	}
	if err := sum.Wait(ctx); err != nil {
		return err
	}
	return show(ctx, repository)
}

// sumUp waits for compressions, and adds up what they put out.
func sumUp(ctx context.Context, out *job.Writer, jobs []job.Job) error {
	var total Saving
	for _, j := range jobs {
		if err := j.Wait(ctx); err != nil {
			return err
		}
		for s, err := range job.Values[Saving](j.Records(ctx, job.RecordOptions{})) {
			if err != nil {
				return err
			}
			total.Before, total.After = total.Before+s.Before, total.After+s.After
		}
	}
	out.Output(total)
	return nil
}

// show lists the jobs of all sources, with what they put out.
func show(ctx context.Context, repository *job.Repository) error {
	jobs, err := repository.Find(ctx, job.Query{})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		info, err := j.Info()
		if err != nil {
			return err
		}
		fmt.Printf("%s: %v after %v\n", info.Name, info.StateInfo, info.Duration(time.Now()).Round(time.Millisecond))
		for r, err := range j.Records(ctx, job.RecordOptions{Streams: []job.Stream{job.Output}}) {
			if err != nil {
				return err
			}
			fmt.Printf("\t%s\n", r.Text)
		}
	}
	return nil
}
