package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/backjob/job"
)

// Meta is what is written once, when a job is made: who it is and what to run.
type Meta struct {
	ID       job.ID
	Instance job.InstanceID
	Created  time.Time
	Type     string // "BackgroundJob"
	Children int
	job.Spec // InputFrom is not kept; Dir, Env and Command are always set
}

// DisplayName is the name, or the default name of a job that has none.
func (m Meta) DisplayName() string {
	if m.Name == "" {
		return defaultName(m.ID)
	}
	return m.Name
}

// GraceTime is the time between asking and killing.
func (m Meta) GraceTime() time.Duration {
	if m.Grace == 0 {
		return job.DefaultGrace
	}
	return m.Grace
}

func (m Meta) encode() []byte {
	b := make([]byte, 0, 4096)
	pair := func(key, value string) {
		b = append(b, key...)
		b = append(b, '=')
		b = append(strconv.AppendQuote(b, value), '\n')
	}
	pair("id", strconv.FormatUint(uint64(m.ID), 10))
	pair("instance", m.Instance.String())
	pair("created", m.Created.UTC().Format(time.RFC3339Nano))
	pair("type", m.Type)
	pair("children", strconv.Itoa(m.Children))
	m.eachText(pair)
	m.eachDuration(func(key string, d time.Duration) { pair(key, d.String()) })
	if m.Retry != 0 {
		pair("retry", strconv.Itoa(m.Retry))
	}
	if m.Merge {
		pair("merge", "true")
	}
	for _, arg := range m.Argv {
		pair("arg", arg)
	}
	for _, e := range m.Env {
		pair("env", e)
	}
	return sumLine(b)
}

func (m Meta) eachText(pair func(key, value string)) {
	for _, p := range [...][2]string{{"name", m.Name}, {"command", m.Command}, {"dir", m.Dir}, {"input", m.Input}, {"notify", m.Notify}} {
		if p[1] != "" {
			pair(p[0], p[1])
		}
	}
}

func (m Meta) eachDuration(fn func(key string, d time.Duration)) {
	for _, p := range [...]struct {
		key string
		d   time.Duration
	}{{"timeout", m.Timeout}, {"grace", m.Grace}, {"retry-delay", m.RetryDelay}} {
		if p.d != 0 {
			fn(p.key, p.d)
		}
	}
}

func decodeMeta(text string) (Meta, error) {
	body, ok := checkSum(strings.TrimSuffix(text, "\n"))
	if !ok {
		return Meta{}, fmt.Errorf("its check sum is wrong")
	}
	var m Meta
	var err error
	for line := range strings.Lines(body) {
		key, quoted, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		value, unquoteErr := strconv.Unquote(quoted)
		if unquoteErr != nil {
			return m, fmt.Errorf("the line %q is malformed", line)
		}
		if e := m.set(key, value); e != nil && err == nil {
			err = fmt.Errorf("%s: %w", key, e)
		}
	}
	return m, err
}

// set takes one pair. Keys that a newer version added are passed over.
func (m *Meta) set(key, value string) (err error) {
	switch key {
	case "id":
		var id uint64
		id, err = strconv.ParseUint(value, 10, 64)
		m.ID = job.ID(id)
	case "instance":
		m.Instance, err = job.ParseInstanceID(value)
	case "created":
		m.Created, err = time.Parse(time.RFC3339Nano, value)
	case "children":
		m.Children, err = strconv.Atoi(value)
	case "timeout":
		m.Timeout, err = time.ParseDuration(value)
	case "grace":
		m.Grace, err = time.ParseDuration(value)
	case "retry-delay":
		m.RetryDelay, err = time.ParseDuration(value)
	case "retry":
		m.Retry, err = strconv.Atoi(value)
	case "merge":
		m.Merge, err = strconv.ParseBool(value)
	default:
		m.setText(key, value)
	}
	return err
}

func (m *Meta) setText(key, value string) {
	switch key {
	case "type":
		m.Type = value
	case "name":
		m.Name = value
	case "command":
		m.Command = value
	case "dir":
		m.Dir = value
	case "input":
		m.Input = value
	case "notify":
		m.Notify = value
	case "arg":
		m.Argv = append(m.Argv, value)
	case "env":
		m.Env = append(m.Env, value)
	}
}
