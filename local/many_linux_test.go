package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/process"
	"github.com/backjob/job/internal/store"
)

// shells are children that run these scripts.
func shells(scripts ...string) (children []Child) {
	for _, script := range scripts {
		children = append(children, Child{Argv: []string{"/bin/sh", "-c", script}})
	}
	return children
}

func startMany(t *testing.T, s *Source, spec job.Spec, many Many) *Job {
	t.Helper()
	j, err := s.StartMany(context.Background(), spec, many)
	must(t, err)
	return j
}

// texts are the records of a job as "child stream text".
func texts(t *testing.T, j *Job, o job.RecordOptions) (lines []string) {
	t.Helper()
	for r, err := range j.Records(context.Background(), o) {
		must(t, err)
		lines = append(lines, fmt.Sprintf("%d %v %s", r.Job.Child, r.Stream, r.Text))
	}
	return lines
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// states are those of the job's children.
func states(t *testing.T, j *Job) string {
	t.Helper()
	var all []string
	for _, c := range j.ChildJobs() {
		info, err := c.Info()
		must(t, err)
		all = append(all, info.StateInfo.String())
	}
	return strings.Join(all, ", ")
}

// Each child's output is its own, in order, though they share files, and the
// job's is that of all. Conformance 69, 71.
func TestManyChildren(t *testing.T) {
	s := open(t)
	j := startMany(t, s, job.Spec{Name: "all"}, Many{Throttle: 2, Children: shells("echo 1", "echo 2; echo two >&2; exit 3", "printf 3", "true",
		`echo '{"stream":"warning","text":"5"}' >> "$JOB_RECORDS"; echo $JOB_CHILD $JOB_NAME`)})
	must(t, j.Wait(context.Background()))
	if got, want := states(t, j), "Completed, Failed: exit status 3, Completed, Completed, Completed"; got != want {
		t.Errorf("the children: got %s, want %s", got, want)
	}
	info, err := j.Info()
	must(t, err)
	if got := info.StateInfo.String(); got != "Failed: child 2: exit status 3" || info.Children != 5 ||
		info.ChildrenByState[job.Completed] != 4 || info.ChildrenByState[job.Failed] != 1 || info.OutputBytes != 2+2+1+6 || info.ErrorBytes != 4 || info.ExitCode != nil {
		t.Errorf("the job: got %s, %+v", got, info)
	}
	all := texts(t, j, job.RecordOptions{})
	slices.Sort(all[3:]) // within a moment the streams of a child have no order
	wantLines(t, "what the job put out", all, "1 output 1", "2 output 2", "2 error two", "3 output 3", "5 output 5 all", "5 warning 5")
	wantLines(t, "what child 3 put out", texts(t, j.child(3), job.RecordOptions{Follow: true}), "3 output 3")
	wantLines(t, "what child 4 put out", texts(t, j.child(4), job.RecordOptions{}))
}

// await waits until the job's children are in these states.
func await(t *testing.T, j *Job, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got := ""
	err := j.source.await(ctx, []*Job{j}, true, func(*Job, store.Record) bool {
		got = states(t, j)
		return got == want
	})
	if err != nil {
		t.Fatalf("waiting for the children to be %s: they are %s: %v", want, got, err)
	}
}

// held is a script that says so and waits until the file exists.
func held(dir, name string) string {
	return fmt.Sprintf("echo begun; while [ ! -e '%s/%s' ]; do sleep 0.01; done; echo done", dir, name)
}

func touch(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
}

// So many run at once, the others wait their turn. Conformance 70.
func TestThrottle(t *testing.T) {
	s, dir := open(t), t.TempDir()
	j := startMany(t, s, job.Spec{}, Many{Throttle: 2, Children: shells(held(dir, "1"), held(dir, "2"), held(dir, "3"), held(dir, "4"), "no-such-program")})
	await(t, j, "Running, Running, NotStarted, NotStarted, NotStarted")
	touch(t, dir, "2")
	await(t, j, "Running, Completed, Running, NotStarted, NotStarted")
	touch(t, dir, "3")
	await(t, j, "Running, Completed, Completed, Running, NotStarted")
	touch(t, dir, "1", "4")
	must(t, j.Wait(context.Background()))
	if got, want := states(t, j), "Completed, Completed, Completed, Completed, Failed: exit status 127"; got != want {
		t.Errorf("at the end: got %s, want %s", got, want)
	}
	var begun []time.Time
	for _, c := range j.ChildJobs() {
		info, err := c.Info()
		must(t, err)
		begun = append(begun, info.BeginTime)
	}
	if !slices.IsSortedFunc(begun, time.Time.Compare) {
		t.Errorf("they began at %v, want their order", begun)
	}
}

// A stop reaches one child, its daemons too, and nobody else's. Conformance 57.
func TestStopOfOneChild(t *testing.T) {
	s, dir := open(t), t.TempDir()
	spread := func(name string) string {
		return fmt.Sprintf("(setsid sh -c 'echo $$ > %[1]s/daemon.%[2]s; exec sleep 1000' > /dev/null 2>&1 &); while [ ! -s %[1]s/daemon.%[2]s ]; do sleep 0.01; done; ", dir, name) + held(dir, name)
	}
	j := startMany(t, s, job.Spec{}, Many{Throttle: 2, Children: shells(spread("1"), spread("2"), "echo never", held(dir, "4"))})
	daemons := map[string]int{}
	for _, name := range []string{"1", "2"} {
		for range j.child(1).Records(context.Background(), job.RecordOptions{Follow: true}) {
			break // it has begun, and so has its daemon
		}
		for range j.child(2).Records(context.Background(), job.RecordOptions{Follow: true}) {
			break
		}
		b, err := os.ReadFile(filepath.Join(dir, "daemon."+name))
		must(t, err)
		daemons[name], err = strconv.Atoi(strings.TrimSpace(string(b)))
		must(t, err)
	}
	must(t, j.child(3).Stop(context.Background(), job.StopOptions{})) // it has not begun
	must(t, j.child(2).Stop(context.Background(), job.StopOptions{}))
	await(t, j, "Running, Stopped, Stopped, Running")
	if alive(daemons["2"]) || !alive(daemons["1"]) {
		t.Errorf("after the stop of child 2: its daemon lives: %v, that of child 1: %v, want false, true", alive(daemons["2"]), alive(daemons["1"]))
	}
	if info, err := j.Info(); err != nil || info.State != job.Running {
		t.Errorf("the job: got %v, %v, want Running", info.State, err)
	}
	touch(t, dir, "1", "4")
	must(t, j.Wait(context.Background()))
	if info, err := j.Info(); err != nil || info.State != job.Stopped {
		t.Errorf("the job, of which two were stopped: got %v, %v, want Stopped", info.State, err)
	}
	wantLines(t, "what it put out", texts(t, j, job.RecordOptions{}), "1 output begun", "1 output done", "2 output begun", "4 output begun", "4 output done")
	must(t, syscall.Kill(daemons["1"], syscall.SIGKILL)) // it had closed its output: nobody waited for it
}

func alive(pid int) bool {
	s, err := process.StatOf(pid)
	return err == nil && !s.Gone()
}

// Conformance 58: every child, and what those left behind that have ended.
func TestStopOfAll(t *testing.T) {
	s, dir := open(t), t.TempDir()
	j := startMany(t, s, job.Spec{}, Many{Throttle: 2, Children: shells(
		fmt.Sprintf("setsid sh -c 'echo $$ > %[1]s/daemon; exec sleep 1000' > /dev/null 2>&1 & while [ ! -s %[1]s/daemon ]; do sleep 0.01; done", dir),
		held(dir, "2"), "trap '' TERM; "+held(dir, "3"), "echo never")})
	await(t, j, "Completed, Running, Running, NotStarted")
	b, err := os.ReadFile(filepath.Join(dir, "daemon"))
	must(t, err)
	daemon, err := strconv.Atoi(strings.TrimSpace(string(b)))
	must(t, err)
	for range j.child(3).Records(context.Background(), job.RecordOptions{Follow: true}) {
		break
	}
	must(t, j.Stop(context.Background(), job.StopOptions{Grace: 50 * time.Millisecond}))
	if got, want := states(t, j), "Completed, Stopped, Stopped, Stopped"; got != want {
		t.Errorf("after the stop: got %s, want %s", got, want)
	}
	if info, err := j.Info(); err != nil || info.State != job.Stopped || alive(daemon) {
		t.Errorf("after the stop: got %v, %v, the daemon of a child that had ended lives: %v", info.State, err, alive(daemon))
	}
	var steps []string
	for e, err := range j.Events(context.Background(), true) {
		must(t, err)
		if e.Job.Child == 0 {
			steps = append(steps, e.New.String())
		}
	}
	wantLines(t, "steps of the job as a whole", steps, "Stopping")
}

// Retries and timeouts are each child's own. Conformance 75, 76.
func TestRetryAndTimeoutOfEachChild(t *testing.T) {
	s, dir := open(t), t.TempDir()
	j := startMany(t, s, job.Spec{Retry: 2, Timeout: 2 * time.Second, Grace: time.Second}, Many{Throttle: 3, Children: shells(
		"echo try $JOB_ATTEMPT; [ $JOB_ATTEMPT = 3 ]", "echo try $JOB_ATTEMPT; exit 4", "while [ ! -e "+dir+"/go ]; do sleep 0.01; done; echo at once", "sleep 1000")})
	await(t, j, "Completed, Failed: exit status 4, Running, Running")
	touch(t, dir, "go")
	must(t, j.Wait(context.Background()))
	if got, want := states(t, j), "Completed, Failed: exit status 4, Completed, Failed: timed out after 2s"; got != want {
		t.Errorf("at the end: got %s, want %s", got, want)
	}
	for n, want := range []int{3, 3, 1, 3} {
		if info, err := j.child(n + 1).Info(); err != nil || info.Attempt != want {
			t.Errorf("child %d: got attempt %d, %v, want %d", n+1, info.Attempt, err, want)
		}
	}
	wantLines(t, "output of child 1", texts(t, j.child(1), job.RecordOptions{Streams: []job.Stream{job.Output}}), "1 output try 1", "1 output try 2", "1 output try 3")
	wantLines(t, "what was told of it", texts(t, j.child(1), job.RecordOptions{Streams: []job.Stream{job.Information}}),
		"1 information attempt 1 Failed: exit status 1; attempt 2 of 3 begins", "1 information attempt 2 Failed: exit status 1; attempt 3 of 3 begins")
}

// Children that write at the same time: a follower gets all, each line whole
// and from whom it is.
func TestFollowManyThatWrite(t *testing.T) {
	s := open(t)
	script := `i=0; while [ $i -lt 200 ]; do printf "$JOB_CHILD "; printf "line $i\n"; i=$((i+1)); done`
	j := startMany(t, s, job.Spec{Argv: []string{"/bin/sh", "-c", script}}, Many{Throttle: 3, Children: make([]Child, 6)})
	got := map[int]int{}
	for _, line := range texts(t, j, job.RecordOptions{Follow: true}) {
		var child, of, n int
		_, err := fmt.Sscanf(line, "%d output %d line %d", &child, &of, &n)
		must(t, err)
		if child != of || n != got[child] {
			t.Fatalf("after %d lines of child %d: got %q", got[child], child, line)
		}
		got[child]++
	}
	for n := 1; n <= 6; n++ {
		if got[n] != 200 {
			t.Errorf("child %d: got %d lines, want 200", n, got[n])
		}
	}
	if names, err := filepath.Glob(filepath.Join(j.folder().Path, "*.output")); err != nil || len(names) > 5 {
		t.Errorf("output files: got %v, %v, want 3 for those that run, one for all that ended, and one more while we hold one", names, err)
	}
}

// A child that left a process behind which may write keeps its files for
// itself. One that has them open is waited for.
func TestFilesOfAChildThatLeftSomething(t *testing.T) {
	s, dir := open(t), t.TempDir()
	j := startMany(t, s, job.Spec{}, Many{Throttle: 1, Children: shells(
		"(setsid sleep 1000 > /dev/null 2>&1 & echo $! > "+dir+"/daemon); echo one",
		"(sh -c '"+held(dir, "go")+"' &); echo two",
		"echo three")})
	await(t, j, "Completed, Running, NotStarted")
	for range j.child(2).Records(context.Background(), job.RecordOptions{Follow: true}) {
		break
	}
	touch(t, dir, "go")
	must(t, j.Wait(context.Background()))
	lines := texts(t, j, job.RecordOptions{})
	slices.Sort(lines)
	wantLines(t, "what they put out", lines, "1 output one", "2 output begun", "2 output done", "2 output two", "3 output three")
	slots := []int{}
	_, status, err := j.folder().Read()
	must(t, err)
	for _, c := range status.Each {
		slots = append(slots, c.Slot)
	}
	if !slices.Equal(slots, []int{2, 1, 1}) {
		t.Errorf("the files of the three: got %v, want that the first keeps its own", slots)
	}
	b, err := os.ReadFile(filepath.Join(dir, "daemon"))
	must(t, err)
	daemon, err := strconv.Atoi(strings.TrimSpace(string(b)))
	must(t, err)
	must(t, syscall.Kill(daemon, syscall.SIGKILL))
}

// A child that cuts its output, as > /dev/stderr does, takes nothing of others
// with it.
func TestChildCutsItsOutput(t *testing.T) {
	s := open(t)
	j := startMany(t, s, job.Spec{}, Many{Throttle: 1, Children: shells("echo first; echo first >&2", "echo second > /dev/stdout; echo second >&2", "echo third; echo third >&2")})
	must(t, j.Wait(context.Background()))
	for n, want := range [][]string{{"1 error first", "1 output first"}, {"2 error second", "2 output second"}, {"3 error third", "3 output third"}} {
		got := texts(t, j.child(n+1), job.RecordOptions{})
		slices.Sort(got)
		wantLines(t, fmt.Sprintf("child %d", n+1), got, want...)
	}
}

func TestSuspendOfManyChildren(t *testing.T) {
	s, dir := open(t), t.TempDir()
	ctx := context.Background()
	j := startMany(t, s, job.Spec{}, Many{Throttle: 2, Children: shells(held(dir, "1"), held(dir, "2"), held(dir, "3"))})
	await(t, j, "Running, Running, NotStarted")
	must(t, j.child(1).Suspend(ctx))
	await(t, j, "Suspended, Running, NotStarted")
	if err := j.child(3).Suspend(ctx); !isKind(err, job.WrongState) {
		t.Errorf("suspend of a child that has not begun: got %v, want a WrongState error", err)
	}
	must(t, j.child(1).Resume(ctx))
	must(t, j.Suspend(ctx))
	await(t, j, "Suspended, Suspended, NotStarted")
	touch(t, dir, "1", "2", "3")
	if info, err := j.Info(); err != nil || info.State != job.Suspended {
		t.Errorf("the job, all of it suspended: got %v, %v", info.State, err)
	}
	must(t, j.child(2).Resume(ctx))
	must(t, j.child(2).Wait(ctx))
	await(t, j, "Suspended, Completed, NotStarted") // there is room, but nothing begins
	must(t, j.Resume(ctx))
	must(t, j.Wait(ctx))
	await(t, j, "Completed, Completed, Completed")
}

func TestManyRefused(t *testing.T) {
	s := open(t)
	for what, m := range map[string]Many{
		"no children":        {},
		"a throttle below 0": {Throttle: -1, Children: shells("true")},
		"an unknown program": {Children: append(shells("true"), Child{Argv: []string{"no-such-program"}})},
		"no command":         {Children: []Child{{Name: "x"}}},
		"a NUL byte":         {Children: shells("true\x00")},
	} {
		if _, err := s.StartMany(context.Background(), job.Spec{}, m); err == nil {
			t.Errorf("StartMany with %s: got no error", what)
		}
	}
	if jobs, err := s.Find(context.Background(), job.Query{}); err != nil || len(jobs) != 0 {
		t.Errorf("jobs that were refused: got %v, %v", jobs, err)
	}
}

// A thousand children in a row: all end, and the keeper stays small.
func TestAThousandChildren(t *testing.T) {
	s := open(t)
	const children, most = 1000, 64 << 10 // KB
	j := startMany(t, s, job.Spec{Argv: []string{"true"}}, Many{Throttle: 2, Children: make([]Child, children)})
	peak := 0
	err := s.await(context.Background(), []*Job{j}, true, func(_ *Job, r store.Record) bool {
		_, status, err := s.read(r)
		must(t, err)
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", status.Keeper.PID))
		if _, after, found := strings.Cut(string(b), "VmHWM:"); found {
			fmt.Sscan(after, &peak)
		}
		return r.State.Final()
	})
	must(t, err)
	info, err := j.Info()
	must(t, err)
	if info.State != job.Completed || info.ChildrenByState[job.Completed] != children || info.Children != children {
		t.Errorf("at the end: got %v, %v", info.StateInfo, info.ChildrenByState)
	}
	if peak == 0 || peak > most {
		t.Errorf("the keeper had %d KB at most, want no more than %d", peak, most)
	}
	t.Logf("the keeper had %d KB at most", peak)
	if files, err := os.ReadDir(j.folder().Path); err != nil || len(files) > 12 {
		t.Errorf("files of the job: got %d, %v, want a handful", len(files), err)
	}
}

// The index can be built again from the folders, also of jobs with many
// children, and those that go on do.
func TestIndexOfManyIsBuiltAgain(t *testing.T) {
	s, dir := open(t), t.TempDir()
	j := startMany(t, s, job.Spec{Name: "many"}, Many{Throttle: 2, Children: shells("echo 1", held(dir, "2"), held(dir, "3"), "echo 4")})
	await(t, j, "Completed, Running, Running, NotStarted")
	must(t, os.Remove(filepath.Join(s.Folder(), "index")))
	warned := ""
	again, err := Open(s.Folder(), Options{Warn: func(text string) { warned = text }})
	must(t, err)
	defer again.Close()
	found, err := again.Find(context.Background(), job.Query{Name: "many", Children: true})
	must(t, err)
	if warned == "" || len(found) != 5 {
		t.Errorf("the index built again: got the warning %q, %d jobs and children, want 5", warned, len(found))
	}
	touch(t, dir, "2", "3")
	must(t, found[0].Wait(context.Background()))
	wantLines(t, "what it put out", texts(t, found[0].(*Job), job.RecordOptions{}), "1 output 1", "2 output begun", "2 output done", "3 output begun", "3 output done", "4 output 4")
	must(t, s.Refresh())
}
