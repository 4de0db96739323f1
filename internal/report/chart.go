package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"
)

// chart is a picture, drawn with whatever pen a form has.
type chart struct {
	title string
	// desc tells in words what can be seen, for those who cannot see it.
	desc   string
	height float64 // points
	bar    bool    // it only shows what a table beside it says
	legend []key
	draw   func(p pen, width float64)
}

// key explains a colour of a chart.
type key struct {
	ink  ink
	text string
}

// pen draws. Lengths are in points, y grows downwards from the top of the
// chart.
type pen interface {
	rect(x, y, w, h float64, c ink)
	line(points []point, width float64, c ink)
	area(points []point, c ink)
	// label sets text with its baseline at y, from x, centred on it or up to it.
	label(x, y, size float64, text string, where anchor, c ink)
}

type point struct{ x, y float64 }

type anchor int

const (
	atStart anchor = iota
	atMiddle
	atEnd
)

// ink is a colour by what it is for.
type ink int

const (
	inkText ink = iota
	inkFaint
	inkGrid
	inkGap
	inkPositive
	inkNeutral
	inkNegative
	inkPositiveTint
	inkNegativeTint
	inkLine
	inkMark
)

// rgb returns the colour on white paper. Positive and negative differ in
// lightness too, and lie on different sides in each chart, so that nothing
// hangs on telling green from red.
func (c ink) rgb() (r, g, b uint8) {
	switch c {
	case inkText:
		return 0x1f, 0x24, 0x2b
	case inkFaint:
		return 0x5b, 0x64, 0x70
	case inkGrid:
		return 0xdf, 0xe3, 0xe8
	case inkGap:
		return 0xec, 0xed, 0xf0
	case inkPositive:
		return 0x1a, 0x93, 0x7a
	case inkNeutral:
		return 0xb4, 0xbc, 0xc8
	case inkNegative:
		return 0xc0, 0x45, 0x2f
	case inkPositiveTint:
		return 0xbf, 0xe5, 0xdb
	case inkNegativeTint:
		return 0xf3, 0xc9, 0xbf
	case inkLine:
		return 0x2c, 0x3e, 0x63
	case inkMark:
		return 0x6d, 0x3f, 0xa8
	}
	return 0, 0, 0
}

// class is the ink's name in style sheets.
func (c ink) class() string {
	return [...]string{"ct", "cf", "cg", "cx", "cp", "cn", "cm", "cpt", "cmt", "cl", "ck"}[c]
}

// The frame of the plots over time, in points.
const (
	chartLeft   = 44.0
	chartRight  = 4.0
	chartAxis   = 14.0 // below the plot, for times
	chartColumn = 140  // columns at most
	labelSize   = 7.0
)

// charts returns the plots over time.
func (d *document) charts() []*chart {
	if d.legacy {
		if len(d.shares) < 2 {
			return nil
		}
		return []*chart{d.legacyShareChart()}
	}
	cols, each := columns(&d.r.Timeline, chartColumn)
	if len(cols) < 2 {
		return nil
	}
	p := plot{d: d, cols: cols, each: each, from: d.r.Timeline.From, to: d.r.Timeline.To}
	return []*chart{p.mood(), p.rate(), p.shares()}
}

// plot holds what the plots over time have in common.
type plot struct {
	d        *document
	cols     []column
	each     float64 // seconds of a column
	from, to time.Time
}

// x returns where an instant lies in a plot of a width.
func (p *plot) x(t time.Time, width float64) float64 {
	part := t.Sub(p.from).Seconds() / max(p.to.Sub(p.from).Seconds(), 1e-9)
	return chartLeft + min(max(part, 0), 1)*(width-chartLeft-chartRight)
}

