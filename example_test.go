package job_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/backjob/job"
)

func ExampleGo() {
	ctx := context.Background()
	j := job.Go(ctx, "backup", func(ctx context.Context, out *job.Writer) error {
		out.Output("photos are saved")
		return errors.New("the disk is full")
	})
	if err := j.Wait(ctx); err != nil { // only if ctx ends first
		return
	}
	fmt.Println(j.State())
	// Output: Failed: the disk is full
}

// Shrunk is a result of one's own type. Text is made of it when somebody reads
// it as a line.
type Shrunk struct {
	Name   string
	Before int
	After  int
}

func (s Shrunk) String() string { return fmt.Sprintf("%s: %d → %d bytes", s.Name, s.Before, s.After) }

func ExampleValues() {
	ctx := context.Background()
	j := job.Go(ctx, "shrink", func(ctx context.Context, out *job.Writer) error {
		out.Progress(job.Step{Activity: "shrinking", Status: "one.png", Percent: 50})
		out.Output(Shrunk{"one.png", 900, 300})
		out.Warning("two.png is no picture")
		out.Verbose("level 9")
		fmt.Fprint(out.Lines(job.Information), "libpng 1.6\nzlib 1.3\n") // for what writes text
		return nil
	})

	// As they were written, with their type.
	for s, err := range job.Values[Shrunk](j.Records(ctx, job.RecordOptions{Follow: true})) {
		if err != nil {
			return
		}
		fmt.Println("saved", s.Before-s.After, "bytes")
	}

	// As records: those of all streams in the order of writing.
	for r, err := range j.Records(ctx, job.RecordOptions{}) {
		if err != nil {
			return
		}
		fmt.Printf("%v: %s\n", r.Stream, r.Text)
	}
	// Output:
	// saved 600 bytes
	// progress: shrinking: one.png 50%
	// output: one.png: 900 → 300 bytes
	// warning: two.png is no picture
	// verbose: level 9
	// information: libpng 1.6
	// information: zlib 1.3
}

// A reader with a name goes on where it stopped the last time.
func ExampleRecordOptions() {
	ctx := context.Background()
	step := make(chan bool)
	j := job.Go(ctx, "count", func(ctx context.Context, out *job.Writer) error {
		out.Output("one")
		step <- true
		<-step
		out.Output("two")
		return nil
	})
	receive := func(reader string) {
		for r, err := range j.Records(ctx, job.RecordOptions{Reader: reader}) {
			if err == nil {
				fmt.Printf("%s got %s\n", reader, r.Text)
			}
		}
	}
	<-step
	receive("alice")
	step <- true
	j.Wait(ctx)
	receive("alice")
	receive("bob")
	// Output:
	// alice got one
	// alice got two
	// bob got one
	// bob got two
}

func ExampleGroup() {
	ctx := context.Background()
	g := &job.Group{Name: "squares", Throttle: 2} // two at once, the rest wait for their turn
	for n := range 4 {
		g.Go(ctx, fmt.Sprint("square of ", n), func(ctx context.Context, out *job.Writer) error {
			if n == 3 {
				return errors.New("too large")
			}
			out.Output(n * n)
			return nil
		})
	}
	g.Close() // no more come: the group may end
	if err := g.Wait(ctx); err != nil {
		return
	}
	info, _ := g.Info()
	fmt.Println(info.StateInfo, info.ChildrenByState)
	for n, err := range job.Values[int](g.Records(ctx, job.RecordOptions{})) {
		if err == nil {
			fmt.Println(n)
		}
	}
	// Output:
	// Failed: too large map[Completed:3 Failed:1]
	// 0
	// 1
	// 4
}

func ExampleWriter_Go() {
	ctx := context.Background()
	j := job.Go(ctx, "copy", func(ctx context.Context, out *job.Writer) error {
		for _, folder := range []string{"music", "photos"} {
			out.Go(ctx, folder, func(ctx context.Context, out *job.Writer) error {
				out.Output(folder + " is copied")
				return nil
			})
		}
		return nil // the job ends when its children have
	})
	j.Wait(ctx)
	for _, child := range j.Children() {
		info, _ := child.Info()
		fmt.Println(info.Name, info.State)
	}
	// Output:
	// music Completed
	// photos Completed
}

