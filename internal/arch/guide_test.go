package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goBlock is a block of Go in a page.
var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// What the guide shows is compiled: each block of Go in it stands in one of
// our files, whatever its indentation. A line "..." leaves something out.
func TestGuideShowsCode(t *testing.T) {
	var code []string
	for _, name := range files(t, ".go") {
		code = append(code, bare(t, name))
	}
	for _, page := range []string{"docs/authors.md", "README.md"} {
		blocks := goBlock.FindAllStringSubmatch(read(t, page), -1)
		if len(blocks) == 0 {
			t.Errorf("%s has no block of Go", page)
		}
		for _, block := range blocks {
			if !slices.ContainsFunc(code, func(text string) bool { return shows(text, block[1]) }) {
				t.Errorf("%s shows what stands in no file:\n%s", page, block[1])
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// bare is a file without indentation and empty lines.
func bare(t *testing.T, name string) string {
	t.Helper()
	return flat(read(t, name))
}

func flat(text string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// shows tells whether the pieces of a block stand in a file, in this order.
func shows(file, block string) bool {
	for _, piece := range strings.Split(flat(block), "\n...\n") {
		at := strings.Index(file, flat(piece))
		if at < 0 {
			return false
		}
		file = file[at:]
	}
	return true
}
