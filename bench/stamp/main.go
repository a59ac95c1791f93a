// Command stamp sleeps for a while and, as the last thing it does, writes the
// time into a file, in nanoseconds since 1970:
//
//	stamp FILE 60ms
//
// It is the clock on the wall because two processes compare it; a step of that
// clock within a millisecond would be one outlier.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "stamp:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: stamp FILE DURATION")
	}
	pause, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	file, err := os.Create(args[0])
	if err != nil {
		return err
	}
	time.Sleep(pause)
	// Not closed: that would come after the time that counts.
	_, err = file.WriteString(strconv.FormatInt(time.Now().UnixNano(), 10))
	return err
}
