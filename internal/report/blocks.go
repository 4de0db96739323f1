package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// block is a piece of a report for people, whatever form it takes on a page.
// What strangers wrote is in it as they wrote it, but for [clean]: each form
// escapes it.
type block struct {
	kind  blockKind
	text  string  // of headings and paragraphs
	items []item  // of facts and lists
	table []table // of tables, to stand side by side where there is room
	chart *chart
}

type blockKind int

const (
	kindHeading blockKind = iota
	kindParagraph
	kindSmall // a paragraph that may be skipped
	kindFacts
	kindList
	kindTables
	kindChart
)

// item is a name with what is said under it; without a name it is a line.
type item struct{ name, text string }

// table is a table with a header.
type table struct {
	title string // "" where the heading says it
	cols  []col
	rows  [][]string
	total bool // the last row is the sum of the others
}

type col struct {
	name   string
	number bool    // aligned right
	weight float64 // of its width beside others; 0 is 1
}

// Limits on the lists of a report on pages; the text form has its own.
const (
	listedOnPages = 20
	gapsOnPages   = 50
	marksOnPages  = 50
	maxWaveText   = 300 // characters
	maxLabel      = 300 // characters
)

// title returns what stands above the report.
func (d *document) title() string {
	if d.name != "" {
		return clean(d.name)
	}
	return "Chat of " + d.channel()
}

func (d *document) tagList() string {
	tags := make([]string, len(d.tags))
	for i, tag := range d.tags {
		tags[i] = clean(tag)
	}
	return strings.Join(tags, ", ")
}

// noteParagraphs splits the note at its line breaks.
func (d *document) noteParagraphs() []string { return lines(d.note) }

func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(clean(line)); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// paragraphs returns the summary as paragraphs.
func (d *document) paragraphs() []string { return lines(d.summary.String()) }

// written says who wrote the summary.
func (d *document) written() string {
	s := d.summary
	switch {
	case s.Model != "":
		return "Written by the language model " + clean(s.Model) + " from the figures of this report. It may be wrong; the figures count."
	case s.Fallback != "":
		return "Built from the figures of this report by rule. " + clean(s.Fallback)
	}
	return "Built from the figures of this report by rule."
}

// blocks returns the report for people. The heading of the whole is left out.
func (d *document) blocks() []block {
	var b []block
	b = append(b, block{kind: kindFacts, items: d.facts()})
	for _, p := range d.noteParagraphs() {
		b = append(b, block{kind: kindParagraph, text: p})
	}
	if d.summary != nil {
		b = append(b, block{kind: kindHeading, text: "Analysis Summary"})
		for _, p := range d.paragraphs() {
			b = append(b, block{kind: kindParagraph, text: p})
		}
		b = append(b, block{kind: kindSmall, text: d.written()})
	}
	b = append(b, d.countBlocks()...)
	b = append(b, d.courseBlocks()...)
	b = append(b, d.momentBlocks()...)
	b = append(b, d.peopleBlocks()...)
	b = append(b, d.termBlocks()...)
	b = append(b, d.waveBlocks()...)
	b = append(b, d.gapBlocks()...)
	b = append(b, d.sourceBlocks()...)
	return append(b, d.methodBlocks()...)
}

func (d *document) facts() []item {
	date := "unknown"
	if from := d.from(); !from.IsZero() {
		date = d.when()
	}
	items := []item{
		{"Channel", d.channel()},
		{"Analysis Date", date},
		{"Duration", hms(d.s.Duration)},
		{"Total Messages Analyzed", number(d.s.Counts.Total)},
	}
	if len(d.tags) > 0 {
		items = append(items, item{"Tags", d.tagList()})
	}
	if !d.opt.Generated.IsZero() {
		items = append(items, item{"Generated on", d.opt.Generated.Format("2006-01-02 15:04:05 MST")})
	}
	return items
}

