package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processes are the ids of the processes that match.
func processes(match func(pid int) bool) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("needs Linux's /proc: %w", err)
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && match(pid) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// commandLine is the program and its arguments; nil if the process is gone.
func commandLine(pid int) []string { return listed(pid, "cmdline") }

// environment is the process's as it was when it started.
func environment(pid int) []string { return listed(pid, "environ") }

func listed(pid int, file string) []string {
	data, err := os.ReadFile(procFile(pid, file))
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

// proportional is the process's memory in bytes, with what it shares with
// others counted in parts (PSS).
func proportional(pid int) (float64, error) {
	return memoryField(pid, "smaps_rollup", "Pss:")
}

// peak is the most memory that the process has had resident, in bytes. It is
// that of the program it executes; ru_maxrss would begin with ours, which the
// child shares until it executes.
func peak(pid int) (float64, error) {
	return memoryField(pid, "status", "VmHWM:")
}

func memoryField(pid int, file, field string) (float64, error) {
	data, err := os.ReadFile(procFile(pid, file))
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) > 1 && words[0] == field {
			kb, err := strconv.ParseFloat(words[1], 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("%s: no %s", procFile(pid, file), field)
}

func procFile(pid int, file string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), file)
}
