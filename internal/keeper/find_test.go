package keeper

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/backjob/job"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"bin", "sbin", "empty", "here", "here/sub", "sbin/folder", "only/folder", "blank s"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o700))
	}
	for name, mode := range map[string]os.FileMode{
		"bin/both": 0o700, "sbin/both": 0o700, "bin/plain": 0o600, "sbin/later": 0o700, "bin/later": 0o600,
		"here/local": 0o700, "here/sub/deep": 0o755, "here/plain": 0o644, "bin/folder": 0o700, "blank s/x": 0o700, "file": 0o700,
		"bin/group": 0o610,
	} {
		must(t, os.WriteFile(filepath.Join(root, name), nil, mode))
	}
	in := func(name string) string { return filepath.Join(root, name) }
	path := func(dirs ...string) string {
		list := "PATH="
		for i, dir := range dirs {
			if i > 0 {
				list += ":"
			}
			if dir != "" && dir != "." {
				dir = in(dir)
			}
			list += dir
		}
		return list
	}
	const found = job.Other
	for _, c := range []struct {
		what, name string
		env        []string
		want       string
		kind       job.Kind
	}{
		{"the first of PATH", "both", []string{path("bin", "sbin")}, in("bin/both"), found},
		{"the other way round", "both", []string{path("sbin", "bin")}, in("sbin/both"), found},
		{"folders of PATH that are not there", "both", []string{path("none", "file", "empty", "bin")}, in("bin/both"), found},
		{"one that is not executable is passed over", "later", []string{path("bin", "sbin")}, in("sbin/later"), found},
		{"a folder is passed over", "folder", []string{path("only", "bin")}, in("bin/folder"), found},
		{"executable for the group", "group", []string{path("bin")}, in("bin/group"), found},
		{"a blank in PATH", "x", []string{path("blank s")}, in("blank s/x"), found},
		{"here by an empty entry", "local", []string{path("", "bin")}, "./local", found},
		{"here by a dot", "local", []string{path("bin", ".")}, "./local", found},
		{"the last PATH counts", "both", []string{path("sbin"), "X=", path("bin")}, in("bin/both"), found},
		{"a path", in("bin/both"), nil, in("bin/both"), found},
		{"a path from here", "./local", nil, "./local", found},
		{"a path below here", "sub/deep", []string{path("bin")}, "sub/deep", found},

		{"only one that is not executable", "plain", []string{path("bin", "sbin")}, "", job.NotRunnable},
		{"a path that is not executable", "./plain", nil, "", job.NotRunnable},
		{"a path that is a folder", "./sub", nil, "", job.NotRunnable},
		{"a folder with a slash", "sub/", nil, "", job.NotRunnable},
		{"nothing of that name", "none", []string{path("bin", "sbin")}, "", job.NoProgram},
		{"a PATH with files in it", "none", []string{path("file", "bin")}, "", job.NoProgram},
		{"no PATH", "both", nil, "", job.NoProgram},
		{"not here without an entry for it", "local", []string{path("bin")}, "", job.NoProgram},
		{"a path that is not there", "./none", []string{path("bin")}, "", job.NoProgram},
		{"a path below a file", in("file/x"), nil, "", job.NoProgram},
		{"no name", "", []string{path("bin")}, "", job.NoProgram},
		{"PATH is no other variable", "both", []string{"XPATH=" + in("bin")}, "", job.NoProgram},
	} {
		got, err := Find(c.name, in("here"), c.env)
		if c.kind == found {
			if got != c.want || err != nil {
				t.Errorf("%s: Find(%q) with %q: got %q, %v, want %q", c.what, c.name, c.env, got, err, c.want)
			}
			continue
		}
		var e *job.Error
		if !errors.As(err, &e) || e.Kind != c.kind {
			t.Errorf("%s: Find(%q) with %q: got %q, %v, want a %v error", c.what, c.name, c.env, got, err, c.kind)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
