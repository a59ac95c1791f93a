package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each sort of change after Arm is told.
func TestChangesAreTold(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	w := New()
	defer w.Close()
	if err := w.Add(dir); err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct {
		name string
		do   func() error
	}{
		{"a file is made", func() error { return os.WriteFile(path, nil, 0o600) }},
		{"a file grows", func() error { return os.WriteFile(path, []byte("x"), 0o600) }},
		{"a file is cut", func() error { return os.Truncate(path, 0) }},
		{"a file gets another name", func() error { return os.Rename(path, path+"2") }},
		{"a file is deleted", func() error { return os.Remove(path + "2") }},
	} {
		w.Arm()
		select {
		case <-w.C: // a late signal of the change before, which also comes without a reason
			w.Arm()
		default:
		}
		if err := change.do(); err != nil {
			t.Fatal(err)
		}
		<-w.C
	}
}

// However many changes come, nobody is held up, and one value is there.
func TestManyChanges(t *testing.T) {
	w := New()
	defer w.Close()
	var dirs []string
	for range 5 {
		dirs = append(dirs, t.TempDir())
		if err := w.Add(dirs[len(dirs)-1]); err != nil {
			t.Fatal(err)
		}
	}
	w.Arm()
	for i := range 100 {
		w.Wake()
		if err := os.WriteFile(filepath.Join(dirs[i%5], fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	<-w.C
}

// Several watchers of one folder are all told.
func TestSeveralWatchers(t *testing.T) {
	dir := t.TempDir()
	var all []*Watcher
	for range 4 {
		w := New()
		defer w.Close()
		if err := w.Add(dir); err != nil {
			t.Fatal(err)
		}
		w.Arm()
		all = append(all, w)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		<-w.C
	}
}

func TestAddOfAFolderThatIsGone(t *testing.T) {
	w := New()
	defer w.Close()
	if err := w.Add(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("Add of a folder that is not there: got no error")
	}
}
