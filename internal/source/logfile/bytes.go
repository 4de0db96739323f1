package logfile

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ErrTooLarge is wrapped by the error of a log that is longer than
// [Options.MaxBytes].
var ErrTooLarge = errors.New("the log is too long")

// decoded returns src as UTF-8: unpacked when it is gzip or zstd, transcoded
// when it is UTF-16 with a byte order mark, without the mark of UTF-8. What is
// unpacked has at most most bytes, 0 for any number.
func decoded(src io.Reader, most int64) (io.Reader, error) {
	br := bufio.NewReaderSize(src, readSize)
	magic, _ := br.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		gz, err := gzip.NewReader(br)
		if err != nil {
			return nil, &truncatedError{err}
		}
		br = bufio.NewReaderSize(&gzipReader{gz}, readSize)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		read := &failedReader{r: br}
		// One at a time it needs no goroutines, so nobody has to close it.
		zr, err := zstd.NewReader(read, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, fmt.Errorf("unpacking zstd: %w", err)
		}
		br = bufio.NewReaderSize(&zstdReader{zr, read}, readSize)
	}
	if most > 0 {
		br = bufio.NewReaderSize(&boundedReader{r: br, left: most, most: most}, readSize)
	}
	mark, err := br.Peek(3)
	if err != nil && err != io.EOF && !isTruncation(err) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(mark, []byte{0xef, 0xbb, 0xbf}):
		_, err = br.Discard(3)
		return br, err
	case bytes.HasPrefix(mark, []byte{0xff, 0xfe}):
		_, err = br.Discard(2)
		return &utf16Reader{src: br, order: binary.LittleEndian}, err
	case bytes.HasPrefix(mark, []byte{0xfe, 0xff}):
		_, err = br.Discard(2)
		return &utf16Reader{src: br, order: binary.BigEndian}, err
	}
	return br, nil
}

// maxZstdWindow bounds the memory that unpacking zstd takes, in bytes: what
// zstd needs at its usual levels, and with --long=26.
const maxZstdWindow = 64 << 20

// failedReader remembers the error of reading, to tell it from damaged data.
type failedReader struct {
	r   io.Reader
	err error // other than io.EOF
}

func (f *failedReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// errZstd marks the errors of damaged zstd data.
var errZstd = errors.New("the zstd data is damaged or cut short")

// zstdReader does for zstd what gzipReader does for gzip.
type zstdReader struct {
	zr   *zstd.Decoder
	read *failedReader
}

func (z *zstdReader) Read(p []byte) (int, error) {
	n, err := z.zr.Read(p)
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case z.read.err != nil:
		err = z.read.err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		err = fmt.Errorf("unpacking zstd needs more than %d MiB of memory: unpack it first (zstd -d --long=31)", maxZstdWindow>>20)
	default:
		err = &truncatedError{fmt.Errorf("%w: %w", errZstd, err)}
	}
	return n, err
}

// boundedReader fails beyond a number of bytes.
type boundedReader struct {
	r          io.Reader
	left, most int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, fmt.Errorf("%w: more than %d MB unpacked", ErrTooLarge, b.most/1_000_000)
	}
	// One byte more than is left tells a log that is too long.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, nil
	}
	return n, err
}

// truncatedError is a file that ends early or whose packed data is damaged
// from some point on: what came before is good.
type truncatedError struct{ err error }

func (e *truncatedError) Error() string { return e.err.Error() }
func (e *truncatedError) Unwrap() error { return e.err }

func isTruncation(err error) bool {
	var t *truncatedError
	return errors.As(err, &t)
}

func truncationReason(err error) string {
	var damaged flate.CorruptInputError
	switch {
	case errors.Is(err, errOpenJSON):
		return "the JSON document is not closed"
	case errors.Is(err, errZstd):
		return errZstd.Error()
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &damaged):
		return "the gzip data is damaged"
	}
	return "the gzip data is cut short"
}

// gzipReader marks the errors of damaged gzip data, which end a log but do not
// spoil what was read of it.
type gzipReader struct{ gz *gzip.Reader }

func (g *gzipReader) Read(p []byte) (int, error) {
	n, err := g.gz.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		var damaged flate.CorruptInputError
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &damaged) {
			err = &truncatedError{err}
		}
	}
	return n, err
}

// utf16Reader turns UTF-16 into UTF-8. Lone surrogates become U+FFFD.
type utf16Reader struct {
	src   *bufio.Reader
	order binary.ByteOrder
	high  uint16 // a high surrogate that waits for its pair
	out   []byte // what did not fit into the last read
	buf   []byte
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	u.buf = u.buf[:0]
	for range 2048 {
		var pair [2]byte
		if _, err := io.ReadFull(u.src, pair[:]); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) && !isTruncation(err) {
				err = io.EOF // half a character at the very end
			}
			u.err = err
			if u.high != 0 {
				u.buf, u.high = utf8.AppendRune(u.buf, utf8.RuneError), 0
			}
			break
		}
		c := u.order.Uint16(pair[:])
		if u.high != 0 {
			r := utf16.DecodeRune(rune(u.high), rune(c))
			u.buf, u.high = utf8.AppendRune(u.buf, r), 0
			if r != utf8.RuneError {
				continue
			}
		}
		switch {
		case c >= 0xd800 && c < 0xdc00:
			u.high = c
		default:
			u.buf = utf8.AppendRune(u.buf, rune(c)) // a lone low surrogate becomes U+FFFD
		}
	}
	u.out = u.buf
}

// lineReader reads lines of at most maxLine bytes.
type lineReader struct {
	br   *bufio.Reader
	line int64  // number of the line read last, from 1
	long []byte // a line that spans buffers
}

// next returns the next line that is not blank, without its ending. The bytes
// are good until the next call. A line over the limit is passed over and told
// by a lineError.
func (l *lineReader) next() ([]byte, error) {
	for {
		b, err := l.any()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(b)) > 0 {
			return b, nil
		}
	}
}

// any is as next, blank lines included.
func (l *lineReader) any() ([]byte, error) {
	b, err := l.br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		b, err = l.assemble(b)
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(b) == 0) {
		if isTruncation(err) {
			l.line++
		}
		return nil, err
	}
	l.line++
	if len(b) > 0 && b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	if len(b) > 0 && b[len(b)-1] == '\r' {
		b = b[:len(b)-1]
	}
	return b, nil
}

// assemble reads the rest of a line that begins with b.
func (l *lineReader) assemble(b []byte) ([]byte, error) {
	l.long = append(l.long[:0], b...)
	size := len(b)
	for {
		b, err := l.br.ReadSlice('\n')
		size += len(b)
		if size <= maxLine {
			l.long = append(l.long, b...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if size > maxLine && (err == nil || err == io.EOF) {
			l.line++
			return nil, &lineError{line: l.line, why: "the line is longer than 1 MiB"}
		}
		return l.long, err
	}
}
