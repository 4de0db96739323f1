package frame

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// PlainTextLimit is the number of characters after which the plain dialect
// cuts a message, as the Python version did.
const PlainTextLimit = 1000

// plainTime is how the plain dialect writes times: UTC, always milliseconds.
const plainTime = "2006-01-02T15:04:05.000Z07:00"

// BatchMessages returns the array of messages in a batch frame.
func BatchMessages(batch []byte) ([]byte, error) {
	// What AppendBatch made needs no parsing: the array comes last.
	const key = `,"m":[`
	if i := bytes.Index(batch[:min(len(batch), 96)], []byte(key)); i >= 0 && bytes.HasPrefix(batch, []byte(`{"type":"batch",`)) && bytes.HasSuffix(batch, []byte("]}")) {
		return batch[i+len(key)-1 : len(batch)-1], nil
	}
	var b struct {
		M json.RawMessage `json:"m"`
	}
	if err := json.Unmarshal(batch, &b); err != nil {
		return nil, fmt.Errorf("%w: batch: %w", ErrMalformed, err)
	}
	if b.M == nil {
		return []byte("[]"), nil
	}
	return b.M, nil
}

// EachPlain turns an array of messages (of a batch or hello) into frames of
// the plain dialect and calls emit with each. A frame is valid until emit
// returns. Messages mirrored from another room are left out: clients of this
// dialect count what they get, and those are counted in their own room. It
// returns scratch, perhaps grown, for the next call.
func EachPlain(scratch, messages []byte, emit func(frame []byte)) ([]byte, error) {
	s := scanner{b: messages}
	if !s.take('[') {
		return eachPlainSlow(scratch, messages, 0, emit)
	}
	if string(messages) == "[]" {
		return scratch, nil
	}
	for done := 0; ; done++ {
		var m plainMessage
		if !s.message(&m) {
			return eachPlainSlow(scratch, messages, done, emit)
		}
		if !m.mirrored {
			scratch = appendPlain(scratch[:0], &m)
			emit(scratch)
		}
		if s.take(']') && s.i == len(messages) {
			return scratch, nil
		}
		if !s.take(',') {
			return eachPlainSlow(scratch, messages, done+1, emit)
		}
	}
}

// eachPlainSlow does the same for JSON that is not in the form of
// [AppendMessage], leaving out the first done messages.
func eachPlainSlow(scratch, messages []byte, done int, emit func(frame []byte)) ([]byte, error) {
	var list []struct {
		ID         string  `json:"id"`
		Time       int64   `json:"t"`
		User       string  `json:"u"`
		Text       string  `json:"x"`
		Label      string  `json:"l"`
		Confidence float64 `json:"k"`
		Flags      string  `json:"f"`
	}
	if err := json.Unmarshal(messages, &list); err != nil {
		return scratch, fmt.Errorf("%w: messages: %w", ErrMalformed, err)
	}
	for i := range list {
		if i < done || strings.IndexByte(list[i].Flags, flagMirrored) >= 0 {
			continue
		}
		m := plainMessage{
			id: appendEscaped(nil, list[i].ID), user: appendEscaped(nil, list[i].User), text: appendEscaped(nil, list[i].Text),
			confidence: strconv.AppendFloat(nil, list[i].Confidence, 'f', -1, 64), time: list[i].Time,
		}
		if list[i].Label != "" {
			m.label = list[i].Label[0]
		}
		scratch = appendPlain(scratch[:0], &m)
		emit(scratch)
	}
	return scratch, nil
}

// plainMessage is a message whose strings are still the insides of JSON strings.
type plainMessage struct {
	id, user, text, confidence []byte
	time                       int64 // Unix ms
	label                      byte
	mirrored                   bool
}

func appendPlain(dst []byte, m *plainMessage) []byte {
	dst = append(dst, `{"type":"message","data":{"username":"`...)
	dst = append(dst, m.user...)
	dst = append(dst, `","message":"`...)
	dst = appendCut(dst, m.text, PlainTextLimit)
	dst = append(dst, `","sentiment":"`...)
	switch m.label {
	case 'p':
		dst = append(dst, "positive"...)
	case 'n':
		dst = append(dst, "negative"...)
	default:
		dst = append(dst, "neutral"...)
	}
	dst = append(dst, `","confidence":`...)
	if len(m.confidence) == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, m.confidence...)
	dst = append(dst, `,"timestamp":"`...)
	dst = time.UnixMilli(m.time).UTC().AppendFormat(dst, plainTime)
	dst = append(dst, `","id":"`...)
	dst = append(dst, m.id...)
	return append(dst, `"}}`...)
}

// appendCut appends s, the inside of a JSON string, and after limit characters
// "..." instead of the rest.
func appendCut(dst, s []byte, limit int) []byte {
	if len(s) <= limit {
		return append(dst, s...)
	}
	i := 0
	for n := 0; i < len(s); n++ {
		if n == limit {
			return append(append(dst, s[:i]...), "..."...)
		}
		if s[i] != '\\' {
			_, size := utf8.DecodeRune(s[i:])
			i += size
			continue
		}
		if s[i+1] != 'u' {
			i += 2
			continue
		}
		high := isSurrogate(s[i:], 'b')
		i += 6
		if high && isSurrogate(s[i:], 'f') {
			i += 6 // two escapes make one character
		}
	}
	return append(dst, s...)
}

