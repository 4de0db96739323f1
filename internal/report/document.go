package report

import (
	"cmp"
	"fmt"
	"math"
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
	maxSeconds   = 100 * 365 * 24 * 3600
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

// bound cuts what strangers made too long, and takes out numbers that no
// analysis gives: what is stored may be damaged.
func (d *document) bound() {
	s, tl := d.s, &d.r.Timeline
	s.Channel = cut(s.Channel, maxName)
	top := &s.Chatters.Top
	for _, list := range []*[]analysis.Chatter{&top.All, &top.Positive, &top.Neutral, &top.Negative} {
		*list = (*list)[:min(len(*list), maxPeople)]
		for i := range *list {
			c := &(*list)[i]
			c.Login, c.Name = cut(c.Login, maxName), cut(c.Name, maxName)
			c.Count = within(c.Count)
		}
	}
	c := &s.Counts
	for _, n := range []*int{
		&c.Total, &c.Positive, &c.Neutral, &c.Negative, &c.Unsure, &c.Unscored, &c.Deleted, &c.Bots, &c.Commands, &c.Mirrored, &c.Waves, &c.First, &c.Questions,
		&s.Chatters.Distinct, &s.Chatters.Active, &s.Chatters.TopError, &s.Chatters.Subscribers, &s.TermError,
	} {
		*n = within(*n)
	}
	for _, list := range [][]analysis.Term{s.Terms, s.Emotes} {
		for i := range list {
			for _, n := range []*int{&list[i].Count, &list[i].Positive, &list[i].Neutral, &list[i].Negative} {
				*n = within(*n)
			}
		}
	}
	for _, m := range []**float64{&s.Mood.Now, &s.Mood.M1, &s.Mood.M5, &s.Mood.M15, &s.Mood.M60, &s.Mood.All} {
		if *m != nil && !(math.Abs(**m) <= 1) { // NaN too
			*m = nil
		}
	}
	for _, v := range []*float64{&s.Mood.Trend, &s.Duration, &s.Rate.Now, &s.Rate.M1, &s.Rate.M5, &s.Rate.Peak} {
		*v = sound(*v)
	}
	s.Duration = min(max(s.Duration, 0), maxSeconds)
	for _, list := range [][]analysis.Moment{s.Moments, tl.Moments} {
		for i := range list {
			list[i].Peak = sound(list[i].Peak)
		}
	}
	tl.Step = min(max(tl.Step, 1), 24*3600)
	for i, b := range tl.Buckets {
		if within(b.Positive) != b.Positive || within(b.Neutral) != b.Neutral || within(b.Negative) != b.Negative || within(b.Voices) != b.Voices ||
			sound(b.Sum) != b.Sum || sound(b.VoiceSum) != b.VoiceSum {
			tl.Buckets = slices.Clone(tl.Buckets)
			for ; i < len(tl.Buckets); i++ {
				b := &tl.Buckets[i]
				b.Positive, b.Neutral, b.Negative, b.Voices = within(b.Positive), within(b.Neutral), within(b.Negative), within(b.Voices)
				b.Sum, b.VoiceSum = sound(b.Sum), sound(b.VoiceSum)
			}
			break
		}
	}
}

// within keeps a count within what can be.
func within(n int) int { return min(max(n, 0), maxCount) }

// sound keeps a number within what can be written and reckoned with.
func sound(v float64) float64 {
	if !(math.Abs(v) <= maxCount) {
		return 0
	}
	return v
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
	seconds := min(max(sound(l.Duration), 0), maxSeconds)
	saved := l.SavedAt
	if !datable(saved) {
		saved = time.Time{}
	}
	s := analysis.Snapshot{
		Channel: l.Channel, Duration: seconds, At: saved,
		Counts: analysis.Counts{Total: within(l.Total), Positive: within(l.Positive), Neutral: within(l.Neutral), Negative: within(l.Negative)},
		Terms:  []analysis.Term{}, Emotes: []analysis.Term{}, Waves: []analysis.Wave{},
		Gaps: []analysis.Gap{}, Marks: []analysis.Mark{}, Moments: []analysis.Moment{},
	}
	if !saved.IsZero() {
		s.EndedAt, s.StartedAt = saved, saved.Add(-time.Duration(seconds*float64(time.Second)))
	}
	tl := analysis.Timeline{Step: 60, From: s.StartedAt, To: s.EndedAt, Buckets: []analysis.Bucket{}, Gaps: []analysis.Gap{}, Marks: []analysis.Mark{}, Moments: []analysis.Moment{}}
	list := func(in []analysis.Chatter) []analysis.Chatter {
		out := make([]analysis.Chatter, 0, len(in))
		for _, c := range in {
			c.Count = within(c.Count)
			out = append(out, c)
		}
		return out
	}
	t := l.Top
	s.Chatters.Top = analysis.TopChatters{All: list(t.All), Positive: list(t.Positive), Neutral: list(t.Neutral), Negative: list(t.Negative)}
	return &Report{Snapshot: s, Timeline: tl}
}

// datable tells whether an instant can be one of an analysis, and be written.
func datable(t time.Time) bool { return t.Year() >= 2000 && t.Year() < 3000 }

// shares returns the shares that can be drawn, oldest first and within 0…1.
func (l *LegacyFigures) shares() []LegacyShare {
	var out []LegacyShare
	for _, x := range l.Shares {
		part := func(v float64) float64 { return min(max(sound(v), 0), 1) }
		x.Positive, x.Neutral, x.Negative = part(x.Positive), part(x.Neutral), part(x.Negative)
		if sum := x.Positive + x.Neutral + x.Negative; sum > 1 {
			x.Positive, x.Neutral, x.Negative = x.Positive/sum, x.Neutral/sum, x.Negative/sum
		}
		if datable(x.At) {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b LegacyShare) int { return a.At.Compare(b.At) })
	return out[max(0, len(out)-maxShares):]
}
