package report

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// TextOptions fit the text form to where it is read.
type TextOptions struct {
	// Width is the number of columns of the terminal; 0 means 80. It is kept
	// within 40 and 160.
	Width int
	// Color adds ANSI colours. They never carry anything alone.
	Color bool
}

// text writes the report for people, in UTF-8.
func (d *document) text(out *bufio.Writer) {
	opts := d.opt.Text
	if opts.Width == 0 {
		opts.Width = 80
	}
	opts.Width = min(max(opts.Width, 40), 160)
	t := &textReport{document: d, w: out, opts: opts}
	t.head()
	t.counts()
	t.tell()
	t.plot()
	t.moments()
	t.chatters()
	t.terms("Words", t.s.Terms)
	t.terms("Emotes", t.s.Emotes)
	t.waves()
	t.gaps()
	t.source()
}

type textReport struct {
	*document
	w    *bufio.Writer
	opts TextOptions
}

// ANSI colours.
const (
	bold   = "1"
	green  = "32"
	red    = "31"
	yellow = "33"
	grey   = "90"
)

func (t *textReport) paint(color, s string) string {
	if !t.opts.Color || color == "" || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// say writes one line; the width of what is passed is the caller's care.
func (t *textReport) say(format string, args ...any) {
	fmt.Fprintf(t.w, format+"\n", args...)
}

func (t *textReport) heading(s string) {
	t.say("")
	t.say("%s", t.paint(bold, s))
}

// item writes a label and a text that is wrapped beside it.
func (t *textReport) item(label, text string) {
	const indent = 11
	for i, line := range wrap(text, t.opts.Width-indent) {
		if i > 0 {
			label = ""
		}
		t.say("%s%s", pad(label, indent), line)
	}
}

func (t *textReport) head() {
	t.say("%s", t.paint(bold, fit(t.title(), t.opts.Width)))
	if t.name != "" {
		t.item("Channel", t.channel())
	}
	t.item("When", t.when())
	if len(t.tags) > 0 {
		t.item("Tags", t.tagList())
	}
	if t.note != "" {
		t.item("Note", clean(t.note))
	}
}

// tell writes the summary.
func (t *textReport) tell() {
	if t.summary == nil {
		return
	}
	t.heading("Summary")
	for _, paragraph := range t.paragraphs() {
		for _, line := range wrap(paragraph, t.opts.Width) {
			t.say("%s", line)
		}
	}
	for _, line := range wrap("("+t.written()+")", t.opts.Width) {
		t.say("%s", line)
	}
}

func (t *textReport) counts() {
	c, s := t.s.Counts, t.s
	t.item("Messages", number(c.Total))
	if c.Total > 0 {
		for _, row := range []struct {
			sign, word, color string
			n                 int
			fill              string
		}{{"+", "positive", green, c.Positive, "█"}, {"·", "neutral", grey, c.Neutral, "▒"}, {"−", "negative", red, c.Negative, "▓"}} {
			bar := strings.Repeat(row.fill, int(float64(t.opts.Width-36)*min(float64(row.n)/float64(c.Total), 1)+0.5))
			t.say("  %s %s %9s %7s  %s", row.sign, pad(row.word, 8), number(row.n), share(row.n, c.Total), t.paint(row.color, bar))
		}
	}
	if extra := join(c.Unsure, "with an uncertain label", c.Unscored, "with nothing to judge", c.Questions, "questions", c.First, "first messages", c.Waves, "in copypasta waves"); extra != "" {
		t.item("  of these", extra)
	}
	if out := join(c.Commands, "commands", c.Bots, "by bots", c.Mirrored, "from other rooms", c.Deleted, "removed by moderators"); out != "" {
		t.item("Left out", out)
	}
	if s.Mood.All != nil {
		text := fmt.Sprintf("%s, %s over all", moodWord(*s.Mood.All), signed(*s.Mood.All))
		if s.Mood.Now != nil {
			text += fmt.Sprintf("; at the end %s (15 min %s, 60 min %s)", optional(s.Mood.Now), optional(s.Mood.M15), optional(s.Mood.M60))
		}
		t.item("Mood", text+". The scale is −1 to +1.")
	}
	if s.Duration > 0 {
		text := rate(average(s)) + " on average"
		if s.Rate.Peak > 0 {
			text += fmt.Sprintf(", peak %s at %s", rate(s.Rate.Peak), clock(s.Rate.PeakAt, t.days))
		}
		t.item("Rate", text)
	}
	if t.legacy {
		return // how many wrote is not known
	}
	about := ""
	if !s.Chatters.Exact && s.Chatters.Distinct > 0 {
		about = "about "
	}
	text := about + number(s.Chatters.Distinct)
	if s.Chatters.Distinct > 0 {
		text += fmt.Sprintf(", %.1f messages each", float64(c.Total)/float64(s.Chatters.Distinct))
	}
	t.item("Chatters", text)
}

// join lists the counts that are not zero: "3 questions, 1 by bots".
func join(pairs ...any) string {
	var s []string
	for i := 0; i < len(pairs); i += 2 {
		if n := pairs[i].(int); n > 0 {
			s = append(s, number(n)+" "+pairs[i+1].(string))
		}
	}
	return strings.Join(s, ", ")
}

func (t *textReport) plot() {
	rows := t.drawing(t.opts.Width)
	if len(rows) == 0 {
		return
	}
	t.heading("Course")
	for _, row := range rows {
		t.say("%s", strings.TrimRight(row, " "))
	}
}

// drawing draws the course in characters, without colours, at most width wide.
func (d *document) drawing(width int) []string {
	if d.legacy {
		return shareRows(d.shares, width, d.days)
	}
	return plotRows(&d.r.Timeline, width, d.days)
}

// shareRows draws the shares of positive and negative messages of a document of
// the old system, one row each.
func shareRows(shares []LegacyShare, width int, days bool) []string {
	const left = 11
	cols := min(width-left-1, len(shares))
	if cols < 2 {
		return nil
	}
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	row := func(name string, value func(LegacyShare) float64) string {
		var b strings.Builder
		for i := range cols {
			part := shares[i*len(shares)/cols : (i+1)*len(shares)/cols]
			sum := 0.0
			for _, s := range part {
				sum += value(s)
			}
			b.WriteRune(blocks[min(int(sum/float64(len(part))*8+0.5), 8)])
		}
		return pad(name, left-1) + "┤" + b.String()
	}
	out := []string{
		row("positive", func(s LegacyShare) float64 { return s.Positive }),
		row("neutral", func(s LegacyShare) float64 { return s.Neutral }),
		row("negative", func(s LegacyShare) float64 { return s.Negative }),
	}
	from, to := clock(shares[0].At, days), clock(shares[len(shares)-1].At, days)
	if fill := cols - len(from) - len(to); fill > 0 {
		out = append(out, strings.Repeat(" ", left)+from+strings.Repeat(" ", fill)+to)
	}
	for _, l := range wrap("Shares of the messages of each minute; a full block is all of them.", width-left) {
		out = append(out, strings.Repeat(" ", left)+l)
	}
	return out
}

// plotRows draws mood and rate over time, without colours, at most width wide.
func plotRows(tl *analysis.Timeline, width int, days bool) []string {
	const left = 11
	cols, each := columns(tl, width-left-1)
	if len(cols) < 2 {
		return nil
	}
	var out []string
	mood, top := moodPlot(cols)
	for i, row := range mood {
		label := ""
		switch i {
		case 0:
			label = signed(top)
		case moodRows / 2:
			label = "mood 0.0"
		case moodRows - 1:
			label = signed(-top)
		}
		out = append(out, strings.Repeat(" ", left-2-len([]rune(label)))+label+" ┤"+row)
	}
	bars, most := ratePlot(cols, each)
	for i, row := range bars {
		label := ""
		switch i {
		case 0:
			label = rate(most)
		case rateRows - 1:
			label = "rate 0"
		}
		out = append(out, strings.Repeat(" ", max(left-2-len([]rune(label)), 0))+label+" ┤"+row)
	}
	signs, any, gap := make([]rune, len(cols)), false, false
	for i, c := range cols {
		signs[i] = ' '
		if c.mark != 0 {
			signs[i], any = c.mark, true
		}
		gap = gap || c.gap
	}
	if any {
		out = append(out, "  moments  "+string(signs))
	}
	from, to := clock(tl.From, days), clock(tl.To, days)
	if fill := len(cols) - len(from) - len(to); fill > 0 {
		out = append(out, strings.Repeat(" ", left)+from+strings.Repeat(" ", fill)+to)
	}
	legend := "Each column is " + span(each) + "."
	if any {
		legend += " ^ hype, + positive, - negative moment, R raid, G gifts."
	}
	if gap {
		legend += " ╳ not read."
	}
	for _, l := range wrap(legend, width-left) {
		out = append(out, strings.Repeat(" ", left)+l)
	}
	return out
}

func (t *textReport) moments() {
	list, more := strongest(t.s.Moments)
	if len(list)+len(t.s.Marks) == 0 {
		return
	}
	t.heading("Moments")
	type line struct {
		at   time.Time
		text string
	}
	var all []line
	for _, m := range list {
		length := "still on"
		if !m.To.IsZero() {
			length = span(m.To.Sub(m.From).Seconds())
		}
		color := cmp.Or(map[string]string{"positive": green, "negative": red}[m.Kind], yellow)
		prefix := clock(m.From, t.days) + "  "
		text := prefix + t.paint(color, pad(m.Kind, 8)) + " " + pad(length, 10) + "  "
		peak := signed(m.Peak)
		if m.Kind == "hype" {
			peak = rate(m.Peak)
		}
		told := clean(m.Label)
		if !strings.Contains(told, strings.TrimLeft(peak, "+−")) {
			told = strings.TrimSpace(told + " (peak " + peak + ")")
		}
		indent := len(prefix) + 21
		if t.opts.Width-indent < 24 { // below, where there is no room beside
			indent = len(prefix)
			text = strings.TrimRight(text, " ") + "\n" + strings.Repeat(" ", indent)
		}
		for i, l := range wrap(told, t.opts.Width-indent) {
			if i > 0 {
				text += "\n" + strings.Repeat(" ", indent)
			}
			text += fit(l, t.opts.Width-indent)
		}
		all = append(all, line{m.From, text})
	}
	for _, m := range t.s.Marks {
		prefix := fmt.Sprintf("%s  %s ", clock(m.At, t.days), pad(m.Kind, 8))
		all = append(all, line{m.At, prefix + fit(clean(markText(&m)), t.opts.Width-len(prefix))})
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.at.Compare(b.at) })
	for _, l := range all {
		t.say("%s", strings.TrimRight(l.text, " "))
	}
	if more > 0 {
		t.say("and %s weaker ones", number(more))
	}
}