func (d *document) countBlocks() []block {
	c := d.s.Counts
	// Documents of the old system may hold counts that do not add up.
	sum := c.Positive + c.Neutral + c.Negative
	t := table{cols: []col{{name: "Category", weight: 2}, {name: "Count", number: true}, {name: "Percentage", number: true}}, total: true}
	for _, row := range []struct {
		name string
		n    int
	}{{"Positive", c.Positive}, {"Neutral", c.Neutral}, {"Negative", c.Negative}} {
		t.rows = append(t.rows, []string{row.name, number(row.n), share(row.n, sum)})
	}
	t.rows = append(t.rows, []string{"All", number(sum), share(sum, sum)})
	out := []block{
		{kind: kindHeading, text: "Messages"},
		{kind: kindTables, table: []table{t}},
	}
	if sum > 0 {
		out = append(out, block{kind: kindChart, chart: d.shareBar()})
	}
	if sum != c.Total {
		out = append(out, block{kind: kindSmall, text: fmt.Sprintf("The document tells of %s, but of %s by category.", plural(c.Total, "message", "messages"), number(sum))})
	}
	if items := d.findings(); len(items) > 0 {
		out = append(out, block{kind: kindList, items: items})
	}
	return out
}

// findings lists what is known besides the counts by label.
func (d *document) findings() []item {
	s, c := d.s, d.s.Counts
	var items []item
	add := func(name, text string) {
		if text != "" {
			items = append(items, item{name, text})
		}
	}
	add("Of these", join(c.Unsure, "with an uncertain label", c.Unscored, "with nothing to judge", c.Questions, "questions", c.First, "first messages", c.Waves, "in copypasta waves"))
	add("Left out", join(c.Commands, "commands", c.Bots, "by bots", c.Mirrored, "from other rooms", c.Deleted, "removed by moderators"))
	if s.Mood.All != nil {
		text := fmt.Sprintf("%s, %s over all", moodWord(*s.Mood.All), signed(*s.Mood.All))
		if s.Mood.Now != nil {
			text += fmt.Sprintf("; at the end %s (15 min %s, 60 min %s)", optional(s.Mood.Now), optional(s.Mood.M15), optional(s.Mood.M60))
		}
		add("Mood", text+". The scale is −1 to +1.")
	}
	if s.Duration > 0 && c.Total > 0 {
		text := rate(average(s)) + " on average"
		if s.Rate.Peak > 0 {
			text += fmt.Sprintf(", peak %s at %s", rate(s.Rate.Peak), clock(s.Rate.PeakAt, d.days))
		}
		add("Rate", text)
	}
	if n := s.Chatters.Distinct; n > 0 {
		about := ""
		if !s.Chatters.Exact {
			about = "about "
		}
		add("Chatters", fmt.Sprintf("%s%s, %.1f messages each", about, number(n), float64(c.Total)/float64(n)))
	}
	return items
}

func (d *document) courseBlocks() []block {
	charts := d.charts()
	if len(charts) == 0 {
		return nil
	}
	out := []block{{kind: kindHeading, text: "Course"}}
	for _, c := range charts {
		out = append(out, block{kind: kindChart, chart: c})
	}
	return out
}

// momentRow describes a moment: when, how long, what kind, its peak.
func (d *document) momentRow(m *analysis.Moment) []string {
	length, value := "still on", rate(m.Peak)
	if !m.To.IsZero() {
		length = span(m.To.Sub(m.From).Seconds())
	}
	if m.Kind != "hype" {
		value = signed(m.Peak)
	}
	return []string{clock(m.From, d.days), length, clean(m.Kind), value, cut(clean(m.Label), maxLabel)}
}

func (d *document) momentBlocks() []block {
	var out []block
	if list, more := strongest(d.s.Moments); len(list) > 0 {
		t := table{cols: []col{{name: "From", weight: 1.2}, {name: "Length", number: true, weight: 1.3}, {name: "Kind", weight: 1.1}, {name: "Peak", number: true, weight: 1.1}, {name: "What", weight: 5}}}
		for i := range list {
			t.rows = append(t.rows, d.momentRow(&list[i]))
		}
		out = append(out, block{kind: kindHeading, text: "Moments"}, block{kind: kindTables, table: []table{t}})
		if more > 0 {
			out = append(out, block{kind: kindSmall, text: "… and " + plural(more, "weaker one", "weaker ones") + "."})
		}
	}
	if marks := d.s.Marks; len(marks) > 0 {
		t := table{cols: []col{{name: "At", weight: 1.2}, {name: "Kind"}, {name: "What", weight: 6}}}
		for _, m := range marks[:min(len(marks), marksOnPages)] {
			t.rows = append(t.rows, []string{clock(m.At, d.days), clean(m.Kind), cut(clean(markText(&m)), maxLabel)})
		}
		out = append(out, block{kind: kindHeading, text: "Raids and gifts"}, block{kind: kindTables, table: []table{t}})
		if more := len(marks) - marksOnPages; more > 0 {
			out = append(out, block{kind: kindSmall, text: fmt.Sprintf("… and %s more.", number(more))})
		}
	}
	return out
}

