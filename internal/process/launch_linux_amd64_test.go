package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func uintptrOf(n *uint64) uintptr { return uintptr(unsafe.Pointer(n)) }

var ways = []string{"Start", "Launch"}

// The keeper is the program's parent, each has a session of its own, and what
// the program leaves behind comes to the keeper.
func TestLaunch(t *testing.T) {
	k := start(t, sh(`echo ready; (sh -c 'echo $$; exec tail -f /dev/null' & ); read line; echo "got $line"; exit 7`))
	if got := k.line(t); got != "ready" {
		t.Fatalf("the program's first line: got %q", got)
	}
	program, err := StatOf(k.program)
	if err != nil || program.Parent != k.keeper || program.Session != k.program {
		t.Errorf("the program: got %+v, %v, want parent %d, session %d", program, err, k.keeper, k.program)
	}
	keeper, err := StatOf(k.keeper)
	if err != nil || keeper.Session != k.keeper || keeper.Parent != os.Getpid() {
		t.Errorf("the keeper, before it executes itself: got %+v, %v, want session %d", keeper, err, k.keeper)
	}
	must(t, k.begin.Close())
	said, err := k.told.ReadString('\n')
	want := fmt.Sprintf("keeper %d parent %d session %d subreaper 1 dir / env %q args [\"keeper\" \"program=%010d\"]\n",
		k.keeper, os.Getpid(), k.keeper, keeperEnv, k.program)
	if said != want || err != nil {
		t.Errorf("the keeper says of itself: got %q, %v, want %q", said, err, want)
	}
	orphan := k.line(t)
	_, err = k.input.WriteString("hello\n")
	must(t, err)
	if got := k.line(t); got != "got hello" {
		t.Errorf("the program, after input: got %q", got)
	}
	for _, pid := range []string{fmt.Sprint(k.program), orphan} {
		if pid == orphan {
			k.tree().Signal(syscall.SIGKILL)
		}
		for said = ""; said != "ended "+pid+"\n"; {
			if said, err = k.told.ReadString('\n'); err != nil {
				t.Fatalf("the keeper, waiting for the end of %s: %v", pid, err)
			}
		}
	}
}

// Without a program there is only a keeper.
func TestLaunchOfAKeeperAlone(t *testing.T) {
	told, tell := pipe(t)
	keeper, program, err := launch(Command{}, Keeper{Argv: keeperArgv(), Env: keeperEnv, Files: [6]*os.File{nil, nil, nil, tell, nil, nil}})
	tell.Close()
	if err != nil || program != 0 {
		t.Fatalf("Launch of nothing: got %d, %d, %v", keeper, program, err)
	}
	b := make([]byte, 400)
	n, err := told.Read(b)
	if want := fmt.Sprintf("keeper %d ", keeper); err != nil || !strings.HasPrefix(string(b[:n]), want) {
		t.Errorf("the keeper says: %q, %v, want %q…", b[:n], err, want)
	}
	_, err = syscall.Wait4(keeper, nil, 0, nil)
	must(t, err)
}

func TestProgramsThatCannotBeStarted(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	long := strings.Repeat("x", 1<<18)
	for _, c := range []struct {
		name    string
		command Command
		want    syscall.Errno
	}{
		{"missing", Command{Path: filepath.Join(dir, "missing"), Dir: "/"}, syscall.ENOENT},
		{"below a file", Command{Path: file("file", "", 0o600) + "/x", Dir: "/"}, syscall.ENOTDIR},
		{"a folder", Command{Path: dir, Dir: "/"}, syscall.EACCES},
		{"not executable", Command{Path: file("plain", "#!/bin/sh\n", 0o600), Dir: "/"}, syscall.EACCES},
		{"no program", Command{Path: file("text", "just text\n", 0o700), Dir: "/"}, syscall.ENOEXEC},
		{"no interpreter", Command{Path: file("script", "#!"+dir+"/none\n", 0o700), Dir: "/"}, syscall.ENOENT},
		{"no such folder", Command{Path: "/bin/sh", Dir: filepath.Join(dir, "none")}, syscall.ENOENT},
		{"a folder that is none", Command{Path: "/bin/sh", Dir: filepath.Join(dir, "plain")}, syscall.ENOTDIR},
		{"too long", Command{Path: "/bin/sh", Dir: "/", Argv: []string{"sh", "-c", ":", long}}, syscall.E2BIG},
		{"a NUL byte", Command{Path: "/bin/sh", Dir: "/", Argv: []string{"sh", "\x00"}}, syscall.EINVAL},
	} {
		if c.command.Argv == nil {
			c.command.Argv = []string{"program"}
		}
		for _, way := range ways {
			var err error
			if way == "Start" {
				_, err = c.command.Start()
			} else {
				_, _, err = launch(c.command, Keeper{Argv: keeperArgv(), Env: keeperEnv})
			}
			var errno syscall.Errno
			if !errors.As(err, &errno) || errno != c.want {
				t.Errorf("%s: %s: got %v, want %v", c.name, way, err, c.want)
			}
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
				t.Errorf("%s: %s left a child behind: wait gives %d, %v", c.name, way, pid, err)
			}
		}
	}
}

