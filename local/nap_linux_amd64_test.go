package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/keeper"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/spool"
)

// napAfter makes the keepers that the test starts nap so soon.
func napAfter(t *testing.T, d time.Duration) {
	t.Helper()
	before := keeper.NapAfter
	keeper.NapAfter = d
	t.Cleanup(func() { keeper.NapAfter = before })
}

// naps waits until the job's keeper naps, and gives its number.
func naps(t *testing.T, j *Job) (pid int) {
	t.Helper()
	until(t, "the keeper naps", func() bool {
		_, status, err := j.folder().Read()
		must(t, err)
		pid = status.Keeper.PID
		link, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		return strings.HasPrefix(link, "/memfd:job-keeper") && statusOf(t, pid, "Name") == "job-keeper"
	})
	return pid
}

// until waits for something that can only be asked for.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("after a minute it is not so that %s", what)
		}
	}
}

// talker is a job that does what it is told to.
type talker struct {
	*Job
	pipe *os.File
}

// talk starts a job that passes each line on to its shell.
func talk(t *testing.T, s *Source, spec job.Spec) talker {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(path, 0o600))
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { pipe.Close() })
	spec.Argv = []string{"/bin/sh", "-c", `while read -r line; do eval "$line"; done <` + path}
	j, err := s.Start(context.Background(), spec)
	must(t, err)
	return talker{j.(*Job), pipe}
}

func (j talker) tell(t *testing.T, line string) {
	t.Helper()
	_, err := j.pipe.WriteString(line + "\n")
	must(t, err)
}

// ends waits for the job, and looks how it ended.
func (j talker) ends(t *testing.T, want job.State, reason string) job.Info {
	t.Helper()
	must(t, j.Wait(context.Background()))
	info, err := j.Info()
	must(t, err)
	if got := info.StateInfo.String(); info.State != want || info.Reason == nil && reason != "" || info.Reason != nil && info.Reason.Error() != reason {
		t.Errorf("job %v: got %v, want %v %s", j.Ref(), got, want, reason)
	}
	return info
}

// A keeper whose job is quiet is small, and is still the keeper.
func TestAKeeperNaps(t *testing.T) {
	napAfter(t, time.Millisecond)
	s := open(t)
	j := talk(t, s, job.Spec{})
	pid := naps(t, j.Job)
	memory := statusOf(t, pid, "VmRSS")
	if kb, err := strconv.Atoi(strings.TrimSuffix(memory, " kB")); err != nil || kb > 32 {
		t.Errorf("memory of a keeper that naps: got %q, want at most 32 kB", memory)
	}
	if args := process.Arguments(pid); len(args) != 5 || args[0] != "job" || args[1] != keeper.Verb || args[2] != s.Folder() || args[3] != j.Ref().String() {
		t.Errorf("arguments of a keeper that naps: got %q", args)
	}
	if kept, err := j.folder().Kept(); !kept || err != nil {
		t.Errorf("a job whose keeper naps: got kept %v, %v, want true", kept, err)
	}
	j.tell(t, "exit 3")
	info := j.ends(t, job.Failed, "exit status 3")
	if info.ExitCode == nil || *info.ExitCode != 3 || info.MaxRSS == 0 {
		t.Errorf("a job that ended while its keeper napped: got %+v, want exit code 3 and what it used", info)
	}
	waitForKeeper(t, j.Job)
}

func statusOf(t *testing.T, pid int, key string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	_, text, _ := strings.Cut(string(b), key+":")
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(text)
}

