// Package table shows jobs as a table, to people: what others wrote (names,
// commands, reasons) has its control characters escaped, so that it cannot
// command the terminal; a cell is never empty; to a terminal a line is never
// wider than it.
package table

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backjob/job"
	"github.com/clipperhouse/displaywidth"
	"golang.org/x/term"
)

// Columns are the names of the columns.
var Columns = [...]string{"ID", "NAME", "STATE", "STARTED", "DURATION", "EXIT", "DATA", "LOCATION", "COMMAND"}

const (
	nameColumn    = 1
	stateColumn   = 2
	commandColumn = len(Columns) - 1
	widestName    = 24 // on a terminal
)

type row [len(Columns)]string

// Write writes the table, as wide as the terminal, or in full width to anything
// else; nothing without jobs.
func Write(out *os.File, infos []job.Info, now time.Time) error {
	if len(infos) == 0 {
		return nil
	}
	_, err := out.WriteString(Text(infos, now, Width(out), Colourful(out)))
	return err
}

// Text is the table as text; width 0 means as wide as it has to be.
func Text(infos []job.Info, now time.Time, width int, colour bool) string {
	rows := []row{Columns}
	for _, i := range infos {
		rows = append(rows, rowOf(i, now, width > 0))
	}
	var widths [len(Columns)]int
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], displaywidth.String(cell))
		}
	}
	var b strings.Builder
	for n, r := range rows {
		text, state := r.line(widths)
		if width > 0 {
			text = cut(text, width)
		}
		if before := text[:min(state, len(text))]; colour && n > 0 {
			if after, whole := strings.CutPrefix(text[len(before):], r[stateColumn]); whole {
				text = before + paint(r[stateColumn], infos[n-1].State) + after
			}
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

// line is the row with its cells padded, and where in it the state begins.
func (r row) line(widths [len(Columns)]int) (text string, state int) {
	var b strings.Builder
	for i, cell := range r {
		if i == stateColumn {
			state = b.Len()
		}
		b.WriteString(cell)
		if i != commandColumn {
			b.WriteString(strings.Repeat(" ", widths[i]-displaywidth.String(cell)+2))
		}
	}
	return b.String(), state
}

func rowOf(i job.Info, now time.Time, narrow bool) row {
	name := Printable(i.Name)
	if narrow {
		name = cut(name, widestName)
	}
	started, duration := "-", "-"
	if !i.BeginTime.IsZero() {
		started, duration = shortTime(i.BeginTime, now), Duration(i.Duration(now))
	}
	return row{i.Ref.String(), name, i.State.String(), started, duration, exitCell(i),
		shortBytes(i.Unread), Printable(i.Location), commandCell(i)}
}

func exitCell(i job.Info) string {
	switch {
	case i.ExitCode != nil:
		return strconv.Itoa(*i.ExitCode)
	case i.Signal != "" && i.State.Final():
		return i.Signal
	}
	return "-"
}

func commandCell(i job.Info) string {
	if i.Damaged {
		return "(damaged)"
	}
	return orDash(Printable(i.Command))
}

func orDash(text string) string {
	if strings.TrimSpace(text) == "" {
		return "-"
	}
	return text
}

// Printable is the text with everything escaped that is no visible character.
func Printable(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func cut(text string, width int) string { return displaywidth.TruncateString(text, width, "…") }

func shortTime(t, now time.Time) string {
	t = t.In(now.Location())
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

// Duration is a duration in at most six letters or so.
func Duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// shortBytes is a size in units of 1024, "-" for none.
func shortBytes(n int64) string {
	if n == 0 {
		return "-"
	}
	if n < 1024 {
		return strconv.FormatInt(n, 10) + "B"
	}
	size, unit := float64(n), 0
	for size >= 1023.95 && unit < 5 {
		size /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f%c", size, " KMGTP"[unit])
}

func paint(text string, s job.State) string {
	colour := "36" // cyan: on its way
	switch s {
	case job.Completed:
		colour = "32"
	case job.Failed:
		colour = "31"
	case job.Stopped, job.Stopping:
		colour = "35"
	case job.Blocked, job.Suspended, job.Suspending, job.Disconnected, job.AtBreakpoint:
		colour = "33"
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// Terminal reports whether a file is a terminal.
func Terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Width is the width of the terminal, 0 if it is none.
func Width(f *os.File) int {
	if !Terminal(f) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// Height is the height of the terminal, 0 if it is none.
func Height(f *os.File) int {
	if !Terminal(f) {
		return 0
	}
	_, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return height
}

// Colourful reports whether a file is a terminal that wants colours.
func Colourful(f *os.File) bool {
	return Terminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
