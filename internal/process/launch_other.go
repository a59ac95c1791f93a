//go:build !(linux && amd64)

package process

import "os"

// Keeper is the process that becomes the parent of what Launch starts.
type Keeper struct {
	Argv  []string
	Env   []string
	Files [6]*os.File
}

// PIDDigits is what the keeper's last argument ends in.
const PIDDigits = "0000000000"

// CanLaunch says that Launch does not work here: the keeper has to be
// started first, and starts the program itself.
const CanLaunch = false

// Launch is not there on this system.
func Launch(Command, Keeper, func(keeper int)) (keeper, program int, err error) {
	return 0, 0, ErrUnsupported
}