// What is put out after a nap is followed, and its time is noted.
func TestOutputEndsANap(t *testing.T) {
	napAfter(t, time.Millisecond)
	j := talk(t, open(t), job.Spec{})
	next := 0
	naps(t, j.Job)
	j.tell(t, "echo 0")
	for r, err := range j.Records(context.Background(), job.RecordOptions{Follow: true}) {
		must(t, err)
		if string(r.Text) != strconv.Itoa(next) {
			t.Fatalf("record %d: got %q", next, r.Text)
		}
		until(t, "the time of the line is noted", func() bool {
			info, err := os.Stat(spool.In(j.folder().Path, 1).Path(spool.OutputFile))
			must(t, err)
			noted := false
			must(t, spool.In(j.folder().Path, 1).Segments(spool.Sizes{}, spool.Sizes{info.Size()}, func(g spool.Segment) bool {
				noted = g.Offset+g.Length == info.Size() && g.Time.Before(time.Now().Add(-time.Millisecond))
				return true
			}))
			return noted
		})
		if next++; next == 5 {
			j.tell(t, "exit 0")
			continue
		}
		naps(t, j.Job)
		j.tell(t, "echo "+strconv.Itoa(next))
	}
	if next != 5 {
		t.Errorf("followed %d lines, want 5", next)
	}
	j.ends(t, job.Completed, "")
}

func TestRequestsEndANap(t *testing.T) {
	napAfter(t, time.Millisecond)
	ctx := context.Background()
	s := open(t)
	j := talk(t, s, job.Spec{})
	naps(t, j.Job)
	must(t, j.Suspend(ctx))
	naps(t, j.Job) // also when the job stands still
	must(t, j.Resume(ctx))
	naps(t, j.Job)
	must(t, j.Stop(ctx, job.StopOptions{}))
	j.ends(t, job.Stopped, "")

	const timeout = 2 * time.Second
	j = talk(t, s, job.Spec{Timeout: timeout})
	must(t, j.Suspend(ctx))
	naps(t, j.Job)
	until(t, "its time would be up", func() bool {
		info, err := j.Info()
		must(t, err)
		return time.Since(info.BeginTime) > timeout
	})
	naps(t, j.Job)
	must(t, j.Resume(ctx)) // it has some time left, and sleeps through that
	j.ends(t, job.Failed, "timed out after 2s")
}

// A keeper that has napped gives a further attempt, and the command at the
// end, the same surroundings as the first.
func TestSurroundingsAfterANap(t *testing.T) {
	napAfter(t, time.Millisecond)
	dir := t.TempDir()
	const look = `ulimit -Sn; ulimit -Hn; umask; pwd; grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l`
	j := talk(t, open(t), job.Spec{Dir: dir, Retry: 2, Notify: "{ " + look + "; } >notified"})
	for range 3 {
		naps(t, j.Job)
		j.tell(t, `{ `+look+`; } >look$JOB_ATTEMPT; exit 1`)
		attempt := j.attempt(t)
		until(t, "the next attempt runs", func() bool { return j.attempt(t) > attempt || j.final(t) })
	}
	j.ends(t, job.Failed, "exit status 1")
	waitForKeeper(t, j.Job)
	want := read(t, filepath.Join(dir, "look1"))
	for _, name := range []string{"look2", "look3"} {
		if got := read(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s: got %q, want as the first %q", name, got, want)
		}
	}
	if got := read(t, filepath.Join(dir, "notified")); !strings.HasPrefix(got, want[:strings.Index(want, "SigBlk")]) {
		t.Errorf("the command at the end: got %q, want as the first attempt %q", got, want)
	}
}

func (j talker) attempt(t *testing.T) int {
	t.Helper()
	info, err := j.Info()
	must(t, err)
	return info.Attempt
}