// momentsOfKind is how many moments of one kind are listed, and maxMoments how
// many in all.
const (
	momentsOfKind = 6
	maxMoments    = 24
)

// strongest returns the strongest moments of each kind, oldest first, and how
// many others there are.
func strongest(moments []analysis.Moment) (list []analysis.Moment, more int) {
	byKind := make(map[string][]analysis.Moment)
	for _, m := range moments {
		byKind[m.Kind] = append(byKind[m.Kind], m)
	}
	for _, ms := range byKind {
		slices.SortStableFunc(ms, func(a, b analysis.Moment) int { return cmp.Compare(strength(&b), strength(&a)) })
		list = append(list, ms[:min(len(ms), momentsOfKind)]...)
	}
	if len(list) > maxMoments { // of kinds that nobody knows
		slices.SortFunc(list, func(a, b analysis.Moment) int {
			return cmp.Or(cmp.Compare(strength(&b), strength(&a)), cmp.Compare(a.ID, b.ID), a.From.Compare(b.From))
		})
		list = list[:maxMoments]
	}
	slices.SortFunc(list, func(a, b analysis.Moment) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.ID, b.ID))
	})
	return list, len(moments) - len(list)
}

func strength(m *analysis.Moment) float64 {
	if m.Kind == "negative" {
		return -m.Peak
	}
	return m.Peak
}

