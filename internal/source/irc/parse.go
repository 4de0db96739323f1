// Package irc reads Twitch chat: a parser for the lines of Twitch's dialect of
// IRC, a decoder that makes [chat.Event] values of them, and a [Reader] that
// keeps any number of channels joined over as few connections as Twitch
// allows.
//
// Outside rules: RFC 1459 and the IRCv3 message-tags specification for the form
// of a line, Twitch's IRC documentation (https://dev.twitch.tv/docs/chat/irc)
// for what its tags mean.
package irc

import (
	"errors"
	"iter"
	"strings"
)

// MaxLineBytes is the length of the longest line that is read, without its
// line end. Twitch's longest are a few KiB (replies repeat the parent's text);
// the rest is room for what it adds next.
const MaxLineBytes = 256 << 10

// maxParams is the number of parameters that RFC 1459 allows; the last takes
// the rest of the line.
const maxParams = 15

// Errors of [ParseLine].
var (
	ErrEmpty     = errors.New("the line is empty")
	ErrNoCommand = errors.New("the line has no command after its tags and prefix")
	ErrTooLong   = errors.New("the line is longer than 256 KiB")
)

// Line is one IRC line, cut up but not interpreted. Its strings are parts of
// the line that was parsed, so that parsing allocates nothing.
type Line struct {
	Tags    Tags   // as written, without '@'
	Prefix  string // as written, without ':'; see Nick and Login
	Command string // upper case
	params  [maxParams]string
	n       int
}

// ParseLine cuts line into dst. A line end (LF, CR LF or CR) may be there or
// not; it is tolerant of several spaces between parts and of a last parameter
// without its colon. Bytes that are no UTF-8 stay as they are; [Decoder]
// replaces them.
func ParseLine(dst *Line, line string) error {
	dst.Tags, dst.Prefix, dst.Command, dst.n = "", "", "", 0
	for line != "" && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	if len(line) > MaxLineBytes {
		return ErrTooLong
	}
	line = skipSpaces(line)
	if line == "" {
		return ErrEmpty
	}
	if line[0] == '@' {
		i := strings.IndexByte(line, ' ')
		if i < 0 {
			return ErrNoCommand
		}
		dst.Tags, line = Tags(line[1:i]), skipSpaces(line[i:])
	}
	if line != "" && line[0] == ':' {
		i := strings.IndexByte(line, ' ')
		if i < 0 {
			return ErrNoCommand
		}
		dst.Prefix, line = line[1:i], skipSpaces(line[i:])
	}
	command, line := cutWord(line)
	if command == "" {
		return ErrNoCommand
	}
	dst.Command = strings.ToUpper(command) // allocates only where a letter is small
	for line != "" {
		if line[0] == ':' || dst.n == maxParams-1 {
			dst.params[dst.n] = strings.TrimPrefix(line, ":")
			dst.n++
			return nil
		}
		dst.params[dst.n], line = cutWord(line)
		dst.n++
	}
	return nil
}

func skipSpaces(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	return s
}

// cutWord returns the text before the first space, and what begins after the
// run of spaces.
func cutWord(s string) (word, rest string) {
	for i := range len(s) {
		if s[i] == ' ' {
			return s[:i], skipSpaces(s[i:])
		}
	}
	return s, ""
}

// NumParams returns the number of parameters.
func (l *Line) NumParams() int { return l.n }

// Param returns the parameter at index i, "" where the line has none. The
// colon before the last one is not part of it.
func (l *Line) Param(i int) string {
	if i < 0 || i >= l.n {
		return ""
	}
	return l.params[i]
}

// Channel returns the login of the channel that a line is about: the first
// parameter without '#', in lower case. It returns "" where the first
// parameter names no channel.
func (l *Line) Channel() string {
	p := l.Param(0)
	if len(p) < 2 || p[0] != '#' {
		return ""
	}
	return strings.ToLower(p[1:])
}

// Nick returns the nick of the prefix ("nick!user@host", "nick@host"), "" where
// there is none, and the server's name for a line of the server.
func (l *Line) Nick() string {
	for i := range len(l.Prefix) {
		if c := l.Prefix[i]; c == '!' || c == '@' {
			return l.Prefix[:i]
		}
	}
	return l.Prefix
}

// Login returns the login of whoever wrote the line, in lower case: the nick,
// or the user where the nick is empty (":!user@host" was seen). It returns ""
// for the lines of the server.
func (l *Line) Login() string {
	nick := l.Nick()
	if nick == "" {
		_, rest, _ := strings.Cut(l.Prefix, "!")
		nick, _, _ = strings.Cut(rest, "@")
	} else if len(nick) == len(l.Prefix) && strings.IndexByte(nick, '.') >= 0 {
		return "" // a server: logins hold no dots
	}
	return strings.ToLower(nick)
}

// Tag returns the unescaped value of the tag key, and whether the line has it.
// It allocates only where the value holds an escape.
func (l *Line) Tag(key string) (string, bool) {
	v, ok := l.Tags.Raw(key)
	return Unescape(v), ok
}

// Tags are the tags of a line as they are written: "key=value;key=value".
type Tags string

// Raw returns the value of key as it is written, still escaped. A tag without
// '=' has an empty value; the last of several tags with one key counts.
func (t Tags) Raw(key string) (value string, ok bool) {
	for k, v := range t.All() {
		if k == key {
			value, ok = v, true
		}
	}
	return value, ok
}

// All iterates over the tags in the order in which they are written. Values are
// still escaped (see [Unescape]). Tags without a key are passed over.
func (t Tags) All() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for rest := string(t); rest != ""; {
			var key, value string
			key, value, rest = cutTag(rest)
			if key != "" && !yield(key, value) {
				return
			}
		}
	}
}

// cutTag cuts the first tag off.
func cutTag(s string) (key, value, rest string) {
	for i := range len(s) {
		switch s[i] {
		case ';':
			return s[:i], "", s[i+1:]
		case '=':
			key, s = s[:i], s[i+1:]
			end := strings.IndexByte(s, ';')
			if end < 0 {
				return key, s, ""
			}
			return key, s[:end], s[end+1:]
		}
	}
	return s, "", ""
}

// Unescape returns the value of a tag without its escapes: "\:" is ';', "\s" a
// space, "\\" a backslash, "\r" CR and "\n" LF; a backslash before anything else
// vanishes, and so does one at the end (IRCv3 message-tags). It works in one
// pass, so that "\\s" is a backslash and an 's'. It allocates only where there
// is something to replace.
func Unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) - 1)
	for i >= 0 {
		b.WriteString(s[:i])
		if i+1 == len(s) {
			return b.String()
		}
		c := s[i+1]
		switch c {
		case ':':
			c = ';'
		case 's':
			c = ' '
		case 'r':
			c = '\r'
		case 'n':
			c = '\n'
		}
		b.WriteByte(c)
		s = s[i+2:]
		i = strings.IndexByte(s, '\\')
	}
	b.WriteString(s)
	return b.String()
}

// Escape is the inverse of [Unescape]: it returns s so that it can be written
// as the value of a tag.
func Escape(s string) string {
	if !strings.ContainsAny(s, "; \\\r\n") {
		return s
	}
	return string(AppendEscaped(make([]byte, 0, len(s)+16), s))
}

// AppendEscaped appends the escaped form of s to dst.
func AppendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case ';':
			dst = append(dst, `\:`...)
		case ' ':
			dst = append(dst, `\s`...)
		case '\\':
			dst = append(dst, `\\`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\n':
			dst = append(dst, `\n`...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
