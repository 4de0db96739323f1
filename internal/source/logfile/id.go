package logfile

import (
	"path/filepath"
	"strings"
	"time"

	"chatmood/internal/chat"
)

// FNV-1a, 64 bits.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func hashString[T string | []byte](h uint64, s T) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime // so that "ab","c" and "a","bc" differ
}

func hashNumber(h, n uint64) uint64 {
	for range 8 {
		h = (h ^ n&0xff) * fnvPrime
		n >>= 8
	}
	return h
}

const idPrefix = "log-"

// appendID appends the id that stands for h.
func appendID(b []byte, h uint64) []byte {
	const hex = "0123456789abcdef"
	b = append(b, idPrefix...)
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, hex[h>>shift&15])
	}
	return b
}

// makeID makes the id of a message that has none, the same each time that the
// same file is read.
func (r *Reader) makeID(at time.Time, login, text string) string {
	h := hashNumber(fnvOffset, uint64(at.UnixNano()))
	h = hashString(h, login)
	h = hashString(h, text)
	h = hashNumber(h, r.events)
	r.scratch = appendID(r.scratch[:0], h)
	return string(r.scratch)
}

// withID returns line and an id made from it in one allocation. seed is what
// the line does not hold: the day.
func (r *Reader) withID(line []byte, seed int64) (s, id string) {
	h := hashString(hashNumber(fnvOffset, uint64(seed)), line)
	h = hashNumber(h, r.events)
	r.scratch = append(r.scratch[:0], line...)
	r.scratch = appendID(r.scratch, h)
	both := string(r.scratch)
	return both[:len(line)], both[len(line):]
}

// fileName takes the channel from the file name and its folder, and returns
// the date in the name, 2000-01-01 where there is none: Chatterino writes
// …/Channels/channel/channel-2026-01-31.log.
func (r *Reader) fileName() time.Time {
	day := time.Date(2000, 1, 1, 0, 0, 0, 0, r.opts.Location)
	base := filepath.Base(r.name)
	for _, ext := range []string{".gz", ".zst", ".log", ".txt", ".json", ".jsonl", ".ndjson", ".csv", ".tsv"} {
		base = strings.TrimSuffix(base, ext)
	}
	for i := 0; i+10 <= len(base); i++ {
		d, err := time.ParseInLocation(time.DateOnly, base[i:i+10], r.opts.Location)
		if err != nil || i > 0 && isDigit(base[i-1]) {
			continue
		}
		day, r.dayKnown = d, true
		base = strings.TrimRight(base[:i], "-_ .")
		break
	}
	if name := strings.ToLower(strings.TrimPrefix(base, "#")); chat.ValidLogin(name) && strings.Trim(name, "0123456789") != "" {
		r.guessed = name
	} else if dir := strings.ToLower(filepath.Base(filepath.Dir(r.name))); chat.ValidLogin(dir) && filepath.Base(filepath.Dir(filepath.Dir(r.name))) == "Channels" {
		r.guessed = dir
	}
	return day
}
