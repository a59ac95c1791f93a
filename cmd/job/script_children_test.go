//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/backjob/job"
	"github.com/backjob/job/local"
)

// startChildren is the program children: `children [-throttle N] [-name NAME]
// [-retry N] SCRIPT…` starts a job with a child for each script, and prints
// its id.
func startChildren() {
	local.Keep()
	var spec job.Spec
	var many local.Many
	flag.IntVar(&many.Throttle, "throttle", 0, "")
	flag.StringVar(&spec.Name, "name", "", "")
	flag.IntVar(&spec.Retry, "retry", 0, "")
	flag.Parse()
	for _, script := range flag.Args() {
		many.Children = append(many.Children, local.Child{Command: script, Argv: []string{"/bin/sh", "-c", script}})
	}
	if err := printStarted(spec, many); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func printStarted(spec job.Spec, many local.Many) error {
	source, err := local.Open("", local.Options{})
	if err != nil {
		return err
	}
	defer source.Close()
	j, err := source.StartMany(context.Background(), spec, many)
	if err == nil {
		fmt.Println(j.Ref())
	}
	return err
}
