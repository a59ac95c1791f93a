package local

import (
	"errors"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/spool"
	"github.com/backjob/job/internal/store"
)

// Info is what the job says about itself, with the default reader's mark.
func (j *Job) Info() (job.Info, error) { return j.InfoFor(spool.DefaultReader) }

// InfoFor is Info with the mark of a named reader. A job whose files are
// damaged says so as the reason of its state.
func (j *Job) InfoFor(reader string) (job.Info, error) {
	r, ok, err := j.source.store.Read(j.ref.ID)
	if err != nil {
		return job.Info{}, err
	}
	if !ok {
		return job.Info{}, notFound(j.ref.String())
	}
	if r, err = j.source.mend(r); err != nil {
		return j.damagedInfo(r, err), nil
	}
	m, status, err := j.source.read(r)
	if err != nil {
		return j.damagedInfo(r, err), nil
	}
	if r.State.Final() && !status.Tally.State().Final() {
		return j.damagedInfo(r, errors.New("the job's journal has lost its end")), nil
	}
	if j.ref.Child > len(status.Each) {
		return job.Info{}, notFound(j.ref.String())
	}
	info := j.describe(m, status)
	j.addSizes(&info, m, status, reader)
	return info, nil
}

// Begun is Info as it was when the job was started, without another look.
func (j *Job) Begun() (job.Info, error) {
	if j.meta == nil || j.status == nil {
		return j.Info()
	}
	return j.describe(*j.meta, j.status), nil
}

func (j *Job) describe(m store.Meta, s *store.Status) job.Info {
	info := job.Info{Ref: j.ref, InstanceID: m.Instance, Name: m.DisplayName(), Type: m.Type, Location: Location,
		Command: m.Command, Argv: m.Argv, Dir: m.Dir}
	switch {
	case j.ref.Child != 0:
		describeChild(&info, s.Each[j.ref.Child-1])
		info.Type, info.InstanceID = ChildType, m.Instance.Child(j.ref.Child)
		return info
	case m.Many() && !m.Self:
		describeAll(&info, s)
		if m.On != nil && s.Open && s.Unfinished() == 0 {
			info.StatusMessage = "waits for " + m.On.String()
		}
	default:
		describeChild(&info, s.Each[0])
	}
	if info.Argv == nil {
		info.Argv = []string{} // each child has its own
	}
	info.StateInfo = s.State()
	info.Children = s.Children
	info.ChildrenByState = map[job.State]int{}
	for state, n := range s.ByState {
		if n > 0 {
			info.ChildrenByState[job.State(state)] = n
		}
	}
	return info
}

// describeChild says what the journal has of one child.
func describeChild(info *job.Info, c store.ChildStatus) {
	info.StateInfo, info.StatusMessage = c.State, c.Message
	info.BeginTime, info.EndTime, info.Attempt = c.Begin, c.End, c.Attempt
	describeWork(info, c.Work)
	if !info.State.Final() && c.Ended == nil {
		info.PID = c.Program.PID
	}
	e := c.Ended
	if e == nil {
		return
	}
	info.UserTime, info.SystemTime, info.MaxRSS = e.User, e.System, e.MaxRSS
	if e.Signal != 0 {
		info.Signal = signalName(e.Signal)
	}
	if e.Code >= 0 && info.State.Final() {
		info.ExitCode = &e.Code
	}
}

// describeWork says what a child does where that is not what its job says.
func describeWork(info *job.Info, w store.Work) {
	if w.Name != "" {
		info.Name = w.Name
	}
	if w.Argv != nil {
		info.Argv, info.Command = w.Argv, job.CommandText(w.Argv)
	}
	if w.Command != "" {
		info.Command = w.Command
	}
}

// describeAll says what many children add up to. Exit status, process and
// attempt are each child's own.
func describeAll(info *job.Info, s *store.Status) {
	if info.BeginTime = s.Begin; s.Tally.State().Final() {
		if info.EndTime = s.End; info.BeginTime.IsZero() {
			info.BeginTime = s.End // it ended before it began
		}
	}
	for i := range s.Each {
		if e := s.Each[i].Ended; e != nil {
			info.UserTime += e.User
			info.SystemTime += e.System
			info.MaxRSS = max(info.MaxRSS, e.MaxRSS)
		}
	}
}

// addSizes says how much the job, or the child, has put out, and how much of
// it the reader has not received.
func (j *Job) addSizes(info *job.Info, m store.Meta, s *store.Status, reader string) {
	add := func(n int, mark func() spool.Mark) {
		part := partOf(j.folder(), m, s, n)
		sizes, err := part.Sizes()
		if err != nil || sizes.Total() == 0 {
			return
		}
		info.OutputBytes += sizes[spool.OutputFile]
		info.ErrorBytes += sizes[spool.ErrorFile]
		info.Unread += sizes.Minus(mark().Sizes).Total()
	}
	if j.ref.Child != 0 || !m.Many() {
		add(j.number(), func() spool.Mark { return j.Mark(reader) })
		return
	}
	marks := append(spool.ReadMarks(j.folder().Path, reader), spool.Mark{})
	for n := 1; n <= s.Children; n++ {
		add(n, func() spool.Mark { return marks[min(n, len(marks))-1] })
	}
}

// damagedInfo is what the index alone says.
func (j *Job) damagedInfo(r store.Record, why error) job.Info {
	var e *job.Error
	if errors.As(why, &e) && e.Err != nil {
		why = e.Err
	}
	info := job.Info{Ref: j.ref, InstanceID: r.Instance, Name: r.DisplayName(), Type: Type, Location: Location,
		StateInfo: job.StateInfo{State: r.State, Reason: why}, StatusMessage: "damaged", Damaged: true,
		BeginTime: r.Begin, EndTime: r.End, ExitCode: r.Exit, Children: 1, Argv: []string{},
		ChildrenByState: map[job.State]int{r.State: 1}}
	m, status, _ := j.source.read(r)
	if j.ref.Child <= len(status.Each) {
		j.addSizes(&info, m, status, spool.DefaultReader)
	}
	return info
}
