package job

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultGrace is the time between asking a job to end and killing it.
const DefaultGrace = 10 * time.Second

// Spec says what to run, where, and with what. The zero value of each field
// but Argv is usable.
type Spec struct {
	Name    string   // "" means "Job" and the id
	Argv    []string // the program and its arguments, passed on byte for byte
	Command string   // the work as text; "" means Argv, quoted as for a shell
	Dir     string   // working directory; "" means the caller's
	Env     []string // "K=V", all of it; nil means the caller's

	Input     string    // file to read as standard input; "" means nothing
	InputFrom io.Reader // taken whole before the job starts; goes before Input

	Merge      bool          // standard error goes where standard output goes
	Timeout    time.Duration // for each attempt; 0 means none
	Grace      time.Duration // between asking and killing; 0 means DefaultGrace, less kills at once
	Retry      int           // further attempts after Failed
	RetryDelay time.Duration // before each of them
	Notify     string        // command for the shell to run once the job is final
	Async      bool          // come back before the program runs
}

// MaxName is the longest name of a job, in bytes.
const MaxName = 255

// CheckName tells whether a job may have this name: not empty, at most
// MaxName bytes, no control character, no slash, and unlike an id.
func CheckName(name string) error {
	why := ""
	_, looksLikeID := ParseRef(name)
	switch {
	case name == "":
		why = "a name cannot be empty"
	case len(name) > MaxName:
		why = fmt.Sprintf("a name has at most %d bytes, this one has %d", MaxName, len(name))
	case looksLikeID:
		why = fmt.Sprintf("the name %q looks like an id", name)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		why = fmt.Sprintf("the name %q has a control character or is not UTF-8", name)
	case strings.Contains(name, "/"):
		why = fmt.Sprintf("the name %q has a slash", name)
	default:
		return nil
	}
	return &Error{Kind: Invalid, Err: fmt.Errorf("%s", why),
		Hint: "use letters, digits, blanks and signs other than /"}
}

// CommandText is the arguments as one text that a shell would take apart into
// the same arguments again.
func CommandText(argv []string) string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = quote(arg, i == 0)
	}
	return strings.Join(words, " ")
}

// keywords are the words that a shell does not take for a program's name.
const keywords = " if then else elif fi do done case esac while until for in function select time coproc "

func quote(arg string, first bool) string {
	meant := first && (strings.Contains(arg, "=") || strings.Contains(keywords, " "+arg+" "))
	if arg != "" && !meant && !strings.ContainsFunc(arg, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@%+=:,./_-", r)
	}) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
