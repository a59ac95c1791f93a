package cli

import (
	"errors"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pages in docs/commands anew")

const commandPages = "../../docs/commands"

// The pages are the help: one for each verb that help shows, and the overview.
func TestDocs(t *testing.T) {
	pages := renderedPages()
	names, err := filepath.Glob(filepath.Join(commandPages, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, ok := pages[filepath.Base(name)]; !ok {
			checkGone(t, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		checkPage(t, filepath.Join(commandPages, name), pages[name])
	}
}

// renderedPages gives the text of each page by the name of its file.
func renderedPages() map[string]string {
	var list strings.Builder
	pages := map[string]string{}
	for _, v := range verbs() {
		built := build(v.names[0])
		if built.hidden {
			continue
		}
		pages[built.name+".md"] = page("job "+built.name, built.text())
		list.WriteString("- [job " + built.name + "](" + built.name + ".md): " + built.summary + "\n")
	}
	pages["README.md"] = page("job", overviewText()) + "\n" + list.String() +
		"\nThese pages are made from the help: `go test ./internal/cli -run TestDocs -update`.\n"
	return pages
}

func page(heading, text string) string {
	return "# " + heading + "\n\n```text\n" + strings.TrimSuffix(text, "\n") + "\n```\n"
}

// checkPage compares a page with what is there, or writes it.
func checkPage(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := errors.Join(os.MkdirAll(commandPages, 0o755), os.WriteFile(name, []byte(want), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the help says; write it anew: go test ./internal/cli -run TestDocs -update\n%s",
			name, firstDifference(string(got), want))
	}
}

// checkGone deletes a page of a verb that there is not, or tells of it.
func checkGone(t *testing.T, name string) {
	t.Helper()
	if !*update {
		t.Errorf("%s: there is no such verb; delete it: go test ./internal/cli -run TestDocs -update", name)
		return
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i, line := range b {
		if i >= len(a) {
			return "got  the end\nwant " + line
		}
		if a[i] != line {
			return "got  " + a[i] + "\nwant " + line
		}
	}
	return "got  " + a[len(b)] + "\nwant the end"
}
