package process

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func pidfd(t *testing.T, pid int) int {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func handleOf(t *testing.T, pid int) Handle {
	t.Helper()
	s, err := StatOf(pid)
	must(t, err)
	h, err := Open(pid, s.Start)
	must(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

func TestReap(t *testing.T) {
	if pid, _, any := Reap(); pid != 0 || any {
		t.Fatalf("Reap without children: got %d, %v", pid, any)
	}
	for _, c := range []struct {
		script string
		want   Exit
	}{
		{"exit 0", Exit{Code: 0}},
		{"exit 3", Exit{Code: 3}},
		{"exit 255", Exit{Code: 255}},
		{"kill -TERM $$", Exit{Code: -1, Signal: syscall.SIGTERM}},
		{"kill -KILL $$", Exit{Code: -1, Signal: syscall.SIGKILL}},
	} {
		pid, err := sh(c.script).Start()
		must(t, err)
		Handle{pidfd(t, pid)}.Wait()
		got, exit, any := Reap()
		if got != pid || !any || exit.Code != c.want.Code || exit.Signal != c.want.Signal || exit.MaxRSS <= 0 {
			t.Errorf("%s: Reap: got %d, %+v, %v, want %d, %+v and what it used", c.script, got, exit, any, pid, c.want)
		}
	}
	read, write := pipe(t)
	c := sh("read line")
	c.Stdin = read
	pid, err := c.Start()
	must(t, err)
	if got, _, any := Reap(); got != 0 || !any {
		t.Errorf("Reap of a child that runs: got %d, %v, want 0, true", got, any)
	}
	must(t, write.Close())
	Handle{pidfd(t, pid)}.Wait()
	Reap()
}

func TestOpenIsForThatProcess(t *testing.T) {
	k := start(t, sh("read line"))
	s, err := StatOf(k.program)
	must(t, err)
	for _, c := range []struct {
		pid   int
		start uint64
	}{{k.program, s.Start + 1}, {1 << 30, s.Start}, {0, 0}, {-1, 0}} {
		if h, err := Open(c.pid, c.start); !errors.Is(err, ErrGone) {
			t.Errorf("Open(%d, %d): got %v, %v, want ErrGone", c.pid, c.start, h, err)
		}
	}
}

// How a process ended that is not our child: Linux 6.15 and newer tell.
func TestExitOfAnothersChild(t *testing.T) {
	for _, c := range []struct {
		script string
		want   Exit
	}{
		{"read line; exit 7", Exit{Code: 7}},
		{"read line; exit 0", Exit{}},
		{"read line; kill -KILL $$", Exit{Code: -1, Signal: syscall.SIGKILL}},
	} {
		k := start(t, sh(c.script))
		h := handleOf(t, k.program)
		must(t, k.begin.Close()) // the keeper is what looks at its end
		must(t, k.input.Close())
		h.Wait()
		exit, err := h.Exit()
		if errors.Is(err, ErrUnknown) && exit.Code == -1 && !tellsExit(t) {
			continue // an older system says so
		}
		if err != nil || exit != c.want {
			t.Errorf("%s: Exit: got %+v, %v, want %+v", c.script, exit, err, c.want)
		}
	}
}

// tellsExit reports whether the system is Linux 6.15 or newer.
func tellsExit(t *testing.T) bool {
	t.Helper()
	var name unix.Utsname
	must(t, unix.Uname(&name))
	var major, minor int
	_, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor)
	must(t, err)
	return major > 6 || major == 6 && minor >= 15
}

func TestWaitAny(t *testing.T) {
	var all []*kept
	var handles []Handle
	for range 3 {
		k := start(t, sh("read line"))
		must(t, k.begin.Close())
		all, handles = append(all, k), append(handles, handleOf(t, k.program))
	}
	read, write := pipe(t)
	must(t, all[1].input.Close())
	if got := WaitAny(handles, read); got != 1 {
		t.Errorf("WaitAny while the second ends: got %d, want 1", got)
	}
	must(t, write.Close())
	if got := WaitAny([]Handle{handles[0], handles[2]}, read); got != -1 {
		t.Errorf("WaitAny that is cancelled: got %d, want -1", got)
	}
	must(t, handles[2].Signal(syscall.SIGKILL))
	if got := WaitAny([]Handle{handles[0], handles[2]}, nil); got != 1 {
		t.Errorf("WaitAny while the last is killed: got %d, want 1", got)
	}
}

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		text string
		want syscall.Signal
	}{
		{"SIGTERM", syscall.SIGTERM}, {"term", syscall.SIGTERM}, {"SigInt", syscall.SIGINT}, {"9", syscall.SIGKILL},
		{"64", 64}, {"USR1", syscall.SIGUSR1},
		{"", 0}, {"0", 0}, {"-1", 0}, {"65", 0}, {"SIG", 0}, {"SIGSIGTERM", 0}, {"TERM ", 0}, {"nonsense", 0},
	} {
		if got := ParseSignal(c.text); got != c.want {
			t.Errorf("ParseSignal(%q): got %v, want %v", c.text, got, c.want)
		}
	}
	for sig := syscall.Signal(1); sig <= 31; sig++ {
		if got := ParseSignal(SignalName(sig)); got != sig {
			t.Errorf("ParseSignal(SignalName(%d) = %q): got %d", sig, SignalName(sig), got)
		}
	}
	for sig, want := range map[syscall.Signal]string{9: "SIGKILL", 34: "SIGRTMIN+0", 37: "SIGRTMIN+3", 99: "signal 99"} {
		if got := SignalName(sig); got != want {
			t.Errorf("SignalName(%d): got %q, want %q", sig, got, want)
		}
	}
}
