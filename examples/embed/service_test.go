package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backjob/job"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open serves at a port of the system's choice, one job at once.
func open(t *testing.T) *httptest.Server {
	t.Helper()
	s := newService(1)
	server := httptest.NewServer(s.handler())
	t.Cleanup(func() {
		if err := s.close(context.Background()); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return server
}

// ask gives the answer's status, and its JSON if it is 200.
func ask(t *testing.T, method, url string, into any) int {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, into); err != nil {
			t.Fatalf("%s %s: got %q: %v", method, url, body, err)
		}
	}
	return response.StatusCode
}

// endless is a number that is not reached.
const endless = "1000000000000000"

// records follows a job to its end.
func records(t *testing.T, url string) *bufio.Scanner {
	t.Helper()
	response, err := http.Get(url + "?follow=true")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return bufio.NewScanner(response.Body)
}

func TestJobsOverHTTP(t *testing.T) {
	server := open(t)
	var first, second view
	ask(t, "POST", server.URL+"/jobs?below=30", &first)
	if first.Number != 1 || first.Name != "primes below 30" {
		t.Errorf("POST /jobs: got %+v, want number 1, primes below 30", first)
	}
	var last string
	for lines := records(t, server.URL+"/jobs/1/records"); lines.Scan(); {
		last = lines.Text()
	}
	if !strings.Contains(last, `"stream":"output"`) || !strings.Contains(last, `"value":{"below":30,"count":10}`) {
		t.Errorf("the last record: got %s, want the output: 10 primes below 30", last)
	}

	ask(t, "POST", server.URL+"/jobs?below="+endless, &second)
	var third view
	ask(t, "POST", server.URL+"/jobs?below="+endless, &third)
	var all struct {
		ByState map[job.State]int `json:"by_state"`
		Jobs    []view
	}
	ask(t, "GET", server.URL+"/jobs", &all)
	if all.ByState[job.Completed] != 1 || all.ByState[job.Running] != 1 || all.ByState[job.NotStarted] != 1 {
		t.Errorf("GET /jobs: got %+v, want one Completed, one Running and, as one runs at once, one NotStarted", all)
	}

	following := records(t, server.URL+"/jobs/2/records")
	ask(t, "POST", server.URL+"/jobs/2/stop", &second)
	if second.State != job.Stopped || second.End.IsZero() {
		t.Errorf("POST /jobs/2/stop: got %+v, want it Stopped, with its end", second)
	}
	for following.Scan() { // ends with the job
	}
	ask(t, "POST", server.URL+"/jobs/3/stop", &third)
	if third.State != job.Stopped {
		t.Errorf("POST /jobs/3/stop: got %+v, want it Stopped", third)
	}
}

func TestRefusals(t *testing.T) {
	server := open(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/jobs?below=many", 400},
		{"POST", "/jobs/1/stop", 404},
		{"GET", "/jobs/0/records", 404},
		{"GET", "/jobs/x/records", 404},
		{"DELETE", "/jobs", 405},
	} {
		if got := ask(t, c.method, server.URL+c.path, nil); got != c.want {
			t.Errorf("%s %s: got %d, want %d", c.method, c.path, got, c.want)
		}
	}
}

// The end of the service stops what runs and tells those who follow.
func TestServeEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, 2) }()
	url := "http://" + listener.Addr().String()
	var j view
	ask(t, "POST", url+"/jobs?below="+endless, &j)
	following := records(t, url+"/jobs/1/records")
	end()
	for following.Scan() {
	}
	if err := <-served; err != nil {
		t.Errorf("serve, ended: got %v, want nil", err)
	}
	http.DefaultClient.CloseIdleConnections()
}
