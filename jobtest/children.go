package jobtest

import (
	"github.com/backjob/job"
)

var childChecks = []check{
	{"children/are told", Children, func(t *trial) {
		gate := t.hold()
		j := t.family(Script{Hold: gate.C}, Script{Hold: gate.C}, Script{Hold: gate.C})
		t.wantChildren("while they are at work", j, 3)
		gate.open()
		t.wait(j)
		t.wantChildren("of a final job", j, 3)
		for _, c := range t.children(j) {
			t.wantState("of a child of a final job", c, job.Completed)
			t.wantLife(c)
		}
		t.wantLife(j)
	}},
	{"children/their records", Children, func(t *trial) {
		one, two := lines(job.Output, "one", 20), lines(job.Output, "two", 20)
		gate := t.hold()
		j := t.family(Script{Before: one[:10], Hold: gate.C, After: one[10:]}, Script{Before: two[:10], Hold: gate.C, After: two[10:]})
		follow := t.follow(j, job.RecordOptions{})
		follow.first(1)
		gate.open()
		t.wantFamily("Records with Follow of a job with children", j, follow.all(), one, two)
		t.wantFamily("Records of a final job with children", j, t.records(j, job.RecordOptions{}), one, two)
		for i, c := range t.children(j) {
			t.wantLines("Records of a child", t.records(c, job.RecordOptions{}), [][]Line{one, two}[i])
		}
	}},
	{"children/their records, for a reader", Children | Marks, func(t *trial) {
		one, two := lines(job.Output, "one", 20), lines(job.Output, "two", 20)
		gate := t.hold()
		j := t.family(Script{Before: one[:10], Hold: gate.C, After: one[10:]}, Script{Before: two[:10], Hold: gate.C, After: two[10:]})
		got := t.receive(j, "r", 3)
		follow := t.follow(j, job.RecordOptions{Reader: "r"})
		gate.open()
		got = append(got, follow.all()...)
		t.wantFamily("Records for a reader of a job with children, received in two goes", j, got, one, two)
		t.wantLines("the next receive", t.receive(j, "r", 0), nil)
	}},
	{"children/the job ends after the last of them", Children, func(t *trial) {
		gate := t.hold()
		j := t.family(Script{Fail: "one broke"}, Script{Hold: gate.C})
		failed := t.children(j)[0]
		t.wait(failed)
		t.wantState("of a child that ended badly", failed, job.Failed)
		t.wantGoingOn("with one child Failed and one at work", j)
		gate.open()
		t.wait(j)
		t.wantState("when all children are final and one Failed", j, job.Failed)
		if reason := t.info(j).Reason; reason == nil {
			t.Errorf("the reason of a job whose child Failed: got none, wanted the child's")
		}
		t.wantLife(j)
	}},
	{"children/make the state", Children | ParentState, func(t *trial) {
		for _, c := range []struct {
			children []Script
			stop     int
		}{
			{children: []Script{{}, {}}},
			{children: []Script{{Fail: "broken"}, {}}},
			{children: []Script{{}, {}, {}}, stop: 2},
			{children: []Script{{Fail: "broken"}, {}}, stop: 2},
		} {
			t.tryFamily(c.children, c.stop)
		}
	}},
	{"children/one is stopped", Children, func(t *trial) {
		gate := t.hold()
		j := t.family(Script{Hold: gate.C}, Script{Hold: gate.C})
		if err := try(t, "Stop of child 2", func() error { return j.Stop(t.ctx(), job.StopOptions{Child: 2}) }); err != nil {
			t.Fatalf("Stop of child 2: got %v, wanted nil", err)
		}
		t.wantState("of the child that was stopped", t.children(j)[1], job.Stopped)
		t.wantGoingOn("of the child beside the one that was stopped", t.children(j)[0])
		t.wantGoingOn("with one child stopped and one at work", j)
		gate.open()
		t.wait(j)
		t.wantLife(j)
	}},
	{"children/all are stopped", Children, func(t *trial) {
		gate := t.hold()
		j := t.family(Script{Hold: gate.C}, Script{Hold: gate.C}, Script{Hold: gate.C})
		t.stop(j)
		t.wantState("of a job with children that was stopped", j, job.Stopped)
		for _, c := range t.children(j) {
			t.wantState("of a child when the job was stopped", c, job.Stopped)
			t.wantLife(c)
		}
		t.wantLife(j)
	}},
}

