package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
)

// number writes 12345 as "12,345".
func number(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// share writes n of total as "12.3 %".
func share(n, total int) string {
	if total == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(n)/float64(total), 'f', 1, 64) + " %"
}

// signed writes a score or mood with its sign: "+0.12", "−0.05", "0.00".
func signed(v float64) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', 2, 64)
	switch {
	case s == "0.00":
		return s
	case v < 0:
		return "−" + s
	}
	return "+" + s
}

// optional is signed for what may be unknown.
func optional(v *float64) string {
	if v == nil {
		return "–"
	}
	return signed(*v)
}

// moodWord says what a mood feels like.
func moodWord(v float64) string {
	switch {
	case v >= 0.35:
		return "very positive"
	case v >= 0.1:
		return "positive"
	case v > -0.1:
		return "balanced"
	case v > -0.35:
		return "negative"
	}
	return "very negative"
}

// rate writes messages per minute.
func rate(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', 1, 64) + "/min"
	}
	return number(int(math.Round(v))) + "/min"
}

// span writes a duration in its two largest units.
func span(seconds float64) string {
	d := time.Duration(math.Round(max(seconds, 0))) * time.Second
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return pair(int(d/time.Minute), "min", int(d%time.Minute/time.Second), "s")
	case d < 48*time.Hour:
		return pair(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	return pair(int(d/(24*time.Hour)), "days", int(d%(24*time.Hour)/time.Hour), "h")
}

func pair(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}

// clock writes an instant as a time of day, with the day where the analysis
// covers more than one.
func clock(t time.Time, days bool) string {
	if days {
		return t.Format("01-02 15:04:05")
	}
	return t.Format("15:04:05")
}

// clean removes from chatters' words what could steer a terminal or turn the
// direction of the line that they are shown in.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// fit cuts s to at most width columns of a terminal.
func fit(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	var b strings.Builder
	used := 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if used += g.Width(); used > width-1 {
			break
		}
		b.WriteString(g.Str())
	}
	return b.String() + "…"
}

// pad fits s into exactly width columns.
func pad(s string, width int) string {
	s = fit(s, width)
	return s + strings.Repeat(" ", max(width-uniseg.StringWidth(s), 0))
}

// wrap breaks text into lines of at most width columns; words that are longer
// are broken.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(s) {
		w := uniseg.StringWidth(word)
		if used > 0 && used+1+w > width {
			lines, line, used = append(lines, line), "", 0
		}
		if w > width {
			pieces := pieces(word, width)
			lines = append(lines, pieces[:len(pieces)-1]...)
			word = pieces[len(pieces)-1]
			w = uniseg.StringWidth(word)
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+w
	}
	if used > 0 {
		lines = append(lines, line)
	}
	return lines
}

// pieces breaks a word into pieces of at most width columns, at least one.
func pieces(word string, width int) []string {
	var out []string
	start, at, used := 0, 0, 0
	for g := uniseg.NewGraphemes(word); g.Next(); {
		if used > 0 && used+g.Width() > width {
			out, start, used = append(out, word[start:at]), at, 0
		}
		used += g.Width()
		at += len(g.Str())
	}
	return append(out, word[start:])
}

// hms writes a duration as HH:MM:SS.
func hms(seconds float64) string {
	n := int64(math.Round(max(seconds, 0)))
	return fmt.Sprintf("%02d:%02d:%02d", n/3600, n/60%60, n%60)
}

// sameDay tells whether two instants fall on one day of their zone.
func sameDay(a, b time.Time) bool {
	return a.Format(time.DateOnly) == b.Format(time.DateOnly)
}

// plural writes a count with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}
