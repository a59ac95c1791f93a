package cli

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/backjob/job"
	"github.com/backjob/job/local"
)

// verb is a subcommand with its flags. Only the one that is asked for is
// built; building all costs a start its share.
type verb struct {
	name    string
	aliases []string
	args    string // as in the usage line
	summary string // half a line
	help    string // what the flags do not say
	example string
	exits   string // exit codes beside 0 and 2
	raw     bool   // flags end at the first word that is none
	hidden  bool
	flags   *flags
	run     func(c *call) error
}

// entry is a verb that is not built yet.
type entry struct {
	names []string // with aliases
	build func() *verb
}

// verbs lists all, in the order in which help shows them.
func verbs() []entry {
	return []entry{
		{[]string{"start"}, startVerb},
		{[]string{"run"}, runVerb},
		{[]string{"on"}, onVerb},
		{[]string{"get", "ls", "list"}, getVerb},
		{[]string{"receive", "logs"}, receiveVerb},
		{[]string{"wait"}, waitVerb},
		{[]string{"stop", "kill"}, stopVerb},
		{[]string{"remove", "rm"}, removeVerb},
		{[]string{"suspend", "pause"}, suspendVerb},
		{[]string{"resume", "continue"}, resumeVerb},
		{[]string{"write"}, writeVerb},
		{[]string{"version"}, versionVerb},
		{[]string{"completion"}, completionVerb},
		{[]string{"help"}, helpVerb},
		{[]string{completeVerbName}, completeVerb},
	}
}

func build(name string) *verb {
	for _, v := range verbs() {
		for _, n := range v.names {
			if n == name {
				built := v.build()
				built.name, built.aliases = v.names[0], v.names[1:]
				built.flags.text("repository", "DIR", "", "the repository (default $JOB_REPOSITORY, else $XDG_STATE_HOME/job, else ~/.local/state/job)")
				return built
			}
		}
	}
	return nil
}

// call is one call of a verb.
type call struct {
	verb   *verb
	args   []string // without flags
	source *local.Source
	in     *os.File
	out    *os.File
	err    io.Writer
	exit   int // the worst so far
}

// Main runs the command with these arguments, without the program's name, and
// gives its exit status.
func Main(args []string) int {
	c := &call{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	err := c.main(args)
	if c.source != nil {
		c.source.Close()
	}
	if err != nil {
		c.fail(err)
	}
	return c.exit
}

func (c *call) main(args []string) error {
	repository := ""
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch value, isRepository := strings.CutPrefix(strings.TrimLeft(args[0], "-"), "repository"); {
		case args[0] == "--help" || args[0] == "-h":
			return c.overview()
		case args[0] == "--version":
			args[0] = "version"
		case isRepository && strings.HasPrefix(value, "="):
			repository, args = value[1:], args[1:]
		case isRepository && value == "" && len(args) > 1:
			repository, args = args[1], args[2:]
		default:
			return usage("unknown flag "+args[0]+" before the verb", "job help lists the verbs")
		}
	}
	if len(args) == 0 {
		c.overview()
		c.exit = exitUsage
		return nil
	}
	if c.verb = build(args[0]); c.verb == nil {
		return usage("unknown verb "+quoteArg(args[0]), "job help lists the verbs"+suggestion(args[0]))
	}
	if repository != "" {
		c.verb.flags.set.Set("repository", repository)
	}
	positional, err := c.verb.flags.parse(args[1:], c.verb.raw)
	if errors.Is(err, errHelp) {
		return c.verbHelp(c.out, c.verb)
	}
	if err != nil {
		return err
	}
	if c.verb.flags.given("q") && c.verb.flags.given("json") {
		return usage("-q and --json exclude each other", "")
	}
	c.args = positional
	return c.verb.run(c)
}

// open opens the repository.
func (c *call) open() (err error) {
	if c.source != nil {
		return nil
	}
	dir := c.verb.flags.value("repository")
	if c.verb.flags.given("repository") && dir == "" {
		return usage("--repository is empty", "name a folder, or leave the flag out")
	}
	c.source, err = local.Open(dir, local.Options{Warn: c.warn})
	return err
}

func quoteArg(text string) string { return job.CommandText([]string{text}) }
