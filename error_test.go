package job_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/backjob/job"
)

func TestErrorText(t *testing.T) {
	cause := errors.New("job is Running")
	for _, c := range []struct {
		err  job.Error
		want string
	}{
		{job.Error{Op: "remove", Job: "7", Kind: job.WrongState, Err: cause, Hint: "stop it first"}, "remove 7: job is Running"},
		{job.Error{Op: "remove", Err: cause}, "remove: job is Running"},
		{job.Error{Job: "7", Err: cause}, "7: job is Running"},
		{job.Error{Err: cause}, "job is Running"},
		{job.Error{Op: "get", Job: "7", Kind: job.NotFound}, "get 7: no such job"},
		{job.Error{}, "it could not be done"},
		{job.Error{Kind: 200}, "it could not be done"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.err, got, c.want)
		}
	}
}

func TestEveryKindHasWordsOfItsOwn(t *testing.T) {
	seen := map[string]job.Kind{}
	for k := job.Other; k <= job.AllBlocked; k++ {
		text := k.String()
		if other, ok := seen[text]; ok || text == "" {
			t.Errorf("kind %d: got %q, which is empty or kind %d's", k, text, other)
		}
		seen[text] = k
	}
}

func TestErrorIsAndUnwrap(t *testing.T) {
	e := &job.Error{Op: "start", Job: "7", Kind: job.NoProgram, Hint: "x", Err: fs.ErrNotExist}
	wrapped := fmt.Errorf("local: %w", errors.Join(errors.New("other"), e))
	for _, c := range []struct {
		target error
		want   bool
	}{
		{&job.Error{Kind: job.NoProgram}, true},
		{&job.Error{Kind: job.NotRunnable}, false},
		{&job.Error{}, false},
		{&job.Error{Kind: job.NoProgram, Op: "start"}, false}, // it says more than a kind
		{e, true},
		{fs.ErrNotExist, true},
		{fs.ErrExist, false},
	} {
		if got := errors.Is(wrapped, c.target); got != c.want {
			t.Errorf("errors.Is(%v, %#v): got %v, want %v", wrapped, c.target, got, c.want)
		}
	}
	var as *job.Error
	if !errors.As(wrapped, &as) || as != e || errors.Unwrap(e) != fs.ErrNotExist {
		t.Errorf("errors.As(%v): got %v, want the error with its cause", wrapped, as)
	}
}
