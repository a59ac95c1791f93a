//go:build !unix

package asjob

import "os"

// asking is empty: there is no such signal here.
var asking []os.Signal
