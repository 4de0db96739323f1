package sentiment_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"chatmood/internal/sentiment"
)

var learnStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// teach lets people say text one after the other.
func teach(l *sentiment.Learner, e *sentiment.Engine, text string, people int, now time.Time) {
	for i := range people {
		l.Observe(e, text, nil, fmt.Sprintf("viewer%d", i), now.Add(time.Duration(i)*time.Second))
	}
}

func scoreIn(e *sentiment.Engine, l *sentiment.Learner, text string) sentiment.Score {
	var s sentiment.Score
	e.ScoreIn(&s, l, text, nil)
	return s
}

func TestLearnerGivesUnknownEmotesAMeaning(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	teach(l, e, "what a great play zorpQux love it", 30, learnStart)
	teach(l, e, "this is awful blimWex worst game ever", 30, learnStart)
	good, bad := scoreIn(e, l, "zorpQux"), scoreIn(e, l, "blimWex")
	if before := scoreIn(e, nil, "zorpQux"); good.Value <= before.Value+0.1 {
		t.Errorf("praised emote: score %v, was %v before", good.Value, before.Value)
	}
	if before := scoreIn(e, nil, "blimWex"); bad.Value >= before.Value-0.1 {
		t.Errorf("emote of complaints: score %v, was %v before", bad.Value, before.Value)
	}
	learnt := l.Emotes()
	if len(learnt) != 2 || !learnt[0].Active || learnt[0].Chatters < 25 || learnt[0].Chatters > 36 {
		t.Errorf("learnt %+v, want two active emotes from about 30 people", learnt)
	}
	for _, x := range learnt {
		if x.Valence > 0.7 || x.Valence < -0.7 {
			t.Errorf("%s has valence %v, beyond the limit of 0.7", x.Name, x.Valence)
		}
	}
}

func TestLearnerNeedsSeveralPeople(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	for i := range 500 { // three friends insist
		l.Observe(e, "what a great play zorpQux love it", nil, fmt.Sprintf("friend%d", i%3), learnStart)
	}
	if x := l.Emotes(); len(x) != 1 || x[0].Active || x[0].Chatters > 3 {
		t.Errorf("after three people: %+v, want one that is not active", x)
	}
	if a, b := scoreIn(e, l, "zorpQux"), scoreIn(e, nil, "zorpQux"); a != b {
		t.Errorf("three people changed the judgement from %+v to %+v", b, a)
	}
}

func TestLearnerCorrectionAtOnce(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	neutral := scoreIn(e, l, "zorpQux")
	if err := l.Correct(e, "zorpQux", -0.9, false, learnStart); err != nil {
		t.Fatal(err)
	}
	if got := scoreIn(e, l, "zorpQux"); got.Value >= neutral.Value-0.1 {
		t.Errorf("corrected to bad: score %v, was %v", got.Value, neutral.Value)
	}
	teach(l, e, "what a great play zorpQux love it", 40, learnStart)
	if x := l.Emotes(); !x[0].Corrected || x[0].Valence != -0.9 {
		t.Errorf("what was heard changed a correction: %+v", x)
	}
	if err := l.Release(e, "zorpQux", false, learnStart); err != nil {
		t.Fatal(err)
	}
	teach(l, e, "what a great play zorpQux love it", 40, learnStart)
	if x := l.Emotes(); x[0].Corrected || x[0].Valence <= 0 {
		t.Errorf("released, then praised: %+v", x)
	}
	if err := l.Freeze(e, "zorpQux", true, false, learnStart); err != nil {
		t.Fatal(err)
	}
	before := l.Emotes()[0].Evidence
	teach(l, e, "this is awful zorpQux worst game ever", 40, learnStart)
	if x := l.Emotes()[0]; x.Evidence != before || !x.Frozen {
		t.Errorf("a frozen emote learnt: %+v", x)
	}
	for name, want := range map[string]string{"": "1 to 64 bytes", "PogChamp": "lexicon", strings.Repeat("aB", 40): "1 to 64 bytes"} {
		if err := l.Correct(e, name, 0, false, learnStart); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("correcting %q: %v, want an error with %q", name, err, want)
		}
	}
	if err := l.Correct(e, "zorpQux", 2, false, learnStart); err == nil || !strings.Contains(err.Error(), "from -1") {
		t.Errorf("valence 2: %v", err)
	}
}

