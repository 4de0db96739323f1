package logfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"chatmood/internal/chat"
)

// errOpenJSON is a JSON document that ends before its brackets are closed.
var errOpenJSON = errors.New("unexpected end of JSON")

func newHeadReader(head []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(head)) }

// jsonScanner walks through a JSON document without holding more of it than
// one element. It is looser than JSON: it lets extra commas pass, and leaves
// checking an element to whoever decodes it, so that a broken element costs no
// more than itself.
type jsonScanner struct {
	in   *lineReader // for its buffer and line count
	buf  []byte
	lost bool // a quotation mark was missing: brackets may be stray
}

// peek returns the next byte that is no white space or comma, without taking it.
func (s *jsonScanner) peek() (byte, error) {
	for {
		b, err := s.in.br.Peek(1)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = &truncatedError{errOpenJSON}
			}
			return 0, err
		}
		switch b[0] {
		case '\n':
			s.in.line++
		case ' ', '\t', '\r', ',':
		default:
			return b[0], nil
		}
		s.skipByte()
	}
}

func (s *jsonScanner) skipByte() { s.in.br.Discard(1) } //nolint:errcheck // only after Peek(1)

var errEndOfValues = errors.New("logfile: closing bracket")

// element reads the next element of an array. It returns errEndOfValues at the
// closing bracket, and a lineError for an element over the limit. The bytes
// are good until the next call.
func (s *jsonScanner) element() ([]byte, error) {
	c, err := s.peek()
	if err != nil {
		return nil, err
	}
	for c == '}' && s.lost {
		s.skipByte()
		if c, err = s.peek(); err != nil {
			return nil, err
		}
	}
	if c == ']' || c == '}' {
		s.skipByte()
		return nil, errEndOfValues
	}
	line := s.in.line + 1
	s.buf = s.buf[:0]
	size, err := s.walk(maxLine)
	if err != nil {
		return nil, err
	}
	if size > maxLine {
		return nil, &lineError{line: line, why: "the element is larger than 1 MiB"}
	}
	return s.buf, nil
}

// skipValue passes over a value of any size.
func (s *jsonScanner) skipValue() error {
	s.buf = s.buf[:0]
	_, err := s.walk(0)
	return err
}

// key reads an object's next key and the colon. It returns errEndOfValues at
// the closing bracket.
func (s *jsonScanner) key() (string, error) {
	raw, err := s.element()
	if err != nil {
		return "", err
	}
	var key string
	if json.Unmarshal(raw, &key) != nil {
		return "", broken("a key of the JSON document is broken")
	}
	c, err := s.peek()
	if err != nil {
		return "", err
	}
	if c != ':' {
		return "", broken("the JSON document lacks a colon after %q", key)
	}
	s.skipByte()
	return key, nil
}

// walk takes one value and appends up to keep bytes of it to buf. It returns
// the size of the value. A value with a string that is not closed on its line
// ends there, with a lineError, since JSON escapes line ends: so a lost
// quotation mark cannot swallow the rest of the file.
func (s *jsonScanner) walk(keep int) (size int, err error) {
	depth, inString, escaped := 0, false, false
	first := true
	for {
		window, err := s.window()
		if err != nil {
			if errors.Is(err, io.EOF) && !first && depth == 0 && !inString {
				return size, nil // a bare number at the very end
			}
			if errors.Is(err, io.EOF) {
				err = &truncatedError{errOpenJSON}
			}
			return size, err
		}
		n, done := 0, false
		for n < len(window) && !done {
			c := window[n]
			if inString {
				switch {
				case c == '\n':
					line := s.in.line + 1
					s.in.line++
					s.lost = true
					s.take(window[:n+1], 0)
					return size, &lineError{line: line, why: "a quotation mark is missing"}
				case escaped:
					escaped = false
				case c == '\\':
					escaped = true
				case c == '"':
					inString = false
					done = depth == 0
				}
				n++
				continue
			}
			switch c {
			case '"':
				inString = true
			case '{', '[':
				depth++
			case '}', ']':
				if depth == 0 { // the end of what a bare value stands in
					s.take(window[:n], keep)
					return size + n, nil
				}
				depth--
				done = depth == 0
			case '\n':
				s.in.line++
				fallthrough
			case ' ', '\t', '\r', ',', ':':
				if depth == 0 && !first {
					if c == '\n' {
						s.in.line--
					}
					s.take(window[:n], keep)
					return size + n, nil
				}
			}
			first = false
			n++
		}
		s.take(window[:n], keep)
		size += n
		if done {
			return size, nil
		}
	}
}

