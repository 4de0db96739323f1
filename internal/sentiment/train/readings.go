package train

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"

	"chatmood/internal/sentiment"
)

// WriteReadings writes what lexicon and rules see in each labelled message of
// dir, in its unlabelled chat, at most perChannel lines of a channel, in the invented messages and in its
// comments of GoEmotions, each text once, and then in so many augmented texts. A line holds, separated by tabs: hash of the text, channel, split
// ("-" for chat, "augmented"), score, flags, second score, the findings of the rules in
// hundredths, and the tokens. Tokens are separated by 0x1E, their parts by
// 0x1F: key, text, count, valence and arousal in hundredths, and a mask of the
// other findings about a token.
func WriteReadings(w io.Writer, dir string, perChannel, augmented int) error {
	labels, err := Labels(dir, "train", "dev", "test")
	if err != nil {
		return err
	}
	invented, err := Invented()
	if err != nil {
		return err
	}
	chat, err := Chat(dir, perChannel)
	if err != nil {
		return err
	}
	engine, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<20)
	r := &reader{engine: engine}
	seen := map[string]bool{}
	for i := range labels {
		l := &labels[i]
		seen[l.Text] = true
		second := "-"
		if l.Twice {
			second = fmt.Sprint(l.Second)
		}
		writeReading(b, r, l.Text, fmt.Sprintf("%s\t%s\t%d\t%s\t%s", l.Channel, l.Split, l.Score, l.Flags, second))
	}
	for i := range chat {
		if t := chat[i].Text; !seen[t] {
			seen[t] = true
			writeReading(b, r, t, chat[i].Channel+"\t-\t0\t-\t-")
		}
	}
	reddit, err := Reddit(dir)
	if err != nil {
		return err
	}
	// What was also written in chat stays chat.
	for _, l := range append(invented, reddit...) {
		if !seen[l.Text] {
			seen[l.Text] = true
			flags := "-"
			if l.Flags != "" {
				flags = l.Flags
			}
			writeReading(b, r, l.Text, fmt.Sprintf("%s\t%s\t%d\t%s\t-", l.Channel, l.Split, l.Score, flags))
		}
	}
	texts, err := AugmentedTexts(dir, labels, reddit, hiddenChannels(labels, Defaults().Splits), augmented)
	if err != nil {
		return err
	}
	for _, t := range texts {
		writeReading(b, r, t, "-\taugmented\t0\t-\t-")
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing readings: %w", err)
	}
	return nil
}

// oneLine keeps a token's text within its field.
func oneLine(r rune) rune {
	switch r {
	case '\t', '\n', 0x1E, 0x1F:
		return ' '
	}
	return r
}

func writeReading(w *bufio.Writer, r *reader, text, columns string) {
	r.engine.Read(&r.buf, text, nil)
	fmt.Fprintf(w, "%016x\t%s\t", TextHash(text), columns)
	for i, v := range r.buf.Rules {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprint(w, hundredths(v))
	}
	fmt.Fprint(w, "\t")
	for i := range r.buf.Tokens {
		t := &r.buf.Tokens[i]
		if i > 0 {
			fmt.Fprint(w, "\x1e")
		}
		var f [numLex]float32
		tokenFindings(f[:], t)
		mask := 0
		for k := 3; k < numLex; k++ {
			if f[k] != 0 {
				mask |= 1 << (k - 3)
			}
		}
		fmt.Fprintf(w, "%016x\x1f%s\x1f%d\x1f%d\x1f%d\x1f%d", t.Key, strings.Map(oneLine, t.Text), t.Count, hundredths(t.Valence), hundredths(t.Arousal), mask)
	}
	fmt.Fprint(w, "\n")
}

func hundredths(v float32) int { return int(math.Round(float64(v) * 100)) }
