package logfile

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// stamp is a time as a log line writes it, before it is known what it counts
// from.
type stamp struct {
	dated            bool
	year, month, day int
	// clock holds parts numbers: H M S, or two numbers that are hours and
	// minutes or, for offsets, minutes and seconds.
	clock      [3]int
	parts      int
	hourDigits int
	nanos      int
	neg        bool
	zoned      bool
	zone       int // seconds east of UTC
}

// secs returns the clock in seconds where a clock of two parts means hours
// and minutes.
func (s *stamp) secs() int {
	return s.clock[0]*3600 + s.clock[1]*60 + s.clock[2]
}

// offset returns the clock as a span from the beginning: two parts are minutes
// and seconds.
func (s *stamp) offset() time.Duration {
	n := s.secs()
	if s.parts == 2 {
		n = s.clock[0]*60 + s.clock[1]
	}
	d := time.Duration(n)*time.Second + time.Duration(s.nanos)
	if s.neg {
		return -d
	}
	return d
}

// instant returns the time of a dated stamp.
func (s *stamp) instant(loc *time.Location) time.Time {
	if s.zoned {
		return time.Date(s.year, time.Month(s.month), s.day, s.clock[0], s.clock[1], s.clock[2]-s.zone, s.nanos, time.UTC)
	}
	t := time.Date(s.year, time.Month(s.month), s.day, s.clock[0], s.clock[1], s.clock[2], s.nanos, loc)
	return t.UTC()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number reads a decimal number of at most most digits.
func number(b []byte, most int) (n, digits int, rest []byte) {
	for digits < len(b) && digits < most && isDigit(b[digits]) {
		n = n*10 + int(b[digits]-'0')
		digits++
	}
	return n, digits, b[digits:]
}

// cutStamp reads a stamp from the beginning of b: "2026-01-31 20:00:00.123 UTC",
// "2026-01-1T00:00:00Z", "20:00:12", "8:00 pm", "-0:05".
func cutStamp(b []byte) (st stamp, rest []byte, ok bool) {
	rest = b
	if len(rest) > 0 && rest[0] == '-' {
		st.neg, rest = true, rest[1:]
	}
	n, digits, after := number(rest, 4)
	if digits == 4 && len(after) > 0 && (after[0] == '-' || after[0] == '/') && !st.neg {
		sep := after[0]
		st.dated, st.year = true, n
		if st.month, digits, after = number(after[1:], 2); digits == 0 || len(after) == 0 || after[0] != sep {
			return st, b, false
		}
		if st.day, digits, after = number(after[1:], 2); digits == 0 || len(after) == 0 || after[0] != ' ' && after[0] != 'T' {
			return st, b, false
		}
		if st.month < 1 || st.month > 12 || st.day < 1 || st.day > 31 {
			return st, b, false
		}
		rest = after[1:]
	}
	if rest, ok = st.cutClock(rest); !ok {
		return st, b, false
	}
	if st.dated && (st.clock[0] > 23 || st.parts < 2) {
		return st, b, false
	}
	return st, st.cutZone(rest), true
}

func (s *stamp) cutClock(b []byte) ([]byte, bool) {
	n, digits, rest := number(b, 3)
	if digits == 0 || len(rest) == 0 || rest[0] != ':' {
		return b, false
	}
	s.clock[0], s.hourDigits, s.parts = n, digits, 1
	for s.parts < 3 && len(rest) > 2 && rest[0] == ':' {
		n, digits, after := number(rest[1:], 2)
		if digits != 2 || n > 60 {
			return b, false
		}
		s.clock[s.parts], rest = n, after
		s.parts++
	}
	if s.parts < 2 {
		return b, false
	}
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') && isDigit(rest[1]) {
		n, digits, after := number(rest[1:], 9)
		for range 9 - digits {
			n *= 10
		}
		s.nanos, rest = n, after
	}
	if after := bytes.TrimLeft(rest, " "); len(after) >= 2 && (after[1] == 'm' || after[1] == 'M') && !s.dated {
		switch after[0] {
		case 'a', 'A':
			if s.clock[0] == 12 {
				s.clock[0] = 0
			}
			rest = after[2:]
		case 'p', 'P':
			if s.clock[0] < 12 {
				s.clock[0] += 12
			}
			rest = after[2:]
		}
	}
	return rest, true
}

