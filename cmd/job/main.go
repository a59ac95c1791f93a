//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command job runs commands in the background: it starts them, shows them,
// gives what they put out, waits for them, stops and removes them.
package main

import (
	"os"

	"github.com/backjob/job/internal/cli"
	"github.com/backjob/job/local"
)

func main() {
	local.Keep() // a keeper goes its own way, before anything that costs time
	os.Exit(cli.Main(os.Args[1:]))
}
