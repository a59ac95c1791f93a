package arch

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/core.txt anew")

const coreList = "testdata/core.txt"

// heavy are packages that the job command must not link, and why. It is
// started for every verb and once more as the keeper of every job, so what it
// links is paid each time.
var heavy = map[string]string{
	// With package net, cgo links libc dynamically, which costs 1.0 ms at
	// every exec: measured 2.77 ms against 1.76 ms for the same program.
	"net":           "makes cgo link libc dynamically: 1.0 ms at every exec",
	"os/user":       "does the same as net; user ids are numbers to us",
	"runtime/cgo":   "links libc dynamically: 1.0 ms at every exec, and more memory a keeper",
	"net/http":      "what speaks HTTP belongs to job-ui",
	"crypto/tls":    "what speaks TLS belongs to job-ui",
	"database/sql":  "the repository is files",
	"text/template": "keeps the linker from dropping unused methods; print with fmt",
	"html/template": "what shows pages belongs to job-ui",
}

func TestCoreLinksNothingHeavy(t *testing.T) {
	for _, p := range linked(t) {
		if why, ok := heavy[p]; ok {
			t.Errorf("cmd/job links %s: %s; who imports it: go list -deps -f '{{.ImportPath}}: {{.Imports}}' ./cmd/job", p, why)
		}
	}
}

// The whole list is kept, so that a new package is seen by whoever reads the
// change that brought it.
func TestCoreLinksWhatItDid(t *testing.T) {
	got := slices.DeleteFunc(linked(t), ofRuntime)
	if *update {
		if err := os.WriteFile(coreList, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(coreList)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./internal/arch -update", err)
	}
	want := strings.Fields(string(data))
	for _, p := range got {
		if !slices.Contains(want, p) {
			t.Errorf("cmd/job links %s, which is not in %s; if it has to, write the list anew: go test ./internal/arch -update", p, coreList)
		}
	}
	for _, p := range want {
		if !slices.Contains(got, p) {
			t.Errorf("cmd/job no longer links %s; write %s anew: go test ./internal/arch -update", p, coreList)
		}
	}
}

// ofRuntime tells packages that the standard library keeps to itself. They
// come and go with Go's releases.
func ofRuntime(p string) bool {
	if !standard(p) {
		return false
	}
	first, _, _ := strings.Cut(p, "/")
	return slices.Contains([]string{"internal", "runtime", "unsafe", "vendor"}, first) || strings.Contains(p, "/internal/")
}

// linked are the packages that the job command links on Linux. The go command
// is asked, not the cache: reading all sources and the module files here makes
// this test's result depend on them.
func linked(t *testing.T) []string {
	t.Helper()
	sources(t)
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.ReadFile(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	c := exec.Command("go", "list", "-deps", "./cmd/job")
	c.Dir = root
	c.Stderr = &said
	c.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1")
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, &said)
	}
	packages := strings.Fields(string(out))
	if !slices.Contains(packages, "runtime") {
		t.Fatalf("%v: no program in ./cmd/job", c.Args)
	}
	slices.Sort(packages)
	return packages
}