// A program has three descriptors, whatever we have open. Only Launch keeps
// back what somebody left open for programs: Start is called by keepers, which
// have nothing of that sort.
func TestNoDescriptorLeaks(t *testing.T) {
	var ours []string
	for range 20 {
		f, err := os.Open("/dev/null")
		must(t, err)
		t.Cleanup(func() { f.Close() })
		ours = append(ours, fmt.Sprint(f.Fd()))
	}
	// 3 is ls's own. What the test binary itself inherited may be there too.
	got := strings.Fields(outputOf(t, sh("exec 3<&-; ls /proc/self/fd"), "Start"))
	for _, fd := range ours {
		if fd != "3" && slices.Contains(got, fd) {
			t.Errorf("Start: got descriptors %v, among them %s, which is ours", got, fd)
		}
	}
	inherited, err := unix.Open("/dev/null", unix.O_RDONLY, 0)
	must(t, err)
	high, err := unix.FcntlInt(uintptr(inherited), unix.F_DUPFD, 500)
	must(t, err)
	defer unix.Close(inherited)
	defer unix.Close(high)
	if got := outputOf(t, sh("ls /proc/self/fd"), "Launch"); got != "0\n1\n2\n3\n" {
		t.Errorf("Launch: got descriptors %q", got)
	}
}

func TestSurroundingsReachTheProgram(t *testing.T) {
	got := under(t, "ulimit -Sn 300; umask 027", "launch", "GOMAXPROCS=7")
	if want := strings.Repeat("300\n7\n0027\n", 2); got != want {
		t.Errorf("open files, GOMAXPROCS and umask, by Launch and by Start: got %q, want %q", got, want)
	}
}

func TestArgumentsAndEnvironmentByteForByte(t *testing.T) {
	args := []string{"", " a  b ", "\xff\xfe", "new\nline", "é", "-n", "'\"\\"}
	for _, way := range ways {
		c := sh(`printf '<%s>' "$@"; printf "$X"; pwd`, args...)
		c.Env, c.Dir = []string{"X=\x01\xff=", "PATH=/usr/bin:/bin"}, "/usr"
		want := "<" + strings.Join(args, "><") + ">\x01\xff=/usr\n"
		if got := outputOf(t, c, way); got != want {
			t.Errorf("%s: got %q, want %q", way, got, want)
		}
	}
}

// A program begins with no signal blocked, and none ignored but what we
// ignored ourselves.
func TestSignalsOfTheProgram(t *testing.T) {
	for _, way := range ways {
		got := outputOf(t, sh("grep -E '^Sig(Blk|Ign)' /proc/self/status"), way)
		if want := "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"; got != want {
			t.Errorf("%s: got %q, want %q", way, got, want)
		}
	}
}

// Many at once share our memory for a moment and do not get in each other's
// way.
func TestLaunchManyAtOnce(t *testing.T) {
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			read, write, err := os.Pipe()
			if err != nil {
				t.Error(err)
				return
			}
			defer read.Close()
			c := sh("echo $0 $1; exit 3", fmt.Sprint(i))
			c.Stdout = write
			keeper, program, err := launch(c, Keeper{Argv: keeperArgv(), Env: keeperEnv})
			write.Close()
			if err != nil || keeper == program {
				t.Errorf("Launch %d: got %d, %d, %v", i, keeper, program, err)
				return
			}
			b := make([]byte, 100)
			n, _ := read.Read(b)
			if want := fmt.Sprintf("sh %d\n", i); string(b[:n]) != want {
				t.Errorf("Launch %d: got output %q, want %q", i, b[:n], want)
			}
			syscall.Wait4(keeper, nil, 0, nil)
		})
	}
	group.Wait()
}
