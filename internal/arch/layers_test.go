package arch

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// layers says which of the module's packages each of them may import; "." is
// the root. A new package needs a line. Tests may import what they like.
var layers = map[string][]string{
	".":                       {},
	"internal/arch":           {},
	"internal/process":        {"internal/process/nofile"}, // knows no jobs
	"internal/process/nofile": {},
	"internal/spool":          {"."},
	"internal/store":          {"."},
	"internal/watch":          {},
	"internal/nap":            {}, // knows no jobs
	"internal/keeper":         {".", "internal/store", "internal/spool", "internal/process", "internal/watch", "internal/nap", "schedule", "changes"},
	"jobtest":                 {"."},
	"local":                   {".", "internal/store", "internal/spool", "internal/process", "internal/watch", "internal/keeper"},
	"internal/table":          {"."},
	"internal/cli":            {".", "local", "internal/table", "internal/store", "internal/spool", "internal/process", "internal/watch"},
	"schedule":                {"."},
	"changes":                 {"."},
	"asjob":                   {".", "local", "internal/table", "internal/store"},
	"asjob/cobrajob":          {"asjob"},
	"cmd/job":                 {"internal/cli", "local"}, // local has the keeper's way in
	"examples/getproc":        {".", "asjob"},
	"examples/customsource":   {"."},
	"examples/embed":          {"."},
	"examples/copytree":       {".", "asjob", "asjob/cobrajob"},
	"bench":                   {".", "internal/store"}, // fills repositories with a million jobs
	"bench/empty":             {},
	"bench/stamp":             {},
	"bench/writer":            {},
}

// runners are the packages that run the jobs of one kind. They never import
// each other.
var runners = []string{"local"}

// maxRootNames bounds the root package, so that it stays a model and does not
// become a heap.
const maxRootNames = 95

func TestLayers(t *testing.T) {
	found := map[string]bool{}
	for _, s := range code(t) {
		found[s.dir()] = true
		allowed, ok := layers[s.dir()]
		if !ok {
			t.Errorf("%s: package %s has no line in the table of layers", s.name, s.dir())
		}
		for _, dir := range s.ownImports() {
			if ok && !slices.Contains(allowed, dir) {
				t.Errorf("%s imports %s; %s may import of ours only %v", s.name, dir, s.dir(), allowed)
			}
		}
	}
	for dir := range layers {
		if !found[dir] {
			t.Errorf("the table of layers has a line for %s, which does not exist", dir)
		}
	}
}

func TestRunnersDoNotImportEachOther(t *testing.T) {
	for _, runner := range runners {
		for _, other := range runners {
			if runner != other && slices.Contains(layers[runner], other) {
				t.Errorf("the table of layers lets %s import %s: both run jobs", runner, other)
			}
		}
	}
}

func TestRootImportsStandardLibraryOnly(t *testing.T) {
	for _, s := range code(t) {
		if s.dir() != "." {
			continue
		}
		for _, p := range s.imports() {
			if !standard(p) {
				t.Errorf("%s imports %s; the root package imports the standard library only", s.name, p)
			}
		}
	}
}

// standard tells whether a package is of the standard library: other paths
// begin with the name of a host.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestRootStaysSmall(t *testing.T) {
	names := map[string]bool{}
	for _, s := range code(t) {
		if s.dir() == "." {
			for _, name := range declared(s.syntax) {
				if ast.IsExported(name) {
					names[name] = true
				}
			}
		}
	}
	if len(names) > maxRootNames {
		t.Errorf("the root package exports %d names, want at most %d: does all of it belong to the model?", len(names), maxRootNames)
	}
}

// declared are the names that a file declares for its package; methods are
// not among them.
func declared(f *ast.File) []string {
	var names []string
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				names = append(names, specified(spec)...)
			}
		}
	}
	return names
}

func specified(spec ast.Spec) []string {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		return []string{spec.Name.Name}
	case *ast.ValueSpec:
		var names []string
		for _, name := range spec.Names {
			names = append(names, name.Name)
		}
		return names
	}
	return nil
}