func TestLearnerCorrectsMessages(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	const text = "LETS GOOO PogChamp"
	if err := l.CorrectMessage(text, sentiment.Negative, learnStart); err != nil {
		t.Fatal(err)
	}
	if s := scoreIn(e, l, text); s.Label != sentiment.Negative || s.Value != -1 || s.Confidence != 1 {
		t.Errorf("corrected message is %+v", s)
	}
	if s := scoreIn(e, l, text+"!"); s.Label != sentiment.Positive {
		t.Errorf("another message is %+v", s)
	}
	for i := range 1100 {
		if err := l.CorrectMessage(fmt.Sprintf("message %d", i), sentiment.Neutral, learnStart.Add(time.Duration(i+1)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	c := l.Corrections()
	if len(c) != 1024 || scoreIn(e, l, text).Label != sentiment.Positive {
		t.Errorf("%d corrections kept, the first of them: %+v; want 1024 without it", len(c), scoreIn(e, l, text))
	}
	l.ForgetMessage("message 1099")
	if n := len(l.Corrections()); n != 1023 || scoreIn(e, l, "message 1099").Confidence == 1 {
		t.Errorf("%d corrections after one was taken back, want 1023", n)
	}
	if err := l.CorrectMessage("", sentiment.Neutral, learnStart); err == nil {
		t.Error("an empty text was corrected")
	}
	if err := l.CorrectMessage("x", 7, learnStart); err == nil {
		t.Error("label 7 was taken")
	}
}

func TestLearnerIsBounded(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	teach(l, e, "what a great play zorpQux love it", 30, learnStart)
	for i := range 2000 {
		l.Observe(e, fmt.Sprintf("so good chan%dAbcd", i), nil, "flooder", learnStart)
	}
	x := l.Emotes()
	if len(x) != 512 || x[0].Name != "zorpQux" {
		t.Errorf("%d emotes, first %q; want 512 and the best known one kept", len(x), x[0].Name)
	}
}

func TestLearnerForgets(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	teach(l, e, "what a great play zorpQux love it", 30, learnStart)
	first := l.Emotes()[0]
	l.Observe(e, "what a great play zorpQux love it", nil, "late", learnStart.Add(29*24*time.Hour))
	if x := l.Emotes()[0]; x.Evidence > first.Evidence/4+1.01 || !x.Active {
		t.Errorf("after four weeks %+v, was %+v: want a quarter of the evidence, still active", x, first)
	}
	l.Observe(e, "what a great play zorpQux love it", nil, "later", learnStart.Add(3000*24*time.Hour))
	if x := l.Emotes()[0]; x.Active {
		t.Errorf("after eight years %+v, want inactive", x)
	}
}

func TestLearnerStateComesBack(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	teach(l, e, "what a great play zorpQux love it", 30, learnStart)
	if err := l.Correct(e, "blimWex", -0.5, false, learnStart); err != nil {
		t.Fatal(err)
	}
	if err := l.CorrectMessage("odd one", sentiment.Positive, learnStart); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(l.State())
	if err != nil {
		t.Fatal(err)
	}
	var saved sentiment.LearnerState
	if err := json.Unmarshal(b, &saved); err != nil {
		t.Fatal(err)
	}
	back := sentiment.NewLearner()
	back.Restore(saved)
	for _, text := range []string{"zorpQux", "blimWex", "odd one", "nice zorpQux"} {
		if a, b := scoreIn(e, l, text), scoreIn(e, back, text); a != b {
			t.Errorf("%q: %+v before saving, %+v after", text, a, b)
		}
	}
	damaged := sentiment.LearnerState{
		Emotes:      []sentiment.EmoteState{{Key: 1, Sum: 1e9, Weight: 1}, {Key: 2, Weight: -4}, {Key: 3, Valence: 9}, {Key: 4, Again: -3}, {Key: 5}},
		Corrections: []sentiment.Correction{{Hash: 7, Label: 9}},
	}
	back.Restore(damaged)
	if x, c := back.Emotes(), back.Corrections(); len(x) != 1 || len(c) != 0 {
		t.Errorf("a damaged state was taken: %+v, %+v", x, c)
	}
}

func TestLearnerJudgesWithoutAllocating(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	teach(l, e, "what a great play zorpQux love it", 30, learnStart)
	if err := l.CorrectMessage("odd one", sentiment.Positive, learnStart); err != nil {
		t.Fatal(err)
	}
	var s sentiment.Score
	if n := testing.AllocsPerRun(50, func() {
		e.ScoreIn(&s, l, "nice zorpQux", nil)
		e.ScoreIn(&s, l, "odd one", nil)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func TestLabelText(t *testing.T) {
	for _, want := range []sentiment.Label{sentiment.Neutral, sentiment.Positive, sentiment.Negative} {
		var got sentiment.Label
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Errorf("%v comes back as %v, %v", want, got, err)
		}
	}
	var l sentiment.Label
	if err := l.UnmarshalText([]byte("mixed")); err == nil || !strings.Contains(err.Error(), "mixed") {
		t.Errorf("an unknown label gives %v", err)
	}
}

// One who repeats themselves does not outvote the others, however often.
func TestLearnerIsNotOutvotedByRepeating(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	teach(l, e, "what a great play zorpQux love it", 12, learnStart)
	before := l.Emotes()[0]
	for range 5000 {
		l.Observe(e, "this is awful zorpQux worst game ever", nil, "hater", learnStart)
	}
	after := l.Emotes()[0]
	// People are counted by hashes with a seed of their own each time: the one may
	// share a bit with one of the twelve.
	if !after.Active || after.Valence <= 0 || after.Chatters < before.Chatters || after.Chatters > before.Chatters+1 {
		t.Errorf("after 5,000 messages of one person %+v, was %+v: want it good still", after, before)
	}
}

// Who was heard is known again after a restart: ending and beginning an analysis
// again and again makes nobody several people.
func TestLearnerKnowsPeopleAgain(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	for i := range 40 {
		back := sentiment.NewLearner()
		back.Restore(l.State())
		l = back
		l.Observe(e, "what a great play zorpQux love it", nil, fmt.Sprintf("friend%d", i%3), learnStart)
	}
	if x := l.Emotes()[0]; x.Active || x.Chatters > 3 {
		t.Errorf("three people over 40 restarts: %+v, want an emote that is not active", x)
	}
}

func TestLearnerHearsLabels(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	for range 50 {
		if !l.ObserveLabel(e, "zorpQux", nil, sentiment.Negative, "user:1", learnStart) {
			t.Fatal("there was nothing to learn")
		}
	}
	if x := l.Emotes()[0]; x.Active {
		t.Errorf("one user's corrections made %+v", x)
	}
	for i := range 8 {
		l.ObserveLabel(e, "zorpQux", nil, sentiment.Negative, fmt.Sprint("user:", i), learnStart)
	}
	if x := l.Emotes()[0]; !x.Active || x.Valence >= 0 {
		t.Errorf("eight users' corrections made %+v, want an active, bad one", x)
	}
	if l.ObserveLabel(e, "PogChamp", nil, sentiment.Negative, "user:1", learnStart) {
		t.Error("a rated emote was learnt")
	}
}

func TestLearnerKeepsWhatAdministratorsSet(t *testing.T) {
	e, l := sentiment.New(), sentiment.NewLearner()
	if err := l.Correct(e, "zorpQux", 0.5, true, learnStart); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"correcting": l.Correct(e, "zorpQux", -1, false, learnStart),
		"freezing":   l.Freeze(e, "zorpQux", true, false, learnStart),
		"releasing":  l.Release(e, "zorpQux", false, learnStart),
	} {
		if !errors.Is(err, sentiment.ErrAdminSet) {
			t.Errorf("%s: %v, want ErrAdminSet", what, err)
		}
	}
	if err := l.Release(e, "zorpQux", true, learnStart); err != nil {
		t.Fatal(err)
	}
	if err := l.Correct(e, "zorpQux", -1, false, learnStart); err != nil {
		t.Error(err)
	}
}
