package store

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/backjob/job"
)

// wholeJournal is a job with some events, and what its journal has in it.
func wholeJournal(t *testing.T) (f Folder, m Meta, b []byte) {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "repository"))
	m = create(t, s, "cut", job.Failed)
	f = s.Folder(m.ID)
	b, err := os.ReadFile(f.File("journal"))
	must(t, err)
	return f, m, b
}

func eventsOf(f Folder) (events []Event, err error) {
	err = f.Reader().Refresh(func(e Event) { events = append(events, e) })
	return events, err
}

func TestJournalCutAnywhere(t *testing.T) {
	f, m, b := wholeJournal(t)
	ends := []int{} // of lines
	for i, c := range b {
		if c == '\n' {
			ends = append(ends, i)
		}
	}
	for n := range len(b) + 1 {
		must(t, os.WriteFile(f.File("journal"), b[:n], 0o600))
		got, status, err := f.Read()
		if n < ends[0] {
			var e *job.Error
			if !errors.As(err, &e) || e.Kind != job.Damaged || e.Hint == "" || got.ID != m.ID || len(status.Each) != 1 {
				t.Fatalf("cut to %d bytes: got %+v, %v, want a Damaged error with a hint", n, got, err)
			}
			continue
		}
		events := 0
		for _, end := range ends[1:] {
			if n >= end { // the newline itself may be missing
				events++
			}
		}
		want := []job.State{job.NotStarted, job.Running, job.Failed}[events]
		if err != nil || got.Name != "cut" || status.Events != events || status.State().State != want {
			t.Fatalf("cut to %d bytes: got %+v, %d events, %v, %v, want %d events, %v", n, got, status.Events, status.State(), err, events, want)
		}
	}
}

// Who takes over after a power cut goes on after what is left of a line.
func TestAppendToAJournalThatIsCut(t *testing.T) {
	f, _, b := wholeJournal(t)
	first := 0
	for b[first] != '\n' {
		first++
	}
	e := Event{Time: time.Unix(5, 0).UTC(), Child: 1, Step: true, State: job.Stopped, Reason: "taken over"}
	for n := first + 1; n <= len(b); n++ {
		must(t, os.WriteFile(f.File("journal"), b[:n], 0o600))
		j, err := f.Claim()
		if j == nil || err != nil {
			t.Fatalf("cut to %d bytes: Claim: got %v, %v", n, j, err)
		}
		must(t, j.Append(e))
		must(t, j.Close())
		events, err := eventsOf(f)
		if err != nil || len(events) == 0 || !reflect.DeepEqual(events[len(events)-1], e) {
			t.Fatalf("cut to %d bytes (after %q), then an event appended: got %+v, %v, want it to be the last", n, b[max(n-20, 0):n], events, err)
		}
	}
}

// What a crash of the keeper prints stands in the journal too.
func TestJournalWithForeignLines(t *testing.T) {
	f, m, b := wholeJournal(t)
	file, err := os.OpenFile(f.File("journal"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString("panic: oops\n\ngoroutine 1 [running]:\nmain.main()\n\x00\xff\n")
	must(t, err)
	_, err = file.Write(Event{Time: time.Unix(9, 0), Note: "after"}.encode())
	must(t, err)
	must(t, file.Close())
	got, status, err := f.Read()
	events, _ := eventsOf(f)
	if err != nil || got.ID != m.ID || status.State().State != job.Failed || events[len(events)-1].Note != "after" {
		t.Errorf("a journal of %d bytes with foreign lines: got %+v, %+v, %v", len(b), got, events, err)
	}
}

func TestJournalOfAnotherJob(t *testing.T) {
	f, m, b := wholeJournal(t)
	other := Folder{ID: m.ID + 1, Path: filepath.Join(t.TempDir(), "8")}
	must(t, os.Mkdir(other.Path, 0o700))
	must(t, os.WriteFile(other.File("journal"), b, 0o600))
	if got, _, err := other.Read(); err == nil || got.ID != other.ID {
		t.Errorf("the journal of job %d in the folder of job %d: got %+v, %v, want a Damaged error", m.ID, other.ID, got, err)
	}
	if _, _, err := f.Read(); err != nil {
		t.Errorf("the job itself: %v", err)
	}
}

func TestClaimIsForOne(t *testing.T) {
	f, _, _ := wholeJournal(t)
	if kept, err := f.Kept(); kept || err != nil {
		t.Fatalf("Kept of a job that nobody keeps: got %v, %v", kept, err)
	}
	j, err := f.Claim()
	if j == nil || err != nil {
		t.Fatalf("Claim: got %v, %v", j, err)
	}
	if second, err := f.Claim(); second != nil || err != nil {
		t.Errorf("Claim of a job that is kept: got %v, %v, want nil", second, err)
	}
	if kept, err := f.Kept(); !kept || err != nil {
		t.Errorf("Kept: got %v, %v, want true", kept, err)
	}
	must(t, j.Release())
	if kept, err := f.Kept(); kept || err != nil {
		t.Errorf("Kept after Release: got %v, %v, want false", kept, err)
	}
	must(t, j.Close())
	must(t, os.Remove(f.File("journal")))
	if _, err := f.Claim(); !isDamaged(err) {
		t.Errorf("Claim without a journal: got %v, want a Damaged error", err)
	}
	if j, err = f.Restore(); j == nil || err != nil {
		t.Fatalf("Restore: got %v, %v", j, err)
	}
	if kept, _ := f.Kept(); !kept {
		t.Error("Kept after Restore: got false, want true")
	}
	must(t, j.Close())
}

func isDamaged(err error) bool {
	var e *job.Error
	return errors.As(err, &e) && e.Kind == job.Damaged
}
