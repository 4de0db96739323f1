package summary

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Limits on what is taken of an answer.
const (
	maxText       = 4000 // characters
	maxParagraphs = 6
	minSentences  = 2
)

// thoughts are what some local models write before their answer.
var thoughts = regexp.MustCompile(`(?s)<think(?:ing)?>.*?</think(?:ing)?>`)

// check returns the paragraphs of an answer. Sentences with numbers that are
// not in the figures are dropped: a model that reckons by itself is often
// wrong, and nobody could tell. An answer of which less than two sentences are
// left is refused.
func check(answer, prompt string) ([]string, error) {
	answer = strings.ToValidUTF8(thoughts.ReplaceAllString(answer, ""), "\uFFFD")
	if i := strings.Index(answer, "<think"); i >= 0 { // it never came to an end
		answer = answer[:i]
	}
	if text := []rune(answer); len(text) > maxText {
		answer = string(text[:maxText])
		if i := strings.LastIndexAny(answer, ".!?"); i >= 0 { // whole sentences only
			answer = answer[:i+1]
		}
	}
	known := numbers(prompt)
	var out []string
	kept, dropped := 0, 0
	for line := range strings.Lines(answer) {
		var paragraph []string
		for _, s := range sentences(plain(line)) {
			if !covered(s, known) {
				dropped++
				continue
			}
			kept++
			paragraph = append(paragraph, s)
		}
		if len(paragraph) > 0 {
			out = append(out, strings.Join(paragraph, " "))
		}
	}
	switch {
	case kept < minSentences && dropped > 0:
		return nil, &failure{"it told numbers that are not in the figures", nil}
	case kept == 0:
		return nil, &failure{"it gave an empty answer", nil}
	}
	return out[:min(len(out), maxParagraphs)], nil
}

// plain takes the signs of Markdown and what cannot be seen out of a line.
func plain(line string) string {
	line = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != 0x200d && r != 0x200c, r == '*', r == '`':
			return -1
		}
		return r
	}, line)
	line = strings.TrimLeft(strings.TrimSpace(line), "#>-•– ")
	return strings.Join(strings.Fields(line), " ")
}

// sentences splits a line behind full stops that a capital follows.
func sentences(line string) []string {
	var out []string
	text := []rune(line)
	start := 0
	for i := 0; i+2 < len(text); i++ {
		if strings.ContainsRune(".!?", text[i]) && text[i+1] == ' ' && (unicode.IsUpper(text[i+2]) || unicode.IsDigit(text[i+2]) || text[i+2] == '“') {
			out = append(out, string(text[start:i+1]))
			start = i + 2
		}
	}
	if rest := strings.TrimSpace(string(text[start:])); rest != "" {
		out = append(out, rest)
	}
	return out
}

// numeral is a number as people write it.
var numeral = regexp.MustCompile(`\d+(?:[,\x{202f}\x{00a0}]\d{3})*(?:\.\d+)?`)

func numbers(s string) []float64 {
	var out []float64
	for _, m := range numeral.FindAllString(s, -1) {
		if v, err := strconv.ParseFloat(digits(m), 64); err == nil {
			out = append(out, v)
		}
	}
	return out
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// smallest is up to where whole numbers need not be in the figures: things are
// counted and put in order with them.
const smallest = 10

// covered tells whether all numbers of a sentence are figures, or such that
// were rounded.
func covered(sentence string, known []float64) bool {
	for _, m := range numeral.FindAllString(sentence, -1) {
		text := digits(m)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return false
		}
		decimals := 0
		if i := strings.IndexByte(text, '.'); i >= 0 {
			decimals = len(text) - i - 1
		}
		if decimals == 0 && v <= smallest {
			continue
		}
		// What is rounded to tens or hundreds of a large number is right too.
		steps := []float64{math.Pow(10, -float64(decimals))}
		if decimals == 0 {
			for step := 10.0; v >= 10*step; step *= 10 {
				if math.Mod(v, step) != 0 {
					break
				}
				steps = append(steps, step)
			}
		}
		if !roundsTo(v, steps, known) {
			return false
		}
	}
	return true
}

func roundsTo(v float64, steps, known []float64) bool {
	for _, step := range steps {
		for _, k := range known {
			if math.Abs(k-v) <= step/2*(1+1e-9) {
				return true
			}
		}
	}
	return false
}
