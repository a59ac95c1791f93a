package arch

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines bounds a Go file. Most have 50 to 300.
const maxLines = 600

func TestEveryPackageHasAComment(t *testing.T) {
	commented := map[string]bool{}
	for _, s := range code(t) {
		text := s.syntax.Doc.Text()
		begun := strings.HasPrefix(text, "Package ") || strings.HasPrefix(text, "Command ")
		commented[s.dir()] = commented[s.dir()] || begun
	}
	for dir, ok := range commented {
		if !ok {
			t.Errorf("package %s: no comment above the package clause that begins with Package or Command", dir)
		}
	}
}

func TestFilesStayShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > maxLines {
			t.Errorf("%s has %d lines, want at most %d: is it one thing?", s.name, s.lines, maxLines)
		}
	}
}

// Tests wait for the thing, not for time to pass. Inside synctest.Test the
// clock is the test's own, and sleeping only turns it.
func TestNoTestSleeps(t *testing.T) {
	for _, s := range sources(t) {
		if !s.isTest() {
			continue
		}
		bubbles := callsOf(s, "synctest", "Test")
		for _, sleep := range callsOf(s, "time", "Sleep") {
			if !slices.ContainsFunc(bubbles, func(b *ast.CallExpr) bool { return holds(b, sleep.Pos()) }) {
				t.Errorf("%s: time.Sleep in a test: wait for the thing, or use testing/synctest", s.at(sleep))
			}
		}
	}
}

// A test that skips says that it passed.
func TestNoTestSkips(t *testing.T) {
	for _, s := range sources(t) {
		if !s.isTest() {
			continue
		}
		for _, skip := range callsOf(s, "", "Skip", "Skipf", "SkipNow") {
			t.Errorf("%s: a test skips: what it needs is installed by ./test, or its file is for one system", s.at(skip))
		}
		for _, short := range callsOf(s, "testing", "Short") {
			t.Errorf("%s: testing.Short: a test runs whole or not at all", s.at(short))
		}
	}
}

// skipInScript is the testscript command, alone or after a condition.
var skipInScript = regexp.MustCompile(`(?m)^(\[.*\]\s*)*skip\b`)

func TestNoScriptSkips(t *testing.T) {
	for _, name := range files(t, ".txtar") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if skipInScript.Match(data) {
			t.Errorf("%s: a script skips: what it needs is installed by ./test", name)
		}
	}
}

// callsOf are the calls of from.name in a file; of any.name where from is "".
func callsOf(s source, from string, names ...string) []*ast.CallExpr {
	var calls []*ast.CallExpr
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(names, selector.Sel.Name) {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); from == "" || ok && x.Name == from {
			calls = append(calls, call)
		}
		return true
	})
	return calls
}

func holds(n ast.Node, at token.Pos) bool { return n.Pos() <= at && at < n.End() }
