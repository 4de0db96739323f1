package sentiment_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

var update = flag.Bool("update", false, "write the golden file anew")

// messages returns the invented messages of the golden test.
func messages(tb testing.TB) []string {
	tb.Helper()
	f, err := os.Open("testdata/messages.txt")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var lines []string
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		lines = append(lines, sc.Text())
	}
	if err := sc.Err(); err != nil {
		tb.Fatal(err)
	}
	return lines
}

func judge(e *sentiment.Engine, text string) sentiment.Score {
	var s sentiment.Score
	e.Score(&s, text, nil)
	return s
}

// TestGolden shows what a change does to the judgements of some 500 invented
// messages. The golden file holds what the engine says, right or wrong.
func TestGolden(t *testing.T) {
	const golden = "testdata/judged.tsv"
	e := sentiment.New()
	var b strings.Builder
	for _, m := range messages(t) {
		s := judge(e, m)
		fmt.Fprintf(&b, "%s\t%.2f\t%.2f\t%s\t%s\n", s.Label, s.Value, s.Confidence, strings.Join(s.Flags.Names(), ","), m)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")
	if len(wantLines) != len(gotLines) {
		t.Fatalf("%d judgements, golden file has %d; run with -update", len(gotLines), len(wantLines))
	}
	for i, line := range gotLines {
		if line != wantLines[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, line, wantLines[i])
		}
	}
}

// checkScore reports what is wrong with s in itself.
func checkScore(s sentiment.Score) error {
	if !(s.Value >= -1 && s.Value <= 1) {
		return fmt.Errorf("score %v is outside −1…1", s.Value)
	}
	if !(s.Confidence >= 0 && s.Confidence <= 1) {
		return fmt.Errorf("confidence %v is outside 0…1", s.Confidence)
	}
	switch s.Label {
	case sentiment.Positive:
		if s.Value <= 0 {
			return fmt.Errorf("positive with score %v", s.Value)
		}
	case sentiment.Negative:
		if s.Value >= 0 {
			return fmt.Errorf("negative with score %v", s.Value)
		}
	case sentiment.Neutral:
		if s.Flags&sentiment.FlagUnscored != 0 && (s.Value != 0 || s.Confidence != 0) {
			return fmt.Errorf("not scored, yet score %v and confidence %v", s.Value, s.Confidence)
		}
	default:
		return fmt.Errorf("label %d", s.Label)
	}
	return nil
}

