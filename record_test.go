package job_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
)

func TestStreamRoundTrip(t *testing.T) {
	streams := job.Streams()
	if len(streams) != 7 {
		t.Fatalf("Streams: got %v, want seven", streams)
	}
	for i, s := range streams {
		if int(s) != i+1 {
			t.Errorf("%v: got number %d, want %d", s, s, i+1)
		}
		for _, name := range []string{s.String(), strings.ToUpper(s.String())} {
			if got, err := job.ParseStream(name); got != s || err != nil {
				t.Errorf("ParseStream(%q): got %v, %v, want %v", name, got, err, s)
			}
		}
		b, err := json.Marshal(s)
		var back job.Stream
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || back != s {
			t.Errorf("%v through JSON: got %v by %s, %v", s, back, b, err)
		}
	}
	for _, name := range []string{"", "out", "stream(1)", "1", "output "} {
		var e *job.Error
		if got, err := job.ParseStream(name); !errors.As(err, &e) || e.Kind != job.Invalid || !strings.Contains(e.Hint, "progress") {
			t.Errorf("ParseStream(%q): got %v, %v, want an Invalid error whose hint lists the streams", name, got, err)
		}
	}
	for _, s := range []job.Stream{0, 8, 255} {
		if got := s.String(); !strings.HasPrefix(got, "stream(") {
			t.Errorf("Stream(%d): got %q, want a text with the number", s, got)
		}
	}
}

func TestStepString(t *testing.T) {
	for _, c := range []struct {
		step job.Step
		want string
	}{
		{job.Step{Activity: "copy", Status: "a.txt", Percent: 40}, "copy: a.txt 40%"},
		{job.Step{Activity: "copy", Percent: 0}, "copy 0%"},
		{job.Step{Activity: "copy", Percent: -1}, "copy"},
		{job.Step{Status: "a.txt", Percent: -1}, "a.txt"},
		{job.Step{Percent: 100}, "100%"},
		{job.Step{Percent: -1}, ""},
	} {
		if got := c.step.String(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.step, got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := begin.Add(time.Hour)
	for _, c := range []struct {
		name       string
		begin, end time.Time
		want       time.Duration
	}{
		{"not begun", time.Time{}, time.Time{}, 0},
		{"never begun, ended", time.Time{}, now, 0},
		{"running", begin, time.Time{}, time.Hour},
		{"ended", begin, begin.Add(time.Minute), time.Minute},
		{"clock set back", now.Add(time.Minute), time.Time{}, 0},
		{"ended before it began", now, begin, 0},
	} {
		if got := (job.Info{BeginTime: c.begin, EndTime: c.end}).Duration(now); got != c.want {
			t.Errorf("%s: Duration: got %v, want %v", c.name, got, c.want)
		}
	}
}