func (t *textReport) chatters() {
	top := t.s.Chatters.Top
	if len(top.All)+len(top.Positive)+len(top.Neutral)+len(top.Negative) == 0 {
		return
	}
	t.heading("Who wrote most")
	lists := []struct {
		name, color string
		list        []analysis.Chatter
	}{{"all", bold, top.All}, {"+ positive", green, top.Positive}, {"· neutral", grey, top.Neutral}, {"− negative", red, top.Negative}}
	if t.legacy {
		lists = lists[1:] // it does not know the others
	}
	perRow := len(lists)
	if t.opts.Width < 72 {
		perRow = 2
	}
	width := t.opts.Width/perRow - 2
	for group := range slices.Chunk(lists, perRow) {
		row := func(cell func(i int) (string, string)) {
			var b strings.Builder
			for i := range group {
				text, color := cell(i)
				b.WriteString(t.paint(color, pad(text, width)))
				b.WriteString("  ")
			}
			t.say("%s", strings.TrimRight(b.String(), " "))
		}
		row(func(i int) (string, string) { return group[i].name, group[i].color })
		deepest := 0
		for _, g := range group {
			deepest = max(deepest, len(g.list))
		}
		for n := range min(deepest, listed) {
			row(func(i int) (string, string) {
				if n >= len(group[i].list) {
					return "", ""
				}
				c := group[i].list[n]
				count := number(c.Count)
				return pad(clean(cmp.Or(c.Name, c.Login)), width-len(count)-1) + " " + count, ""
			})
		}
	}
	if t.s.Chatters.TopError > 0 {
		t.say("No count is too high by more than %s.", number(t.s.Chatters.TopError))
	}
}

