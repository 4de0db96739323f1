package config

import (
	"fmt"
	"io"
	"log/slog"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Logger returns a logger that writes to w as LOG_FORMAT and LOG_LEVEL say. Each
// event is one line of printable characters, whatever is in it: who reads the log
// on a terminal sees what strangers sent, and the terminal does not obey it.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(printable{w}, opts))
	}
	return slog.New(slog.NewTextHandler(printable{w}, opts))
}

// printable escapes, as JSON does, the characters that do not show, or do
// something else, and that slog lets pass: in text DEL, in JSON also the controls
// behind it and marks that turn the direction of writing.
type printable struct{ w io.Writer }

// Write implements [io.Writer]; line is a whole line of the log. It answers for
// all of line, or for none.
func (p printable) Write(line []byte) (int, error) {
	if _, err := p.w.Write(escaped(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

func escaped(line []byte) []byte {
	plain := func(r rune) bool { return r < 0x7f || unicode.IsPrint(r) }
	var out []byte // nil while there was nothing to escape
	for at := 0; at < len(line); {
		r, size := utf8.DecodeRune(line[at:])
		switch {
		case plain(r):
			if out != nil {
				out = append(out, line[at:at+size]...)
			}
		case out == nil:
			out = append(make([]byte, 0, len(line)+64), line[:at]...)
			fallthrough
		default:
			if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
				out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
		}
		at += size
	}
	if out == nil {
		return line
	}
	return out
}