// frame draws gaps, grid and axis: levels are values with their labels from
// the top of the plot (0) to its bottom (1).
func (p *plot) frame(out pen, width, height float64, levels []level) {
	var open struct{ from, to float64 }
	flush := func() {
		if open.to > open.from {
			out.rect(open.from, 0, open.to-open.from, height, inkGap)
		}
	}
	for _, g := range p.d.r.Timeline.Gaps {
		from, to := p.x(g.From, width), p.x(g.To, width)
		if to <= from {
			continue
		}
		to = max(to, from+0.8)
		if from >= open.from && from <= open.to+0.2 { // nothing can be seen between
			open.to = max(open.to, to)
			continue
		}
		flush()
		open.from, open.to = from, to
	}
	flush()
	for _, l := range levels {
		y := l.at * height
		out.line([]point{{chartLeft, y}, {width - chartRight, y}}, cmp.Or(l.width, 0.5), inkGrid)
		out.label(chartLeft-4, min(max(y+labelSize*0.36, labelSize*0.95), height), labelSize, l.text, atEnd, inkFaint)
	}
	days := p.d.days
	lastEnd := math.Inf(-1)
	for _, t := range ticks(p.from, p.to, int(width/56)) {
		x := p.x(t, width)
		out.line([]point{{x, height}, {x, height + 2.5}}, 0.5, inkFaint)
		form := "15:04"
		if p.to.Sub(p.from) < 5*time.Minute {
			form = "15:04:05"
		}
		if days && p.to.Sub(p.from) > 20*time.Hour {
			form = "01-02 15:04"
		}
		text := t.Format(form)
		half := float64(len(text)) * labelSize * 0.29
		at := min(max(x, chartLeft+half), width-chartRight-half)
		if at-half < lastEnd {
			continue
		}
		lastEnd = at + half + 3
		out.label(at, height+chartAxis-3.5, labelSize, text, atMiddle, inkFaint)
	}
}

type level struct {
	at    float64
	text  string
	width float64
}

func (p *plot) mood() *chart {
	const height, strip = 92.0, 9.0
	top := moodTop(p.cols)
	desc := fmt.Sprintf("Mood over time from %s to %s, each point the mean of %s.", clock(p.from, p.d.days), clock(p.to, p.d.days), span(p.each))
	lowest, highest := -1, -1
	for i, c := range p.cols {
		if c.n < minColumn {
			continue
		}
		if lowest < 0 || c.mood() < p.cols[lowest].mood() {
			lowest = i
		}
		if highest < 0 || c.mood() > p.cols[highest].mood() {
			highest = i
		}
	}
	when := func(i int) string {
		return clock(p.from.Add(time.Duration((float64(i)+0.5)*p.each*float64(time.Second))), p.d.days)
	}
	if lowest >= 0 {
		desc += fmt.Sprintf(" Highest %s at %s, lowest %s at %s.", signed(p.cols[highest].mood()), when(highest), signed(p.cols[lowest].mood()), when(lowest))
	}
	legend := []key{{inkPositive, "above zero: positive"}, {inkNegative, "below zero: negative"}}
	tl := &p.d.r.Timeline
	if len(tl.Moments)+len(tl.Marks) > 0 {
		legend = append(legend, key{inkMark, "◆ hype, ▲ positive, ▼ negative moment; R raid, G gifts"})
	}
	if len(tl.Gaps) > 0 {
		legend = append(legend, key{inkGap, "not read"})
	}
	return &chart{
		title: "Mood", desc: desc, height: height + strip + chartAxis, legend: legend,
		draw: func(out pen, width float64) {
			p.frame(out, width, height, []level{{0, signed(top), 0}, {0.5, "0", 1}, {1, signed(-top), 0}})
			y := func(v float64) float64 { return min(max((1-v/top)/2, 0), 1) * height }
			at := func(i int) point {
				x := chartLeft + (float64(i)+0.5)/float64(len(p.cols))*(width-chartLeft-chartRight)
				return point{x, y(p.cols[i].mood())}
			}
			for _, run := range p.runs() {
				points := make([]point, 0, run.to-run.from+2)
				for i := run.from; i < run.to; i++ {
					points = append(points, at(i))
				}
				if len(points) == 1 { // alone between gaps: a short stroke
					points = []point{{points[0].x - 1.5, points[0].y}, {points[0].x + 1.5, points[0].y}}
				}
				for _, above := range []bool{true, false} {
					side, tint := clip(points, height/2, above), inkNegativeTint
					if above {
						tint = inkPositiveTint
					}
					if len(side) > 2 {
						out.area(side, tint)
					}
				}
				out.line(points, 1.1, inkLine)
			}
			p.signs(out, width, height+chartAxis+strip-2)
		},
	}
}

