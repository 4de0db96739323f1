package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// columnsOf returns the names of the columns of a section. They are stable:
// new ones come at the end.
func columnsOf(section Section) []string {
	switch section {
	case SectionSummary:
		return []string{"channel", "name", "value"}
	case SectionChatters:
		return []string{"channel", "list", "rank", "login", "name", "messages"}
	case SectionTerms, SectionEmotes:
		return []string{"channel", "rank", "term", "messages", "positive", "neutral", "negative", "emote_id"}
	case SectionMoments:
		return []string{"channel", "kind", "from", "to", "value", "text"}
	case SectionTimeline:
	}
	return []string{
		"channel", "time", "step_seconds", "positive", "neutral", "negative", "total", "mean_score", "events",
		"positive_share", "neutral_share", "negative_share",
	}
}

// writeCSV writes one section of the reports as RFC 4180 has it, with a header
// unless the options leave it out.
func writeCSV(w io.Writer, docs []*document) error {
	out := csv.NewWriter(w)
	out.UseCRLF = false // as before: spreadsheets and programs take both
	if !docs[0].opt.NoHeader {
		if err := out.Write(columnsOf(docs[0].opt.Section)); err != nil {
			return fmt.Errorf("writing the header: %w", err)
		}
	}
	for _, d := range docs {
		if err := d.rows(func(row ...string) error { return out.Write(row) }); err != nil {
			return fmt.Errorf("writing the section %s: %w", d.opt.Section, err)
		}
	}
	out.Flush()
	return out.Error()
}

// rows passes the rows of the section to put, without the header.
func (d *document) rows(put func(...string) error) error {
	switch d.opt.Section {
	case SectionSummary:
		return d.summaryRows(put)
	case SectionChatters:
		return d.chatterRows(put)
	case SectionTerms:
		return d.termRows(put, d.s.Terms)
	case SectionEmotes:
		return d.termRows(put, d.s.Emotes)
	case SectionMoments:
		return d.momentRows(put)
	case SectionTimeline:
	}
	if d.legacy {
		return d.shareRows(put)
	}
	return d.timelineRows(put)
}

// timelineRows has one row for each step that has messages, oldest first.
func (d *document) timelineRows(put func(...string) error) error {
	tl := &d.r.Timeline
	step := int64(max(tl.Step, 1))
	events := d.events()
	for _, b := range tl.Buckets {
		total := b.Positive + b.Neutral + b.Negative
		mean := ""
		if total > 0 {
			mean = strconv.FormatFloat(b.Sum/float64(total), 'f', 4, 64)
		}
		var told []string
		for len(events) > 0 && events[0].at < b.T+step {
			if events[0].at >= b.T {
				told = append(told, events[0].text)
			}
			events = events[1:]
		}
		if err := put(
			csvText(d.s.Channel), csvTime(time.Unix(b.T, 0)), strconv.Itoa(tl.Step),
			strconv.Itoa(b.Positive), strconv.Itoa(b.Neutral), strconv.Itoa(b.Negative), strconv.Itoa(total), mean, csvText(strings.Join(told, "; ")),
			ratio(b.Positive, total), ratio(b.Neutral, total), ratio(b.Negative, total),
		); err != nil {
			return err
		}
	}
	return nil
}

// event is something that happened, as a row of the timeline tells it.
type event struct {
	at   int64 // Unix seconds
	text string
}

// events lists marks and beginnings of moments, oldest first; of what happened
// in one second the marks stand first.
func (d *document) events() []event {
	var out []event
	for i := range d.r.Timeline.Marks {
		m := &d.r.Timeline.Marks[i]
		out = append(out, event{m.At.Unix(), clean(markText(m))})
	}
	for _, m := range d.r.Timeline.Moments {
		out = append(out, event{m.From.Unix(), clean(m.Kind + " moment: " + m.Label)})
	}
	slices.SortStableFunc(out, func(a, b event) int { return int(max(min(a.at-b.at, 1), -1)) })
	return out
}

