package analysis

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// partVersion is the first byte of every part of a checkpoint.
const partVersion = 2

// encoder writes a part: variable-length integers, little-endian fixed ones.
type encoder struct{ b []byte }

func (e *encoder) uint(v uint64)   { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)     { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) fixed(v uint64)  { e.b = binary.LittleEndian.AppendUint64(e.b, v) }
func (e *encoder) half(v uint32)   { e.b = binary.LittleEndian.AppendUint32(e.b, v) }
func (e *encoder) float(v float64) { e.fixed(math.Float64bits(v)) }

func (e *encoder) bool(v bool) {
	if v {
		e.uint(1)
	} else {
		e.uint(0)
	}
}

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// time writes an instant to the nanosecond; the zero time stays one.
func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.int(math.MinInt64)
		return
	}
	e.int(t.Unix())
	e.uint(uint64(t.Nanosecond()))
}

var (
	errShort   = errors.New("it ends too early")
	errLong    = errors.New("there is more in it than there should be")
	errVersion = errors.New("it was written by another version of chatmood")
)

// decoder reads a part. The first fault sticks; reads after it return zeros.
type decoder struct {
	b   []byte
	err error
}

func newDecoder(b []byte) *decoder {
	d := &decoder{b: b}
	switch {
	case len(b) == 0:
		d.err = errShort
	case b[0] != partVersion:
		d.err = fmt.Errorf("%w (format %d, this one reads %d)", errVersion, b[0], partVersion)
	default:
		d.b = b[1:]
	}
	return d
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
		d.b = nil
	}
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.short()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.short()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) short() {
	if d.err == nil {
		d.err = errShort
	}
	d.b = nil
}

func (d *decoder) fixed() uint64 {
	if len(d.b) < 8 {
		d.short()
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

func (d *decoder) half() uint32 {
	if len(d.b) < 4 {
		d.short()
		return 0
	}
	v := binary.LittleEndian.Uint32(d.b)
	d.b = d.b[4:]
	return v
}

func (d *decoder) float() float64 {
	v := math.Float64frombits(d.fixed())
	if math.IsNaN(v) || math.IsInf(v, 0) {
		d.fail("a number in it is not finite")
		return 0
	}
	return v
}

// upTo reads a number that may be at most most.
func (d *decoder) upTo(most uint64, what string) uint64 {
	v := d.uint()
	if v > most {
		d.fail("%s is %d, at most %d is possible", what, v, most)
		return 0
	}
	return v
}

// length reads how many entries follow, each of at least size bytes.
func (d *decoder) length(most, size int, what string) int {
	n := int(d.upTo(uint64(most), what))
	if n*size > len(d.b) {
		d.short()
		return 0
	}
	return n
}

func (d *decoder) bool() bool { return d.upTo(1, "a truth value") == 1 }

func (d *decoder) string() string {
	n := d.length(maxStoredText, 1, "the length of a text")
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// Instants that a checkpoint may hold: what JSON can write.
const (
	minUnix = -62135596800 // year 1
	maxUnix = 253402300799 // year 9999
)

func (d *decoder) time() time.Time {
	sec := d.int()
	if sec == math.MinInt64 {
		return time.Time{}
	}
	if sec < minUnix || sec > maxUnix {
		d.fail("a time in it is out of range")
		return time.Time{}
	}
	return time.Unix(sec, int64(d.upTo(999_999_999, "nanoseconds"))).UTC()
}

// done returns the fault, if any, or that there is something left.
func (d *decoder) done() error {
	if d.err == nil && len(d.b) > 0 {
		d.err = errLong
	}
	return d.err
}