func (j talker) final(t *testing.T) bool {
	t.Helper()
	final, err := j.Final()
	must(t, err)
	return final
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

// A keeper that naps is killed: the job goes on, and who waits for it sees
// to it that there is another keeper.
func TestAKeeperIsKilledWhileItNaps(t *testing.T) {
	napAfter(t, time.Millisecond)
	j := talk(t, open(t), job.Spec{})
	waited := make(chan error, 1)
	waiting := &Job{source: j.source, ref: j.ref}
	go func() { waited <- waiting.Wait(context.Background()) }()
	for i := range 5 { // the waiter takes no nap for an end
		naps(t, j.Job)
		j.tell(t, "echo "+strconv.Itoa(i))
		until(t, "the line is noted", func() bool {
			info, err := os.Stat(filepath.Join(j.folder().Path, "1.timeline"))
			return err == nil && info.Size() >= int64(32*(i+1))
		})
	}
	must(t, syscall.Kill(naps(t, j.Job), syscall.SIGKILL))
	until(t, "another keeper has the job", func() bool {
		kept, err := j.folder().Kept()
		must(t, err)
		return kept
	})
	j.tell(t, "exit 7")
	must(t, <-waited)
	info, err := j.Info()
	must(t, err)
	if info.State != job.Failed || info.Reason == nil || info.Reason.Error() != "exit status 7" && !strings.HasPrefix(info.Reason.Error(), "exit status unknown: ") {
		t.Errorf("a job whose keeper was killed: got %v, want exit status 7 where it can be known", info.StateInfo)
	}
}

// Who deletes a job's folder gets no other one for it, and the job is looked
// after to its end.
func TestTheFolderGoesWhileTheKeeperNaps(t *testing.T) {
	napAfter(t, time.Millisecond)
	s := open(t)
	j := talk(t, s, job.Spec{})
	naps(t, j.Job)
	j.tell(t, "echo some output")
	pid := naps(t, j.Job)
	must(t, os.RemoveAll(j.folder().Path))
	j.tell(t, "exit 4")
	if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
		t.Errorf("waiting for the keeper: %v", err)
	}
	r, _, err := s.store.Read(j.ref.ID)
	if err != nil || r.State != job.Failed || r.Exit == nil || *r.Exit != 4 {
		t.Errorf("a job whose folder is gone: got %+v, %v, want Failed with exit status 4", r, err)
	}
	if _, err := os.Stat(j.folder().Path); err == nil {
		t.Error("the keeper made the folder again")
	}
	must(t, s.Remove(context.Background(), j.Job))
}

// The jobs end, print and are asked at any moment around that in which their
// keepers fall asleep or wake up: nothing is missed.
func TestAnythingAroundANap(t *testing.T) {
	napAfter(t, 2*time.Millisecond)
	const rounds = 30
	var group sync.WaitGroup
	for range 2 {
		s := open(t) // a source is for one goroutine
		group.Go(func() {
			for i := range rounds {
				pauses := []any{rand.IntN(9), rand.IntN(9), rand.IntN(9)}
				script := fmt.Sprintf("sleep 0.00%d; echo one; sleep 0.00%d; echo two; sleep 0.00%d; exit 5", pauses...)
				if err := aroundANap(s, i%3, script); err != nil {
					t.Errorf("%s: %v", script, err)
				}
			}
		})
	}
	group.Wait()
}

func aroundANap(s *Source, way int, script string) error {
	started, err := s.Start(context.Background(), job.Spec{Argv: []string{"/bin/sh", "-c", script}, Timeout: time.Hour})
	if err != nil {
		return err
	}
	j := started.(*Job)
	switch way {
	case 1:
		if err := j.Suspend(context.Background()); err == nil {
			err = j.Resume(context.Background())
			if final, _ := j.Final(); err != nil && !final {
				return err
			}
		}
	case 2:
		if err := j.Stop(context.Background(), job.StopOptions{}); err != nil {
			return err
		}
	}
	if err := j.Wait(context.Background()); err != nil {
		return err
	}
	output := ""
	for r, err := range j.Records(context.Background(), job.RecordOptions{}) {
		if err != nil {
			return err
		}
		output += string(r.Text) + " "
	}
	info, err := j.Info()
	switch {
	case err != nil:
		return err
	case info.State == job.Stopped && way == 2:
	case info.State != job.Failed || info.Reason == nil || info.Reason.Error() != "exit status 5" || output != "one two ":
		return fmt.Errorf("got %v with output %q", info.StateInfo, output)
	}
	return nil
}

func TestStopRacesWithTheEndAndANap(t *testing.T) {
	napAfter(t, 100*time.Microsecond)
	stopAtTheEnd(t, 20)
}
