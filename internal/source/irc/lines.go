package irc

import (
	"bytes"
	"io"
	"strings"
)

// readBytes is how much is read at once: at a flood one string is made of the
// hundred lines in it.
const readBytes = 32 << 10

// LineReader reads lines in bulk: one string for all lines that a read brought,
// instead of one for each. Lines longer than [MaxLineBytes] are passed over and
// counted; they never end the reading. It is not safe for concurrent use.
type LineReader struct {
	// Overlong counts the lines that were passed over.
	Overlong int

	r        io.Reader
	buf      []byte
	n        int  // bytes in buf
	skipping bool // in a line that is too long
}

// NewLineReader returns a LineReader that reads r.
func NewLineReader(r io.Reader) *LineReader {
	return &LineReader{r: r, buf: make([]byte, readBytes)}
}

// Next reads once and returns the lines that are whole now, with their line
// ends; that may be none. What follows the last line end when reading ends is a
// line cut off: [LineReader.Rest] returns it.
func (lr *LineReader) Next() (lines string, err error) {
	if lr.n == len(lr.buf) {
		// A line fills the buffer. Give it room up to the limit and its CR LF.
		if len(lr.buf) >= MaxLineBytes+2 {
			lr.Overlong++
			lr.skipping, lr.n = true, 0
		} else {
			lr.buf = append(lr.buf, make([]byte, min(len(lr.buf), MaxLineBytes+2-len(lr.buf)))...)
		}
	}
	n, err := lr.r.Read(lr.buf[lr.n:])
	fresh := lr.buf[lr.n : lr.n+n]
	lr.n += n
	if lr.skipping {
		end := bytes.IndexByte(fresh, '\n')
		if end < 0 {
			lr.n = 0
			return "", err
		}
		lr.skipping = false
		lr.n = copy(lr.buf, lr.buf[end+1:lr.n])
		fresh = lr.buf[:lr.n]
	}
	last := bytes.LastIndexByte(fresh, '\n')
	if last < 0 {
		return "", err
	}
	last += lr.n - len(fresh) + 1
	lines = string(lr.buf[:last])
	lr.n = copy(lr.buf, lr.buf[last:lr.n])
	if len(lr.buf) > readBytes && lr.n < readBytes {
		lr.buf = append(make([]byte, 0, readBytes), lr.buf[:lr.n]...)[:readBytes]
	}
	return lines, err
}

// Rest returns what was read behind the last line end.
func (lr *LineReader) Rest() string { return string(lr.buf[:lr.n]) }

// CutLine cuts the first line off, without its line end.
func CutLine(lines string) (line, rest string) {
	line, rest, _ = strings.Cut(lines, "\n")
	if line != "" && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	return line, rest
}
