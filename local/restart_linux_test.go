package local

import (
	"context"
	"strings"
	"syscall"
	"testing"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// After a restart of the machine a job that ran is Failed and says so, though
// its number may be some other program's; what it had put out is there.
// Conformance 90.
func TestMachineRestarted(t *testing.T) {
	s := open(t)
	started, err := s.Start(context.Background(), job.Spec{Argv: []string{"sh", "-c", "echo before; exec sleep 1000"}})
	must(t, err)
	j := started.(*Job)
	for record, err := range j.Records(context.Background(), job.RecordOptions{Follow: true}) {
		must(t, err)
		if string(record.Text) == "before" {
			break
		}
	}
	_, status, err := j.folder().Read()
	must(t, err)
	program := status.Each[0].Program
	must(t, syscall.Kill(status.Keeper.PID, syscall.SIGKILL))
	journal, err := claimSoon(context.Background(), j.folder())
	must(t, err)
	must(t, journal.Append(store.Event{Child: 1, Program: program, Boot: "00000000-0000-0000-0000-000000000000"}))
	must(t, journal.Close())

	info, err := j.Info()
	must(t, err)
	if info.State != job.Failed || info.Reason == nil || info.Reason.Error() != "machine restarted" {
		t.Errorf("after a restart: got %v, want Failed: machine restarted", info.StateInfo)
	}
	var text []string
	for record, err := range j.Records(context.Background(), job.RecordOptions{}) {
		must(t, err)
		text = append(text, string(record.Text))
	}
	if got := strings.Join(text, "|"); got != "before" {
		t.Errorf("output after a restart: got %q, want %q", got, "before")
	}
	if err := syscall.Kill(program.PID, syscall.SIGKILL); err != nil {
		t.Errorf("a program that is not known to be ours was touched: %v", err)
	}
}
