package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// document is what is written: a copy of the input in which people are shown as
// the options say, and whose times are in the zone that they are read in.
type document struct {
	opt     Options
	r       *Report
	s       *analysis.Snapshot // of r
	name    string
	note    string
	tags    []string
	summary *Summary
	shares  []LegacyShare
	legacy  bool // of the old system: most figures are unknown
	days    bool // times need their day
}

// Limits on what a report shows of what strangers wrote.
const (
	maxName      = 200     // characters of the name and of each tag
	maxTags      = 50      //
	maxNote      = 20_000  // characters
	maxSummary   = 100     // paragraphs
	maxParagraph = 5_000   // characters
	maxPeople    = 1000    // in each list
	maxShares    = 10_000  // minutes of a document of the old system
	maxCount     = 1 << 50 // keeps sums of counts from running over
)

// prepare checks the options, fills in what they leave out and copies the input.
func prepare(in *Input, opt *Options) (*document, error) {
	d := &document{opt: *opt}
	var err error
	if d.opt.Format, err = ParseFormat(string(opt.Format)); err != nil {
		return nil, err
	}
	if d.opt.Paper, err = ParsePaper(string(opt.Paper)); err != nil {
		return nil, err
	}
	if d.opt.Chatters, err = ParseChatters(string(opt.Chatters)); err != nil {
		return nil, err
	}
	if d.opt.Section, err = ParseSection(string(opt.Section)); err != nil {
		return nil, err
	}
	if d.opt.Location == nil || d.opt.Format == CSV || d.opt.Format == JSON {
		d.opt.Location = time.UTC
	}
	if !d.opt.Generated.IsZero() {
		d.opt.Generated = d.opt.Generated.In(d.opt.Location)
	}
	switch {
	case in.Report != nil:
		d.r = in.Report.clone()
	case in.Legacy != nil:
		d.legacy = true
		d.r = in.Legacy.report()
		d.shares = in.Legacy.shares()
	default:
		d.r = &Report{}
	}
	d.s = &d.r.Snapshot
	d.bound()
	d.name, d.note = cut(in.Name, maxName), cut(in.Note, maxNote)
	for _, tag := range in.Tags[:min(len(in.Tags), maxTags)] {
		d.tags = append(d.tags, cut(tag, maxName))
	}
	d.summary = in.Summary.bounded()
	if d.opt.Chatters != Names {
		d.hide()
	}
	d.in(d.opt.Location)
	d.days = !sameDay(d.from(), d.to())
	return d, nil
}

// bound cuts what strangers made too long.
func (d *document) bound() {
	s := d.s
	s.Channel = cut(s.Channel, maxName)
	top := &s.Chatters.Top
	for _, list := range []*[]analysis.Chatter{&top.All, &top.Positive, &top.Neutral, &top.Negative} {
		*list = (*list)[:min(len(*list), maxPeople)]
		for i := range *list {
			c := &(*list)[i]
			c.Login, c.Name = cut(c.Login, maxName), cut(c.Name, maxName)
		}
	}
}

// bounded copies what of a summary is shown; nil where that is nothing.
func (s *Summary) bounded() *Summary {
	if s == nil {
		return nil
	}
	out := &Summary{Model: cut(s.Model, maxName), Fallback: cut(s.Fallback, maxParagraph)}
	for _, sentence := range s.Sentences[:min(len(s.Sentences), maxSummary)] {
		if text := strings.TrimSpace(cut(sentence.Text, maxParagraph)); text != "" {
			out.Sentences = append(out.Sentences, Sentence{Text: text, Figures: slices.Clone(sentence.Figures[:min(len(sentence.Figures), maxSummary)])})
		}
	}
	if len(out.Sentences) == 0 {
		return nil
	}
	return out
}

// cut shortens s to at most n characters and makes it valid UTF-8.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	count := 0
	for i := range s {
		if count++; count > n {
			return s[:i] + "…"
		}
	}
	return s
}

// from and to are the span that the report covers.
func (d *document) from() time.Time {
	if d.s.StartedAt.IsZero() {
		return d.r.Timeline.From
	}
	return d.s.StartedAt
}

func (d *document) to() time.Time {
	if !d.s.EndedAt.IsZero() {
		return d.s.EndedAt
	}
	return d.s.At
}

// channel returns the channel as it is shown.
func (d *document) channel() string { return "#" + clean(cmp.Or(d.s.Channel, "unknown channel")) }

// when tells the span in words.
func (d *document) when() string {
	from, to := d.from(), d.to()
	if from.IsZero() {
		return "at an unknown time"
	}
	end := to.Format("15:04:05")
	if !sameDay(from, to) {
		end = to.Format(time.DateTime)
	}
	return fmt.Sprintf("%s to %s %s (%s)", from.Format(time.DateTime), end, to.Format("MST"), span(d.s.Duration))
}

