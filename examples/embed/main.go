// Command embed is a web service that does its work as jobs: it shows function
// jobs in a long-lived program, how many of them run at once, their states as
// JSON, what they put out as it comes, a stop, and an orderly end.
//
//	go run ./examples/embed &
//	curl -X POST 'localhost:8080/jobs?below=100000000'
//	curl localhost:8080/jobs
//	curl 'localhost:8080/jobs/1/records?follow=true'
//	curl -X POST localhost:8080/jobs/1/stop
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	address := flag.String("address", "localhost:8080", "where to listen")
	throttle := flag.Int("throttle", 2, "how many jobs run at once")
	flag.Parse()
	ctx, end := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer end()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %v", listener.Addr())
	if err := serve(ctx, listener, *throttle); err != nil {
		log.Fatal(err)
	}
}

// serve answers requests until ctx is done. The jobs are stopped first, so
// that who follows one is told its end.
func serve(ctx context.Context, listener net.Listener, throttle int) error {
	s := newService(throttle)
	server := &http.Server{Handler: s.handler()}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }() // ends with Shutdown
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	bounded, end := context.WithTimeout(context.Background(), 10*time.Second)
	defer end()
	return errors.Join(err, s.close(bounded), server.Shutdown(bounded))
}
