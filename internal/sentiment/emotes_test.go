package sentiment

import (
	"strings"
	"testing"
)

func TestIsEmote(t *testing.T) {
	e := New()
	for word, want := range map[string]bool{
		"Kappa": true, "KEKW": true, "WTFF": true, "ClapHD": true, "Krappa": true, "ANELE": true, "4Head": true, "D:": true,
		"Sadge": true, "peepoHappy": true, "PogChamp": true, "(7TV)": true,

		"": false, "kappa": false, "KAPPA": false, "kekw": false, "wtff": false, "Claphd": false,
		"good": false, "Boring": false, "Toxic": false, "boring": false, "THIS": false, "LMAO": false, "lol": false, "😂": false, ":-(": false, "+1": false,
		strings.Repeat("Kappa", 40): false,
	} {
		if got := e.IsEmote(word); got != want {
			t.Errorf("%q is an emote: %v, want %v", word, got, want)
		}
	}
}

// Every emote of the lexicon is one, but for a few that are also words, and
// nothing else of it is.
func TestIsEmoteKnowsTheLexicon(t *testing.T) {
	e := New()
	rows, err := parseLexicon(lexiconTSV)
	if err != nil {
		t.Fatal(err)
	}
	emotes, words := 0, 0
	for i := range rows {
		r := &rows[i]
		if r.match != "exact" || r.entry.class&classEmoji != 0 {
			continue
		}
		want := r.entry.class&classEmote != 0
		switch {
		case want && isEnglish(r.token):
			want = false
			words++
		case want:
			emotes++
		}
		if e.IsEmote(r.token) != want {
			t.Errorf("%q is an emote: %v, want %v", r.token, !want, want)
		}
	}
	if emotes < 1000 || words < 10 || words > 250 {
		t.Errorf("%d emotes and %d that are also words", emotes, words)
	}
}

func TestIsEmoteDoesNotAllocate(t *testing.T) {
	e := New()
	n := testing.AllocsPerRun(100, func() {
		if !e.IsEmote("ClapHD") || e.IsEmote("dragon") {
			t.Error("wrong answer")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkIsEmote(b *testing.B) {
	e := New()
	words := strings.Fields("the boss fight was Sadge KEKW nobody expected ClapHD this peepoHappy ending")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.IsEmote(words[i%len(words)])
		i++
	}
}
