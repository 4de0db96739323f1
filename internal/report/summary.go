package report

import (
	"fmt"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// fewMessages is how many messages a summary needs to speak of more than their
// number: the shares of fewer are off by ten points and more.
const fewMessages = 50

// Limits on what of chat a summary quotes.
const (
	quotedTerms = 3
	maxTerm     = 40 // characters
)

// Summarize tells in at most seven sentences what a report holds, by rule: each
// sentence names the figures that it tells, and the same report gives the same
// sentences. Of what chatters wrote it quotes only words and emotes; people are
// not named. Times are in UTC. It says so where there is too little to tell.
func Summarize(in Input) *Summary {
	// Nothing of the options matters but that they are good.
	d, err := prepare(&Input{Report: in.Report, Legacy: in.Legacy}, &Options{Format: Text})
	if err != nil {
		return &Summary{}
	}
	w := &summarizer{document: d}
	w.volume()
	if d.s.Counts.Total < fewMessages {
		return &w.out
	}
	w.shareSentence()
	if d.legacy {
		w.legacyCourse()
		return &w.out
	}
	w.mood()
	w.pace()
	w.turns()
	w.talk()
	w.missing()
	return &w.out
}

// TooFew tells whether a report holds too few messages for a summary to say
// more than that.
func TooFew(in Input) bool {
	switch {
	case in.Report != nil:
		return in.Report.Snapshot.Counts.Total < fewMessages
	case in.Legacy != nil:
		return in.Legacy.Total < fewMessages
	}
	return true
}

type summarizer struct {
	*document
	out Summary
}

// say adds a sentence with the figures that it tells.
func (w *summarizer) say(text string, figures ...Figure) {
	w.out.Sentences = append(w.out.Sentences, Sentence{Text: text, Figures: figures})
}

func count(name string, n int) Figure { return Figure{Name: name, Value: float64(n)} }

// at writes a time of day, which the figures have as Unix seconds.
func (w *summarizer) at(t time.Time) string {
	if w.days {
		return t.Format("2006-01-02 15:04 MST")
	}
	return t.Format("15:04 MST")
}

func unix(name string, t time.Time) Figure { return Figure{Name: name, Value: float64(t.Unix())} }

func (w *summarizer) volume() {
	s, prefix := w.s, "analysis."
	if w.legacy {
		prefix = "legacy."
	}
	total := count(prefix+"counts.total", s.Counts.Total)
	if w.legacy {
		total.Name = "legacy.total"
	}
	length := Figure{prefix + "duration_seconds", s.Duration}
	during := ""
	if s.Duration > 0 {
		during = " in " + span(s.Duration)
	}
	switch n := s.Counts.Total; {
	case n == 0:
		w.say(fmt.Sprintf("No messages were counted%s, so there is nothing to tell about this chat.", during), total, length)
	case n < fewMessages:
		w.say(fmt.Sprintf("Only %s counted%s: too few messages to say how this chat felt.", plural(n, "message was", "messages were"), during), total, length)
	case s.Chatters.Distinct > 0:
		about := ""
		if !s.Chatters.Exact {
			about = "about "
		}
		w.say(fmt.Sprintf("%s%s wrote %s messages%s, %.1f each.", title(about), plural(s.Chatters.Distinct, "person", "people"), number(n), during, float64(n)/float64(s.Chatters.Distinct)),
			count("analysis.chatters.distinct", s.Chatters.Distinct), total, length)
	default:
		w.say(fmt.Sprintf("%s messages were counted%s.", number(n), during), total, length)
	}
}

// title raises the first letter, which is ASCII.
func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (w *summarizer) shareSentence() {
	c, prefix := w.s.Counts, "analysis.counts."
	if w.legacy {
		prefix = "legacy."
	}
	sum := c.Positive + c.Neutral + c.Negative
	if sum == 0 {
		return
	}
	w.say(fmt.Sprintf("Of the messages %s were positive, %s neutral and %s negative.", share(c.Positive, sum), share(c.Neutral, sum), share(c.Negative, sum)),
		count(prefix+"positive", c.Positive), count(prefix+"neutral", c.Neutral), count(prefix+"negative", c.Negative))
}

// moodStep is the difference of moods that a summary speaks of.
const moodStep = 0.1

func (w *summarizer) mood() {
	m := w.s.Mood
	if m.All == nil {
		w.say("None of the messages had anything to judge, so the mood is not known.", count("analysis.counts.unscored", w.s.Counts.Unscored))
		return
	}
	text := fmt.Sprintf("The mood was %s over all (%s on a scale of −1 to +1)", moodWord(*m.All), signed(*m.All))
	figures := []Figure{{"analysis.mood.all", *m.All}}
	if m.M15 != nil && w.s.Duration >= 30*60 {
		figures = append(figures, Figure{"analysis.mood.m15", *m.M15})
		switch diff := *m.M15 - *m.All; {
		case diff >= moodStep:
			text += fmt.Sprintf(" and better in the last 15 minutes (%s)", signed(*m.M15))
		case diff <= -moodStep:
			text += fmt.Sprintf(" and worse in the last 15 minutes (%s)", signed(*m.M15))
		default:
			text += fmt.Sprintf(" and much the same in the last 15 minutes (%s)", signed(*m.M15))
		}
	}
	w.say(text+".", figures...)
}

func (w *summarizer) pace() {
	s := w.s
	if s.Duration <= 0 {
		return
	}
	mean := average(s)
	text := fmt.Sprintf("Chat ran at %s on average", rate(mean))
	figures := []Figure{count("analysis.counts.total", s.Counts.Total), {"analysis.duration_seconds", s.Duration}}
	if s.Rate.Peak > 0 && !s.Rate.PeakAt.IsZero() {
		text += fmt.Sprintf(" and was fastest at %s with %s", w.at(s.Rate.PeakAt), rate(s.Rate.Peak))
		figures = append(figures, Figure{"analysis.rate.peak", s.Rate.Peak}, unix("analysis.rate.peak_at", s.Rate.PeakAt))
	}
	raids, raiders, gifts := 0, 0, 0
	for _, m := range s.Marks {
		switch m.Kind {
		case "raid":
			raids++
			raiders += m.Count
		case "gifts":
			gifts += m.Count
		}
	}
	if raids > 0 {
		text += fmt.Sprintf("; %s brought %s", plural(raids, "raid", "raids"), plural(raiders, "viewer", "viewers"))
		figures = append(figures, count("analysis.marks.raids", raids), count("analysis.marks.raiders", raiders))
	}
	if gifts > 0 {
		text += "; " + plural(gifts, "subscription was gifted", "subscriptions were gifted")
		figures = append(figures, count("analysis.marks.gifts", gifts))
	}
	w.say(text+".", figures...)
}

// turns tells of the strongest moments.
func (w *summarizer) turns() {
	var best, worst *analysis.Moment
	byKind := map[string]int{}
	for i := range w.s.Moments {
		m := &w.s.Moments[i]
		byKind[m.Kind]++
		switch {
		case m.Kind == "positive" && (best == nil || m.Peak > best.Peak):
			best = m
		case m.Kind == "negative" && (worst == nil || m.Peak < worst.Peak):
			worst = m
		}
	}
	if len(w.s.Moments) == 0 {
		w.say("Neither the pace nor the mood left its usual range for long enough to be a moment.", count("analysis.moments", 0))
		return
	}
	figures := []Figure{
		count("analysis.moments.hype", byKind["hype"]), count("analysis.moments.positive", byKind["positive"]), count("analysis.moments.negative", byKind["negative"]),
	}
	var kinds []string
	for _, k := range []struct{ kind, name string }{{"hype", "of hype"}, {"positive", "of good mood"}, {"negative", "of bad mood"}} {
		if n := byKind[k.kind]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %s", number(n), k.name))
		}
	}
	text := fmt.Sprintf("%s stood out: %s", plural(len(w.s.Moments), "moment", "moments"), list(kinds))
	if best != nil {
		text += fmt.Sprintf("; the best mood came at %s (%s)", w.at(best.From), signed(best.Peak))
		figures = append(figures, Figure{"analysis.moments.peak", best.Peak}, unix("analysis.moments.from", best.From))
	}
	if worst != nil {
		joint := "; "
		if best != nil {
			joint = ", "
		}
		text += fmt.Sprintf("%sthe worst at %s (%s)", joint, w.at(worst.From), signed(worst.Peak))
		figures = append(figures, Figure{"analysis.moments.peak", worst.Peak}, unix("analysis.moments.from", worst.From))
	}
	w.say(text+".", figures...)
}

