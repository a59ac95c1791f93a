package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

var metaGen = rapid.Custom(func(t *rapid.T) Meta {
	any, duration := bytesGen(40), rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Min(0).Draw(t, "ns"))
	})
	texts := func(name string) []string {
		return append([]string(nil), rapid.SliceOfN(any, 0, 5).Draw(t, name)...)
	}
	m := Meta{ID: job.ID(rapid.Uint64().Draw(t, "id")), Type: any.Draw(t, "type"), Children: rapid.Int().Draw(t, "children"),
		Open: rapid.Bool().Draw(t, "open"), Throttle: rapid.Int().Draw(t, "throttle"),
		Created: time.Unix(rapid.Int64Range(0, 1<<37).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(),
		Spec: job.Spec{Name: any.Draw(t, "name"), Command: any.Draw(t, "command"), Dir: any.Draw(t, "dir"),
			Input: any.Draw(t, "input"), Notify: any.Draw(t, "notify"), Argv: texts("argv"), Env: texts("env"),
			Timeout: duration.Draw(t, "timeout"), Grace: duration.Draw(t, "grace"), RetryDelay: duration.Draw(t, "delay"),
			Retry: rapid.IntMin(0).Draw(t, "retry"), Merge: rapid.Bool().Draw(t, "merge")}}
	copy(m.Instance[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "instance"))
	return m
})

func TestMetaRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := metaGen.Draw(t, "meta")
		line := string(m.encode())
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("encode of %+v: got %q, want one line", m, line)
		}
		got, err := decodeMeta(strings.TrimSuffix(line, "\n"))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("decode of %q: got %+v, %v, want %+v", line, got, err, m)
		}
	})
}

var sizesGen = rapid.Custom(func(t *rapid.T) [3]int64 {
	return [3]int64{rapid.Int64().Draw(t, "output"), rapid.Int64().Draw(t, "error"), rapid.Int64().Draw(t, "records")}
})

var eventGen = rapid.Custom(func(t *rapid.T) Event {
	any := bytesGen(40)
	process := func(name string) Process {
		return Process{rapid.IntRange(1, 1<<22).Draw(t, name), rapid.Uint64().Draw(t, name+" start")}
	}
	e := Event{Time: time.Unix(rapid.Int64Range(0, 1<<37).Draw(t, "s"), 5).UTC(), Child: rapid.IntRange(0, 1<<31).Draw(t, "child"),
		Reason: any.Draw(t, "reason"), Status: any.Draw(t, "status"), Note: any.Draw(t, "note"), Boot: any.Draw(t, "boot")}
	if e.Step = rapid.Bool().Draw(t, "step"); e.Step {
		e.State = rapid.SampledFrom(job.States()).Draw(t, "state")
	}
	if rapid.Bool().Draw(t, "processes") {
		e.Keeper, e.Program = process("keeper"), process("program")
	}
	if rapid.Bool().Draw(t, "attempt") {
		e.Try = rapid.IntRange(1, 99).Draw(t, "try")
		e.Sizes = sizesGen.Draw(t, "sizes")
	}
	if rapid.Bool().Draw(t, "until") {
		until := sizesGen.Draw(t, "until")
		e.Until = &until
	}
	if e.Slot = rapid.IntRange(0, 99).Draw(t, "slot"); e.Slot != 0 {
		e.Sizes = sizesGen.Draw(t, "sizes before it")
	}
	if rapid.Bool().Draw(t, "work") {
		e.Work = Work{any.Draw(t, "name"), any.Draw(t, "command"), append([]string(nil), rapid.SliceOfN(any, 0, 3).Draw(t, "argv")...),
			append([]string(nil), rapid.SliceOfN(any, 0, 3).Draw(t, "env")...)}
	}
	e.Closed = rapid.Bool().Draw(t, "closed")
	if rapid.Bool().Draw(t, "ended") {
		e.Ended = &Exit{rapid.IntRange(-1, 255).Draw(t, "exit"), rapid.IntRange(0, 64).Draw(t, "signal"),
			time.Duration(rapid.Int64().Draw(t, "user")), time.Duration(rapid.Int64().Draw(t, "system")), rapid.Int64().Draw(t, "rss")}
	}
	return e
})

