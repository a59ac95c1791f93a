package cli

import (
	"fmt"
	"io"
	"sort"
	"strings"
)

const introduction = `job runs commands in the background. They go on when the shell, the terminal and the
login are gone; what they put out is kept until you remove them.

  job start -- make -j8        start one; the prompt is back at once
  job get                      what runs, and what ran
  job receive 7 --follow       what it puts out
  job wait 7                   wait for its end
  job stop 7                   end it, with all its processes

`

func helpVerb() *verb {
	v := &verb{args: "[VERB]", summary: "show how a verb is used", example: "job help start"}
	v.flags = newFlags()
	v.run = func(c *call) error {
		if len(c.args) == 0 {
			return c.overview()
		}
		asked := build(c.args[0])
		if asked == nil {
			return usage("unknown verb "+quoteArg(c.args[0]), "job help lists the verbs"+suggestion(c.args[0]))
		}
		return c.verbHelp(c.out, asked)
	}
	return v
}

// overview shows all verbs.
func (c *call) overview() error {
	_, err := io.WriteString(c.out, overviewText())
	return err
}

func overviewText() string {
	var b strings.Builder
	b.WriteString(introduction + "Verbs (job help VERB, or job VERB --help, says more):\n")
	for _, v := range verbs() {
		built := v.build()
		if built.hidden {
			continue
		}
		fmt.Fprintf(&b, "  %-12s %-44s %s\n", v.names[0], built.summary, strings.Join(v.names[1:], ", "))
	}
	text := strings.ReplaceAll(b.String(), " \n", "\n")
	for strings.Contains(text, " \n") {
		text = strings.ReplaceAll(text, " \n", "\n")
	}
	return text + "\nEvery verb takes --repository DIR (default $JOB_REPOSITORY, else $XDG_STATE_HOME/job or\n" +
		"~/.local/state/job). Exit codes: 0 done, 1 not done, 2 wrong command line, 3 no such job,\n" +
		"4 the job's state does not allow it, 124 the time of a wait ran out, 130 and 143 interrupted.\n"
}

// verbHelp shows how one verb is used.
func (c *call) verbHelp(out io.Writer, v *verb) error {
	_, err := io.WriteString(out, v.text())
	return err
}

func (v *verb) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "job %s: %s\n\nUsage:\n", v.name, v.summary)
	for _, usage := range strings.Split(v.args, "  |  ") {
		fmt.Fprintf(&b, "  %s\n", strings.TrimSpace("job "+v.name+" "+usage))
	}
	if len(v.aliases) > 0 {
		fmt.Fprintf(&b, "\nAlso called: %s\n", strings.Join(v.aliases, ", "))
	}
	if v.help != "" {
		fmt.Fprintf(&b, "\n%s\n", v.help)
	}
	b.WriteString("\nFlags:\n")
	for _, f := range v.sortedFlags() {
		fmt.Fprintf(&b, "  %-26s %s\n", strings.TrimSpace(dashes(f.name)+joint(f.value)+f.value), f.text)
	}
	if v.example != "" {
		fmt.Fprintf(&b, "\nExamples:\n  %s\n", strings.ReplaceAll(v.example, "\n", "\n  "))
	}
	if v.exits != "" {
		fmt.Fprintf(&b, "\nExit codes: 0 done; 2 the command line is wrong; %s\n", strings.ReplaceAll(v.exits, "\n", "\n  "))
	}
	return b.String()
}

func joint(value string) string {
	if strings.HasPrefix(value, "[") {
		return ""
	}
	return " "
}

func (v *verb) sortedFlags() []shownFlag {
	shown := append([]shownFlag(nil), v.flags.shown...)
	sort.SliceStable(shown, func(i, k int) bool { return shown[i].name < shown[k].name })
	return shown
}
