package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/table"
)

// This is the one file that prints jobs; package table has the table. Answers
// go to c.out, never to c.err.

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
	return table.Write(c.out, infos, time.Now())
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