// clip returns the area between a line and the height of zero, on one side.
func clip(points []point, zero float64, above bool) []point {
	inside := func(y float64) bool { return above && y < zero || !above && y > zero }
	out := []point{{points[0].x, zero}}
	for i, p := range points {
		if i > 0 {
			last := points[i-1]
			if (last.y-zero)*(p.y-zero) < 0 { // the line crosses zero
				out = append(out, point{last.x + (p.x-last.x)*(zero-last.y)/(p.y-last.y), zero})
			}
		}
		if inside(p.y) {
			out = append(out, p)
		} else {
			out = append(out, point{p.x, zero})
		}
	}
	return append(out, point{points[len(points)-1].x, zero})
}

type run struct{ from, to int }

// runs returns the spans of columns with messages, without those in gaps.
func (p *plot) runs() []run {
	var out []run
	open := false
	for i, c := range p.cols {
		if c.n == 0 || c.gap {
			open = false
			continue
		}
		if !open {
			out, open = append(out, run{i, i}), true
		}
		out[len(out)-1].to = i + 1
	}
	return out
}

// maxSigns bounds how many moments a plot shows.
const maxSigns = 200

// signs draws moments and marks in a strip, their middle at y.
func (p *plot) signs(out pen, width, y float64) {
	const r = 2.6
	tl := &p.d.r.Timeline
	moments, _ := strongest(tl.Moments)
	for _, m := range moments[:min(len(moments), maxSigns)] {
		x := p.x(m.From, width)
		switch m.Kind {
		case "positive":
			out.area([]point{{x, y - r}, {x + r, y + r}, {x - r, y + r}}, inkPositive)
		case "negative":
			out.area([]point{{x - r, y - r}, {x + r, y - r}, {x, y + r}}, inkNegative)
		default:
			out.area([]point{{x, y - r}, {x + r, y}, {x, y + r}, {x - r, y}}, inkMark)
		}
	}
	for _, m := range tl.Marks[:min(len(tl.Marks), maxSigns)] {
		sign := map[string]string{"raid": "R", "gifts": "G"}[m.Kind]
		out.label(p.x(m.At, width), y+labelSize*0.36, labelSize, cmp.Or(sign, "•"), atMiddle, inkMark)
	}
}

func (p *plot) rate() *chart {
	const height = 70.0
	perMinute := func(n int) float64 { return float64(n) / p.each * 60 }
	most, busiest := 0.0, 0
	for i, c := range p.cols {
		if v := perMinute(c.n); v > most {
			most, busiest = v, i
		}
	}
	top := nice(most)
	at := p.from.Add(time.Duration((float64(busiest) + 0.5) * p.each * float64(time.Second)))
	return &chart{
		title: "Messages per minute",
		desc: fmt.Sprintf("Messages per minute over time, by label, each bar %s. The busiest, at %s, has %s.",
			span(p.each), clock(at, p.d.days), rate(most)),
		height: height + chartAxis,
		legend: []key{{inkPositive, "positive (below)"}, {inkNeutral, "neutral"}, {inkNegative, "negative (on top)"}},
		draw: func(out pen, width float64) {
			p.frame(out, width, height, []level{{0, axis(top), 0}, {0.5, axis(top / 2), 0}, {1, "0", 1}})
			wide := (width - chartLeft - chartRight) / float64(len(p.cols))
			for i, c := range p.cols {
				base := height
				for _, part := range []struct {
					n   int
					ink ink
				}{{c.positive, inkPositive}, {c.n - c.positive - c.negative, inkNeutral}, {c.negative, inkNegative}} {
					if h := perMinute(part.n) / top * height; h > 0 {
						base -= h
						out.rect(chartLeft+float64(i)*wide+wide*0.06, base, wide*0.88, h, part.ink)
					}
				}
			}
		},
	}
}

func (p *plot) shares() *chart {
	points := make([]sharePoint, 0, len(p.cols))
	for i, c := range p.cols {
		at := p.from.Add(time.Duration((float64(i) + 0.5) * p.each * float64(time.Second)))
		if c.n == 0 || c.gap {
			points = append(points, sharePoint{at: at, none: true})
			continue
		}
		points = append(points, sharePoint{at: at, positive: float64(c.positive) / float64(c.n), negative: float64(c.negative) / float64(c.n), rest: true})
	}
	return p.shareChart(points, fmt.Sprintf("Shares of positive, neutral and negative messages over time, each step %s.", span(p.each)))
}

