//go:build unix

package changes

import (
	"os"
	"syscall"
)

// identity tells folders apart, whatever their names are.
type identity struct{ device, number uint64 }

func identify(info os.FileInfo) identity {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}
	}
	return identity{uint64(s.Dev), uint64(s.Ino)}
}
