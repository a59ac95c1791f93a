package job_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

func TestParseRef(t *testing.T) {
	for _, c := range []struct {
		text string
		want job.Ref
		ok   bool
	}{
		{"7", job.Ref{ID: 7}, true},
		{"0", job.Ref{}, true}, // it names no job, and looks like an id
		{"007", job.Ref{ID: 7}, true},
		{"7.2", job.Ref{ID: 7, Child: 2}, true},
		{"9223372036854775807.2147483648", job.Ref{ID: math.MaxInt64, Child: 1 << 31}, true},
		{text: ""}, {text: "."}, {text: "7."}, {text: ".2"}, {text: "7.0"}, {text: "7.2.1"},
		{text: "-7"}, {text: "+7"}, {text: "7 "}, {text: " 7"}, {text: "7.-2"}, {text: "7.+2"}, {text: "1e3"},
		{text: "0x7"}, {text: "1_0"}, {text: "٧"}, {text: "Job7"},
		{text: "9223372036854775808"}, {text: "7.2147483649"}, {text: strings.Repeat("9", 400)},
	} {
		got, ok := job.ParseRef(c.text)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("ParseRef(%q): got %v, %v, want %v, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

func TestRefRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := job.Ref{ID: job.ID(rapid.Uint64Range(0, math.MaxInt64).Draw(t, "id")), Child: rapid.IntRange(0, 1<<31).Draw(t, "child")}
		if got, ok := job.ParseRef(r.String()); got != r || !ok {
			t.Fatalf("ParseRef(%q): got %v, %v, want it back", r, got, ok)
		}
	})
}

func TestInstanceIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u job.InstanceID
		copy(u[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		for _, text := range []string{u.String(), strings.ToUpper(u.String())} {
			if got, err := job.ParseInstanceID(text); got != u || err != nil {
				t.Fatalf("ParseInstanceID(%q): got %v, %v, want it back", text, got, err)
			}
		}
	})
}

func TestParseInstanceIDRefuses(t *testing.T) {
	good := job.NewInstanceID(time.Now()).String()
	for _, text := range []string{"", "7", good[:35], good + "0", strings.ReplaceAll(good, "-", ""),
		"{" + good[1:35] + "}", good[:8] + "0" + good[9:13] + "-" + good[14:], "g" + good[1:],
		"-" + good[:8] + good[9:], good[:35] + "é", strings.Repeat("-", 36)} {
		got, err := job.ParseInstanceID(text)
		if !errors.Is(err, &job.Error{Kind: job.Invalid}) {
			t.Errorf("ParseInstanceID(%q): got %v, %v, want an Invalid error", text, got, err)
		}
	}
}

func TestNewInstanceID(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 7e6, time.UTC)
	seen := map[job.InstanceID]bool{}
	for range 1000 {
		u := job.NewInstanceID(now)
		ms := int64(u[0])<<40 | int64(u[1])<<32 | int64(u[2])<<24 | int64(u[3])<<16 | int64(u[4])<<8 | int64(u[5])
		if u[6]>>4 != 7 || u[8]>>6 != 2 || ms != now.UnixMilli() {
			t.Fatalf("NewInstanceID(%v): got %v, want version 7, variant 2 and the time", now, u)
		}
		if seen[u] {
			t.Fatalf("NewInstanceID: got %v twice", u)
		}
		seen[u] = true
	}
	later := job.NewInstanceID(now.Add(time.Millisecond))
	for u := range seen {
		if u.String() >= later.String() {
			t.Errorf("%v is not before %v, which was made later", u, later)
		}
	}
}

func TestInstanceIDsOfChildren(t *testing.T) {
	u := job.NewInstanceID(time.Now())
	seen := map[job.InstanceID]bool{u: true}
	for n := 1; n <= 10000; n++ {
		child := u.Child(n)
		if child[6]>>4 != 8 || child[8]>>6 != 2 || child != u.Child(n) {
			t.Fatalf("Child(%d) of %v: got %v, want version 8, variant 2, the same again", n, u, child)
		}
		if seen[child] {
			t.Fatalf("Child(%d) of %v: got %v, which another has", n, u, child)
		}
		seen[child] = true
	}
}
