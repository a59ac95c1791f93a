package store

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/backjob/job"
)

// Meta is what is written once, as the first line of the journal, when a job
// is made: who it is and what to run.
type Meta struct {
	ID       job.ID
	Instance job.InstanceID
	Created  time.Time
	Type     string // "BackgroundJob", "EventJob" and the like
	Children int
	Open     bool     // more children may be added
	Throttle int      // how many children run at once; 0 in a job with one child that has files of its own
	Path     string   // where the program was found; not kept
	Self     bool     // the program is the one that made the job
	Stdin    *os.File // for the program to read on from; not kept; nil means Input
	On       *On      // what an event job waits for; nil in another
	job.Spec          // InputFrom is not kept; Dir, Env and Command are always set
}

// DisplayName is the name, or the default name of a job that has none.
func (m Meta) DisplayName() string {
	if m.Name == "" {
		return defaultName(m.ID)
	}
	return m.Name
}

// Many reports whether this is not a job with one child that has files of its
// own: its children share files, and more may come.
func (m Meta) Many() bool { return m.Children != 1 || m.Open || m.Throttle != 0 || m.Self }

// GraceTime is the time between asking and killing.
func (m Meta) GraceTime() time.Duration {
	if m.Grace == 0 {
		return job.DefaultGrace
	}
	return max(m.Grace, 0)
}

// encode is the first line of the journal.
func (m Meta) encode() []byte {
	l := line{make([]byte, 0, 4096)}
	l.add("id", strconv.FormatUint(uint64(m.ID), 10))
	l.add("instance", m.Instance.String())
	l.add("created", m.Created.UTC().Format(time.RFC3339Nano))
	l.add("type", m.Type)
	l.addInt("children", int64(m.Children))
	if m.Open {
		l.add("open", "true")
	}
	if m.Throttle != 0 {
		l.addInt("throttle", int64(m.Throttle))
	}
	m.eachText(l.add)
	m.eachDuration(func(key string, d time.Duration) { l.add(key, d.String()) })
	if m.Retry != 0 {
		l.addInt("retry", int64(m.Retry))
	}
	if m.Merge {
		l.add("merge", "true")
	}
	if m.Self {
		l.add("self", "true")
	}
	if m.On != nil {
		m.On.encode(&l)
	}
	for _, arg := range m.Argv {
		l.add("arg", arg)
	}
	for _, e := range m.Env {
		l.add("env", e)
	}
	return sumLine(l.b)
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
	body, ok := checkSum(text)
	if !ok {
		return Meta{}, errors.New("the check sum of its first line is wrong")
	}
	var m Meta
	var first error
	whole := eachPair(body, func(key, value string) {
		if err := m.set(key, value); err != nil && first == nil {
			first = fmt.Errorf("%s: %w", key, err)
		}
	})
	if !whole && first == nil {
		first = errors.New("its first line is malformed")
	}
	return m, first
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
	case "open":
		m.Open, err = strconv.ParseBool(value)
	case "throttle":
		m.Throttle, err = strconv.Atoi(value)
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
	case "self":
		m.Self, err = strconv.ParseBool(value)
	default:
		if m.setText(key, value) {
			return nil
		}
		err = m.setOn(key, value)
	}
	return err
}

// setOn takes a pair that only an event job has.
func (m *Meta) setOn(key, value string) error {
	on := On{}
	if m.On != nil {
		on = *m.On
	}
	known, err := on.set(key, value)
	if known {
		m.On = &on
	}
	return err
}

func (m *Meta) setText(key, value string) (known bool) {
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
	default:
		return false
	}
	return true
}