func (d *document) peopleBlocks() []block {
	top := d.s.Chatters.Top
	var tables []table
	for _, l := range []struct {
		name string
		list []analysis.Chatter
	}{{"Most Active Contributors", top.All}, {"Most Positive Contributors", top.Positive}, {"Most Neutral Contributors", top.Neutral}, {"Most Negative Contributors", top.Negative}} {
		if len(l.list) == 0 {
			continue
		}
		t := table{title: l.name, cols: []col{{name: "Username", weight: 2}, {name: "Message Count", number: true}}}
		for _, c := range l.list[:min(len(l.list), listed)] {
			t.rows = append(t.rows, []string{cut(clean(cmp.Or(c.Name, c.Login)), maxName), number(c.Count)})
		}
		tables = append(tables, t)
	}
	if len(tables) == 0 {
		return nil
	}
	out := []block{{kind: kindHeading, text: "Who wrote most"}, {kind: kindTables, table: tables}}
	if n := d.s.Chatters.TopError; n > 0 {
		out = append(out, block{kind: kindSmall, text: fmt.Sprintf("No count is too high by more than %s.", number(n))})
	}
	if d.opt.Chatters == Pseudonyms {
		out = append(out, block{kind: kindSmall, text: "People are shown under pseudonyms."})
	}
	return out
}

func (d *document) termBlocks() []block {
	var tables []table
	for _, part := range []struct {
		title string
		list  []analysis.Term
	}{{"Words", d.s.Terms}, {"Emotes", d.s.Emotes}} {
		if len(part.list) == 0 {
			continue
		}
		t := table{title: part.title, cols: []col{{name: part.title[:len(part.title)-1], weight: 2.4}, {name: "Messages", number: true, weight: 1.5}, {name: "Positive", number: true, weight: 1.3}, {name: "Negative", number: true, weight: 1.4}}}
		for _, e := range part.list[:min(len(part.list), listedOnPages)] {
			n := e.Positive + e.Neutral + e.Negative
			t.rows = append(t.rows, []string{cut(clean(e.Term), maxName), number(e.Count), percent(e.Positive, n), percent(e.Negative, n)})
		}
		tables = append(tables, t)
	}
	if len(tables) == 0 {
		return nil
	}
	title := tables[0].title
	if len(tables) == 2 {
		title = "Words and emotes"
	}
	out := []block{{kind: kindHeading, text: title}, {kind: kindTables, table: tables}}
	note := "Positive and negative are shares of the messages that hold the word or emote."
	if n := d.s.TermError; n > 0 {
		note += fmt.Sprintf(" No count is too high by more than %s.", number(n))
	}
	return append(out, block{kind: kindSmall, text: note})
}

func (d *document) waveBlocks() []block {
	if len(d.s.Waves) == 0 {
		return nil
	}
	t := table{cols: []col{{name: "From", weight: 1.2}, {name: "Messages", number: true, weight: 1.2}, {name: "Chatters", number: true, weight: 1.2}, {name: "Text", weight: 6}}}
	for _, w := range biggest(d.s.Waves) {
		t.rows = append(t.rows, []string{clock(w.From, d.days), number(w.Count), number(w.Chatters), cut(clean(w.Text), maxWaveText)})
	}
	out := []block{{kind: kindHeading, text: "Copypasta waves"}, {kind: kindTables, table: []table{t}}}
	if more := len(d.s.Waves) - len(t.rows); more > 0 {
		out = append(out, block{kind: kindSmall, text: "… and " + plural(more, "smaller one", "smaller ones") + "."})
	}
	return out
}