// legacyShareChart draws the shares that the old system kept of each minute.
func (d *document) legacyShareChart() *chart {
	from, to := d.shares[0].At, d.shares[len(d.shares)-1].At
	if !to.After(from) {
		to = from.Add(time.Minute)
	}
	// Longer ones than a plot has room for are thinned out.
	stride := (len(d.shares) + 4*chartColumn - 1) / (4 * chartColumn)
	points := make([]sharePoint, 0, len(d.shares)/stride+1)
	var last time.Time
	for i := 0; i < len(d.shares); i += stride {
		x := d.shares[i]
		if gap := x.At.Sub(last); !last.IsZero() && gap > max(5*time.Minute, time.Duration(3*stride)*time.Minute) {
			points = append(points, sharePoint{at: last.Add(gap / 2), none: true})
		}
		last = x.At
		points = append(points, sharePoint{at: x.At, positive: x.Positive, negative: x.Negative, rest: true, neutral: x.Neutral})
	}
	p := plot{d: d, from: from, to: to}
	return p.shareChart(points, "Shares of positive, neutral and negative messages in each minute, as the earlier system kept them.")
}

// sharePoint holds the shares at an instant; what they leave of 1 is neutral.
type sharePoint struct {
	at                          time.Time
	positive, neutral, negative float64
	none, rest                  bool
}

func (p *plot) shareChart(points []sharePoint, desc string) *chart {
	const height = 60.0
	return &chart{
		title: "Shares", desc: desc, height: height + chartAxis,
		legend: []key{{inkPositive, "positive (from below)"}, {inkNeutral, "neutral"}, {inkNegative, "negative (from above)"}},
		draw: func(out pen, width float64) {
			p.frame(out, width, height, []level{{0, "100 %", 0}, {0.5, "50 %", 0}, {1, "0 %", 1}})
			draw := func(part []sharePoint) {
				if len(part) == 0 {
					return
				}
				if len(part) == 1 {
					one := part[0]
					one.at = one.at.Add(p.to.Sub(p.from) / (2 * chartColumn))
					part = append(part, one)
				}
				n := len(part)
				first, last := p.x(part[0].at, width), p.x(part[n-1].at, width)
				low, high := make([]point, 0, n+2), make([]point, 0, n+2)
				for _, s := range part {
					x := p.x(s.at, width)
					low = append(low, point{x, height * (1 - s.positive)})
					high = append(high, point{x, height * s.negative})
				}
				out.rect(first, 0, max(last-first, 0.5), height, inkNeutral)
				out.area(append(low, point{last, height}, point{first, height}), inkPositive)
				out.area(append(high, point{last, 0}, point{first, 0}), inkNegative)
			}
			begin := 0
			for i, s := range points {
				if s.none {
					draw(points[begin:i:i])
					begin = i + 1
				}
			}
			draw(points[min(begin, len(points)):len(points):len(points)])
		},
	}
}

// shareBar draws the counts by label as one bar.
func (d *document) shareBar() *chart {
	c := d.s.Counts
	sum := float64(max(c.Positive+c.Neutral+c.Negative, 1))
	total := c.Positive + c.Neutral + c.Negative
	return &chart{
		title: "Shares of all messages", bar: true, height: 16,
		desc: fmt.Sprintf("Positive %s, neutral %s, negative %s.", share(c.Positive, total), share(c.Neutral, total), share(c.Negative, total)),
		draw: func(out pen, width float64) {
			x := 0.0
			for _, part := range []struct {
				n   int
				ink ink
			}{{c.Positive, inkPositive}, {c.Neutral, inkNeutral}, {c.Negative, inkNegative}} {
				w := float64(part.n) / sum * width
				if w > 0 {
					out.rect(x, 2, w, 12, part.ink)
				}
				x += w
			}
		},
		legend: []key{{inkPositive, "positive"}, {inkNeutral, "neutral"}, {inkNegative, "negative"}},
	}
}

// nice rounds a maximum up to a value that reads well on an axis.
func nice(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 3, 4, 5, 6, 8, 10} {
		if v <= f*unit*(1+1e-9) {
			return f * unit
		}
	}
	return 10 * unit
}

func axis(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return number(int(math.Round(v)))
}
