package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"
)

// Stat is what /proc/PID/stat says of a process.
type Stat struct {
	PID     int
	State   byte // 'R' running, 'S' asleep, 'D' in the disk, 'T' stopped, 'Z' ended, …
	Parent  int
	Session int
	Start   uint64 // clock ticks since boot; with the pid it names a process for this boot
}

// Gone reports whether the process has ended, though its parent may not have
// looked yet.
func (s Stat) Gone() bool { return s.State == 'Z' || s.State == 'X' }

// StatOf reads what the system says of a process; ErrGone if there is none.
func StatOf(pid int) (Stat, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Stat{}, ErrGone
	}
	// The second field is the name in parentheses; it may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 20 {
		return Stat{}, ErrGone
	}
	s := Stat{PID: pid, State: fields[0][0]}
	s.Parent, _ = strconv.Atoi(fields[1])
	s.Session, _ = strconv.Atoi(fields[3])
	s.Start, _ = strconv.ParseUint(fields[19], 10, 64)
	return s, nil
}

// Alive reports whether the process with this number is still the one that
// started then, and has not ended.
func Alive(pid int, start uint64) bool {
	s, err := StatOf(pid)
	return err == nil && s.Start == start && !s.Gone()
}

// Arguments are those of a process, with its name at 0; nil if it has none or
// has ended. A process that is just executing something else has none for a
// moment, which is waited out.
func Arguments(pid int) []string {
	for range 100 {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err != nil {
			return nil
		}
		if len(b) > 0 {
			return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
		}
		if s, err := StatOf(pid); err != nil || s.Gone() {
			return nil
		}
		time.Sleep(100 * time.Microsecond)
	}
	return nil
}

// BootID names the time between two starts of the machine; "" if unknown.
func BootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}

// Every reads the stat of every process there is.
func Every() []Stat {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	all := make([]Stat, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if s, err := StatOf(pid); err == nil {
				all = append(all, s)
			}
		}
	}
	return all
}
