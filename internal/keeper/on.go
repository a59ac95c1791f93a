package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/changes"
	"github.com/backjob/job/internal/store"
	"github.com/backjob/job/schedule"
)

// CheckOn refuses what an event job of the repository dir cannot wait for.
func CheckOn(o store.On, dir string) error {
	switch {
	case o.Every != 0 || o.Cron != "":
		_, err := scheduleOf(o, time.Now())
		return err
	case o.Changed != "":
		return checkChanged(o, dir)
	}
	return nil
}

func scheduleOf(o store.On, created time.Time) (schedule.Schedule, error) {
	if o.Cron == "" {
		return schedule.EveryFrom(created, o.Every)
	}
	zone, err := zoneOf(o.Zone)
	if err != nil {
		return nil, err
	}
	return schedule.CronIn(o.Cron, zone)
}

// zoneOf is the time zone that TZ names; "" is the machine's own.
func zoneOf(name string) (zone *time.Location, err error) {
	name = strings.TrimPrefix(name, ":")
	switch {
	case name == "":
		return time.Local, nil
	case filepath.IsAbs(name):
		var b []byte
		if b, err = os.ReadFile(name); err == nil {
			zone, err = time.LoadLocationFromTZData(name, b)
		}
	default:
		zone, err = time.LoadLocation(name)
	}
	if err != nil {
		return nil, &job.Error{Kind: job.Invalid, Err: fmt.Errorf("TZ=%s is no time zone that this machine knows", name),
			Hint: "name one in front of the expression: CRON_TZ=Europe/Berlin 30 9 * * mon-fri"}
	}
	return zone, nil
}

func checkChanged(o store.On, dir string) error {
	if _, err := os.Stat(o.Changed); err != nil {
		return &job.Error{Kind: job.Other, Err: fmt.Errorf("%q cannot be watched: %w", o.Changed, cause(err)),
			Hint: "it has to be there now; later it may go away and come back"}
	}
	if _, within := inside(dir, o.Changed); within {
		return &job.Error{Kind: job.Other, Err: fmt.Errorf("%q is in the repository, which each run changes", o.Changed)}
	}
	return changes.CheckPatterns(o.Ignore)
}

// inside gives the path of a file relative to a folder, "." for the folder
// itself, and whether it is in there at all.
func inside(folder, path string) (relative string, ok bool) {
	for _, p := range []*string{&folder, &path} {
		if real, err := filepath.EvalSymlinks(*p); err == nil {
			*p = real
		}
	}
	relative, err := filepath.Rel(folder, path)
	return relative, err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// ignored are the patterns of what is not watched: what is usual, what was
// asked for, and the repository, which each run changes.
func ignored(o store.On, dir string) []string {
	patterns := append(changes.Usual(), o.Ignore...)
	if relative, ok := inside(o.Changed, dir); ok {
		patterns = append(patterns, "/"+literal(filepath.ToSlash(relative)))
	}
	return patterns
}

// literal is the pattern that matches a text only.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(text)
}

// maxEvent is how many bytes the names of changed files may have together. The
// system passes a program no variable of more than 128 KiB.
const maxEvent = 64 << 10

// changedText names what changed: absolute paths, one a line, or the root
// alone if it is not known what, or too much.
func changedText(c changes.Change) string {
	size := 0
	paths := make([]string, len(c.Paths))
	for i, p := range c.Paths {
		paths[i] = filepath.Join(c.Root, p)
		size += len(paths[i]) + 1
	}
	if size > maxEvent {
		return c.Root
	}
	return strings.Join(paths, "\n")
}

// cause is the error without the path that os puts before it.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
