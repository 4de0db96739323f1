package report

import (
	"math"
	"strings"

	"chatmood/internal/analysis"
)

// column is one column of the plot.
type column struct {
	n   int     // messages
	sum float64 // of their scores
	// voices and voiceSum are of the messages that count for the mood.
	voices             int
	voiceSum           float64
	positive, negative int  // of n
	gap                bool // chat was not read in most of it
	mark               rune // what happened in it, 0: nothing
}

// mood returns the mood in the column: the mean score of the messages that
// count for it, of all where those were not counted.
func (c *column) mood() float64 {
	switch {
	case c.voices > 0:
		return c.voiceSum / float64(c.voices)
	case c.n > 0:
		return c.sum / float64(c.n)
	}
	return 0
}

// columns sums the timeline up into width columns, and returns how many
// seconds each stands for.
func columns(tl *analysis.Timeline, width int) ([]column, float64) {
	from, to := tl.From.Unix(), tl.To.Unix()
	if to <= from || width <= 0 {
		return nil, 0
	}
	step := max(int64(tl.Step), 1)
	width = int(min(int64(width), max((to-from)/step, 1)))
	each := float64(to-from) / float64(width)
	cols := make([]column, width)
	at := func(t int64) int { return min(max(int(float64(t-from)/each), 0), width-1) }
	for _, b := range tl.Buckets {
		c := &cols[at(b.T)]
		c.n += b.Positive + b.Neutral + b.Negative
		c.sum += b.Sum
		c.voices += b.Voices
		c.voiceSum += b.VoiceSum
		c.positive += b.Positive
		c.negative += b.Negative
	}
	for i := range cols {
		start := float64(from) + float64(i)*each
		missed := 0.0
		for _, g := range tl.Gaps {
			missed += max(0, min(float64(g.To.UnixMilli())/1000, start+each)-max(float64(g.From.UnixMilli())/1000, start))
		}
		cols[i].gap = missed > each/2
	}
	for _, m := range tl.Moments {
		sign := map[string]rune{"hype": '^', "positive": '+', "negative": '-'}[m.Kind]
		if sign == 0 {
			sign = '*'
		}
		cols[at(m.From.Unix())].mark = sign
	}
	for _, m := range tl.Marks {
		cols[at(m.At.Unix())].mark = map[string]rune{"raid": 'R', "gifts": 'G'}[m.Kind]
	}
	return cols, each
}

const (
	rateRows = 4
	moodRows = 5 // an odd number: the middle one holds zero
)

// ratePlot draws messages per minute as bars of block elements, top row first,
// and returns the value of the top.
func ratePlot(cols []column, each float64) ([]string, float64) {
	const eighths = " ▁▂▃▄▅▆▇█"
	blocks := []rune(eighths)
	top := 0.0
	for _, c := range cols {
		top = max(top, float64(c.n)/each*60)
	}
	rows := make([]strings.Builder, rateRows)
	for _, c := range cols {
		level := 0
		if top > 0 {
			level = int(math.Ceil(float64(c.n) / each * 60 / top * rateRows * 8))
		}
		for i := range rows {
			filled := min(max(level-(rateRows-1-i)*8, 0), 8)
			switch {
			case c.gap && c.n == 0 && i == rateRows-1:
				rows[i].WriteRune('╳')
			default:
				rows[i].WriteRune(blocks[filled])
			}
		}
	}
	return joined(rows), top
}

// moodPlot draws the mean score of each column as a braille line around zero,
// top row first, and returns the value of the top (the bottom is its negative).
func moodPlot(cols []column) ([]string, float64) {
	top := moodTop(cols)
	const dots = moodRows * 4
	bits := [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}
	cells := make([][]rune, moodRows)
	for i := range cells {
		cells[i] = make([]rune, len(cols))
	}
	set := func(x, y int) {
		cells[y/4][x/2] |= bits[y%4][x%2]
	}
	height := func(v float64) int {
		return min(max(int(math.Round((1-v/top)/2*(dots-1))), 0), dots-1)
	}
	zero := height(0)
	last := -1
	for x, c := range cols {
		if x%2 == 0 { // a dotted axis
			set(2*x, zero)
		}
		if c.n == 0 || c.gap {
			last = -1
			continue
		}
		y := height(c.mood())
		from := y
		if last >= 0 { // join it to the column before
			from = last
		}
		for i := min(from, y); i <= max(from, y); i++ {
			set(2*x, i)
		}
		set(2*x+1, y)
		last = y
	}
	rows := make([]strings.Builder, moodRows)
	for i := range cells {
		for _, b := range cells[i] {
			if b == 0 {
				rows[i].WriteByte(' ')
				continue
			}
			rows[i].WriteRune(0x2800 + b)
		}
	}
	return joined(rows), top
}

// moodTop returns where the scale of the mood ends: at least 0.2, at most 1.
func moodTop(cols []column) float64 {
	top := 0.2
	for i := range cols {
		if c := &cols[i]; c.n >= minColumn {
			top = max(top, math.Abs(c.mood()))
		}
	}
	return min(math.Ceil(top*10-1e-9)/10, 1)
}

// minColumn is how many messages a column needs to stretch the scale of the
// mood: the mean of fewer says little.
const minColumn = 5

func joined(rows []strings.Builder) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = rows[i].String()
	}
	return out
}