func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := eventGen.Draw(t, "event")
		line := string(e.encode())
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("encode of %+v: got %q, want one line", e, line)
		}
		got, err := decodeEvent(strings.TrimSuffix(line, "\n"))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("decode of %q: got %+v, %v, want %+v", line, got, err, e)
		}
	})
}

// A line that was changed anywhere is not taken for another event.
func TestChangedLinesAreNoticed(t *testing.T) {
	e := Event{Time: time.Unix(1, 2).UTC(), Child: 1, Step: true, State: job.Failed, Reason: "exit status 3", Ended: &Exit{Code: 3}}
	line := strings.TrimSuffix(string(e.encode()), "\n")
	for i := range len(line) {
		for bit := range 8 {
			b := []byte(line)
			b[i] ^= 1 << bit
			got, err := decodeEvent(string(b))
			if err == nil && !reflect.DeepEqual(got, e) {
				t.Errorf("%q: got %+v, want an error", b, got)
			}
		}
		if got, err := decodeEvent(line[:i]); err == nil {
			t.Errorf("%q, cut short: got %+v, want an error", line[:i], got)
		}
	}
}

func TestUnknownKeysArePassedOver(t *testing.T) {
	e, err := decodeEvent(strings.TrimSuffix(string(sumLine([]byte(`time=1970-01-01T00:00:01Z child=2 colour="dark blue" state=Running`))), "\n"))
	if err != nil || e.Child != 2 || e.State != job.Running {
		t.Errorf("an event with a key of a newer version: got %+v, %v", e, err)
	}
	m, err := decodeMeta(strings.TrimSuffix(string(sumLine([]byte(`id=7 colour=blue arg=a arg=""`))), "\n"))
	if err != nil || m.ID != 7 || !reflect.DeepEqual(m.Argv, []string{"a", ""}) {
		t.Errorf("a first line with a key of a newer version: got %+v, %v", m, err)
	}
}

func FuzzDecodeMeta(f *testing.F) {
	f.Add(`id=7 instance=01a206eb-042b-73cd-9750-e97e07625a44 created=2026-11-23T05:39:55Z children=1 arg="a b" env="A=\xff"`)
	f.Add(`arg="`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, body string) {
		decodeMeta(body)
		m, err := decodeMeta(strings.TrimSuffix(string(sumLine([]byte(body))), "\n"))
		if err != nil {
			return
		}
		back, err := decodeMeta(strings.TrimSuffix(string(m.encode()), "\n"))
		if err != nil || !back.Created.Equal(m.Created) {
			t.Errorf("%q: read as %+v, written and read again as %+v, %v", body, m, back, err)
		}
	})
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(`time=2026-11-23T05:39:55Z child=1 state=Running attempt=1 sizes=0,0 pid=22562:613828 keeper=22560:613827 boot=x`)
	f.Add(`state=Failed reason="exit status 3" exit=3 signal=0 user=4.238ms system=0s rss=1`)
	f.Add("goroutine 1 [running]:")
	f.Fuzz(func(t *testing.T, body string) {
		decodeEvent(body)
		e, err := decodeEvent(strings.TrimSuffix(string(sumLine([]byte(body))), "\n"))
		if err != nil {
			return
		}
		back, err := decodeEvent(strings.TrimSuffix(string(e.encode()), "\n"))
		if err != nil || back.State != e.State || back.Reason != e.Reason || back.Child != e.Child {
			t.Errorf("%q: read as %+v, written and read again as %+v, %v", body, e, back, err)
		}
		Sum(Meta{ID: 7, Children: 3}, e, back).State()
	})
}
