package job_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

func TestCheckName(t *testing.T) {
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"a", true}, {"nightly build", true}, {"*", true}, {"-", true}, {"--name", true}, {"é世界", true},
		{"Job7", true}, {"7a", true}, {"7.0", true}, {".7", true}, {"-7", true}, {"..", true}, {`a\b`, true},
		{"🎉", true}, {"\u200b", true}, {strings.Repeat("x", 255), true}, {strings.Repeat("é", 127), true},
		{"9223372036854775808", true}, // no id can be so large
		{"", false}, {"7", false}, {"7.2", false}, {"007", false}, {"0", false},
		{"a/b", false}, {"/", false}, {"a\nb", false}, {"a\x00b", false}, {"\x1b[31m", false}, {"a\tb", false},
		{"\x7f", false}, {"\u0085", false}, {"a\xffb", false},
		{strings.Repeat("x", 256), false}, {strings.Repeat("é", 128), false},
	} {
		err := job.CheckName(c.name)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, &job.Error{Kind: job.Invalid}) {
			var e *job.Error
			if c.ok || !errors.As(err, &e) || e.Kind != job.Invalid || e.Hint == "" {
				t.Errorf("CheckName(%q): got %v, want ok %v or an Invalid error with a hint", c.name, err, c.ok)
			}
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x00\x1b\n\x7f") {
			t.Errorf("CheckName(%q): its error has the control character in it: %q", c.name, err)
		}
	}
}

func TestCommandText(t *testing.T) {
	for _, c := range []struct {
		argv []string
		want string
	}{
		{nil, ""},
		{[]string{""}, "''"},
		{[]string{"make", "-j8", "all"}, "make -j8 all"},
		{[]string{"sh", "-c", "echo $HOME"}, "sh -c 'echo $HOME'"},
		{[]string{"echo", "it's"}, `echo 'it'\''s'`},
		{[]string{"env", "a=b", "user@host:/x,y%z", "über"}, "env a=b user@host:/x,y%z über"},
		{[]string{"~", "#", "!"}, "'~' '#' '!'"},
	} {
		if got := job.CommandText(c.argv); got != c.want {
			t.Errorf("CommandText(%q): got %s, want %s", c.argv, got, c.want)
		}
	}
}

// A shell takes the text apart into the same arguments, whatever bytes they
// have.
func TestCommandTextRoundTrip(t *testing.T) {
	argument := rapid.OneOf(
		rapid.StringMatching(`[ -~\n\t'"\\$&|;*?~#!{}]{0,12}`),
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.ByteRange(1, 255), 0, 12), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		var script, want bytes.Buffer
		for _, argv := range rapid.SliceOfN(rapid.SliceOfN(argument, 1, 5), 1, 8).Draw(t, "argvs") {
			for i, arg := range argv {
				argv[i] = strings.ReplaceAll(arg, "\x00", "")
				want.WriteString(argv[i] + "\x00")
			}
			script.WriteString("printf '%s\\0' " + job.CommandText(argv) + "\n")
		}
		got, err := exec.Command("/bin/sh", "-c", script.String()).Output()
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("sh -c %q: got %q, %v, want %q", script.String(), got, err, want.Bytes())
		}
	})
}

// The first word too is taken literally: it is no assignment and no keyword.
func TestCommandTextOfProgram(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a=b", "if", "{", "~", "while", "!", "case", "esac"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho called\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		sh := exec.Command("/bin/sh", "-c", job.CommandText([]string{name, "if", "x=y"}))
		sh.Env = []string{"PATH=" + dir}
		if out, err := sh.CombinedOutput(); err != nil || string(out) != "called\n" {
			t.Errorf("sh -c %q: got %q, %v, want the program %q called", sh.Args[2], out, err, name)
		}
	}
}
