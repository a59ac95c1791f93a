package cli

import (
	"encoding/json"
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

// This is the one file that prints jobs. Rules: answers go to c.out, never to
// c.err; what others wrote (names, commands, reasons) is shown with control
// characters escaped, so that it cannot command the terminal; a cell is never
// empty; to a terminal a line is never wider than it.

// printing says how a verb shows jobs.
type printing struct {
	quiet *bool
	json  *bool
}

func (f *flags) printing() printing {
	return printing{
		quiet: f.bool("q", "print ids only, one a line"),
		json:  f.bool("json", "print one JSON object a line"),
	}
}

func (p printing) print(c *call, infos []job.Info) error {
	switch {
	case *p.quiet:
		return printIDs(c.out, infos)
	case *p.json:
		return printJSON(c.out, infos)
	}
	return printTable(c.out, infos, time.Now())
}

func printIDs(out *os.File, infos []job.Info) error {
	var b strings.Builder
	for _, i := range infos {
		fmt.Fprintln(&b, i.Ref)
	}
	_, err := out.WriteString(b.String())
	return err
}

// jsonInfo is what --json says of a job; names and order are the contract's.
type jsonInfo struct {
	ID              job.ID         `json:"id"`
	Child           *int           `json:"child,omitempty"`
	InstanceID      string         `json:"instance_id"`
	Name            string         `json:"name"`
	Type            string         `json:"type"`
	State           string         `json:"state"`
	Reason          string         `json:"reason"`
	StatusMessage   string         `json:"status_message"`
	Command         string         `json:"command"`
	Argv            []string       `json:"argv"`
	Dir             string         `json:"dir"`
	Location        string         `json:"location"`
	HasMoreData     bool           `json:"has_more_data"`
	BeginTime       *string        `json:"begin_time"`
	EndTime         *string        `json:"end_time"`
	ExitCode        *int           `json:"exit_code"`
	Signal          string         `json:"signal"`
	PID             *int           `json:"pid"`
	Attempt         int            `json:"attempt"`
	UserTime        float64        `json:"user_time"`
	SystemTime      float64        `json:"system_time"`
	MaxRSS          int64          `json:"max_rss"`
	OutputBytes     int64          `json:"output_bytes"`
	ErrorBytes      int64          `json:"error_bytes"`
	Children        int            `json:"children"`
	ChildrenByState map[string]int `json:"children_by_state"`
}

func toJSON(i job.Info) jsonInfo {
	o := jsonInfo{
		ID: i.ID, InstanceID: i.InstanceID.String(), Name: i.Name, Type: i.Type,
		State: i.State.String(), StatusMessage: i.StatusMessage, Command: i.Command, Argv: i.Argv,
		Dir: i.Dir, Location: i.Location, HasMoreData: i.HasMoreData(),
		BeginTime: jsonTime(i.BeginTime), EndTime: jsonTime(i.EndTime), ExitCode: i.ExitCode,
		Signal: i.Signal, Attempt: i.Attempt, UserTime: i.UserTime.Seconds(), SystemTime: i.SystemTime.Seconds(),
		MaxRSS: i.MaxRSS, OutputBytes: i.OutputBytes, ErrorBytes: i.ErrorBytes, Children: i.Children,
		ChildrenByState: map[string]int{},
	}
	if i.Child != 0 {
		o.Child = &i.Child
	}
	if i.Reason != nil {
		o.Reason = i.Reason.Error()
	}
	if i.PID != 0 {
		o.PID = &i.PID
	}
	for state, n := range i.ChildrenByState {
		o.ChildrenByState[state.String()] = n
	}
	return o
}

// nanoseconds is RFC 3339 with all nine digits.
const nanoseconds = "2006-01-02T15:04:05.000000000Z07:00"

func jsonTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.Format(nanoseconds)
	return &s
}

func printJSON(out *os.File, infos []job.Info) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, i := range infos {
		if err := encoder.Encode(toJSON(i)); err != nil {
			return err
		}
	}
	_, err := out.WriteString(b.String())
	return err
}

var columns = [...]string{"ID", "NAME", "STATE", "STARTED", "DURATION", "EXIT", "DATA", "LOCATION", "COMMAND"}

const (
	nameColumn    = 1
	stateColumn   = 2
	commandColumn = len(columns) - 1
	widestName    = 24 // on a terminal
)

type row [len(columns)]string

func printTable(out *os.File, infos []job.Info, now time.Time) error {
	if len(infos) == 0 {
		return nil
	}
	_, err := out.WriteString(table(infos, now, widthOf(out), colourful(out)))
	return err
}

// table is the table as text; width 0 means as wide as it has to be.
func table(infos []job.Info, now time.Time, width int, colour bool) string {
	rows := []row{columns}
	for _, i := range infos {
		rows = append(rows, rowOf(i, now, width > 0))
	}
	var widths [len(columns)]int
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
func (r row) line(widths [len(columns)]int) (text string, state int) {
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
	name := printable(i.Name)
	if narrow {
		name = cut(name, widestName)
	}
	started, duration := "-", "-"
	if !i.BeginTime.IsZero() {
		started, duration = shortTime(i.BeginTime, now), shortDuration(i.Duration(now))
	}
	return row{i.Ref.String(), name, i.State.String(), started, duration, exitCell(i),
		shortBytes(i.Unread), printable(i.Location), commandCell(i)}
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
	return orDash(printable(i.Command))
}

func orDash(text string) string {
	if strings.TrimSpace(text) == "" {
		return "-"
	}
	return text
}

// printable is the text with everything escaped that is no visible character.
func printable(text string) string {
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

// shortDuration is a duration in at most six letters or so.
func shortDuration(d time.Duration) string {
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

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// widthOf is the width of the terminal, 0 if it is none.
func widthOf(f *os.File) int {
	if !isTerminal(f) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// heightOf is the height of the terminal, 0 if it is none.
func heightOf(f *os.File) int {
	if !isTerminal(f) {
		return 0
	}
	_, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return height
}

func colourful(f *os.File) bool {
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