func TestScoresAreSound(t *testing.T) {
	e := sentiment.New()
	for _, m := range messages(t) {
		for _, text := range []string{m, strings.ToUpper(m), strings.Repeat(m+" ", 30), m + m, "@user " + m} {
			if err := checkScore(judge(e, text)); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

// TestInvariants changes what must not matter.
func TestInvariants(t *testing.T) {
	e := sentiment.New()
	for _, m := range messages(t) {
		base := judge(e, m)
		for name, text := range map[string]string{
			"spaces around":  "   " + m + "  ",
			"wide spaces":    strings.ReplaceAll(m, " ", "   "),
			"another name":   strings.ReplaceAll(m, "@user", "@somebody_else"),
			"carriage":       m + "\r",
			"a second time":  m,
			"tab for spaces": strings.ReplaceAll(m, " ", "\t"),
		} {
			if got := judge(e, text); got != base {
				t.Errorf("%s changes %q from %+v to %+v", name, m, base, got)
			}
		}
	}
}

// TestElongationKeepsLabel draws words out: the sign stays.
func TestElongationKeepsLabel(t *testing.T) {
	e := sentiment.New()
	for _, pair := range [][2]string{
		{"lets go", "LETS GOOOO"},
		{"lol", "loooool"},
		{"haha", "hahahahahaha"},
		{"hype", "hyyyype"},
		{"so good", "soooo goooood"},
		{"so bad", "sooooo baaaaad"},
		{"nice", "niceeeee"},
		{"PogChamp", "PogChamp PogChamp PogChamp"},
		{"trash", "TRAAAASH"},
		{"boring", "boringggg"},
	} {
		a, b := judge(e, pair[0]), judge(e, pair[1])
		if a.Label != b.Label {
			t.Errorf("%q is %v, %q is %v", pair[0], a.Label, pair[1], b.Label)
		}
	}
}

func TestEmotesByRangeAndByName(t *testing.T) {
	e := sentiment.New()
	const text = "PogChamp what a run"
	named, ranged := judge(e, text), sentiment.Score{}
	e.Score(&ranged, text, []chat.Emote{{ID: "305954156", Name: "PogChamp", Start: 0, End: 8}})
	if named.Label != sentiment.Positive || ranged.Label != named.Label {
		t.Errorf("by name %v, by range %v, want positive", named.Label, ranged.Label)
	}
	// A range makes an emote of what is no word that we know.
	var s sentiment.Score
	e.Score(&s, "qwxz9", []chat.Emote{{ID: "1", Name: "qwxz9", Start: 0, End: 5}})
	if s.Flags&sentiment.FlagEmoteOnly == 0 {
		t.Errorf("flags %v, want emote-only", s.Flags.Names())
	}
	// Ranges that do not fit the text are ignored.
	for _, bad := range [][]chat.Emote{
		{{Start: -5, End: 2}},
		{{Start: 0, End: 9999}},
		{{Start: 3, End: 3}},
		{{Start: 7, End: 2}},
		{{Start: 9999, End: 10005}},
	} {
		e.Score(&s, text, bad)
		if err := checkScore(s); err != nil {
			t.Errorf("emotes %+v: %v", bad, err)
		}
		if s.Label != sentiment.Positive {
			t.Errorf("emotes %+v: %v, want positive", bad, s.Label)
		}
	}
}

func TestFlags(t *testing.T) {
	e := sentiment.New()
	for _, c := range []struct {
		text string
		want sentiment.Flags
		not  sentiment.Flags
	}{
		{"what rank is he", sentiment.FlagQuestion, sentiment.FlagLaughter | sentiment.FlagToxic},
		{"is this ranked?", sentiment.FlagQuestion, 0},
		{"KEKW", sentiment.FlagLaughter | sentiment.FlagEmoteOnly, sentiment.FlagQuestion},
		{"hahahahaha", sentiment.FlagLaughter, sentiment.FlagEmoteOnly},
		{"LETS GOOO PogChamp", sentiment.FlagHype, sentiment.FlagToxic},
		{"pro player Kappa", sentiment.FlagSarcasm, 0},
		{"you are trash", sentiment.FlagToxic, sentiment.FlagEmoteOnly},
		{"❤️❤️", sentiment.FlagEmoteOnly, sentiment.FlagUnscored},
		{"", sentiment.FlagUnscored, sentiment.FlagEmoteOnly},
		{"   ", sentiment.FlagUnscored, 0},
		{"привет всем", sentiment.FlagUnscored, 0},
		{"the left door is locked", 0, sentiment.FlagQuestion | sentiment.FlagUnscored | sentiment.FlagLaughter},
	} {
		s := judge(e, c.text)
		if s.Flags&c.want != c.want || s.Flags&c.not != 0 {
			t.Errorf("%q: flags %v, want %v and none of %v", c.text, s.Flags.Names(), c.want.Names(), c.not.Names())
		}
	}
}

func TestScoreDoesNotAllocate(t *testing.T) {
	e := sentiment.New()
	lines := messages(t)
	lines = append(lines, strings.Repeat("spam it ", 70), strings.Repeat("é世😀", 60))
	emotes := []chat.Emote{{ID: "1", Name: "LUL", Start: 0, End: 3}}
	var s sentiment.Score
	if n := testing.AllocsPerRun(3, func() {
		for _, m := range lines {
			e.Score(&s, m, emotes)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d messages, want none", n, len(lines))
	}
}

func TestConcurrentUse(t *testing.T) {
	e := sentiment.New()
	lines := messages(t)
	want := make([]sentiment.Score, len(lines))
	for i, m := range lines {
		want[i] = judge(e, m)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, m := range lines {
				if got := judge(e, m); got != want[i] {
					t.Errorf("%q: %+v beside others, %+v alone", m, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

func TestNewIsDeterministic(t *testing.T) {
	a, b := sentiment.New(), sentiment.New()
	for _, m := range messages(t) {
		if x, y := judge(a, m), judge(b, m); x != y {
			t.Errorf("%q: %+v and %+v", m, x, y)
		}
	}
}

func TestExplainSumsToTheScore(t *testing.T) {
	e := sentiment.New()
	explained := 0
	for _, m := range messages(t) {
		s := judge(e, m)
		parts := e.Explain(m, nil)
		if len(parts) == 0 {
			continue
		}
		explained++
		var sum float32
		end := 0
		for _, p := range parts {
			if p.Start < end || p.End <= p.Start || p.End > len(m) {
				t.Errorf("%q: piece %d…%d is out of order or range", m, p.Start, p.End)
			}
			end = p.End
			sum += p.Value
		}
		if d := sum - s.Value; d > 1e-3 || d < -1e-3 {
			t.Errorf("%q: contributions sum to %v, score is %v", m, sum, s.Value)
		}
	}
	if explained < 300 {
		t.Errorf("%d messages explained, want 300 at least", explained)
	}
}

func FuzzScore(f *testing.F) {
	for _, m := range messages(f) {
		f.Add(m, 0, 3)
	}
	f.Add(strings.Repeat("a", 5000), 10, 20)
	f.Add(strings.Repeat("\xff\xfe", 300), 0, 1)
	f.Add("\u200d\ufe0f\U0001F3FB\U0001F1E6", 1, 2)
	f.Add("ẹ̵́̂", 0, 100)
	e := sentiment.New()
	f.Fuzz(func(t *testing.T, text string, start, end int) {
		var a, b sentiment.Score
		emotes := []chat.Emote{{ID: "1", Start: start, End: end}}
		e.Score(&a, text, emotes)
		if err := checkScore(a); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		e.Score(&b, text, emotes)
		if a != b {
			t.Errorf("%q: %+v, then %+v", text, a, b)
		}
		for _, p := range e.Explain(text, emotes) {
			if p.Start < 0 || p.End > len(text) || p.Start >= p.End {
				t.Errorf("%q: piece %d…%d", text, p.Start, p.End)
			}
		}
	})
}

func benchmarkTexts(b *testing.B, texts []string) {
	e := sentiment.New()
	var s sentiment.Score
	bytes := 0
	for _, t := range texts {
		bytes += len(t)
	}
	b.ReportAllocs()
	b.SetBytes(int64(bytes / len(texts)))
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		e.Score(&s, texts[i%len(texts)], nil)
	}
	b.ReportMetric(1e9/(float64(b.Elapsed().Nanoseconds())/float64(b.N)), "msg/s")
}

func BenchmarkScore(b *testing.B) {
	b.Run("typical", func(b *testing.B) {
		benchmarkTexts(b, []string{"@user that was actually so good, what a clutch PogChamp"})
	})
	b.Run("emotes", func(b *testing.B) { benchmarkTexts(b, []string{"KEKW KEKW KEKW Sadge"}) })
	b.Run("spam500", func(b *testing.B) {
		benchmarkTexts(b, []string{strings.Repeat("EZ Clap another one bites the dust ", 15)[:500]})
	})
	b.Run("mixed", func(b *testing.B) { benchmarkTexts(b, messages(b)) })
}

func BenchmarkScoreParallel(b *testing.B) {
	e := sentiment.New()
	lines := messages(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var s sentiment.Score
		for i := 0; pb.Next(); i++ {
			e.Score(&s, lines[i%len(lines)], nil)
		}
	})
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sentiment.New()
	}
}
