package train

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ownLabels are the labels that this project gave to messages of the chat, by
// hash; the file's first lines say who labelled, when and how.
//
//go:embed labels.tsv.gz
var ownLabels []byte

// OwnLabels finds the texts of the labels that the repository holds in the
// chat of dir. A text of a channel in without is left out.
func OwnLabels(dir string, without map[string]bool) ([]Example, error) {
	tsv, err := unzip(ownLabels)
	if err != nil {
		return nil, fmt.Errorf("reading the project's labels: %w", err)
	}
	return joinLabels(tsv, dir, without)
}

func unzip(b []byte) (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}

func joinLabels(tsv, dir string, without map[string]bool) ([]Example, error) {
	type label struct {
		score int
		flags string
	}
	labels := map[uint64]label{}
	n := 0
	for line := range strings.Lines(tsv) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("labels line %d: %d columns, want hash, score, flags", n, len(f))
		}
		h, err := strconv.ParseUint(f[0], 16, 64)
		if err != nil {
			return nil, fmt.Errorf("labels line %d: hash: %w", n, err)
		}
		score, err := strconv.Atoi(f[1])
		if err != nil || score < -2 || score > 2 {
			return nil, fmt.Errorf("labels line %d: score %q, want -2 … 2", n, f[1])
		}
		labels[h] = label{score, f[2]}
	}
	if len(labels) == 0 {
		return nil, nil
	}
	chat, err := Chat(dir, 1<<31)
	if err != nil {
		return nil, err
	}
	var out []Example
	for i := range chat {
		c := &chat[i]
		h := TextHash(c.Text)
		l, ok := labels[h]
		if !ok {
			continue
		}
		delete(labels, h) // once
		if !without[c.Channel] {
			out = append(out, Example{Channel: c.Channel, Split: "train", Text: c.Text, Flags: l.flags, Score: l.score, Class: classOf(l.score)})
		}
	}
	return out, nil
}