// window returns what is buffered, reading more only when nothing is.
func (s *jsonScanner) window() ([]byte, error) {
	if _, err := s.in.br.Peek(1); err != nil {
		return nil, err
	}
	return s.in.br.Peek(s.in.br.Buffered())
}

// take moves b, the front of the window, to buf as far as keep allows.
func (s *jsonScanner) take(b []byte, keep int) {
	if room := keep - len(s.buf); room > 0 {
		s.buf = append(s.buf, b[:min(len(b), room)]...)
	}
	s.in.br.Discard(len(b)) //nolint:errcheck // buffered
}

// jsonDecoder turns elements of one JSON format into events. header gets the
// members of the document that stand before its array; decode returns errSkip,
// a lineError or nil.
type jsonDecoder interface {
	header(key string, value []byte)
	decode(ev *chat.Event, value []byte) error
}

// jsonParser reads a document's array, or lines of JSON.
type jsonParser struct {
	r       *Reader
	dec     jsonDecoder
	scan    jsonScanner
	lines   bool
	started bool
}

func newJSONParser(r *Reader, head []byte, dec jsonDecoder) parser {
	p := &jsonParser{r: r, dec: dec, scan: jsonScanner{in: r.in}}
	p.lines = documentFormat(bytes.TrimSpace(head)) == ""
	return p
}

func (p *jsonParser) next(ev *chat.Event) error {
	if p.lines {
		line, err := p.r.in.next()
		if err != nil {
			return err
		}
		return p.dec.decode(ev, bytes.TrimSpace(line))
	}
	if !p.started {
		p.started = true
		if err := p.enter(); err != nil {
			return err
		}
	}
	value, err := p.scan.element()
	if err == errEndOfValues { //nolint:errorlint // never wrapped
		if p.scan.lost {
			p.r.note("quotation marks are missing in the JSON document: messages after them may have been lost")
		}
		return io.EOF // what follows (embedded pictures) is of no use here
	}
	if err != nil {
		return err
	}
	err = p.dec.decode(ev, value)
	var le *lineError
	if errors.As(err, &le) && le.line == 0 {
		le.line = p.r.in.line + 1
	}
	return err
}

// enter goes to the first element of the document's array.
func (p *jsonParser) enter() error {
	c, err := p.scan.peek()
	if err != nil {
		return err
	}
	p.scan.skipByte()
	if c == '[' {
		return nil
	}
	for {
		key, err := p.scan.key()
		if err != nil {
			if errors.Is(err, errEndOfValues) {
				return io.EOF
			}
			return err
		}
		c, err := p.scan.peek()
		if err != nil {
			return err
		}
		switch {
		case c == '[' && (key == "comments" || key == "messages"):
			p.scan.skipByte()
			return nil
		case key == "video" || key == "streamer":
			value, err := p.scan.element()
			if err == errEndOfValues { //nolint:errorlint // never wrapped
				return io.EOF
			}
			if err != nil {
				return err
			}
			p.dec.header(key, value)
		default:
			if err := p.scan.skipValue(); err != nil {
				return err
			}
		}
	}
}

// decodeJSON decodes value into v. Its error is a lineError.
func decodeJSON(value []byte, v any) error {
	err := json.Unmarshal(value, v)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return broken("the field %q is a %s", wrong.Field, wrong.Value)
	}
	return broken("is not valid JSON: %v", err)
}
