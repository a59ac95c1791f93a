package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

func versionVerb() *verb {
	v := &verb{summary: "print the version", example: "job version"}
	v.flags = newFlags()
	v.run = func(c *call) error {
		_, err := fmt.Fprintf(c.out, "job %s %s/%s %s\n", version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
		return err
	}
	return v
}

// version is the module's version as the go command recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
