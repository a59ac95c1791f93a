package arch

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."                  // of the module, seen from this package
	module = "github.com/backjob/job" // its path
)

// source is one Go file of the module.
type source struct {
	name   string // from the module's root, with slashes
	lines  int
	syntax *ast.File
	files  *token.FileSet
}

// dir is the folder of the file's package; "." for the root.
func (s source) dir() string { return path.Dir(s.name) }

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// at is the place of a node, as an editor can jump to it.
func (s source) at(n ast.Node) string {
	return s.name + ":" + strconv.Itoa(s.files.Position(n.Pos()).Line)
}

// imports are the paths that the file imports.
func (s source) imports() []string {
	var paths []string
	for _, i := range s.syntax.Imports {
		unquoted, _ := strconv.Unquote(i.Path.Value) // the parser has checked it
		paths = append(paths, unquoted)
	}
	return paths
}

// ownImports are the folders of this module's packages that the file imports.
func (s source) ownImports() []string {
	var dirs []string
	for _, p := range s.imports() {
		if p == module {
			dirs = append(dirs, ".")
		} else if dir, ok := strings.CutPrefix(p, module+"/"); ok {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// sources are all Go files of the module, of every system.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, name := range files(t, ".go") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{name, bytes.Count(data, []byte("\n")), syntax, set})
	}
	return all
}

// code is the same without tests.
func code(t *testing.T) []source {
	t.Helper()
	return slices.DeleteFunc(sources(t), source.isTest)
}

// files are the names of the module's files that end so. Folders that the go
// command ignores are left out, but for testdata when scripts are asked for.
func files(t *testing.T, ending string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		if e.IsDir() && ignored(name, ending) {
			return fs.SkipDir
		}
		if !e.IsDir() && strings.HasSuffix(name, ending) {
			inside, _ := filepath.Rel(root, name)
			names = append(names, filepath.ToSlash(inside))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func ignored(dir, ending string) bool {
	base := filepath.Base(dir)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "node_modules" {
		return true
	}
	if base == "testdata" {
		return ending == ".go"
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod")) // another module
	return !errors.Is(err, fs.ErrNotExist)
}
