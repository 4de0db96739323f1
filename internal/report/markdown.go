package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// Markdown writes the report as GitHub-flavoured Markdown. What chatters wrote
// is escaped, so that it stays text.
func (r *Report) Markdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	s, c := &r.Snapshot, r.Snapshot.Counts
	days := !sameDay(r.Timeline.From, r.Timeline.To)
	end := s.At
	if !s.EndedAt.IsZero() {
		end = s.EndedAt
	}
	say("# Chat of #%s\n", escape(cmp.Or(s.Channel, "unknown channel")))
	say("%s to %s UTC (%s)\n", s.StartedAt.UTC().Format(time.DateTime), end.UTC().Format(time.DateTime), span(s.Duration))

	say("| Messages | Count | Share |\n| --- | ---: | ---: |")
	for _, row := range []struct {
		name string
		n    int
	}{{"positive", c.Positive}, {"neutral", c.Neutral}, {"negative", c.Negative}, {"**all**", c.Total}} {
		say("| %s | %s | %s |", row.name, number(row.n), share(row.n, c.Total))
	}
	say("")
	bullet := func(name, text string) {
		if text != "" {
			say("* **%s:** %s", name, text)
		}
	}
	bullet("Of these", join(c.Unsure, "with an uncertain label", c.Unscored, "with nothing to judge", c.Questions, "questions", c.First, "first messages", c.Waves, "in copypasta waves"))
	bullet("Left out", join(c.Commands, "commands", c.Bots, "by bots", c.Mirrored, "from other rooms", c.Deleted, "removed by moderators"))
	if s.Mood.All != nil {
		bullet("Mood", fmt.Sprintf("%s, %s over all; at the end %s", moodWord(*s.Mood.All), signed(*s.Mood.All), optional(s.Mood.Now)))
	}
	if s.Duration > 0 {
		bullet("Rate", fmt.Sprintf("%s on average, peak %s at %s", rate(average(s)), rate(s.Rate.Peak), clock(s.Rate.PeakAt, days)))
	}
	bullet("Chatters", number(s.Chatters.Distinct))

	if rows := plotRows(&r.Timeline, 80, days); len(rows) > 0 {
		say("\n## Course\n\n```text")
		for _, row := range rows {
			say("%s", strings.TrimRight(row, " "))
		}
		say("```")
	}
	if list, more := strongest(s.Moments); len(list) > 0 {
		say("\n## Moments\n\n| From | Length | Kind | Peak | What |\n| --- | ---: | --- | ---: | --- |")
		for _, m := range list {
			length, value := "still on", rate(m.Peak)
			if !m.To.IsZero() {
				length = span(m.To.Sub(m.From).Seconds())
			}
			if m.Kind != "hype" {
				value = signed(m.Peak)
			}
			say("| %s | %s | %s | %s | %s |", clock(m.From, days), length, escape(m.Kind), value, escape(m.Label))
		}
		if more > 0 {
			say("\n… and %s weaker ones.", number(more))
		}
	}
	if len(s.Marks) > 0 {
		say("\n## Raids and gifts\n\n| At | Kind | What |\n| --- | --- | --- |")
		for _, m := range s.Marks {
			say("| %s | %s | %s |", clock(m.At, days), escape(m.Kind), escape(markText(&m)))
		}
	}
	if len(s.Chatters.Top.All) > 0 {
		say("\n## Who wrote most\n\n| All | | Positive | | Neutral | | Negative | |\n| --- | ---: | --- | ---: | --- | ---: | --- | ---: |")
		top := s.Chatters.Top
		for i := range min(len(top.All), listed) {
			say("|%s|", strings.Join([]string{chatterCells(top.All, i), chatterCells(top.Positive, i), chatterCells(top.Neutral, i), chatterCells(top.Negative, i)}, "|"))
		}
	}
	for _, part := range []struct {
		title string
		list  []analysis.Term
	}{{"Words", s.Terms}, {"Emotes", s.Emotes}} {
		if len(part.list) == 0 {
			continue
		}
		say("\n## %s\n\n| | Messages | Positive | Neutral | Negative |\n| --- | ---: | ---: | ---: | ---: |", part.title)
		for _, e := range part.list[:min(len(part.list), listed)] {
			say("| %s | %s | %s | %s | %s |", escape(e.Term), number(e.Count), number(e.Positive), number(e.Neutral), number(e.Negative))
		}
	}
	if len(s.Waves) > 0 {
		say("\n## Copypasta waves\n\n| From | Messages | Chatters | Text |\n| --- | ---: | ---: | --- |")
		for _, w := range biggest(s.Waves) {
			say("| %s | %s | %s | %s |", clock(w.From, days), number(w.Count), number(w.Chatters), escape(fit(w.Text, 200)))
		}
	}
	if len(s.Gaps) > 0 {
		say("\n## Gaps\n\n| From | To | Why |\n| --- | --- | --- |")
		for _, g := range s.Gaps {
			say("| %s | %s | %s |", clock(g.From, days), clock(g.To, days), escape(gapText(g.Reason)))
		}
	}
	if src := r.Source; src != nil {
		say("\n## File\n\n* %s: %s, %s lines", escape(src.File), escape(src.Format), number(int(src.Lines)))
		for _, n := range src.Notes {
			say("* %s", escape(n))
		}
		if src.ProblemCount > 0 {
			say("* %s places could not be read:", number(src.ProblemCount))
			for _, p := range src.Problems[:min(len(src.Problems), listed)] {
				say("  * %s", escape(p))
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func chatterCells(list []analysis.Chatter, i int) string {
	if i >= len(list) {
		return " | "
	}
	return " " + escape(cmp.Or(list[i].Name, list[i].Login)) + " | " + number(list[i].Count) + " "
}

// escape makes Markdown show s as it is.
func escape(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if r < 0x80 && strings.ContainsRune("\\`*_{}[]()<>#+-!|~&$@:", r) {
			// As a character reference: it cannot join with its neighbours to
			// anything, links and mentions included.
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