// cutZone reads "Z", " UTC", "+01:00", " CET" where one follows.
func (s *stamp) cutZone(b []byte) []byte {
	if !s.dated || len(b) == 0 {
		return b
	}
	after := b
	if after[0] == ' ' {
		after = after[1:]
	}
	end := 0
	for end < len(after) && end < 6 && (after[end] == '+' || after[end] == '-' || after[end] == ':' || isDigit(after[end]) || after[end] >= 'A' && after[end] <= 'Z') {
		end++
	}
	if end == 0 {
		return b
	}
	if zone, ok := zoneOffset(string(after[:end])); ok {
		s.zoned, s.zone = true, zone
		return after[end:]
	}
	return b
}

// zoneOffset returns what a zone's short name or offset stands for, in seconds
// east of UTC. Names that several zones use (IST, CST of China, BST of
// Bangladesh) mean the one in which most Twitch chat is logged.
func zoneOffset(s string) (int, bool) {
	switch s {
	case "":
		return 0, false
	case "Z", "UTC", "GMT", "WET":
		return 0, true
	case "CET", "WEST", "BST":
		return 3600, true
	case "CEST", "EET", "SAST":
		return 2 * 3600, true
	case "EEST", "MSK", "TRT":
		return 3 * 3600, true
	case "JST", "KST":
		return 9 * 3600, true
	case "AEST":
		return 10 * 3600, true
	case "AEDT":
		return 11 * 3600, true
	case "BRT", "ADT":
		return -3 * 3600, true
	case "EDT", "AST":
		return -4 * 3600, true
	case "EST", "CDT":
		return -5 * 3600, true
	case "CST", "MDT":
		return -6 * 3600, true
	case "MST", "PDT":
		return -7 * 3600, true
	case "PST", "AKDT":
		return -8 * 3600, true
	}
	sign := 1
	switch {
	case s[0] == '-':
		sign = -1
	case s[0] != '+':
		return 0, false
	}
	digits := strings.ReplaceAll(s[1:], ":", "")
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil || n < 0:
		return 0, false
	case len(digits) <= 2 && n <= 14:
		return sign * n * 3600, true
	case len(digits) == 4 && n <= 1400 && n%100 < 60:
		return sign * (n/100*3600 + n%100*60), true
	}
	return 0, false
}

// cutBracketStamp reads "[stamp] rest".
func cutBracketStamp(line []byte) (st stamp, rest []byte, ok bool) {
	if len(line) == 0 || line[0] != '[' {
		return st, line, false
	}
	st, rest, ok = cutStamp(line[1:])
	if !ok || len(rest) == 0 || rest[0] != ']' {
		return st, line, false
	}
	return st, bytes.TrimLeft(rest[1:], " "), true
}

// cutPipeStamp reads "stamp | rest".
func cutPipeStamp(line []byte) (st stamp, rest []byte, ok bool) {
	st, rest, ok = cutStamp(line)
	if !ok || !bytes.HasPrefix(rest, []byte(" | ")) {
		return st, line, false
	}
	return st, rest[3:], true
}

// cutBareClock reads "20:00 rest".
func cutBareClock(line []byte) (st stamp, rest []byte, ok bool) {
	st, rest, ok = cutStamp(line)
	if !ok || len(rest) == 0 || rest[0] != ' ' {
		return st, line, false
	}
	return st, bytes.TrimLeft(rest, " "), true
}

// parseWhen reads a time of unknown shape, as tables hold it: Unix time in
// seconds, milliseconds or microseconds by its number of digits, a date with a
// time, or an offset ("0:10:00", "600.5") from base.
func parseWhen(s string, base time.Time, loc *time.Location) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, false
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		whole, frac, _ := strings.Cut(s, ".")
		switch n, err := strconv.ParseInt(whole, 10, 64); {
		case err != nil:
			return time.Time{}, false
		case len(whole) == 16:
			return time.UnixMicro(n).UTC(), true
		case len(whole) == 13:
			return time.UnixMilli(n).UTC(), true
		case len(whole) == 10 && n > 0:
			return time.Unix(n, fraction(frac)).UTC(), true
		case f > -1e6 && f < 1e7:
			return base.Add(time.Duration(f * float64(time.Second))), true
		}
		return time.Time{}, false
	}
	st, rest, ok := cutStamp([]byte(s))
	if !ok || len(rest) > 0 {
		return time.Time{}, false
	}
	if st.dated {
		return st.instant(loc), true
	}
	return base.Add(st.offset()), true
}

// fraction returns the digits after a decimal point as nanoseconds.
func fraction(digits string) int64 {
	n, k, _ := number([]byte(digits), 9)
	for range 9 - k {
		n *= 10
	}
	return int64(n)
}
