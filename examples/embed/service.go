package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/backjob/job"
)

// service runs jobs for those who ask over HTTP. They are the children of one
// group: at most Throttle of them run, the others wait for their turn.
type service struct {
	queue job.Group
}

func newService(throttle int) *service {
	return &service{job.Group{Name: "queue", Throttle: throttle}}
}

// close stops what runs, lets nothing more begin, and waits.
func (s *service) close(ctx context.Context) error {
	return s.queue.Stop(ctx, job.StopOptions{})
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /jobs", answer(s.start))
	mux.HandleFunc("GET /jobs", answer(s.list))
	mux.HandleFunc("POST /jobs/{number}/stop", answer(s.stop))
	mux.HandleFunc("GET /jobs/{number}/records", s.records)
	return mux
}

// view is a job as JSON.
type view struct {
	Number int       `json:"number"`
	Name   string    `json:"name"`
	State  job.State `json:"state"`
	Reason string    `json:"reason,omitempty"`
	Begin  time.Time `json:"begin,omitzero"`
	End    time.Time `json:"end,omitzero"`
}

func viewOf(j job.Job) (view, error) {
	i, err := j.Info()
	v := view{Number: i.Child, Name: i.Name, State: i.State, Begin: i.BeginTime, End: i.EndTime}
	if i.Reason != nil {
		v.Reason = i.Reason.Error()
	}
	return v, err
}

// start queues a job. It outlives the request, so it gets a context of its own.
func (s *service) start(r *http.Request) (any, error) {
	below, err := strconv.Atoi(r.FormValue("below"))
	if err != nil {
		return nil, &job.Error{Kind: job.Invalid, Err: fmt.Errorf("below: %w", err)}
	}
	return viewOf(s.queue.Go(context.Background(), fmt.Sprintf("primes below %d", below),
		func(ctx context.Context, out *job.Writer) error { return primes(ctx, out, below) }))
}

// list shows the group with its children.
func (s *service) list(*http.Request) (any, error) {
	all := struct {
		ByState map[job.State]int `json:"by_state"`
		Jobs    []view            `json:"jobs"`
	}{Jobs: []view{}}
	for _, j := range s.queue.Children() {
		v, err := viewOf(j)
		if err != nil {
			return nil, err
		}
		all.Jobs = append(all.Jobs, v)
	}
	info, err := s.queue.Info()
	all.ByState = info.ChildrenByState
	return all, err
}

func (s *service) stop(r *http.Request) (any, error) {
	j, err := s.find(r)
	if err != nil {
		return nil, err
	}
	if err := j.Stop(r.Context(), job.StopOptions{}); err != nil {
		return nil, err
	}
	return viewOf(j)
}

func (s *service) find(r *http.Request) (job.Job, error) {
	n, err := strconv.Atoi(r.PathValue("number"))
	all := s.queue.Children()
	if err != nil || n < 1 || n > len(all) {
		return nil, &job.Error{Kind: job.NotFound, Err: fmt.Errorf("no job %q among %d", r.PathValue("number"), len(all))}
	}
	return all[n-1], nil
}

// records writes what a job put out, one JSON object a line, with
// follow=true as it comes.
func (s *service) records(w http.ResponseWriter, r *http.Request) {
	j, err := s.find(r)
	if err != nil {
		refuse(w, err)
		return
	}
	lines, flush := json.NewEncoder(w), http.NewResponseController(w).Flush
	flush() // it may be long until there is a record
	o := job.RecordOptions{Follow: r.FormValue("follow") == "true"}
	for record, err := range j.Records(r.Context(), o) { // ends when the client goes away
		if err != nil {
			return
		}
		lines.Encode(map[string]any{"stream": record.Stream, "time": record.Time, "text": string(record.Text), "value": record.Value})
		flush()
	}
}

// answer makes a handler of a function that gives what is to be JSON.
func answer(what func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := what(r)
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(value)
	}
}

// refuse answers an error by its kind, never by its text.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var e *job.Error
	if errors.As(err, &e) {
		switch e.Kind {
		case job.Invalid:
			status = http.StatusBadRequest
		case job.NotFound:
			status = http.StatusNotFound
		case job.TimedOut:
			status = http.StatusGatewayTimeout
		}
	}
	http.Error(w, err.Error(), status)
}