// listed is how many entries the lists of people, words and emotes show.
const listed = 10

func (t *textReport) terms(title string, list []analysis.Term) {
	if len(list) == 0 {
		return
	}
	t.heading(title + " (messages; share + and −)")
	name := min(t.opts.Width-34, 30)
	if t.opts.Width < 56 {
		name = t.opts.Width - 26
	}
	for _, e := range list[:min(len(list), listed)] {
		n := e.Positive + e.Neutral + e.Negative
		t.say("%s %8s  %s", pad(clean(e.Term), name), number(e.Count), fmt.Sprintf("%5s %5s", "+"+percent(e.Positive, n), "−"+percent(e.Negative, n)))
	}
	if t.s.TermError > 0 {
		t.say("No count is too high by more than %s.", number(t.s.TermError))
	}
}

// percent is share without digits after the point.
func percent(n, total int) string {
	if total == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*float64(n)/float64(total))
}

func (t *textReport) waves() {
	if len(t.s.Waves) == 0 {
		return
	}
	t.heading("Copypasta waves")
	for _, w := range biggest(t.s.Waves) {
		prefix := fmt.Sprintf("%s  %s × by %s  ", clock(w.From, t.days), number(w.Count), number(w.Chatters))
		t.say("%s%s", prefix, fit(clean(w.Text), t.opts.Width-len(prefix)))
	}
}

// biggest returns the waves of most messages, at most as many as are listed.
func biggest(waves []analysis.Wave) []analysis.Wave {
	waves = slices.Clone(waves)
	slices.SortStableFunc(waves, func(a, b analysis.Wave) int { return cmp.Compare(b.Count, a.Count) })
	return waves[:min(len(waves), listed)]
}

func (t *textReport) gaps() {
	if len(t.s.Gaps) == 0 {
		return
	}
	t.heading("Gaps")
	for _, g := range t.s.Gaps[:min(len(t.s.Gaps), listed)] {
		prefix := clock(g.From, t.days) + " to " + clock(g.To, t.days) + "  "
		t.say("%s%s", prefix, fit(gapText(g.Reason), t.opts.Width-len(prefix)))
	}
	if more := len(t.s.Gaps) - listed; more > 0 {
		t.say("and %s more", number(more))
	}
}

// gapText says why chat was not read.
func gapText(reason string) string {
	switch reason {
	case "log_silent":
		return "the log is silent although chat was busy"
	case "connection_lost":
		return "the connection was lost"
	case "reconnect_requested":
		return "Twitch asked for a new connection"
	case "restart":
		return "chatmood was not running"
	}
	return clean(reason)
}

// average returns the rate over the time that was read. The peak is counted over
// ten seconds; where less was read there is no average above it.
func average(s *analysis.Snapshot) float64 {
	seconds := s.Duration
	for _, g := range s.Gaps {
		seconds -= g.To.Sub(g.From).Seconds()
	}
	mean := float64(s.Counts.Total) / max(seconds, 1) * 60
	if s.Rate.Peak > 0 {
		mean = min(mean, s.Rate.Peak)
	}
	return mean
}

func (t *textReport) source() {
	src := t.r.Source
	if src == nil {
		return
	}
	t.heading("File")
	t.item("Name", clean(src.File))
	text := fmt.Sprintf("%s, %s lines", src.Format, number(int(src.Lines)))
	if src.Seconds > 0 {
		text += fmt.Sprintf(", analysed in %.2f s (%s lines/s)", src.Seconds, number(int(float64(src.Lines)/src.Seconds)))
	}
	t.item("Read as", text)
	for _, n := range src.Notes {
		t.item("Note", clean(n))
	}
	if src.ProblemCount == 0 {
		return
	}
	t.item("Problems", number(src.ProblemCount)+" places could not be read:")
	for _, p := range src.Problems[:min(len(src.Problems), listed)] {
		t.say("  %s", fit(clean(p), t.opts.Width-2))
	}
	if more := src.ProblemCount - min(len(src.Problems), listed); more > 0 {
		t.say("  and %s more", number(more))
	}
}