func ExampleFuncJob_Stop() {
	ctx := context.Background()
	j := job.Go(ctx, "watch", func(ctx context.Context, out *job.Writer) error {
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				out.Output("nothing new")
			case <-ctx.Done():
				out.Output("last words")
				return ctx.Err()
			}
		}
	})
	if err := j.Stop(ctx, job.StopOptions{Grace: 3 * time.Second}); err != nil {
		fmt.Println(err) // it did not listen; it is Stopping until it returns
	}
	fmt.Println(j.State())
	// Output: Stopped
}

func ExampleOnState() {
	ctx := context.Background()
	j := job.Go(ctx, "short", func(context.Context, *job.Writer) error { return nil })
	stop := job.OnState(j, func(e job.StateEvent) { fmt.Println(e.Previous.State, "→", e.New.State) })
	j.Wait(ctx)
	stop() // waits until the handler has had the last one
	// Output:
	// NotStarted → Running
	// Running → Completed
}

func ExampleOn() {
	ctx := context.Background()
	orders := make(chan string)
	j := job.On(ctx, "orders", job.Chan(orders), func(ctx context.Context, out *job.Writer, order string) error {
		out.Output("packed " + order)
		return nil
	}, job.EventOptions{Max: 2})
	orders <- "one pear"
	orders <- "two figs"
	j.Wait(ctx) // Completed after two
	for r, err := range j.Records(ctx, job.RecordOptions{}) {
		if err == nil {
			fmt.Printf("%s\n", r.Text)
		}
	}
	fmt.Println(j.State())
	// Output:
	// packed one pear
	// packed two figs
	// Completed
}

// The end of one job is the event of another.
func ExampleSubscription() {
	ctx := context.Background()
	build := job.Go(ctx, "build", func(context.Context, *job.Writer) error { return errors.New("exit status 2") })
	steps := func(ctx context.Context) iter.Seq2[job.StateEvent, error] { return build.Events(ctx, true) }
	mail := job.On(ctx, "mail", steps, func(ctx context.Context, out *job.Writer, e job.StateEvent) error {
		if e.New.State == job.Failed {
			out.Output(fmt.Sprint("the build is ", e.New))
		}
		return nil
	}, job.EventOptions{})
	mail.Wait(ctx) // Completed, as there are no more events
	for r, err := range mail.Records(ctx, job.RecordOptions{}) {
		if err == nil {
			fmt.Printf("%s\n", r.Text)
		}
	}
	// Output: the build is Failed: exit status 2
}

func ExampleMemory() {
	ctx := context.Background()
	var memory job.Memory
	for _, name := range []string{"alpha", "beta", "alphabet"} {
		j := job.Go(ctx, name, func(ctx context.Context, _ *job.Writer) error { <-ctx.Done(); return ctx.Err() })
		if err := memory.Add(j); err != nil {
			return
		}
	}
	repository := job.NewRepository(&memory) // and any other sources: local, one's own
	found, err := repository.Find(ctx, job.Query{Jobs: []string{"alpha*"}, States: []job.State{job.Running}})
	if err != nil {
		return
	}
	for _, j := range found {
		info, _ := j.Info()
		fmt.Println(info.ID, info.Name, info.State)
		repository.Remove(ctx, j, true) // by force: it is stopped first
	}
	left, _ := repository.Find(ctx, job.Query{})
	fmt.Println(len(left), "left")
	job.WaitAll(ctx, found...)
	left[0].Stop(ctx, job.StopOptions{})
	// Output:
	// 1 alpha Running
	// 3 alphabet Running
	// 1 left
}

// The kind says what to do about an error; the text is for people.
func ExampleError() {
	var memory job.Memory
	_, err := memory.Find(context.Background(), job.Query{Jobs: []string{"nosuch"}})
	var e *job.Error
	if errors.As(err, &e) && e.Kind == job.NotFound {
		fmt.Println(err)
	}
	// Output: no job named "nosuch"
}
