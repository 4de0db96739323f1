// Package logfile reads files of past chat: the logs that chat clients and
// loggers write, the exports of download tools, and chatmood's own. The format
// is found by looking at the content; plain, gzip and zstd files are read alike, as
// a stream, so that the length of a file does not matter for memory.
//
// A line that cannot be read is counted and listed ([Reader.Problems]) and
// reading goes on; a file that is no chat log at all is refused by [Open] and
// [NewReader] with an error that wraps [ErrFormat].
package logfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"chatmood/internal/chat"
)

const (
	// maxLine bounds one line and one element of a JSON array, in bytes.
	// Twitch's own lines stay under 2 KiB; downloads of paid messages with
	// embedded pictures reach some tens.
	maxLine = 1 << 20
	// headSize is how much of a file is looked at to find its format, in bytes.
	headSize = 128 << 10
	// maxProblems bounds the list that Problems returns.
	maxProblems = 50
	// readSize is the size of one read from the file, in bytes.
	readSize = 64 << 10
)

// Options change how a log is read. The zero value detects everything.
type Options struct {
	// Channel is the login that every event gets, in place of what the log
	// says. Empty: the log's own, else what the file name tells, else "".
	Channel string
	// Format forces a format; empty means that it is detected.
	Format Format
	// Base is the instant that offsets are counted from, and the day that
	// times of day belong to, where the file does not tell. Zero: the date in
	// the file name, else 2000-01-01.
	Base time.Time
	// Location is the time zone of stamps that name none; nil means UTC.
	Location *time.Location
	// MaxBytes bounds the size of the log, unpacked; 0: any size. A longer one
	// is read as far as that, and then there is an error that wraps ErrTooLarge.
	MaxBytes int64
}

// Problem is one place of a file that could not be read.
type Problem struct {
	File string `json:"file"`
	Line int64  `json:"line" doc:"Line number from 1; of a JSON document the line that the element begins in"`
	Why  string `json:"why"`
}

// String returns "file:line: why".
func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Why) }

// parser reads the events of one format. next fills ev, which was reset, and
// returns errSkip where a line holds no event, a lineError where it is broken,
// io.EOF at the end.
type parser interface {
	next(ev *chat.Event) error
}

var errSkip = errors.New("logfile: line without an event")

// lineError tells why one line is broken; reading goes on.
type lineError struct {
	line int64 // 0: the current one
	why  string
}

func (e *lineError) Error() string { return e.why }

func broken(format string, args ...any) error {
	return &lineError{why: fmt.Sprintf(format, args...)}
}

// Reader reads one log. Its methods are for one goroutine, except BytesRead
// and Size, which a progress display may call at any time.
type Reader struct {
	name   string
	opts   Options
	format Format
	parse  parser

	closer io.Closer
	count  *countingReader
	size   int64
	in     *lineReader

	guessed  string // channel after the file name
	dayKnown bool   // opts.Base was given or is in the file name
	last     time.Time
	events   uint64
	scratch  []byte

	problems  []Problem
	nproblems int
	notes     []string
	truncated bool
	done      bool
	err       error
	queue     []chat.Event // events that one line gave beyond its first
}

// Open opens the log at path. The error wraps [ErrFormat] when the file is no
// chat log. The caller closes the reader.
func Open(path string, opts Options) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	if info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder: name the log files in it", path)
	}
	r, err := NewReader(f, path, opts)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f
	if info.Mode().IsRegular() {
		r.size = info.Size()
	}
	return r, nil
}

// NewReader reads a log from src. name is the file name, used in messages to
// people and for the channel and date that some formats keep only there; it
// may be "". It reads the beginning of src to find the format.
func NewReader(src io.Reader, name string, opts Options) (*Reader, error) {
	r := &Reader{name: name, opts: opts, size: -1, count: &countingReader{r: src}}
	if r.opts.Location == nil {
		r.opts.Location = time.UTC
	}
	text, err := decoded(r.count, opts.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.title(), err)
	}
	r.in = &lineReader{br: bufio.NewReaderSize(text, headSize)}
	head, err := r.in.br.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && !isTruncation(err) {
		return nil, fmt.Errorf("reading %s: %w", r.title(), err)
	}
	day := r.fileName()
	if r.opts.Base.IsZero() {
		r.opts.Base = day
	} else {
		r.dayKnown = true
	}
	r.format = opts.Format
	if r.format == "" {
		if r.format, err = detect(head); err != nil {
			return nil, fmt.Errorf("%s: %w", r.title(), err)
		}
	}
	if r.parse = newParser(r, head); r.parse == nil {
		return nil, fmt.Errorf("%s: %w: unknown format %q; known are %s", r.title(), ErrFormat, r.format, knownFormats())
	}
	return r, nil
}

