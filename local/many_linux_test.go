package local

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/backjob/job"
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
	for _, c := range j.Children() {
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
