package store

import (
	"hash/crc32"
	"strconv"
	"strings"
)

// A journal is lines of key=value pairs (logfmt). A value with
// anything but plain characters in it is quoted as a Go string, so that any
// byte survives, and a person can read it.

// line builds one line.
type line struct{ b []byte }

func (l *line) add(key, value string) {
	if len(l.b) > 0 {
		l.b = append(l.b, ' ')
	}
	l.b = append(l.b, key...)
	l.b = append(l.b, '=')
	if plain(value) {
		l.b = append(l.b, value...)
	} else {
		l.b = strconv.AppendQuote(l.b, value)
	}
}

func (l *line) addInt(key string, n int64) {
	l.add(key, strconv.FormatInt(n, 10))
}

func plain(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c <= ' ' || c == '"' || c == '=' || c >= 0x7f {
			return false
		}
	}
	return value != ""
}

// sumLine seals a line with the check sum of all before it, and ends it.
func sumLine(b []byte) []byte {
	sum := crc32.ChecksumIEEE(b)
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, ' ')
	}
	b = append(b, "sum="...)
	b = append(b, strconv.FormatUint(uint64(sum), 16)...)
	return append(b, '\n')
}

// checkSum takes what sumLine made, without the newline, and gives what it
// was made from.
func checkSum(text string) (body string, ok bool) {
	at := strings.LastIndex(text, "sum=")
	if at < 0 {
		return "", false
	}
	sum, err := strconv.ParseUint(text[at+4:], 16, 32)
	body = strings.TrimSuffix(text[:at], " ")
	return body, err == nil && uint32(sum) == crc32.ChecksumIEEE([]byte(body))
}

// eachPair calls fn for every key=value of a line, in order. It reports
// false, and stops, where the line is malformed.
func eachPair(text string, fn func(key, value string)) bool {
	for text != "" {
		key, rest, found := strings.Cut(text, "=")
		if !found || key == "" {
			return false
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return false
			}
			value, _ = strconv.Unquote(quoted)
			text = rest[len(quoted):]
			if text != "" && text[0] != ' ' {
				return false
			}
			text = strings.TrimPrefix(text, " ")
		} else {
			value, text, _ = strings.Cut(rest, " ")
		}
		fn(key, value)
	}
	return true
}
