package sentiment_test

import (
	"os"
	"strings"
	"testing"

	"chatmood/internal/sentiment"
)

// TestMeanings says what messages mean and why, in testdata/meanings.tsv. Unlike the
// golden file it holds only judgements that must be right. Those that the engine
// is known to get wrong are marked open, so that whoever mends one hears of it.
func TestMeanings(t *testing.T) {
	data, err := os.ReadFile("testdata/meanings.tsv")
	if err != nil {
		t.Fatal(err)
	}
	e := sentiment.New()
	seen := map[string]bool{}
	count := map[sentiment.Label]int{}
	open, total := 0, 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 && (len(f) != 4 || f[3] != "open") {
			t.Fatalf("%q: want label, reason, message and perhaps the word open", line)
		}
		var want sentiment.Label
		if err := want.UnmarshalText([]byte(f[0])); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if seen[f[2]] {
			t.Errorf("%q is there twice", f[2])
		}
		seen[f[2]] = true
		total++
		count[want]++
		s := judge(e, f[2])
		switch isOpen := len(f) == 4; {
		case isOpen && s.Label == want:
			t.Errorf("%s: %q is %v, as it should be: it is no longer open", f[1], f[2], s.Label)
		case isOpen:
			open++
		case s.Label != want:
			t.Errorf("%s: %q is %v (%.2f), want %v", f[1], f[2], s.Label, s.Value, want)
		}
	}
	t.Logf("%d meanings, %d of them open", total, open)
	if total < 400 || count[sentiment.Negative]*10 < total*4 || open*20 > total {
		t.Errorf("%d meanings, %d negative, %d open: want 400, 40 %% of them negative, and 5 %% open at most", total, count[sentiment.Negative], open)
	}
}

// TestIdiomsMeanWhatTheyMean asks of every idiom of the lexicon with a clear
// rating that the engine as a whole agrees, and not with its words.
func TestIdiomsMeanWhatTheyMean(t *testing.T) {
	e := sentiment.New()
	n := 0
	for _, x := range sentiment.RatedEntries() {
		if !x.Idiom || x.Valence < 0.5 && x.Valence > -0.5 {
			continue
		}
		n++
		for _, text := range []string{x.Text, "@user " + x.Text} {
			if s := judge(e, text); (s.Value > 0) != (x.Valence > 0) {
				t.Errorf("%q is %v (%.2f), rated %.2f", text, s.Label, s.Value, x.Valence)
			}
		}
	}
	if n < 200 {
		t.Errorf("%d idioms, want 200 at least", n)
	}
}

// TestEmoteNamesThatAreWords tells an emote from a word that begins a sentence.
func TestEmoteNamesThatAreWords(t *testing.T) {
	e := sentiment.New()
	for text, want := range map[string]bool{
		"Waiting": true, "Waiting Waiting Waiting": true, "Stare": true, "Cooking Cooking": true, "Stare KEKW": true,
		"Waiting for the next match": false, "Cooking stream today": false, "Stare at the map": false, "ok. Waiting for him": false,
	} {
		if got := judge(e, text).Flags&sentiment.FlagEmoteOnly != 0; got != want {
			t.Errorf("%q: emotes only is %v, want %v", text, got, want)
		}
	}
	with, without := judge(e, "Waiting for the next match"), judge(e, "waiting for the next match")
	if with != without {
		t.Errorf("a capital at the beginning changes %+v to %+v", without, with)
	}
}

// TestLabelsHaveAScore keeps the score away from zero where there is praise or
// blame.
func TestLabelsHaveAScore(t *testing.T) {
	e := sentiment.New()
	for _, m := range messages(t) {
		if s := judge(e, m); s.Label == sentiment.Positive && s.Value < 0.05 || s.Label == sentiment.Negative && s.Value > -0.05 {
			t.Errorf("%q is %v with a score of %v", m, s.Label, s.Value)
		}
	}
}

// TestRulesAlone checks the context rules without the model.
func TestRulesAlone(t *testing.T) {
	e, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		t.Fatal(err)
	}
	value := func(text string) float32 { return judge(e, text).Value }
	for _, c := range []struct{ why, low, high string }{
		{"negation turns", "not good", "good"},
		{"a negated word is milder than its opposite", "terrible", "not good"},
		{"negation ends with the clause", "no, good stream", "good stream pog"},
		{"strengthening", "good play", "very good play"},
		{"weakening", "kinda amazing", "amazing"},
		{"but", "amazing map but terrible team", "terrible team but amazing map"},
		{"drawn out", "nice", "niceeeee"},
		{"repeated", "Sadge Sadge Sadge", "Sadge"},
		{"exclamation", "good play", "good play!!!"},
		{"laughter beside contempt", "KEKW trash", "KEKW"},
		{"irony turns praise", "amazing player Kappa", "amazing player"},
		{"a sad emote dampens praise", "nice FeelsBadMan", "nice FeelsGoodMan"},
		{"a phrase is more than its words", "bad", "not bad"},
		{"shouting one word", "a TERRIBLE idea", "a terrible idea"},
	} {
		if low, high := value(c.low), value(c.high); low >= high {
			t.Errorf("%s: %q is %.2f, %q is %.2f", c.why, c.low, low, c.high, high)
		}
	}
}

func TestNewWithFaults(t *testing.T) {
	for name, model := range map[string][]byte{
		"too short":   []byte("chatmood"),
		"wrong magic": make([]byte, 4096),
	} {
		if _, err := sentiment.NewWith(sentiment.Options{Model: model}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