// isSurrogate reports whether s begins with the escape of the first half of a
// surrogate pair (last is 'b': \ud800 to \udbff) or of the second ('f').
func isSurrogate(s []byte, last byte) bool {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' || s[2]|0x20 != 'd' {
		return false
	}
	c := s[3] | 0x20
	if last == 'b' {
		return s[3] == '8' || s[3] == '9' || c == 'a' || c == 'b'
	}
	return c >= 'c' && c <= 'f'
}

// AppendPlainPong appends the plain answer to a ping.
func AppendPlainPong(dst []byte, now time.Time) []byte {
	return appendStamped(append(dst, `{"type":"pong"`...), now)
}

// AppendPlainHeartbeat appends a plain heartbeat.
func AppendPlainHeartbeat(dst []byte, now time.Time) []byte {
	return appendStamped(append(dst, `{"type":"heartbeat"`...), now)
}

// AppendPlainDisconnect appends the plain frame that ends a stream because a
// person stopped the analysis.
func AppendPlainDisconnect(dst []byte, channel string, now time.Time) []byte {
	return appendStamped(appendString(append(dst, `{"type":"disconnect","channel":`...), channel), now)
}

// AppendPlainGap appends the plain frame that tells how many messages this
// client missed. The Python version had no such frame; its clients pass over it.
func AppendPlainGap(dst []byte, missed uint64, now time.Time) []byte {
	return appendStamped(strconv.AppendUint(append(dst, `{"type":"gap","missed":`...), missed, 10), now)
}

func appendStamped(dst []byte, now time.Time) []byte {
	dst = append(dst, `,"timestamp":"`...)
	dst = now.UTC().AppendFormat(dst, plainTime)
	return append(dst, `"}`...)
}

// scanner reads JSON of the form that [AppendMessage] makes: no white space,
// no key twice. Its methods return false for anything else.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *scanner) message(m *plainMessage) bool {
	if !s.take('{') {
		return false
	}
	seen := 0
	for {
		key, ok := s.text()
		if !ok || !s.take(':') || len(key) != 1 && string(key) != "id" {
			return false
		}
		if c := key[0]; c >= 'A' && c <= 'Z' {
			return false // encoding/json takes it for the small letter
		}
		bit := 1 << (key[0] & 31)
		if len(key) == 2 {
			bit = 1 << 31 // "id"; no single letter comes here
		}
		if seen&bit != 0 {
			return false // the last one would count
		}
		seen |= bit
		switch string(key) {
		case "id":
			m.id, ok = s.text()
		case "u":
			m.user, ok = s.text()
		case "x":
			m.text, ok = s.text()
		case "l":
			var l []byte
			if l, ok = s.text(); ok && len(l) == 1 {
				m.label = l[0]
			}
		case "k":
			m.confidence, ok = s.number()
		case "t":
			var t []byte
			if t, ok = s.number(); ok {
				m.time, ok = parseInt(t)
			}
		case "f":
			var f []byte
			f, ok = s.text()
			ok = ok && bytes.IndexByte(f, '\\') < 0
			m.mirrored = bytes.IndexByte(f, flagMirrored) >= 0
		default:
			ok = s.skip(4)
		}
		if !ok {
			return false
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// text reads a string and returns its inside.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	b := s.b[s.i:]
	ascii := true
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '"':
			s.i += i + 1
			return b[:i], ascii || utf8.Valid(b[:i])
		case c == '\\':
			n := escapeLen(b[i:])
			if n == 0 {
				return nil, false
			}
			i += n - 1
		case c < ' ':
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false
}

// escapeLen returns the length of the escape that b begins with, 0 if it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, c := range b[2:6] {
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// number reads digits with an optional sign and fraction.
func (s *scanner) number() ([]byte, bool) {
	start := s.i
	s.take('-')
	whole := s.digits()
	if whole == 0 || whole > 1 && s.b[s.i-whole] == '0' || whole > 18 {
		return nil, false
	}
	if s.take('.') && s.digits() == 0 {
		return nil, false
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		return nil, false
	}
	return s.b[start:s.i], true
}

func (s *scanner) digits() int {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - start
}

// skip passes over any value that is nested at most depth deep.
func (s *scanner) skip(depth int) bool {
	if s.i >= len(s.b) || depth == 0 {
		return false
	}
	switch s.b[s.i] {
	case '"':
		_, ok := s.text()
		return ok
	case '[':
		s.i++
		return s.take(']') || s.skipList(']', depth)
	case '{':
		s.i++
		return s.take('}') || s.skipList('}', depth)
	}
	_, ok := s.number()
	return ok
}

// skipList passes over the elements of an array, or members of an object,
// to its end.
func (s *scanner) skipList(end byte, depth int) bool {
	for {
		if end == '}' {
			if _, ok := s.text(); !ok || !s.take(':') {
				return false
			}
		}
		if !s.skip(depth - 1) {
			return false
		}
		if s.take(end) {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// parseInt reads what [scanner.number] returned, if it is whole.
func parseInt(b []byte) (int64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	var v int64
	for _, c := range b {
		if c < '0' || c > '9' || v > math.MaxInt64/10-1 {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	if negative {
		v = -v
	}
	return v, len(b) > 0
}
