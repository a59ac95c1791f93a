package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// report prints what was measured. Only this file prints results.
type report struct {
	w io.Writer
}

// limit is what a target asks of a ratio, a difference or a size.
type limit struct {
	value float64
	least bool // value is the least that holds, else the most
}

func atMost(v float64) limit  { return limit{value: v} }
func atLeast(v float64) limit { return limit{value: v, least: true} }

func (l limit) holds(v float64) bool {
	if l.least {
		return v >= l.value
	}
	return v <= l.value
}

func (l limit) text(format func(float64) string) string {
	if l.least {
		return "at least " + format(l.value)
	}
	return "at most " + format(l.value)
}

func (l limit) verdict(v float64) string {
	if l.holds(v) {
		return "holds"
	}
	return "does not hold"
}

const columns = "%-3s %-30s %10s   %-30s %10s   %-22s %-17s %s\n"

func (r *report) line(cells ...any) {
	fmt.Fprintln(r.w, strings.TrimRight(fmt.Sprintf(columns, cells...), " \n"))
}

// head says on what machine the run is, and names the columns.
func (r *report) head(dir string) {
	fmt.Fprintf(r.w, "%s/%s %s, %d processors, %s, load %s, in %s\n", runtime.GOOS, runtime.GOARCH,
		firstWord("/proc/sys/kernel/osrelease"), runtime.NumCPU(), runtime.Version(), firstWord("/proc/loadavg"), dir)
	r.line("", "ours", "median", "against", "median", "median (p25–p75)", "target", "")
}

func firstWord(file string) string {
	data, err := os.ReadFile(file)
	if err != nil || len(data) == 0 {
		return "?"
	}
	return strings.Fields(string(data))[0]
}

// times prints how many times the peer's time ours is.
func (r *report) times(target string, ours string, a sample, peer string, b sample, l limit) {
	r.compare(target, ours, a, peer, b, a.over(b), l, factor)
}

// speed prints what part of the peer's speed ours is, for the same work.
func (r *report) speed(target string, ours string, a sample, peer string, b sample, l limit) {
	r.compare(target, ours, a, peer, b, b.over(a), l, percent)
}

// later prints how much longer ours takes.
func (r *report) later(target string, ours string, a sample, peer string, b sample, l limit) {
	r.compare(target, ours, a, peer, b, a.minus(b), l, milliseconds)
}

// alsoLater prints the same without a target.
func (r *report) alsoLater(target string, ours string, a sample, peer string, b sample) {
	r.line(target, ours, milliseconds(a.median()), peer, milliseconds(b.median()), spread(a.minus(b), milliseconds), "none", "")
}

func (r *report) compare(target, ours string, a sample, peer string, b, both sample, l limit, format func(float64) string) {
	r.line(target, ours, duration(a.median()), peer, duration(b.median()),
		spread(both, format), l.text(format), l.verdict(both.median()))
}

// control prints the peer against itself, if it ran twice.
func (r *report) control(target, peer string, samples []sample) {
	if len(samples) == 3 {
		a, b := samples[2], samples[1]
		r.line(target, "control: "+peer, milliseconds(a.median()), peer, milliseconds(b.median()),
			spread(b.over(a), percent), "none: the noise", "")
	}
}

// floor prints a time that nothing can be below, for orientation.
func (r *report) floor(target, name string, s sample) {
	r.line(target, name, duration(s.median()), "", "", "", "none: the floor", "")
}

// alone prints a time whose peer is missing.
func (r *report) alone(target, name string, s sample) {
	r.line(target, name, milliseconds(s.median()), "nothing", "", "", "", "could not be compared")
}

// within prints a time that has a limit of its own, beside the peer's.
func (r *report) within(target, ours string, a sample, peer string, b sample, l limit) {
	r.line(target, ours, duration(a.median()), peer, duration(b.median()), spread(a, duration), l.text(duration), l.verdict(a.median()))
}

// memory prints the mean of a size, which may have a limit of its own.
func (r *report) memory(target, name string, s sample, l limit) {
	r.line(target, name, kilobytes(s.mean()), "", "", spread(s, kilobytes), l.text(kilobytes), l.verdict(s.mean()))
}

// memoryOfPeer prints the mean of a size that a peer takes.
func (r *report) memoryOfPeer(target, name string, s sample) {
	r.line(target, "", "", name, kilobytes(s.mean()), spread(s, kilobytes), "", "")
}

// missing says that a target could not be measured, and why.
func (r *report) missing(target string, err error) {
	fmt.Fprintf(r.w, "%-3s could not be measured: %v\n", target, err)
}

func spread(s sample, format func(float64) string) string {
	return fmt.Sprintf("%s (%s–%s)", format(s.median()), number(format(s.quantile(0.25))), number(format(s.quantile(0.75))))
}

// number is a formatted value without its unit.
func number(text string) string { return strings.TrimRight(text, " %nmsKB") }

// duration has the unit that fits.
func duration(v float64) string {
	if v < 10e-6 {
		return nanoseconds(v)
	}
	return milliseconds(v)
}

func factor(v float64) string       { return fmt.Sprintf("%.2f", v) }
func percent(v float64) string      { return fmt.Sprintf("%.1f%%", v*100) }
func milliseconds(v float64) string { return fmt.Sprintf("%.2f ms", v*1000) }
func nanoseconds(v float64) string  { return fmt.Sprintf("%.0f ns", v*1e9) }

// kilobytes are whole; of what is smaller the bytes count.
func kilobytes(v float64) string {
	if v < 10*1024 {
		return fmt.Sprintf("%.0f B", v)
	}
	return fmt.Sprintf("%.0f KB", v/1024)
}
