package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// spread starts processes in every way in which they may get away from a
// program: a child, one whose parent has ended, one that has a session of its
// own too, and a child of that. Each says its number.
const spread = `
	hold='echo $$; exec tail -f /dev/null'
	sh -c "$hold" &
	(sh -c "$hold" &)
	(setsid sh -c "$hold" &)
	(setsid sh -c "(sh -c '$hold'; :) & exec tail -f /dev/null" &)
	echo $$
	wait`

// spreadOut starts that, and gives the numbers that were said, sorted.
func spreadOut(t *testing.T, env ...string) (k *kept, said []int) {
	t.Helper()
	c := sh(spread)
	c.Env = append(c.Env, env...)
	k = start(t, c)
	for range 5 {
		pid, err := strconv.Atoi(k.line(t))
		must(t, err)
		said = append(said, pid)
	}
	sort.Ints(said)
	return k, said
}

func missing(members []Stat, wanted []int) (not []int) {
	have := map[int]bool{}
	for _, s := range members {
		have[s.PID] = true
	}
	for _, pid := range wanted {
		if !have[pid] {
			not = append(not, pid)
		}
	}
	return not
}

func TestMembersFindsAll(t *testing.T) {
	k, said := spreadOut(t, "COOKIE=of this test")
	if not := missing(k.tree().Members(), said); not != nil {
		t.Errorf("Members by keeper and session: got %v, in which %v are missing", k.tree().Members(), not)
	}
	// Where the keeper is gone, the environment tells.
	if got := (Tree{Cookies: []string{"COOKIE=of this test"}, Lost: true}).Members(); missing(got, said) != nil {
		t.Errorf("Members by cookie: got %v, in which %v are missing", got, missing(got, said))
	}
	for _, cookie := range []string{"COOKIE=of this tes", "OOKIE=of this test", "COOKIE=of this test2"} {
		if got := (Tree{Cookies: []string{cookie}, Lost: true}).Members(); len(got) != 0 {
			t.Errorf("Members by cookie %q: got %v, want none", cookie, got)
		}
	}
	for _, s := range k.tree().Members() {
		if s.PID == os.Getpid() || s.PID == k.keeper || s.Gone() {
			t.Errorf("Members: got %+v, want neither us nor the keeper nor one that has ended", s)
		}
	}
}

func TestMembersSpares(t *testing.T) {
	k, said := spreadOut(t)
	tree := k.tree()
	tree.Spare = func(pid int) bool { return pid == k.program }
	for _, s := range tree.Members() {
		if s.PID == k.program {
			t.Errorf("Members: got the process %d that was to be spared", s.PID)
		}
	}
	tree.Spare = func(pid int) bool { return true }
	if got := tree.Members(); len(got) != 0 {
		t.Errorf("Members where all (%v) are spared: got %v", said, got)
	}
}

func TestFreezeAndSignal(t *testing.T) {
	k, said := spreadOut(t)
	if !k.tree().Freeze(time.Minute) {
		t.Fatal("Freeze: got false, want all to stand still")
	}
	for _, pid := range said {
		if s, err := StatOf(pid); err != nil || s.State != 'T' {
			t.Errorf("after Freeze: process %d is %c, %v, want T", pid, s.State, err)
		}
	}
	if n := k.tree().Signal(syscall.SIGCONT); n < len(said) {
		t.Errorf("Signal(SIGCONT): got %d members, want at least %d", n, len(said))
	}
	for _, pid := range said {
		if s, err := StatOf(pid); err != nil || s.State == 'T' {
			t.Errorf("after SIGCONT: process %d is %c, %v, want it to go on", pid, s.State, err)
		}
	}
	if (Tree{}).Signal(syscall.SIGTERM) != 0 || !(Tree{}).Freeze(time.Minute) {
		t.Error("an empty tree: want no member, and Freeze at once")
	}
}

func TestHolding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "held")
	k := start(t, sh(`exec 5>"$1"; (sh -c 'exec 5>&-; echo $$; exec tail -f /dev/null' &) ; read line`, path))
	other := k.line(t)
	info, err := os.Stat(path)
	must(t, err)
	holding := k.tree().Holding(nil, info)
	if len(holding) != 1 || holding[0].PID != k.program {
		t.Errorf("Holding: got %v, want process %d and not %s", holding, k.program, other)
	}
	if got := k.tree().Holding(nil); len(got) != 0 {
		t.Errorf("Holding of no file: got %v", got)
	}
}

// The second field of /proc/PID/stat may hold anything.
func TestStatOfAStrangeName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a) Z 1 (\nb)")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\necho ready\nread line\n"), 0o700))
	k := start(t, Command{Path: path, Argv: []string{path}, Dir: "/"})
	k.line(t)
	s, err := StatOf(k.program)
	if err != nil || s.PID != k.program || s.Parent != k.keeper || s.Gone() || s.Start == 0 {
		t.Errorf("StatOf a process with a strange name: got %+v, %v", s, err)
	}
}

func TestAlive(t *testing.T) {
	self, err := StatOf(os.Getpid())
	must(t, err)
	if !Alive(self.PID, self.Start) || Alive(self.PID, self.Start+1) || Alive(1<<30, self.Start) || Alive(0, 0) || Alive(-1, 0) {
		t.Error("Alive: want true for us, and false for one that started at another time or is not there")
	}
	if _, err := StatOf(1 << 30); !errors.Is(err, ErrGone) {
		t.Errorf("StatOf a process that is not there: got %v, want ErrGone", err)
	}
	// One that has ended and was not looked at is not alive.
	pid, err := sh("exit 0").Start()
	must(t, err)
	s, err := StatOf(pid)
	must(t, err)
	h := Handle{pidfd(t, pid)}
	h.Wait()
	if Alive(pid, s.Start) {
		t.Errorf("Alive(%d) after its end: got true", pid)
	}
	if got, _, any := Reap(); got != pid || !any {
		t.Errorf("Reap: got %d, %v, want %d", got, any, pid)
	}
	if id := BootID(); len(id) != 36 || strings.TrimSpace(id) != id || id != BootID() {
		t.Errorf("BootID: got %q, want a UUID", id)
	}
	if got := fmt.Sprint(Stat{State: 'X'}.Gone(), Stat{State: 'Z'}.Gone(), Stat{State: 'D'}.Gone()); got != "true true false" {
		t.Errorf("Gone of X, Z and D: got %s", got)
	}
}