// list joins words with commas and a last "and".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// talk tells the most used words and emotes.
func (w *summarizer) talk() {
	var figures []Figure
	quote := func(name string, terms []analysis.Term) string {
		var words []string
		for i, t := range terms[:min(len(terms), quotedTerms)] {
			words = append(words, fmt.Sprintf("“%s” (%s)", cut(clean(t.Term), maxTerm), number(t.Count)))
			figures = append(figures, count(fmt.Sprintf("analysis.%s.%d.count", name, i), t.Count))
		}
		return list(words)
	}
	var parts []string
	if len(w.s.Terms) > 0 {
		parts = append(parts, "the most used words were "+quote("terms", w.s.Terms))
	}
	if len(w.s.Emotes) > 0 {
		parts = append(parts, "the most used emotes "+map[bool]string{true: "", false: "were "}[len(parts) > 0]+quote("emotes", w.s.Emotes))
	}
	if len(parts) > 0 {
		w.say(title(strings.Join(parts, ", "))+".", figures...)
	}
}

// missing tells what the figures do not cover.
func (w *summarizer) missing() {
	if len(w.s.Gaps) == 0 {
		return
	}
	seconds := missed(w.s.Gaps)
	w.say(fmt.Sprintf("Chat was not read for %s in %s; what was written then is in none of these figures.", span(seconds), plural(len(w.s.Gaps), "gap", "gaps")),
		Figure{"analysis.gaps.seconds", seconds}, count("analysis.gaps", len(w.s.Gaps)))
}

// legacyCourse tells when the shares of an analysis of the old system were
// highest.
func (w *summarizer) legacyCourse() {
	if len(w.shares) < 3 {
		w.say("How the mood went was not kept, only the counts of the whole.", count("legacy.shares", len(w.shares)))
		return
	}
	best, worst := 0, 0
	for i, s := range w.shares {
		if s.Positive > w.shares[best].Positive {
			best = i
		}
		if s.Negative > w.shares[worst].Negative {
			worst = i
		}
	}
	percentOf := func(v float64) string { return fmt.Sprintf("%.0f %%", v*100) }
	b, n := w.shares[best], w.shares[worst]
	w.say(fmt.Sprintf("The share of positive messages was highest at %s (%s), that of negative ones at %s (%s).", w.at(b.At), percentOf(b.Positive), w.at(n.At), percentOf(n.Negative)),
		Figure{"legacy.shares.positive", b.Positive}, unix("legacy.shares.at", b.At), Figure{"legacy.shares.negative", n.Negative}, unix("legacy.shares.at", n.At))
}
