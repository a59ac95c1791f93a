package nap

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Args[0] == "napper" {
		if len(os.Args) > 2 {
			fmt.Println("woken", os.Args)
			return
		}
		err := Nap{Name: "napper-x", Argv: []string{"napper", os.Args[1], "woken"}, Env: []string{"A=1"}, Folder: os.Args[1], Files: []File{{"out", 0}}, Requests: "requests", Signal: syscall.SIGUSR1, Limit: 3 * time.Second}.Take()
		fmt.Println(err)
		os.Exit(1)
	}
	m.Run()
}
func TestX(t *testing.T) {
	c := exec.Command("/proc/self/exe")
	c.Args = []string{"napper", t.TempDir()}
	c.Stdout = os.Stdout
	c.Stderr = os.Stderr
	c.Start()
	time.Sleep(500 * time.Millisecond)
	for _, f := range []string{"maps", "smaps_rollup", "status", "cmdline", "comm"} {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", c.Process.Pid, f))
		fmt.Println(strings.ReplaceAll(string(b), "\x00", " "))
	}
	fmt.Println(c.Wait())
}