// Next reads the next event into ev, which is overwritten whole; its slices
// are reused. It returns [io.EOF] at the end. Broken lines are passed over
// (see [Reader.Problems]); a file that breaks off is read as far as it goes
// (see [Reader.Truncated]). Other errors are those of reading the file.
func (r *Reader) Next(ev *chat.Event) error {
	if n := len(r.queue); n > 0 {
		*ev = r.queue[0]
		r.queue = r.queue[:copy(r.queue, r.queue[1:])]
		r.finish(ev)
		return nil
	}
	for !r.done {
		reset(ev)
		err := r.parse.next(ev)
		if err == nil {
			r.finish(ev)
			return nil
		}
		if err == errSkip { //nolint:errorlint // the exact value, on the hot path
			continue
		}
		var le *lineError
		switch {
		case errors.As(err, &le):
			line := le.line
			if line == 0 {
				line = r.in.line
			}
			r.problem(line, le.why)
			continue
		case errors.Is(err, io.EOF) && !isTruncation(err):
			r.err = io.EOF
		case isTruncation(err):
			r.truncated = true
			r.problem(r.in.line, "the file breaks off here ("+truncationReason(err)+"): what came before was read")
			r.err = io.EOF
		default:
			r.err = fmt.Errorf("reading %s near line %d: %w", r.title(), r.in.line, err)
		}
		r.done = true
	}
	return r.err
}

// reset empties ev for the next event and keeps its slices' memory.
func reset(ev *chat.Event) {
	emotes, badges := ev.Message.Emotes[:0], ev.Message.Badges[:0]
	*ev = chat.Event{}
	ev.Message.Emotes, ev.Message.Badges = emotes, badges
}

// finish fills what a format left open: channel, time, id.
func (r *Reader) finish(ev *chat.Event) {
	r.events++
	switch {
	case r.opts.Channel != "":
		ev.Channel = r.opts.Channel
	case ev.Channel == "":
		ev.Channel = r.guessed
	}
	if ev.Time.IsZero() {
		ev.Time = r.last
		if ev.Time.IsZero() {
			ev.Time = r.opts.Base
		}
	}
	r.last = ev.Time
	m := &ev.Message
	if ev.Kind == chat.KindMessage || ev.Kind == chat.KindNotice && m.Text != "" {
		m.Channel, m.Time = ev.Channel, ev.Time
		unwrapAction(m)
		m.Text = cleanText(m.Text)
		if m.ID == "" {
			m.ID = r.makeID(ev.Time, m.Login, m.Text)
		}
	}
}

// cleanText removes what clients append, unseen, to get a repeated message past
// Twitch's check for duplicates, as the live reader does.
func cleanText(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] >= utf8.RuneSelf) {
		n := len(s)
		s = strings.TrimRight(s, " ")
		for _, suffix := range [...]string{"\u034F", "\u200B", "\u206D", "\U000E0000"} {
			s = strings.TrimSuffix(s, suffix)
		}
		if len(s) == n {
			break
		}
	}
	return s
}

// Format returns the format that is being read.
func (r *Reader) Format() Format { return r.format }

// Problems returns the first of the places that could not be read, and how
// many there were in all.
func (r *Reader) Problems() ([]Problem, int) { return r.problems, r.nproblems }

// Notes returns sentences for people about the file as a whole: that it has no
// times, that its day is not known.
func (r *Reader) Notes() []string { return r.notes }

// Truncated reports whether the file broke off: a cut gzip stream or JSON document.
func (r *Reader) Truncated() bool { return r.truncated }

// BytesRead returns how many bytes of the file were read, compressed ones
// where it is compressed. Safe for concurrent use.
func (r *Reader) BytesRead() int64 { return r.count.n.Load() }

// Size returns the size of the file in bytes, -1 where it is not known (a
// pipe). Safe for concurrent use.
func (r *Reader) Size() int64 { return r.size }

// Lines returns how many lines were read.
func (r *Reader) Lines() int64 { return r.in.line }

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

func (r *Reader) problem(line int64, why string) {
	r.nproblems++
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{File: r.title(), Line: line, Why: why})
	}
}

func (r *Reader) note(s string) { r.notes = append(r.notes, s) }

// title is how the file is named to people.
func (r *Reader) title() string {
	if r.name == "" || r.name == "-" {
		return "standard input"
	}
	return filepath.Base(r.name)
}

// countingReader counts what is read from the file.
type countingReader struct {
	r io.Reader
	n atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
