package analysis

import (
	"fmt"
	"testing"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// A message that is relabelled counts as if it had been judged so from the
// beginning, and back again leaves nothing behind.
func TestRelabel(t *testing.T) {
	scores := map[sentiment.Label]sentiment.Score{
		sentiment.Positive: {Label: sentiment.Positive, Value: 1},
		sentiment.Neutral:  {Label: sentiment.Neutral},
		sentiment.Negative: {Label: sentiment.Negative, Value: -1},
	}
	session := func(sc sentiment.Score) *Session {
		s := New("s1", "demo", testStart, Options{})
		for i := range 6 {
			say(s, float64(i), fmt.Sprint("viewer_", i%3), "boss fight KEKW", []float32{0.5, -0.5, 0}[i%3])
		}
		s.Add(&chat.Message{ID: "m", Login: "viewer_1", Text: "boss awful Sadge", Time: at(3), First: true}, &sc)
		return s
	}
	for from, a := range scores {
		for to, b := range scores {
			s := session(a)
			before := whole(t, s, at(8))
			was, ok := s.Relabel("m", Judged{Label: to, Value: b.Value})
			if !ok || was.Label != from || was.Value != a.Value {
				t.Errorf("from %v to %v: it was %+v, %v", from, to, was, ok)
			}
			if got, want := whole(t, s, at(8)), whole(t, session(b), at(8)); got != want {
				t.Errorf("from %v to %v: %s", from, to, firstDifference(want, got))
			}
			if _, ok := s.Relabel("m", was); !ok {
				t.Error("it cannot be taken back")
			}
			if after := whole(t, s, at(8)); after != before {
				t.Errorf("from %v to %v and back: %s", from, to, firstDifference(before, after))
			}
		}
	}
}

func TestRelabelOddMessages(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	s.Add(&chat.Message{ID: "none", Login: "a", Text: "привет всем", Time: at(1)}, &sentiment.Score{Flags: sentiment.FlagUnscored})
	s.Add(&chat.Message{ID: "unsure", Login: "a", Text: "hm", Time: at(1)}, &sentiment.Score{Flags: sentiment.FlagUnsure, Value: 0.25})
	s.Add(&chat.Message{ID: "bot", Login: "nightbot", Text: "hi", Time: at(1)}, &sentiment.Score{})
	s.Add(&chat.Message{ID: "gone", Login: "a", Text: "hi", Time: at(1)}, &sentiment.Score{})
	s.Delete("gone")
	for _, id := range []string{"", "unknown", "bot", "gone"} {
		if was, ok := s.Relabel(id, Judged{Label: sentiment.Positive, Value: 1}); ok {
			t.Errorf("%q was relabelled, and was %+v", id, was)
		}
	}
	before := s.Counts()
	none, _ := s.Relabel("none", Judged{Label: sentiment.Positive, Value: 1})
	unsure, _ := s.Relabel("unsure", Judged{Label: sentiment.Negative, Value: -1})
	if c := s.Counts(); c.Positive != 1 || c.Negative != 1 || c.Neutral != 0 || c.Unscored != 0 || c.Unsure != 0 || c.Total != 2 {
		t.Errorf("corrected, the counts are %+v", c)
	}
	if !none.Unscored || !unsure.Unsure || unsure.Value != 0.25 {
		t.Errorf("they were %+v and %+v", none, unsure)
	}
	s.Relabel("none", none)
	s.Relabel("unsure", unsure)
	if c := s.Counts(); c != before {
		t.Errorf("taken back, the counts are %+v, want %+v", c, before)
	}
}