func (d *document) gapBlocks() []block {
	gaps := d.s.Gaps
	if len(gaps) == 0 {
		return nil
	}
	t := table{cols: []col{{name: "From", weight: 1.3}, {name: "To", weight: 1.3}, {name: "Length", number: true, weight: 1.2}, {name: "Why", weight: 4}}}
	for _, g := range gaps[:min(len(gaps), gapsOnPages)] {
		t.rows = append(t.rows, []string{clock(g.From, d.days), clock(g.To, d.days), span(g.To.Sub(g.From).Seconds()), gapText(g.Reason)})
	}
	out := []block{{kind: kindHeading, text: "Gaps"}, {kind: kindTables, table: []table{t}}}
	if more := len(gaps) - gapsOnPages; more > 0 {
		out = append(out, block{kind: kindSmall, text: fmt.Sprintf("… and %s more.", number(more))})
	}
	return append(out, block{kind: kindSmall, text: fmt.Sprintf("In all chat was not read for %s.", span(missed(gaps)))})
}

// missed returns how many seconds the gaps last in all.
func missed(gaps []analysis.Gap) float64 {
	sum := 0.0
	for _, g := range gaps {
		sum += max(g.To.Sub(g.From).Seconds(), 0)
	}
	return sum
}

func (d *document) sourceBlocks() []block {
	src := d.r.Source
	if src == nil {
		return nil
	}
	items := []item{{"Name", clean(src.File)}, {"Read as", fmt.Sprintf("%s, %s", clean(src.Format), plural(int(src.Lines), "line", "lines"))}}
	for _, n := range src.Notes {
		items = append(items, item{"Note", clean(n)})
	}
	if src.ProblemCount > 0 {
		items = append(items, item{"Problems", plural(src.ProblemCount, "place", "places") + " could not be read"})
		for _, p := range src.Problems[:min(len(src.Problems), listed)] {
			items = append(items, item{"", cut(clean(p), maxLabel)})
		}
	}
	return []block{{kind: kindHeading, text: "File"}, {kind: kindList, items: items}}
}

func (d *document) methodBlocks() []block {
	var text []string
	if d.legacy {
		text = []string{
			"These figures come from an analysis that an earlier version of this system made and saved. It kept the counts, who wrote most and, in its last releases, the shares of each minute; moods, rates, words and gaps are not known.",
		}
		if !d.s.EndedAt.IsZero() {
			text = append(text, "The analysis was saved at the time that is given as its end; the beginning is that time less the duration.")
		}
	} else {
		text = []string{
			"Each message was judged by a model of this program that knows the words and emotes of Twitch chat: a score of −1 to +1, and from it positive, neutral or negative. Messages with nothing to judge count as neutral. Irony and private jokes are often missed, so single messages prove little and large numbers more.",
			"The mood is the mean score of the messages with something to judge, of each person at most three in half a minute, so that nobody turns it alone. A moment is a span in which the rate or the mood left its usual range.",
			"Commands, known bots, messages from other rooms of a shared chat and messages that moderators removed are left out. What was not read while the connection was down is shown as a gap, never as silence.",
		}
	}
	out := []block{{kind: kindHeading, text: "Method"}}
	for _, t := range text {
		out = append(out, block{kind: kindSmall, text: t})
	}
	return out
}

// ticks returns instants for the axis between two, at most n, on round times
// of their zone.
func ticks(from, to time.Time, n int) []time.Time {
	steps := []time.Duration{
		time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
		15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
	length := to.Sub(from)
	if length <= 0 || n <= 0 {
		return nil
	}
	i, _ := slices.BinarySearchFunc(steps, length, func(step, length time.Duration) int {
		return cmp.Compare(step*time.Duration(n), length)
	})
	step := steps[min(i, len(steps)-1)]
	for step*time.Duration(n) < length {
		step *= 2
	}
	_, offset := from.Zone()
	shift := time.Duration(offset) * time.Second
	var out []time.Time
	for t := from.Add(shift).Truncate(step).Add(-shift); !t.After(to) && len(out) <= n+1; t = t.Add(step) {
		if !t.Before(from) {
			out = append(out, t)
		}
	}
	return out
}
