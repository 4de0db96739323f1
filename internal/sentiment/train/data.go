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
	return eachLine(z, path, columns, f)
}

func eachLine(r io.Reader, path string, columns int, f func([]string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxRowBytes)
	for n := 1; sc.Scan(); n++ {
		if n == 1 {
			continue
		}
		fields := strings.SplitN(sc.Text(), "\t", columns)
		if len(fields) != columns {
			return fmt.Errorf("%s line %d: %d columns, want %d", path, n, len(fields), columns)
		}
		if err := f(fields); err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}