// shareRows has one row for each minute of which the old system kept shares.
func (d *document) shareRows(put func(...string) error) error {
	for _, x := range d.shares {
		if err := put(csvText(d.s.Channel), csvTime(x.At), "60", "", "", "", "", "", "", decimal(x.Positive), decimal(x.Neutral), decimal(x.Negative)); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) summaryRows(put func(...string) error) error {
	s, c := d.s, d.s.Counts
	row := func(name, value string) error { return put(csvText(s.Channel), name, value) }
	type pair struct{ name, value string }
	count := func(name string, n int) pair { return pair{name, strconv.Itoa(n)} }
	pairs := []pair{
		{"report_name", csvText(d.name)},
		{"note", csvText(d.note)},
		{"tags", csvText(strings.Join(d.tags, "; "))},
		{"started_at", csvTime(d.from())},
		{"ended_at", csvTime(d.to())},
		{"duration_seconds", decimal(s.Duration)},
		count("total", c.Total), count("positive", c.Positive), count("neutral", c.Neutral), count("negative", c.Negative),
	}
	if !d.legacy {
		pairs = append(pairs,
			count("unsure", c.Unsure), count("unscored", c.Unscored), count("questions", c.Questions), count("first_messages", c.First), count("in_waves", c.Waves),
			count("commands", c.Commands), count("bots", c.Bots), count("mirrored", c.Mirrored), count("deleted", c.Deleted),
			pair{"mood", optionalDecimal(s.Mood.All)}, pair{"mood_at_end", optionalDecimal(s.Mood.Now)},
			pair{"rate_average", decimal(average(s))}, pair{"rate_peak", decimal(s.Rate.Peak)}, pair{"rate_peak_at", csvTime(s.Rate.PeakAt)},
			count("chatters", s.Chatters.Distinct), count("subscriber_messages", s.Chatters.Subscribers),
			count("gaps", len(s.Gaps)), pair{"gap_seconds", decimal(missed(s.Gaps))},
		)
	}
	if d.summary != nil {
		pairs = append(pairs, pair{"summary", csvText(d.summary.String())}, pair{"summary_model", csvText(d.summary.Model)})
	}
	for _, p := range pairs {
		if err := row(p.name, p.value); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) chatterRows(put func(...string) error) error {
	top := d.s.Chatters.Top
	for _, l := range []struct {
		name string
		list []analysis.Chatter
	}{{"all", top.All}, {"positive", top.Positive}, {"neutral", top.Neutral}, {"negative", top.Negative}} {
		for i, c := range l.list {
			if err := put(csvText(d.s.Channel), l.name, strconv.Itoa(i+1), csvText(c.Login), csvText(c.Name), strconv.Itoa(c.Count)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *document) termRows(put func(...string) error, list []analysis.Term) error {
	for i, t := range list {
		if err := put(
			csvText(d.s.Channel), strconv.Itoa(i+1), csvText(t.Term), strconv.Itoa(t.Count),
			strconv.Itoa(t.Positive), strconv.Itoa(t.Neutral), strconv.Itoa(t.Negative), csvText(t.EmoteID),
		); err != nil {
			return err
		}
	}
	return nil
}

// momentRows has moments, raids, gifts, waves and gaps, oldest first.
func (d *document) momentRows(put func(...string) error) error {
	type line struct {
		at    time.Time
		cells []string
	}
	var all []line
	add := func(from, to time.Time, kind, value, text string) {
		all = append(all, line{from, []string{csvText(d.s.Channel), csvText(kind), csvTime(from), csvTime(to), value, csvText(text)}})
	}
	for _, m := range d.s.Moments {
		add(m.From, m.To, m.Kind, decimal(m.Peak), m.Label)
	}
	for i := range d.s.Marks {
		m := &d.s.Marks[i]
		add(m.At, time.Time{}, m.Kind, strconv.Itoa(m.Count), markText(m))
	}
	for _, w := range d.s.Waves {
		add(w.From, w.To, "wave", strconv.Itoa(w.Count), w.Text)
	}
	for _, g := range d.s.Gaps {
		add(g.From, g.To, "gap", decimal(g.To.Sub(g.From).Seconds()), gapText(g.Reason))
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.at.Compare(b.at) })
	for _, l := range all {
		if err := put(l.cells...); err != nil {
			return err
		}
	}
	return nil
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// decimal writes a number with at most four digits after the point.
func decimal(v float64) string {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 4, 64), "0")
	return strings.TrimSuffix(s, ".")
}

func optionalDecimal(v *float64) string {
	if v == nil {
		return ""
	}
	return decimal(*v)
}

func ratio(n, total int) string {
	if total == 0 {
		return ""
	}
	return decimal(float64(n) / float64(total))
}

// csvText guards a cell against being taken for a formula, as OWASP advises
// for CSV injection: it puts an apostrophe before it. Some spreadsheets skip
// white space before they look.
func csvText(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if s == "" {
		return s
	}
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) || strings.ContainsAny(firstRune(strings.TrimSpace(s)), "=+-@") {
		return "'" + s
	}
	return s
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
