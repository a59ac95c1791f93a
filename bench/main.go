// Command bench holds job against its peers. Both sides of a target run by
// turns in one run of this program, so that a busy machine is busy for both,
// and what counts is their ratio. No number is printed that was not measured
// in the same run.
//
//	go run ./bench                      all targets, as docs and issues quote them
//	go run ./bench -only b1,b6          two of them
//	go run ./bench -pairs 3 -mib 64     a short look
//
// The targets are those of the design (B2 comes with what it measures).
// bench is not a test: it ends with 0 whether a target holds or not, and with
// 1 when something could not be measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// target is one line of the design's table of targets.
type target struct {
	name  string
	about string
	run   func(*bench) error
}

var targets = []target{
	{"b1", "job start until the prompt is back, against tsp (task-spooler)", b1Start},
	{"b3", "a child's output, against cmd > file", b3Output},
	{"b4", "memory of ours for each sleeping job, against tsp", b4Memory},
	{"b5", "job get --newest 50 among 1,000,000 finished jobs, against 100", b5Million},
	{"b6", "exit of the process to exit of job wait, against bash's wait", b6Wait},
	{"b7", "job receive of 1 GiB and its memory, against cat", b7Receive},
	{"b8", "functions as jobs, against goroutines", b8Functions},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	complete, err := runAll(ctx, os.Args[1:])
	stop()
	switch {
	case err == flag.ErrHelp:
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	case !complete:
		os.Exit(1)
	}
}

// runAll runs the targets asked for, one after the other, and says whether
// all of them could be measured.
func runAll(ctx context.Context, args []string) (complete bool, err error) {
	o, err := parseOptions(args)
	if err != nil {
		return false, err
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return false, err
	}
	defer b.close()
	b.report.head(b.dir)
	complete = true
	for _, t := range targets {
		if !o.wants(t.name) {
			continue
		}
		err := t.run(b)
		if ctx.Err() != nil {
			return false, errors.New("interrupted")
		}
		if err != nil {
			b.report.missing(t.name, err)
			complete = false
		}
	}
	return complete, nil
}

// options are the flags.
type options struct {
	only    string
	pairs   int
	mib     int
	lines   int
	b4      string
	b5      int
	b8      int
	control bool
	jobs    []int // b4, parsed
}

func parseOptions(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.only, "only", "", "targets to run, as in `b1,b3`; all of them by default")
	f.IntVar(&o.pairs, "pairs", 15, "how often the two sides take turns, A B, B A, …; b1 and b5 take ten times as many turns, b6 and b8 four times")
	f.IntVar(&o.mib, "mib", 1024, "MiB of output in b3 and b7; the targets speak of 1024")
	f.IntVar(&o.lines, "lines", 5_000_000, "lines of output in b3; the target speaks of 5000000")
	f.StringVar(&o.b4, "b4", "100", "numbers of sleeping jobs in b4, as in `100,500`")
	f.IntVar(&o.b5, "b5", 1_000_000, "finished jobs in the large repository of b5; the target speaks of 1000000")
	f.IntVar(&o.b8, "b8", 1_000_000, "functions at once in b8; the target speaks of 1000000")
	f.BoolVar(&o.control, "control", false, "run the peer of b3 and b7 a second time in each turn, and hold it against itself: what the machine makes of two equal sides")
	f.Usage = func() { usage(f) }
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.pairs < 1 || o.mib < 1 || o.lines < 1 || o.b5 < 1 || o.b8 < 1 {
		return o, fmt.Errorf("-pairs, -mib, -lines, -b5 and -b8 have to be at least 1")
	}
	return o, o.check()
}

// check parses the lists among the flags.
func (o *options) check() error {
	for _, text := range strings.Split(o.b4, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-b4 %q: not a list of numbers of at least 1", o.b4)
		}
		o.jobs = append(o.jobs, n)
	}
	for _, name := range o.names() {
		if !known(name) {
			return fmt.Errorf("-only %q: no such target; there are %s", name, allNames())
		}
	}
	return nil
}

func (o options) names() []string {
	if o.only == "" {
		return nil
	}
	return strings.Split(strings.ToLower(o.only), ",")
}

func (o options) wants(name string) bool {
	names := o.names()
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return len(names) == 0
}

func known(name string) bool {
	for _, t := range targets {
		if t.name == name {
			return true
		}
	}
	return false
}

func allNames() string {
	var names []string
	for _, t := range targets {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

func usage(f *flag.FlagSet) {
	w := f.Output()
	fmt.Fprintln(w, "usage: go run ./bench [flags]")
	fmt.Fprintln(w, "\ntargets:")
	for _, t := range targets {
		fmt.Fprintf(w, "  %s  %s\n", t.name, t.about)
	}
	fmt.Fprintln(w, "\nflags:")
	f.PrintDefaults()
	fmt.Fprintln(w, "\nRepositories and files are made below $BENCH_DIR, else below the user's cache")
	fmt.Fprintln(w, "folder, and removed at the end. Exit 1 when something could not be measured.")
}
