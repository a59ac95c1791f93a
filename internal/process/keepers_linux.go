package process

import (
	"slices"
	"sync"
	"syscall"
)

// A keeper is our child as long as we live. Most of those who start one are
// gone in a moment; one that stays has to look after the keepers that ended,
// or they stay in the process table.
var keepers struct {
	mu   sync.Mutex
	pids []int
}

// Mind remembers a keeper that we forked, and takes those that have ended.
// Other children of this program are not touched.
func Mind(pid int) {
	ReapKeepers()
	keepers.mu.Lock()
	defer keepers.mu.Unlock()
	keepers.pids = append(keepers.pids, pid)
}

// ReapKeepers takes the keepers that have ended.
func ReapKeepers() {
	keepers.mu.Lock()
	defer keepers.mu.Unlock()
	keepers.pids = slices.DeleteFunc(keepers.pids, func(pid int) bool {
		ended, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		return ended == pid || err == syscall.ECHILD
	})
}
