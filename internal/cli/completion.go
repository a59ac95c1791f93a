package cli

import (
	"fmt"
	"strings"

	"github.com/backjob/job"
)

// completeVerbName is what the shells' scripts call: job __complete WORD…
// prints what may stand in the place of the last word, one a line.
const completeVerbName = "__complete"

var scripts = map[string]string{
	"bash": `# job completion for bash: source <(job completion bash)
_job() {
	local word
	COMPREPLY=()
	while IFS= read -r word; do
		COMPREPLY+=("$(printf %q "$word")")
	done < <(job __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _job job
`,
	"zsh": `#compdef job
# job completion for zsh: source <(job completion zsh)
_job() {
	local -a words_
	words_=("${(@f)$(job __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if (( ${#words_} )) && [[ -n "${words_[1]}" ]]; then compadd -- "${words_[@]}"; else _files; fi
}
compdef _job job
`,
	"fish": `# job completion for fish: job completion fish | source
complete -c job -a '(job __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
	"powershell": `# job completion for PowerShell: job completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName job -ScriptBlock {
	param($word, $ast, $position)
	$words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
	if ($word -eq '') { $words += '' }
	job __complete @words 2>$null | Where-Object { $_ -like "$word*" } |
		ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`,
}

func completionVerb() *verb {
	v := &verb{
		args:    "bash|zsh|fish|powershell",
		summary: "print the completion script of a shell",
		help:    "The script completes verbs, flags, states, streams, and the names and ids of jobs.",
		example: "source <(job completion bash)\njob completion fish | source",
	}
	v.flags = newFlags()
	v.run = func(c *call) error {
		const known = "the shells are bash, zsh, fish and powershell"
		if len(c.args) != 1 {
			return usage("one shell has to be named", known)
		}
		name := strings.ToLower(c.args[0])
		if name == "pwsh" {
			name = "powershell"
		}
		script, ok := scripts[name]
		if !ok {
			return usage("there is no completion for "+quoteArg(c.args[0]), known)
		}
		_, err := c.out.WriteString(script)
		return err
	}
	return v
}

func completeVerb() *verb {
	v := &verb{hidden: true, raw: true}
	v.flags = newFlags()
	v.run = func(c *call) error {
		for _, word := range c.complete(c.args) {
			fmt.Fprintln(c.out, word)
		}
		return nil
	}
	return v
}

// complete gives what may stand in the place of the last word.
func (c *call) complete(words []string) (all []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	if len(words) == 1 {
		for _, v := range verbs() {
			if v.names[0] != completeVerbName {
				all = append(all, v.names[0])
			}
		}
		return begin(all, last)
	}
	v := build(words[0])
	if v == nil {
		return nil
	}
	before := strings.TrimLeft(words[len(words)-2], "-")
	switch {
	case v.name == "help":
		return c.complete(words[1:2])
	case v.name == "completion":
		return begin([]string{"bash", "zsh", "fish", "powershell"}, last)
	case v.name == "on" && before == "state":
		of, _, named := strings.Cut(last, "=")
		if !named {
			return begin(c.jobWords(), last)
		}
		for _, s := range job.States() {
			all = append(all, of+"="+s.String())
		}
	case before == "overlap":
		all = []string{"queue", "skip", "parallel", "replace"}
	case before == "missed":
		all = []string{"skip", "once"}
	case before == "state" || before == "child-state":
		for _, s := range job.States() {
			all = append(all, s.String())
		}
	case before == "stream":
		for _, s := range job.Streams() {
			all = append(all, s.String())
		}
	case strings.HasPrefix(last, "-"):
		for _, f := range v.sortedFlags() {
			all = append(all, dashes(f.name))
		}
	case v.raw || v.name == "write" || v.name == "version":
		return nil // a command of one's own: the shell knows better
	default:
		all = c.jobWords()
	}
	return begin(all, last)
}

// jobWords are the ids and names of jobs.
func (c *call) jobWords() (words []string) {
	if err := c.open(); err != nil {
		return nil
	}
	jobs, _, err := c.source.Newest(newestShown)
	if err != nil {
		return nil
	}
	for _, j := range jobs {
		if i, err := j.Info(); err == nil {
			words = append(words, i.Ref.String(), i.Name)
		}
	}
	return words
}

func begin(words []string, prefix string) (kept []string) {
	for _, w := range words {
		if strings.HasPrefix(w, prefix) {
			kept = append(kept, w)
		}
	}
	return kept
}
