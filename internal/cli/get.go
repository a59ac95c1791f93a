package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/table"
	"github.com/backjob/job/internal/watch"
	"github.com/backjob/job/local"
)

// newestShown is how many final jobs get shows on a terminal by itself.
const newestShown = 20

type getOptions struct {
	printing
	filters    *filters
	all, watch *bool
}

func getVerb() *verb {
	v := &verb{
		args:    "[JOB…] [flags]",
		summary: "show jobs",
		help: "Shows the jobs that are named or pass the filters. Without any, on a terminal: what is not\n" +
			"final and the newest 20 that are; elsewhere: all.\n\n" + filterHelp +
			"\n\nDATA is how much there is that the default reader has not received.",
		example: "job get\njob get --state Running,Suspended\njob get 'night*' --newest 5 --json\njob get 7 --watch",
		exits:   "1 it could not be done; 3 a JOB does not exist",
	}
	v.flags = newFlags()
	o := &getOptions{filters: v.flags.filters()}
	o.all = v.flags.bool("all", "on a terminal: show all that are final")
	o.watch = v.flags.bool("watch", "show the table anew as it changes, until interrupted")
	o.printing = v.flags.printing()
	v.run = o.run
	return v
}

func (o *getOptions) run(c *call) error {
	q, err := o.filters.query(c)
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	if *o.watch {
		return o.watchOn(c, q)
	}
	infos, older, err := o.look(c, q)
	if err != nil {
		return err
	}
	if err := o.print(c, infos); err != nil {
		return err
	}
	o.remark(c, q, infos, older)
	return nil
}

// look gives the jobs to be shown, and how many older ones are not.
func (o *getOptions) look(c *call, q job.Query) (infos []job.Info, older int, err error) {
	var jobs []*local.Job
	if o.brief(c, q) {
		var newest []job.Job
		if newest, older, err = c.source.Newest(newestShown); err != nil {
			return nil, 0, err
		}
		for _, j := range newest {
			jobs = append(jobs, j.(*local.Job))
		}
	} else if jobs, err = c.find(q); err != nil {
		return nil, 0, err
	}
	infos, err = c.infos(sorted(jobs))
	return infos, older, err
}

// brief reports whether this is the look of a person at all jobs.
func (o *getOptions) brief(c *call, q job.Query) bool {
	return table.Terminal(c.out) && q.Jobs == nil && !q.Filtered() && !q.Children && !*o.all && !*o.json && !*o.quiet
}

// sorted puts jobs in the order of ids, children after their job, each once.
func sorted(jobs []*local.Job) []*local.Job {
	seen := map[job.Ref]bool{}
	var kept []*local.Job
	for _, j := range jobs {
		if !seen[j.Ref()] {
			seen[j.Ref()] = true
			kept = append(kept, j)
		}
	}
	sortByRef(kept)
	return kept
}

// remark says on a terminal what the table has no room for.
func (o *getOptions) remark(c *call, q job.Query, infos []job.Info, older int) {
	switch {
	case older > 0:
		fmt.Fprintf(c.err, "%d older not shown (job get --all)\n", older)
	case len(infos) == 0 && o.brief(c, q):
		fmt.Fprintln(c.err, "no jobs yet (job start -- COMMAND starts one)")
	}
	if q.Jobs == nil || !table.Terminal(c.out) || *o.json || *o.quiet {
		return
	}
	for _, i := range infos {
		if i.Reason != nil || i.StatusMessage != "" {
			fmt.Fprintf(c.err, "%v %s\n", i.Ref, table.Printable(explanation(i)))
		}
	}
}

func explanation(i job.Info) string {
	text := i.StateInfo.String()
	if i.StatusMessage != "" {
		text += "; " + i.StatusMessage
	}
	return text
}

// watchOn shows the table anew as it changes.
func (o *getOptions) watchOn(c *call, q job.Query) error {
	ctx, done := interruptible()
	defer done()
	w := watch.New()
	defer w.Close()
	if err := w.Add(c.source.Folder()); err != nil {
		return err
	}
	last := ""
	for {
		w.Arm()
		infos, older, err := o.look(c, q)
		if err != nil {
			return err
		}
		if last, err = o.again(c, infos, older, last); err != nil {
			return err
		}
		if err := nextLook(ctx, w, infos); err != nil {
			c.exitWith(exitCode(because(ctx, err))) // this is how a watch ends; no word is needed
			return nil
		}
		if err := c.source.Refresh(); err != nil {
			return err
		}
	}
}

// again prints the jobs if they look different from the last time. On a
// terminal the table stays where it is.
func (o *getOptions) again(c *call, infos []job.Info, older int, last string) (string, error) {
	if *o.quiet || *o.json {
		return "", o.print(c, infos)
	}
	text := table.Text(infos, time.Now(), table.Width(c.out), table.Colourful(c.out))
	if older > 0 {
		text += fmt.Sprintf("%d older not shown (job get --all)\n", older)
	}
	text = fitHeight(text, table.Height(c.out))
	if text == last {
		return last, nil
	}
	screen := text
	if table.Terminal(c.out) && os.Getenv("TERM") != "dumb" {
		screen = "\x1b[H" + strings.ReplaceAll(text, "\n", "\x1b[K\n") + "\x1b[J"
		if last == "" {
			screen = "\x1b[2J" + screen
		}
	}
	_, err := c.out.WriteString(screen)
	return text, err
}

// fitHeight leaves out the lines that a screen of so many has no room for; 0
// means any number.
func fitHeight(text string, height int) string {
	lines := strings.SplitAfter(text, "\n")
	lines = lines[:len(lines)-1]
	room := height - 2 // for what is left out, and for the cursor
	if height == 0 || len(lines) < height || room < 1 {
		return text
	}
	return strings.Join(lines[:room], "") + fmt.Sprintf("… %d more\n", len(lines)-room)
}

// nextLook waits for a change; while jobs run their durations grow.
func nextLook(ctx context.Context, w *watch.Watcher, infos []job.Info) error {
	var second <-chan time.Time
	for _, i := range infos {
		if !i.State.Final() {
			t := time.NewTimer(time.Second)
			defer t.Stop()
			second = t.C
			break
		}
	}
	select {
	case <-w.C:
		return nil
	case <-second:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
