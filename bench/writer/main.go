// Command writer puts out as much as it is told to, and notes in the file
// named by BENCH_TOOK how long its writes took.
//
//	writer blocks N   N blocks of 1 MiB
//	writer lines N    N lines of 80 bytes, each with a write of its own
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "writer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: writer blocks|lines N")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	line := append(bytes.Repeat([]byte("x"), 79), '\n')
	piece := line
	if args[0] == "blocks" {
		piece = bytes.Repeat(line, 1<<20/len(line)+1)[:1<<20]
	}
	begin := time.Now()
	for range n {
		if _, err := os.Stdout.Write(piece); err != nil {
			return err
		}
	}
	return note(time.Since(begin))
}

func note(took time.Duration) error {
	file := os.Getenv("BENCH_TOOK")
	if file == "" {
		return nil
	}
	return os.WriteFile(file, []byte(took.String()), 0o600)
}