// in turns all times into those of a zone.
func (d *document) in(loc *time.Location) {
	turn := func(times ...*time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				*t = t.In(loc)
			}
		}
	}
	s, tl := d.s, &d.r.Timeline
	turn(&s.StartedAt, &s.EndedAt, &s.At, &s.Status.Since, &s.Rate.PeakAt, &tl.From, &tl.To)
	for i := range s.Waves {
		turn(&s.Waves[i].From, &s.Waves[i].To)
	}
	for _, list := range [][]analysis.Gap{s.Gaps, tl.Gaps} {
		for i := range list {
			turn(&list[i].From, &list[i].To)
		}
	}
	for _, list := range [][]analysis.Mark{s.Marks, tl.Marks} {
		for i := range list {
			turn(&list[i].At)
		}
	}
	for _, list := range [][]analysis.Moment{s.Moments, tl.Moments} {
		for i := range list {
			turn(&list[i].From, &list[i].To)
		}
	}
	for i := range d.shares {
		turn(&d.shares[i].At)
	}
}

// clone copies all that a document may change.
func (r *Report) clone() *Report {
	c := *r
	if r.Source != nil {
		src := *r.Source
		src.Problems, src.Notes = slices.Clone(src.Problems), slices.Clone(src.Notes)
		c.Source = &src
	}
	s, tl := &c.Snapshot, &c.Timeline
	top := &s.Chatters.Top
	for _, list := range []*[]analysis.Chatter{&top.All, &top.Positive, &top.Neutral, &top.Negative} {
		*list = slices.Clone(*list)
	}
	s.Terms, s.Emotes, s.Waves = slices.Clone(s.Terms), slices.Clone(s.Emotes), slices.Clone(s.Waves)
	s.Gaps, s.Marks, s.Moments = slices.Clone(s.Gaps), slices.Clone(s.Marks), slices.Clone(s.Moments)
	tl.Gaps, tl.Marks, tl.Moments = slices.Clone(tl.Gaps), slices.Clone(tl.Marks), slices.Clone(tl.Moments)
	return &c
}

// report makes a report of what a document of the old system tells.
func (l *LegacyFigures) report() *Report {
	count := func(n int) int { return min(max(n, 0), maxCount) }
	seconds := 0.0
	if l.Duration > 0 && l.Duration < float64(1<<40) {
		seconds = l.Duration
	}
	// An hour of 366 days × 1,000 years is more than any, and time.Duration holds
	// only 292 of them.
	seconds = min(seconds, 100*365*24*3600)
	s := analysis.Snapshot{
		Channel: l.Channel, Duration: seconds, At: l.SavedAt,
		Counts: analysis.Counts{Total: count(l.Total), Positive: count(l.Positive), Neutral: count(l.Neutral), Negative: count(l.Negative)},
		Terms:  []analysis.Term{}, Emotes: []analysis.Term{}, Waves: []analysis.Wave{},
		Gaps: []analysis.Gap{}, Marks: []analysis.Mark{}, Moments: []analysis.Moment{},
	}
	if !l.SavedAt.IsZero() {
		s.EndedAt, s.StartedAt = l.SavedAt, l.SavedAt.Add(-time.Duration(seconds*float64(time.Second)))
	}
	tl := analysis.Timeline{Step: 60, From: s.StartedAt, To: s.EndedAt, Buckets: []analysis.Bucket{}, Gaps: []analysis.Gap{}, Marks: []analysis.Mark{}, Moments: []analysis.Moment{}}
	list := func(in []analysis.Chatter) []analysis.Chatter {
		out := make([]analysis.Chatter, 0, len(in))
		for _, c := range in {
			c.Count = count(c.Count)
			out = append(out, c)
		}
		return out
	}
	t := l.Top
	s.Chatters.Top = analysis.TopChatters{All: list(t.All), Positive: list(t.Positive), Neutral: list(t.Neutral), Negative: list(t.Negative)}
	return &Report{Snapshot: s, Timeline: tl}
}

// shares returns the shares that can be drawn, oldest first and within 0…1.
func (l *LegacyFigures) shares() []LegacyShare {
	var out []LegacyShare
	for _, x := range l.Shares {
		within := func(v float64) float64 {
			if !(v > 0) { // NaN too
				return 0
			}
			return min(v, 1)
		}
		x.Positive, x.Neutral, x.Negative = within(x.Positive), within(x.Neutral), within(x.Negative)
		if sum := x.Positive + x.Neutral + x.Negative; sum > 1 {
			x.Positive, x.Neutral, x.Negative = x.Positive/sum, x.Neutral/sum, x.Negative/sum
		}
		if !x.At.IsZero() {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b LegacyShare) int { return a.At.Compare(b.At) })
	return out[max(0, len(out)-maxShares):]
}
