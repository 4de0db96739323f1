package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"chatmood/internal/analysis"
)

func TestSummarize(t *testing.T) {
	got := Summarize(whole())
	want := []string{
		"321 people wrote 2,400 messages in 1 h, 7.5 each.",
		"Of the messages 41.7 % were positive, 37.5 % neutral and 20.8 % negative.",
		"The mood was positive over all (+0.14 on a scale of −1 to +1) and much the same in the last 15 minutes (+0.10).",
		"Chat ran at 43/min on average and was fastest at 20:31 UTC with 516/min; 1 raid brought 1,430 viewers; 25 subscriptions were gifted.",
		"12 moments stood out: 10 of hype, 1 of good mood and 1 of bad mood; the best mood came at 20:41 UTC (+0.61), the worst at 20:55 UTC (−0.52).",
		"The most used words were “game” (300), “[31mred” (20) and “|pipe|*bold*<b>” (3), the most used emotes “Kappa” (210).",
		"Chat was not read for 4 min in 1 gap; what was written then is in none of these figures.",
	}
	for i, s := range got.Sentences {
		if i >= len(want) || s.Text != want[i] {
			t.Errorf("sentence %d: %q", i+1, s.Text)
		}
	}
	if len(got.Sentences) != len(want) || got.Model != "" {
		t.Errorf("%d sentences of %q", len(got.Sentences), got.Model)
	}
	if again := Summarize(whole()); again.String() != got.String() {
		t.Error("the same report is told otherwise")
	}

	legacy := Summarize(old())
	if text := legacy.String(); text != "1,500 messages were counted in 1 h 2 min. Of the messages 46.7 % were positive, 33.3 % neutral and 20.0 % negative. The share of positive messages was highest at 20:12 UTC (70 %), that of negative ones at 20:40 UTC (60 %)." {
		t.Errorf("old document: %s", text)
	}
}

// TestSummaryFigures checks that each number of a sentence is one of its
// figures, or reckoned from them.
func TestSummaryFigures(t *testing.T) {
	in := whole()
	in.Report.Snapshot.Terms[1].Term, in.Report.Snapshot.Terms[2].Term = "word", "other"
	numbers := regexp.MustCompile(`\d[\d,]*(\.\d+)?`)
	for _, s := range append(Summarize(in).Sentences, Summarize(old()).Sentences...) {
		if len(s.Figures) == 0 {
			t.Errorf("%q rests on nothing", s.Text)
		}
		told := map[string]bool{}
		for _, f := range s.Figures {
			if f.Name == "" {
				t.Errorf("a figure of %q has no name", s.Text)
			}
			if strings.HasSuffix(f.Name, "at") || strings.HasSuffix(f.Name, "from") {
				at := fmt.Sprintf("%02d:%02d", int(f.Value)/3600%24, int(f.Value)/60%60)
				told[at[:2]], told[at[3:]] = true, true
			}
			told[number(int(f.Value))], told[strings.TrimLeft(signed(f.Value), "+−")] = true, true
			told[fmt.Sprintf("%.0f", 100*f.Value)] = true
		}
		if strings.Contains(s.Text, "%") && strings.Contains(s.Text, "Of the messages") || strings.Contains(s.Text, " h") || strings.Contains(s.Text, " min") {
			continue // shares and lengths are reckoned from their figures
		}
		text := strings.NewReplacer("−1 to +1", "", "last 15 minutes", "").Replace(s.Text)
		for _, n := range numbers.FindAllString(text, -1) {
			if !told[n] && !strings.Contains(s.Text, "on average") {
				t.Errorf("%q tells %s, which none of its figures is: %v", s.Text, n, s.Figures)
			}
		}
	}
}

func TestSummaryOfLittle(t *testing.T) {
	for n, want := range map[int]string{
		0: "No messages were counted in 1 h, so there is nothing to tell about this chat.",
		1: "Only 1 message was counted in 1 h: too few messages to say how this chat felt.", 49: "Only 49 messages were counted in 1 h: too few messages to say how this chat felt.",
	} {
		in := whole()
		in.Report.Snapshot.Counts = analysis.Counts{Total: n, Neutral: n}
		if got := Summarize(in).String(); got != want || !TooFew(in) {
			t.Errorf("%d messages: %q", n, got)
		}
	}
	if got := Summarize(Input{}).String(); got != "No messages were counted, so there is nothing to tell about this chat." {
		t.Errorf("nothing: %q", got)
	}
	if TooFew(whole()) || TooFew(old()) || !TooFew(Input{}) {
		t.Error("too few is told wrong")
	}
	in := whole()
	s := &in.Report.Snapshot
	s.Mood, s.Moments, s.Terms, s.Gaps, s.Marks = analysis.Mood{}, nil, nil, nil, nil
	got := Summarize(in).String()
	for _, want := range []string{"the mood is not known", "Neither the pace nor the mood", "The most used emotes were “Kappa” (210)."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}

// The peak is counted over ten seconds. A session that was shorter, or of which
// less was read, has no average above it.
func TestAverageIsNotAboveThePeak(t *testing.T) {
	for name, s := range map[string]*analysis.Snapshot{
		"five seconds":  {Duration: 5, Counts: analysis.Counts{Total: 50}, Rate: analysis.Rate{Peak: 300}},
		"half a second": {Duration: 0.5, Counts: analysis.Counts{Total: 50}, Rate: analysis.Rate{Peak: 300}},
	} {
		if got := average(s); got != 300 {
			t.Errorf("%s: %g a minute on average, want the peak's 300", name, got)
		}
	}
	if got := average(&analysis.Snapshot{Duration: 120, Counts: analysis.Counts{Total: 50}, Rate: analysis.Rate{Peak: 300}}); got != 25 {
		t.Errorf("two minutes: %g a minute on average, want 25", got)
	}
}
