package sentiment

import (
	"strings"
	"testing"
	"time"

	"chatmood/internal/chat"
)

// FuzzTokens cuts any text with any range of an emote: tokens stay in order
// and inside of the text, and rows inside of the lexicon.
func FuzzTokens(f *testing.F) {
	for _, text := range []string{
		"LETS GOOOO PogChamp", "not bad at all, let him cook", "moon2SAD forsenLUL 🎉🎉 ❤️ 👨‍👩‍👧", "Waiting for him. Stare", "LET HIM COOK", "z̸̢a̷l̵g̶o̴ привет 你好", "@user !cmd https://x.y/z <url> :-) ¯\\_(ツ)_/¯",
		"not not not not bad", strings.Repeat("not ", 200) + "bad", "not bad not bad not", "\xff\xfe\x00 a\u200db", "n0t b4d 1337", "let let him him cook",
	} {
		f.Add(text, 0, 4)
	}
	rows, err := parseLexicon(lexiconTSV)
	if err != nil {
		f.Fatal(err)
	}
	x := newLexicon(rows)
	f.Fuzz(func(t *testing.T, text string, start, end int) {
		var s scratch
		s.tokenize(x, text, []chat.Emote{{Start: start, End: end}})
		last := 0
		for i, tok := range s.tokens[:s.n] {
			if int(tok.start) < last || tok.end <= tok.start || int(tok.end) > len(text) {
				t.Fatalf("%q: token %d is %d…%d, the one before ends at %d", text, i, tok.start, tok.end, last)
			}
			last = int(tok.end)
			if tok.count == 0 || tok.kind == 0 || int(tok.entry) >= len(x.entries) || tok.entry < -1 {
				t.Fatalf("%q: token %d is %+v", text, i, tok)
			}
			if tok.shape&shapeIdiom != 0 && x.entries[tok.entry].class&classIdiom == 0 {
				t.Fatalf("%q: token %d is joined and no idiom", text, i)
			}
		}
		var g signals
		s.judge(x, &g)
		if !(g.rule >= -1 && g.rule <= 1) {
			t.Fatalf("%q: rules say %v", text, g.rule)
		}
	})
}

// TestIdiomsAreOneToken also keeps their offsets, for the explanation.
func TestIdiomsAreOneToken(t *testing.T) {
	e := New()
	for text, want := range map[string][]string{
		"honestly not bad at all": {"honestly", "not bad at all"},
		"LET HIM COOK now":        {"LET HIM COOK", "now"},
		"not bad, not bad":        {"not bad", ",", "not bad"},
		"not  bad":                {"not  bad"},
		"not bald":                {"not", "bald"},
		"not":                     {"not"},
	} {
		var r Reading
		e.Read(&r, text, nil)
		var got []string
		for _, tok := range r.Tokens {
			got = append(got, tok.Text)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q is cut into %q, want %q", text, got, want)
		}
	}
}

// TestChattersAreEstimated compares the estimate with the truth.
func TestChattersAreEstimated(t *testing.T) {
	l := NewLearner()
	for _, n := range []int{1, 5, 20, 100} {
		var ev evidence
		for i := range n {
			l.hear(uint64(n), "x", 0.5, strings.Repeat("v", i+1), time.Unix(0, 0))
		}
		ev = *l.emotes[uint64(n)]
		if got := ev.chatters(); got < n*7/10 || got > n*13/10 {
			t.Errorf("%d people are estimated as %d", n, got)
		}
	}
}
