package logfile

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"chatmood/internal/chat"
)

// Column names that tables of chat use, in the order of preference.
var ( //nolint:gochecknoglobals // constant
	timeColumns    = []string{"timestamp", "time", "date", "created_at", "datetime", "time_in_seconds", "offset", "time_text"}
	loginColumns   = []string{"login", "author.name", "username", "user_name", "user", "author", "name", "nick", "chatter", "author.display_name"}
	displayColumns = []string{"author.display_name", "display_name", "displayname"}
	textColumns    = []string{"message", "text", "body", "content", "comment"}
	channelColumns = []string{"channel"}
	idColumns      = []string{"message_id", "id"}
)

// tableSeparator returns what separates the fields of a table's header.
func tableSeparator(header []byte) byte {
	best, most := byte(','), 0
	for _, sep := range []byte{',', ';', '\t'} {
		if n := bytes.Count(header, []byte{sep}); n > most {
			best, most = sep, n
		}
	}
	return best
}

// isTableHeader reports whether line names at least a text and a name column
// or a text and a time column.
func isTableHeader(line []byte) bool {
	fields, ok := splitFields(nil, line, tableSeparator(line))
	if !ok || len(fields) < 2 {
		return false
	}
	return column(fields, textColumns) >= 0 && (column(fields, loginColumns) >= 0 || column(fields, timeColumns) >= 0)
}

// column returns the index of the first of names that is among fields, -1 for none.
func column(fields, names []string) int {
	for _, name := range names {
		for i, f := range fields {
			if strings.EqualFold(strings.TrimSpace(f), name) {
				return i
			}
		}
	}
	return -1
}

// csvParser reads tables (RFC 4180, and with ';' or tabs).
type csvParser struct {
	r                                     *Reader
	sep                                   byte
	at, login, display, text, channel, id int
	fields                                []string
	record                                []byte
	columns                               int
	headed                                bool
}

func newCSVParser(r *Reader, head []byte) parser {
	header, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'})
	return &csvParser{r: r, sep: tableSeparator(header)}
}

func (p *csvParser) next(ev *chat.Event) error {
	if err := p.readRecord(); err != nil {
		return err
	}
	if !p.headed {
		p.headed = true
		p.columns = len(p.fields)
		p.at, p.login, p.display = column(p.fields, timeColumns), column(p.fields, loginColumns), column(p.fields, displayColumns)
		p.text, p.channel, p.id = column(p.fields, textColumns), column(p.fields, channelColumns), column(p.fields, idColumns)
		switch {
		case p.text < 0:
			return broken("the header names no column for the text (message, text, body or content)")
		case p.at < 0:
			p.r.note(noTimes)
		}
		return errSkip
	}
	if p.text < 0 {
		return io.EOF
	}
	field := func(i int) string {
		if i < 0 || i >= len(p.fields) {
			return ""
		}
		return p.fields[i]
	}
	if len(p.fields) < p.columns {
		return broken("has %d fields where the header has %d", len(p.fields), p.columns)
	}
	ev.Time = p.r.untimed()
	if p.at >= 0 {
		t, ok := parseWhen(field(p.at), p.r.opts.Base, p.r.opts.Location)
		if !ok {
			return broken("the time %q cannot be read", cut(field(p.at), 40))
		}
		ev.Time = t
	}
	name := strings.TrimSpace(field(p.login))
	login := strings.ToLower(name)
	display := strings.TrimSpace(field(p.display))
	if display == "" {
		display = name
	}
	if display == login {
		display = ""
	}
	if channel, ok := chat.CleanChannel(field(p.channel)); ok {
		ev.Channel = channel
	}
	setMessage(ev, field(p.id), login, display, field(p.text))
	noticeInText(ev, ev.Message.Name())
	return nil
}

// readRecord reads one record into fields. A quoted field may hold line ends;
// one that is never closed costs its own line only.
func (p *csvParser) readRecord() error {
	line, err := p.r.textLine()
	if err != nil {
		return err
	}
	first := p.r.in.line
	p.record = append(p.record[:0], line...)
	var ok bool
	for lines := 0; ; lines++ {
		if p.fields, ok = splitFields(p.fields[:0], p.record, p.sep); ok {
			return nil
		}
		if lines >= 50 || len(p.record) > maxLine {
			return &lineError{line: first, why: "a quotation mark is never closed"}
		}
		line, err := p.r.in.any()
		if errors.Is(err, io.EOF) {
			return &lineError{line: first, why: "a quotation mark is never closed"}
		}
		if err != nil {
			return err
		}
		p.record = append(append(p.record, '\n'), bytes.ToValidUTF8(line, []byte("\uFFFD"))...)
	}
}

// splitFields splits a record. It reports false where a quoted field is not
// closed. The strings share one copy of record.
func splitFields(dst []string, record []byte, sep byte) ([]string, bool) {
	rest := string(record)
	for {
		if !strings.HasPrefix(rest, `"`) {
			i := strings.IndexByte(rest, sep)
			if i < 0 {
				return append(dst, rest), true
			}
			dst, rest = append(dst, rest[:i]), rest[i+1:]
			continue
		}
		end, doubled := 1, false
		for {
			i := strings.IndexByte(rest[end:], '"')
			if i < 0 {
				return dst, false
			}
			end += i + 1
			if end >= len(rest) || rest[end] != '"' {
				break
			}
			doubled = true
			end++
		}
		field := rest[1 : end-1]
		if doubled {
			field = strings.ReplaceAll(field, `""`, `"`)
		}
		if rest = rest[end:]; rest == "" {
			return append(dst, field), true
		}
		if i := strings.IndexByte(rest, sep); i > 0 { // text after the closing mark
			field, rest = field+rest[:i], rest[i:]
		} else if i < 0 {
			return append(dst, field+rest), true
		}
		dst, rest = append(dst, field), rest[1:]
	}
}

// cut shortens s for a message.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
