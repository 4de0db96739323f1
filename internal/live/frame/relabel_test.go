package frame

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

func TestJudgedAnew(t *testing.T) {
	for _, m := range []chat.Message{
		{ID: "1", Login: "a", Text: "hello"},
		{ID: "2", Login: "a", Text: `x","l":"p","s":1,"k":1,"f":"C"}`, DisplayName: `","l":"n"`, First: true, Moderator: true},
		{
			ID: `3","l":"`, Login: `","k":1`, Text: "😀 Kappa ä", Emotes: []chat.Emote{{ID: `,"f":"`, Name: "Kappa", Start: 5, End: 10}}, Bits: 5,
			Reply: chat.Reply{ParentID: "p", ParentLogin: `,"f":"x"`, ParentText: `","l":"p"`},
		},
	} {
		m.Time = time.UnixMilli(1)
		score := sentiment.Score{Label: sentiment.Positive, Value: 0.625, Confidence: 0.5, Flags: sentiment.FlagUnsure | sentiment.FlagQuestion}
		encoded := AppendMessage(nil, &m, &score, analysis.Counted)
		before, err := JudgementOf(encoded)
		if err != nil {
			t.Fatal(err)
		}
		after := before.CorrectedTo(sentiment.Negative)
		if strings.ContainsAny(after.Flags, "U0") || !strings.HasSuffix(after.Flags, "C") || after.Score != -1 || after.Confidence != 1 {
			t.Errorf("corrected: %+v", after)
		}
		changed, err := AppendJudged(nil, encoded, after)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := JudgementOf(changed); err != nil || got != after {
			t.Errorf("judged %+v, want %+v, %v\n%s", got, after, err, changed)
		}
		text, emotes, err := TextOf(changed)
		if diff := cmp.Diff(m.Emotes, emotes); err != nil || text != m.Text || diff != "" {
			t.Errorf("text %q, want %q, %v, emotes %s", text, m.Text, err, diff)
		}
		back, err := AppendJudged(nil, changed, before)
		if err != nil || string(back) != string(encoded) {
			t.Errorf("and back: %v\n%s\nwant\n%s", err, back, encoded)
		}
	}
	for _, broken := range []string{"", "{}", `{"x":"","l":"p"`, `{"k":1,"x":"","l":"p"}`, `[1]`} {
		if b, err := AppendJudged(nil, []byte(broken), Judgement{}); err == nil {
			t.Errorf("%q became %q", broken, b)
		}
	}
}

func TestRelabelFrame(t *testing.T) {
	const want = `{"type":"relabel","seq":7,"id":"a\"b","l":"n","s":-1,"k":1,"f":"?C","corrected":true}`
	if got := AppendRelabel(nil, 7, `a"b`, Judgement{sentiment.Neutral, 0.1, 0.4, "U?"}.CorrectedTo(sentiment.Negative), true); string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestUnits(t *testing.T) {
	const text = "a😀ä"
	for n, want := range map[int]int{0: 0, 1: 1, 5: 3, 7: 4, 99: 4} {
		if got := Units(text, n); got != want {
			t.Errorf("%d bytes are %d units, want %d", n, got, want)
		}
	}
}
