// Package train makes the sentiment model from labelled and unlabelled chat
// and measures engines on labelled chat. It is deterministic: the same data
// and the same seed give the same bytes on the same architecture.
package train

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxRowBytes bounds a line of the data files.
const maxRowBytes = 1 << 20

// Example is a labelled message.
type Example struct {
	Channel string
	Year    string
	Split   string // train, dev or test
	Text    string
	Flags   string // letters of the labelling guidelines
	Score   int    // −2 … 2
	Second  int    // of another labeller
	Twice   bool   // Second is set
	Class   int    // 0 neutral, 1 positive, 2 negative, as sentiment.Label
}

// ChatLine is an unlabelled message.
type ChatLine struct {
	Channel string
	Text    string
}

// Labels reads labels.tsv.gz of dir. Only the splits named are returned.
func Labels(dir string, splits ...string) ([]Example, error) {
	var out []Example
	err := eachRow(filepath.Join(dir, "labels.tsv.gz"), 8, func(f []string) error {
		wanted := false
		for _, s := range splits {
			wanted = wanted || f[3] == s
		}
		if !wanted {
			return nil
		}
		score, err := strconv.Atoi(f[4])
		if err != nil {
			return fmt.Errorf("score: %w", err)
		}
		e := Example{Channel: f[1], Year: f[2], Split: f[3], Score: score, Flags: f[5], Text: f[7], Class: classOf(score)}
		if second, err := strconv.Atoi(f[6]); err == nil {
			e.Second, e.Twice = second, true
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// Set reads a labelled set of others: tab-separated, compressed where the name
// ends in .gz, with a header that names a column text and a column label
// (positive, neutral, negative) or score (a number whose sign is the label). The
// columns channel, year and flags are read where there are any.
func Set(path string) ([]Example, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the labelled set: %w", err)
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			return nil, fmt.Errorf("unpacking %s: %w", path, err)
		}
	}
	var at map[string]int
	var out []Example
	err = eachLine(r, path, func(n int, line string) error {
		f := strings.Split(strings.TrimSuffix(line, "\r"), "\t")
		if n == 1 {
			at = map[string]int{}
			for i, name := range f {
				at[strings.ToLower(strings.TrimSpace(name))] = i
			}
			return nil
		}
		e, err := setRow(at, f)
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no labelled messages", path)
	}
	return out, nil
}

func setRow(at map[string]int, f []string) (e Example, err error) {
	field := func(name string) (string, bool) {
		i, ok := at[name]
		if !ok || i >= len(f) {
			return "", false
		}
		return f[i], true
	}
	var ok bool
	if e.Text, ok = field("text"); !ok {
		return e, errors.New("no text: the header must name a column text")
	}
	e.Channel, _ = field("channel")
	e.Year, _ = field("year")
	e.Flags, _ = field("flags")
	label, ok := field("label")
	if !ok {
		if label, ok = field("score"); !ok {
			return e, errors.New("no label: the header must name a column label or score")
		}
	}
	switch word := strings.ToLower(strings.TrimSpace(label)); word {
	case "positive":
		e.Score = 1
	case "neutral":
	case "negative":
		e.Score = -1
	default:
		v, err := strconv.ParseFloat(word, 64)
		if err != nil || v != v {
			return e, fmt.Errorf("the label %q is neither positive, neutral, negative nor a number", label)
		}
		switch {
		case v > 0:
			e.Score = 1
		case v < 0:
			e.Score = -1
		}
	}
	e.Class = classOf(e.Score)
	return e, nil
}

func classOf(score int) int {
	switch {
	case score > 0:
		return 1
	case score < 0:
		return 2
	}
	return 0
}

// Chat reads chat.tsv.gz of dir, at most perChannel lines of a channel.
func Chat(dir string, perChannel int) ([]ChatLine, error) {
	var out []ChatLine
	seen := map[string]int{}
	err := eachRow(filepath.Join(dir, "chat.tsv.gz"), 5, func(f []string) error {
		if seen[f[0]]++; seen[f[0]] <= perChannel {
			out = append(out, ChatLine{Channel: f[0], Text: f[4]})
		}
		return nil
	})
	return out, err
}

// Reddit reads the comments of goemotions.tsv.gz of dir whose emotion is
// positive, neutral or negative: channel and split are "reddit", the score is
// the sign. A folder without the file has none.
func Reddit(dir string) ([]Example, error) {
	path := filepath.Join(dir, "goemotions.tsv.gz")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []Example
	err := eachRow(path, 4, func(f []string) error {
		e := Example{Channel: "reddit", Split: "reddit", Text: f[3]}
		switch f[1] {
		case "positive":
			e.Score = 1
		case "negative":
			e.Score = -1
		case "neutral":
		default:
			return nil
		}
		e.Class = classOf(e.Score)
		out = append(out, e)
		return nil
	})
	return out, err
}

// eachRow calls f for each line after the header of a compressed TSV file.
// The strings are f's to keep.
func eachRow(path string, columns int, f func([]string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the data: %w", err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", path, err)
	}
	return eachField(z, path, columns, f)
}

func eachField(r io.Reader, path string, columns int, f func([]string) error) error {
	return eachLine(r, path, func(n int, line string) error {
		if n == 1 {
			return nil
		}
		fields := strings.SplitN(line, "\t", columns)
		if len(fields) != columns {
			return fmt.Errorf("%d columns, want %d", len(fields), columns)
		}
		return f(fields)
	})
}

// eachLine calls f for each line with its number, from 1. Errors name the line.
func eachLine(r io.Reader, path string, f func(n int, line string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxRowBytes)
	for n := 1; sc.Scan(); n++ {
		if err := f(n, sc.Text()); err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}