// family starts a job with children, and waits until all are there and one is
// at work: how many work at once is the job's business.
func (t *trial) family(children ...Script) job.Job {
	t.Helper()
	s := Script{Children: children}
	for i, c := range children {
		if len(c.Before) == 0 {
			children[i].Before = lines(job.Output, "begun", 1)
		}
	}
	if t.kind.lacks(ParentState) {
		s.Before = []Line{made}
	}
	j := t.start(s)
	l := t.follow(j, job.RecordOptions{})
	begun := l.until(func() bool {
		own, child := t.kind.has(ParentState), false
		for _, r := range l.got {
			own = own || string(r.Text) == made.Text
			child = child || string(r.Text) != made.Text
		}
		return own && child
	})
	if !begun {
		t.Fatalf("Records with Follow of a job whose children are at work: got %v, wanted some of theirs", brief(l.first(0)))
	}
	if got := len(t.children(j)); got != len(children) {
		t.Fatalf("Children of a job that has %d: got %d", len(children), got)
	}
	return j
}

// made is what a job that does work of its own puts out when it has made its
// children.
var made = Line{job.Output, "made the children"}

// tryFamily makes a job with children, of which one may be stopped, and
// compares its state with that of the rule.
func (t *trial) tryFamily(children []Script, stop int) {
	t.Helper()
	gate := t.hold()
	for i := range children {
		children[i].Hold = gate.C
	}
	j := t.family(children...)
	if stop > 0 {
		t.stop(t.children(j)[stop-1])
	}
	gate.open()
	t.wait(j)
	t.wantChildren("of a final job", j, len(children))
	var states []job.State
	for _, c := range t.children(j) {
		states = append(states, t.info(c).State)
	}
	if got, want := t.info(j).State, job.ParentState(states, false); got != want {
		t.Errorf("the state of a job whose children are %v: got %v, wanted %v, as by job.ParentState", states, got, want)
	}
}

// wantChildren looks at what a job and its children say of each other.
func (t *trial) wantChildren(when string, j job.Job, n int) {
	t.Helper()
	info, children := t.info(j), t.children(j)
	if len(children) != n || info.Children != n {
		t.Fatalf("children %s: got %d, and Info says %d; wanted %d", when, len(children), info.Children, n)
	}
	counted := 0
	for _, n := range info.ChildrenByState {
		counted += n
	}
	if counted != n {
		t.Errorf("ChildrenByState %s: got %v, wanted %d in all", when, info.ChildrenByState, n)
	}
	ids := map[job.InstanceID]bool{info.InstanceID: true}
	for i, c := range children {
		t.wantChild(when, info, i+1, t.info(c), ids)
	}
	if info.State.Final() {
		t.wantCounts(when, info, children)
	}
}

func (t *trial) wantChild(when string, parent job.Info, n int, child job.Info, ids map[job.InstanceID]bool) {
	t.Helper()
	if want := (job.Ref{ID: parent.ID, Child: n}); child.Ref != want {
		t.Errorf("child %d %s: got the id %v, wanted %v", n, when, child.Ref, want)
	}
	if child.Children != 0 || child.ChildrenByState != nil {
		t.Errorf("child %d %s: got %d children %v of its own, wanted none", n, when, child.Children, child.ChildrenByState)
	}
	if ids[child.InstanceID] || child.InstanceID == (job.InstanceID{}) {
		t.Errorf("child %d %s: got the instance id %v, wanted one of its own", n, when, child.InstanceID)
	}
	ids[child.InstanceID] = true
}

func (t *trial) wantCounts(when string, info job.Info, children []job.Job) {
	t.Helper()
	for _, s := range job.States() {
		n := 0
		for _, c := range children {
			if t.info(c).State == s {
				n++
			}
		}
		if got := info.ChildrenByState[s]; got != n {
			t.Errorf("ChildrenByState %s: got %d %v, wanted %d as the children say", when, got, s, n)
		}
	}
}

// wantFamily compares records of a job with what its children wrote.
func (t *trial) wantFamily(what string, j job.Job, got []job.Record, wrote ...[]Line) {
	t.Helper()
	byChild := map[int][]job.Record{}
	for _, r := range got {
		if string(r.Text) == made.Text {
			continue
		}
		byChild[r.Job.Child] = append(byChild[r.Job.Child], r)
	}
	for i, want := range wrote {
		t.wantLines(what+", those of one child", byChild[i+1], want)
		delete(byChild, i+1)
	}
	for child, records := range byChild {
		t.Errorf("%s: got %d records of child %d, which wrote nothing: %v", what, len(records), child, brief(records))
	}
}
