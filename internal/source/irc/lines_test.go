package irc

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll returns the lines that a LineReader finds, with their ends.
func readAll(t *testing.T, r io.Reader) (lines []string, lr *LineReader) {
	t.Helper()
	lr = NewLineReader(r)
	for {
		text, err := lr.Next()
		for text != "" {
			i := strings.IndexByte(text, '\n')
			if i < 0 {
				t.Fatalf("half a line: %.50q", text)
			}
			lines = append(lines, text[:i+1])
			text = text[i+1:]
		}
		if errors.Is(err, io.EOF) {
			return lines, lr
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLineReader(t *testing.T) {
	long := strings.Repeat("l", MaxLineBytes)
	tests := []struct {
		name, in string
		want     []string
		rest     string
		overlong int
	}{
		{"nothing", "", nil, "", 0},
		{"one", "a\r\n", []string{"a\r\n"}, "", 0},
		{"cut off", "a\nb", []string{"a\n"}, "b", 0},
		{"empty lines", "\n\r\n\n", []string{"\n", "\r\n", "\n"}, "", 0},
		{"as long as may be", "a\n" + long + "\r\nb\n", []string{"a\n", long + "\r\n", "b\n"}, "", 0},
		{"too long", "a\n" + long + "xxx\nb\n", []string{"a\n", "b\n"}, "", 1},
		{"far too long, twice", "a\n" + long + long + long + "\n" + long + long + "\nb\n", []string{"a\n", "b\n"}, "", 2},
		{"too long to the end", "a\n" + long + "xxx", []string{"a\n"}, "", 1},
	}
	for _, tt := range tests {
		for how, r := range map[string]io.Reader{
			"whole":     strings.NewReader(tt.in),
			"halves":    iotest.HalfReader(strings.NewReader(tt.in)),
			"with EOF":  iotest.DataErrReader(strings.NewReader(tt.in)),
			"some byte": &randomReader{strings.NewReader(tt.in), rand.New(rand.NewPCG(1, 1))},
		} {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				got, lr := readAll(t, r)
				if !slices.Equal(got, tt.want) {
					t.Errorf("got %d lines, want %d", len(got), len(tt.want))
				}
				if lr.Overlong != tt.overlong {
					t.Errorf("%d lines too long, want %d", lr.Overlong, tt.overlong)
				}
				if tt.name != "too long to the end" && lr.Rest() != tt.rest {
					t.Errorf("rest %.50q, want %q", lr.Rest(), tt.rest)
				}
				if len(lr.buf) > MaxLineBytes+2 {
					t.Errorf("a buffer of %d bytes", len(lr.buf))
				}
			})
		}
	}
}

// randomReader reads a random number of bytes at a time.
type randomReader struct {
	r   io.Reader
	rng *rand.Rand
}

func (r *randomReader) Read(p []byte) (int, error) {
	return r.r.Read(p[:min(len(p), 1+r.rng.IntN(5000))])
}

func FuzzLineReader(f *testing.F) {
	f.Add("a\r\nb\n\nc", uint64(1))
	f.Fuzz(func(t *testing.T, s string, seed uint64) {
		if len(s) > 10000 {
			return
		}
		got, lr := readAll(t, &randomReader{strings.NewReader(s), rand.New(rand.NewPCG(seed, 0))})
		if back := strings.Join(got, "") + lr.Rest(); back != s {
			t.Fatalf("%q came back as %q", s, back)
		}
	})
}
