package analysis

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at(seconds float64) time.Time {
	return testStart.Add(time.Duration(seconds * float64(time.Second)))
}

// say adds a message of a chatter at a second of the session.
func say(s *Session, seconds float64, login, text string, value float32) Outcome {
	sc := sentiment.Score{Value: value, Confidence: 0.9}
	switch {
	case value > 0.2:
		sc.Label = sentiment.Positive
	case value < -0.2:
		sc.Label = sentiment.Negative
	}
	return s.Add(&chat.Message{ID: fmt.Sprint("id-", s.recent.next), Login: login, Text: text, Time: at(seconds)}, &sc)
}

func TestOutcomes(t *testing.T) {
	s := New("s1", "demo", testStart, Options{Bots: []string{"My_Own_Bot"}})
	for i, c := range []struct {
		m    chat.Message
		want Outcome
	}{
		{chat.Message{ID: "a", Login: "viewer_one", Text: "hello"}, Counted},
		{chat.Message{ID: "a", Login: "viewer_one", Text: "hello"}, Duplicate},
		{chat.Message{Login: "viewer_one", Text: "no id"}, Counted},
		{chat.Message{Login: "viewer_one", Text: "no id"}, Counted},
		{chat.Message{ID: "b", Login: "viewer_two", Text: "new here", First: true}, Counted | First},
		{chat.Message{ID: "c", Login: "nightbot", Text: "hello"}, Bot},
		{chat.Message{ID: "c", Login: "nightbot", Text: "hello"}, Duplicate},
		{chat.Message{ID: "d", Login: "my_own_bot", Text: "!hello"}, Bot},
		{chat.Message{ID: "e", Login: "helper", Text: "hello", Badges: []chat.Badge{{Name: "vip"}, {Name: "bot-badge", Version: "1"}}}, Bot},
		{chat.Message{ID: "f", Login: "viewer_one", Text: "!uptime"}, Command},
		{chat.Message{ID: "g", Login: "viewer_one", Text: "!"}, Counted},
		{chat.Message{ID: "h", Login: "viewer_one", Text: "!!! wow"}, Counted},
		{chat.Message{ID: "i", Login: "viewer_one", Text: "hi !uptime"}, Counted},
		{chat.Message{ID: "j", Login: "viewer_one", Text: "hi", RoomID: "1", SourceRoomID: "2"}, Mirrored},
		{chat.Message{ID: "k", Login: "viewer_one", Text: "hi", RoomID: "1", SourceRoomID: "1"}, Counted},
		{chat.Message{ID: "l", DisplayName: "No_Login", Text: "hi"}, Counted},
	} {
		c.m.Time = at(float64(i))
		if got := s.Add(&c.m, nil); got != c.want {
			t.Errorf("%d, %q by %s: %b, want %b", i, c.m.Text, c.m.Login, got, c.want)
		}
	}
	want := Counts{Total: 9, Neutral: 9, Unscored: 9, Bots: 3, Commands: 1, Mirrored: 1, First: 1}
	if got := s.Counts(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if n, exact, active := s.ChatterCounts(at(20)); n != 3 || !exact || active != 3 {
		t.Errorf("%d chatters, exact %v, %d active", n, exact, active)
	}
	s.Stop(at(30))
	if got := s.Add(&chat.Message{ID: "z", Login: "viewer_one", Text: "late"}, nil); got != 0 {
		t.Errorf("a message after the end: %b", got)
	}
	if snap := s.Snapshot(at(1000), 5); snap.Running || snap.Status.State != Stopped || snap.Duration != 30 || !snap.At.Equal(at(30)) || snap.Counts.Total != 9 {
		t.Errorf("after the end: %+v", snap)
	}
}

func TestOddScores(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	for _, sc := range []sentiment.Score{
		{Label: sentiment.Positive, Value: float32(math.NaN())},
		{Label: sentiment.Positive, Value: 7},
		{Label: sentiment.Negative, Value: float32(math.Inf(-1))},
		{Label: 9, Value: 0.5},
		{Label: sentiment.Positive, Value: 0.5, Flags: sentiment.FlagUnscored},
	} {
		s.Add(&chat.Message{Login: "a", Text: "x", Time: testStart}, &sc)
	}
	want := Counts{Total: 5, Positive: 2, Negative: 1, Neutral: 2, Unscored: 1}
	if got := s.Counts(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	b := s.Tail(testStart, 1)
	if len(b) != 1 || b[0].Sum != 0.5 {
		t.Errorf("%+v", b)
	}
}

func TestDeleteTakesEverythingBackOut(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	say(s, 1, "viewer_one", "boss fight KEKW", 0.5)
	before := whole(t, s, at(5))
	sc := sentiment.Score{Label: sentiment.Negative, Value: -0.75, Flags: sentiment.FlagUnsure | sentiment.FlagQuestion}
	s.Add(&chat.Message{ID: "bad", Login: "viewer_one", Text: "boss awful Sadge", Time: at(2), First: true, Subscriber: true}, &sc)
	if s.Delete("unknown") != 0 || s.Delete("") != 0 {
		t.Error("deleted what was never there")
	}
	if n := s.Delete("bad"); n != 1 {
		t.Errorf("deleted %d messages", n)
	}
	if n := s.Delete("bad"); n != 0 {
		t.Errorf("deleted %d messages twice", n)
	}
	s.counts.Deleted, s.peak, s.peakSec = 0, 1, s.headSec-1 // these stay
	s.headSec--
	if after := whole(t, s, at(5)); after != before {
		t.Errorf("something is left: %s", firstDifference(before, after))
	}
	if out := s.Add(&chat.Message{ID: "bad", Login: "viewer_one", Text: "again", Time: at(3)}, nil); out != Duplicate {
		t.Errorf("a deleted message that comes again is %b", out)
	}
}

func TestClear(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	for i := range 10 {
		say(s, float64(i), []string{"good", "bad"}[i%2], "words", 0.5)
	}
	if n := s.ClearUser("bad"); n != 5 {
		t.Errorf("took out %d messages", n)
	}
	if n := s.ClearUser("bad"); n != 0 {
		t.Errorf("took out %d messages twice", n)
	}
	if n := s.ClearAll(at(11)); n != 0 {
		t.Errorf("a cleared chat took out %d messages", n)
	}
	want := Counts{Total: 5, Positive: 5, Deleted: 5}
	if got := s.Counts(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if top, err := s.TopChatters("positive", 5); err != nil || len(top) != 1 || top[0] != (Chatter{Login: "good", Name: "good", Count: 5}) {
		t.Errorf("%+v, %v", top, err)
	}
	if _, err := s.TopChatters("cheerful", 5); err == nil || !strings.Contains(err.Error(), "positive, neutral, negative") {
		t.Errorf("an unknown label: %v", err)
	}
}

func TestOneSpammerCannotTurnTheMood(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	for i := range 300 {
		if i%3 == 0 {
			say(s, float64(i)/10, fmt.Sprint("viewer_", i), "nice", 0.5)
		} else {
			say(s, float64(i)/10, "spammer", fmt.Sprint("bad ", i), -1)
		}
	}
	m := s.Mood(at(29.9))
	if *m.Now < 0.4 || *m.M1 < 0.4 || *m.All < 0.4 {
		t.Errorf("mood now %.2f, last minute %.2f, all %.2f", *m.Now, *m.M1, *m.All)
	}
	if c := s.Counts(); c.Negative != 200 {
		t.Errorf("%+v", c)
	}
}

func TestMoodAndTrend(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	if m := s.Mood(at(1)); m.Now != nil || m.M1 != nil || m.M60 != nil || m.All != nil || m.Trend != 0 {
		t.Errorf("without messages: %+v", m)
	}
	say(s, 0, "a", "x", 0.8)
	say(s, 30, "b", "x", 0.2)
	if m := s.Mood(at(30)); math.Abs(*m.Now-(0.5*0.8+0.2)/1.5) > 1e-6 || math.Abs(*m.M1-0.5) > 1e-6 {
		t.Errorf("two messages a half-life apart: now %v, M1 %v", *m.Now, *m.M1)
	}
	if m := s.Mood(at(61)); math.Abs(*m.M1-0.2) > 1e-6 || math.Abs(m.Trend-(*m.Now-0.8)) > 1e-6 {
		t.Errorf("after a minute: M1 %v, trend %v", *m.M1, m.Trend)
	}
	if m := s.Mood(at(10_000)); m.Now != nil || m.M60 != nil || m.All == nil {
		t.Errorf("long after: %+v", m)
	}
	s.Add(&chat.Message{Login: "c", Text: "?", Time: at(10_000)}, &sentiment.Score{Flags: sentiment.FlagUnscored})
	if m := s.Mood(at(10_000)); m.Now != nil {
		t.Errorf("a message with nothing to judge has mood %v", *m.Now)
	}
}

func TestRateKnowsGaps(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	for i := range 120 {
		say(s, float64(i), fmt.Sprint("viewer_", i), "x", 0)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.1 {
			t.Errorf("%s: %.2f, want %.2f", what, got, want)
		}
	}
	r := s.Rate(at(119.999))
	near("now", r.Now, 60)
	near("M1", r.M1, 60)
	near("M5", r.M5, 60) // of the two minutes that there were
	near("peak", r.Peak, 60)

	// 40 s without a connection, then 20 s of chat at the same pace.
	s.AddGap(Gap{From: at(120), To: at(160), Reason: "connection_lost"})
	for i := range 20 {
		say(s, 160+float64(i), fmt.Sprint("viewer_", i), "x", 0)
	}
	r = s.Rate(at(179.999))
	near("M1 with a gap", r.M1, 60)
	near("M5 with a gap", r.M5, 60)
	// Silence is silence.
	r = s.Rate(at(239.999))
	near("M1 after silence", r.M1, 0)
	near("M5 after silence", r.M5, 140.0*60/200)
	if r.PeakAt != at(9) {
		t.Errorf("the peak was at %v", r.PeakAt)
	}
}

func TestGapsMerge(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	s.AddGap(Gap{From: at(10), To: at(20), Reason: "a"})
	s.AddGap(Gap{From: at(50), To: at(60), Reason: "b"})
	s.AddGap(Gap{From: at(30), To: at(40), Reason: "c"})
	s.AddGap(Gap{From: at(70), To: at(70), Reason: "empty"})
	s.AddGap(Gap{From: at(80), To: at(70), Reason: "backwards"})
	if got := fmt.Sprint(reasons(s)); got != "[a 10-20 c 30-40 b 50-60]" {
		t.Error(got)
	}
	s.AddGap(Gap{From: at(20), To: at(25), Reason: "d"}) // touches
	s.AddGap(Gap{From: at(35), To: at(55), Reason: "e"}) // spans two
	s.AddGap(Gap{From: at(36), To: at(37), Reason: "f"}) // inside
	if got := fmt.Sprint(reasons(s)); got != "[a 10-25 c 30-60]" {
		t.Error(got)
	}
	for i := range 2 * maxGaps {
		s.AddGap(Gap{From: at(100 + 10*float64(i)), To: at(101 + 10*float64(i)), Reason: "g"})
	}
	if len(s.gaps) != maxGaps {
		t.Errorf("%d gaps", len(s.gaps))
	}
	for i := 1; i < len(s.gaps); i++ {
		if !s.gaps[i].From.After(s.gaps[i-1].To) {
			t.Fatalf("gaps %v and %v overlap", s.gaps[i-1], s.gaps[i])
		}
	}
}

func reasons(s *Session) []string {
	var out []string
	for _, g := range s.gaps {
		out = append(out, fmt.Sprintf("%s %.0f-%.0f", g.Reason, g.From.Sub(testStart).Seconds(), g.To.Sub(testStart).Seconds()))
	}
	return out
}

func TestNotices(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	for _, c := range []struct {
		n    chat.Notice
		kind string
	}{
		{chat.Notice{Type: "raid", ID: "1", Login: "other", Name: "Other", Count: 430, Text: "430 raiders from Other have joined!"}, "raid"},
		{chat.Notice{Type: "raid", ID: "1", Login: "other", Name: "Other", Count: 430}, ""}, // the same again
		{chat.Notice{Type: "raid", ID: "2", Login: "other", Count: 2, Mirrored: true}, ""},
		{chat.Notice{Type: "submysterygift", ID: "3", Login: "giver", Count: 20, GiftID: "g"}, "gifts"},
		{chat.Notice{Type: "subgift", ID: "4", Login: "giver", Count: 1, GiftID: "g"}, ""}, // part of the batch
		{chat.Notice{Type: "subgift", ID: "5", Login: "giver", Count: 1}, ""},
		{chat.Notice{Type: "submysterygift", ID: "6", Login: "giver", Count: 1}, ""},
		{chat.Notice{Type: "resub", ID: "7", Login: "fan", Count: 12}, ""},
	} {
		m, ok := s.Notice(&c.n, at(5))
		if ok != (c.kind != "") || m.Kind != c.kind {
			t.Errorf("%+v: %+v", c.n, m)
		}
	}
	marks := s.Snapshot(at(10), 5).Marks
	if len(marks) != 2 || marks[0].Name != "Other" || marks[0].Count != 430 || marks[1].Name != "giver" || marks[1].Count != 20 {
		t.Errorf("%+v", marks)
	}
}

func TestWaves(t *testing.T) {
	pasta := "guys i was in the shop today and the man said who is that"
	for name, c := range map[string]struct {
		texts    []string
		gap      float64
		login    func(i int) string
		messages int // in waves
		waves    int
	}{
		"copied by many":        {[]string{pasta}, 2, nil, 10, 1},
		"one chatter":           {[]string{pasta}, 2, func(int) string { return "a" }, 0, 0},
		"two chatters":          {[]string{pasta}, 2, func(i int) string { return fmt.Sprint(i % 2) }, 0, 0},
		"too slow":              {[]string{pasta}, 20, nil, 0, 0},
		"almost the same":       {[]string{pasta, strings.ToUpper(pasta) + "!!!", "KEKW " + pasta + " KEKW", pasta + " and then we left"}, 2, nil, 10, 1},
		"with a mention":        {[]string{pasta, "@viewer_one " + pasta}, 2, nil, 10, 1},
		"invisible suffix":      {[]string{pasta, pasta + " \u034f", pasta + " \U000e0000"}, 2, nil, 10, 1},
		"an emote":              {[]string{"KEKW"}, 2, nil, 0, 0},
		"a flood of emotes":     {[]string{strings.Repeat("KEKW ", 30)}, 2, nil, 0, 0},
		"a flood of one word":   {[]string{strings.Repeat("letsgo ", 30)}, 2, nil, 0, 0},
		"short":                 {[]string{"good luck have fun"}, 2, nil, 0, 0},
		"different texts":       {[]string{pasta, "something else is what this one says to everybody", "and a third one that is long enough to count here"}, 9, nil, 0, 0},
		"a picture":             {[]string{strings.Repeat("⣿", 60)}, 2, nil, 10, 1},
		"Chinese":               {[]string{"今天主播打得真好大家都来看看吧不要走"}, 2, nil, 10, 1},
		"two at the same time":  {[]string{pasta, "something else is what this one says to everybody"}, 2, nil, 10, 2},
		"of the same beginning": {[]string{"one two three four five six seven eight nine", "one two three four five six seven eight ten"}, 2, nil, 10, 1},
	} {
		s := New("s1", "demo", testStart, Options{})
		var in int
		for i := range 10 {
			login := fmt.Sprint("viewer_", i)
			if c.login != nil {
				login = c.login(i)
			}
			if say(s, float64(i)*c.gap, login, c.texts[i%len(c.texts)], 0)&InWave != 0 {
				in++
			}
		}
		snap := s.Snapshot(at(60), 10)
		if snap.Counts.Waves != c.messages || len(snap.Waves) != c.waves || snap.Counts.Total != 10 {
			t.Errorf("%s: %d messages in %d waves of %d, want %d in %d", name, snap.Counts.Waves, len(snap.Waves), snap.Counts.Total, c.messages, c.waves)
		}
		sum := 0
		for _, w := range snap.Waves {
			sum += w.Count
		}
		if sum != c.messages || in > c.messages {
			t.Errorf("%s: the waves have %d messages, %d were told", name, sum, in)
		}
		if c.waves == 1 && (snap.Waves[0].Chatters != 10 || !snap.Waves[0].From.Equal(at(0)) || !snap.Waves[0].To.Equal(at(9*c.gap))) {
			t.Errorf("%s: %+v", name, snap.Waves[0])
		}
	}
}

func TestWaveMessageDeleted(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	for i := range 5 {
		say(s, float64(i), fmt.Sprint("viewer_", i), "guys i was in the shop today and the man said who is that", 0)
	}
	s.ClearUser("viewer_0")
	s.ClearUser("viewer_4")
	if c := s.Counts(); c.Waves != 3 || c.Total != 3 {
		t.Errorf("%+v", c)
	}
	say(s, 100, "viewer_9", "guys i was in the shop today and the man said who is that", 0)
	if c := s.Counts(); c.Waves != 3 || c.Total != 4 {
		t.Errorf("long after: %+v", c)
	}
}

func TestMoments(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	s.SetStatus(Status{State: source.Live, Since: testStart})
	var told []Moment
	n := 0
	chatAt := func(sec int, rate int, text string, value float32) {
		for i := range rate {
			n++
			say(s, float64(sec)+float64(i)/float64(rate), fmt.Sprint("viewer_", n%500), text, value)
		}
		told = append(told, s.Tick(at(float64(sec)+0.99))...)
	}
	sec := 0
	quiet := func(until int) {
		for ; sec < until; sec++ {
			chatAt(sec, 1, fmt.Sprint("talk ", sec), 0.1)
		}
	}
	quiet(300)
	if len(told) != 0 {
		t.Fatalf("moments in even chat: %+v", told)
	}
	for ; sec < 320; sec++ {
		chatAt(sec, 8, "KEKW", 0.1)
	}
	quiet(600)
	for ; sec < 640; sec++ {
		chatAt(sec, 1, "so bad Sadge", -0.8)
	}
	quiet(700)
	if len(told) != 4 {
		t.Fatalf("told %+v", told)
	}
	hype, negative := told[1], told[3]
	if hype.Kind != "hype" || hype.From.Before(at(298)) || hype.From.After(at(303)) || hype.To.Before(at(318)) || hype.To.After(at(335)) ||
		hype.Peak != 480 || hype.Label != "Hype: 8 times the usual rate, KEKW" {
		t.Errorf("%+v", hype)
	}
	if negative.Kind != "negative" || negative.From.Before(at(595)) || negative.From.After(at(620)) || negative.To.Before(at(640)) || negative.To.After(at(680)) ||
		negative.Peak > -0.7 || !strings.HasPrefix(negative.Label, "Mood turned negative: -0.80, usually +0.10, Sadge") {
		t.Errorf("%+v", negative)
	}
	if told[0].ID != hype.ID || !told[0].To.IsZero() || told[2].ID != negative.ID {
		t.Errorf("the beginnings: %+v", told)
	}
	if got := s.Snapshot(at(700), 5).Moments; len(got) != 2 || got[0] != hype || got[1] != negative {
		t.Errorf("in the snapshot: %+v", got)
	}
}

// After an outage chat goes on as before: that is no hype.
func TestOutageIsNoMoment(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	n := 0
	talk := func(from, to int) {
		for sec := from; sec < to; sec++ {
			for i := range 2 {
				n++
				say(s, float64(sec)+float64(i)/2, fmt.Sprint("viewer_", n%300), fmt.Sprint("talk ", n), 0.1)
			}
			if got := s.Tick(at(float64(sec) + 0.99)); len(got) > 0 {
				t.Errorf("second %d: %+v", sec, got)
			}
		}
	}
	talk(0, 300)
	for sec := 300; sec < 480; sec++ {
		if sec == 330 { // noticed half a minute late
			s.SetStatus(Status{State: source.Reconnecting, Code: "connection_lost", Since: at(330)})
		}
		if got := s.Tick(at(float64(sec))); len(got) > 0 {
			t.Errorf("during the outage: %+v", got)
		}
	}
	s.SetStatus(Status{State: source.Live, Since: at(480)})
	s.AddGap(Gap{From: at(300), To: at(480), Reason: "connection_lost"})
	talk(480, 700)
}

func TestTimeline(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	seconds := 0
	upTo := func(end int) {
		for ; seconds < end; seconds += 7 {
			say(s, float64(seconds), fmt.Sprint("viewer_", seconds%50), "x", 0.25)
		}
	}
	check := func(step, wantStep int, from, to time.Time, wantSum bool) {
		t.Helper()
		tl := s.Timeline(from, to, step)
		n := 0
		last := int64(0)
		for _, b := range tl.Buckets {
			n += b.Positive + b.Neutral + b.Negative
			if b.T <= last || b.T%int64(tl.Step) != 0 || b.T < tl.From.Unix() || b.T >= tl.To.Unix() {
				t.Errorf("bucket %+v of %v to %v", b, tl.From, tl.To)
			}
			last = b.T
		}
		if tl.Step != wantStep || wantSum != (n == s.Counts().Total) {
			t.Errorf("after %d s, step %d: step %d, want %d; %d messages of %d in %d buckets", seconds, step, tl.Step, wantStep, n, s.Counts().Total, len(tl.Buckets))
		}
	}
	zero := time.Time{}
	upTo(500)
	check(0, 1, zero, zero, true)
	check(10, 10, zero, zero, true)
	upTo(3600)
	check(0, 10, zero, zero, true)
	check(1, 1, zero, zero, false)
	check(0, 1, at(3300), zero, false)
	check(60, 60, zero, zero, true)
	check(99, 10, zero, zero, true)
	upTo(8 * 3600)
	check(0, 60, zero, zero, true)
	check(0, 10, at(7*3600), at(8*3600), false)
	upTo(47 * 3600)
	check(0, 60, zero, zero, true)
	upTo(60 * 3600)
	check(0, 60, zero, zero, false)
	if tl := s.Timeline(zero, zero, 0); tl.From.After(at(60*3600 - 48*3600)) {
		t.Errorf("the last 48 hours begin at %v", tl.From)
	}
	if tl := s.Timeline(zero, zero, 1); tl.From.After(at(60*3600 - 600)) {
		t.Errorf("the last ten minutes begin at %v", tl.From)
	}

	// The end is exclusive, but the second that it falls into belongs to it.
	last := s.headSec
	for _, c := range []struct {
		to   time.Time
		want bool
	}{{time.Unix(last, 0), false}, {time.Unix(last, 1), true}, {time.Unix(last+1, 0), true}} {
		b := s.Timeline(time.Unix(last-60, 0), c.to, 1).Buckets
		if got := b[len(b)-1].T == last; got != c.want {
			t.Errorf("to %v: the second %d is in: %v", c.to.UTC(), last, got)
		}
	}

	// Late by more than the seconds reach back: into the coarse buckets.
	total := s.Counts().Total
	say(s, float64(seconds-3600), "late", "x", 0.25)
	if c := s.tiers[0].at(at(float64(seconds - 3600)).Unix()); c != nil {
		t.Error("a late message made a bucket of a second")
	}
	if c := s.tiers[1].sum(at(float64(seconds-3600)).Unix()/10*10, at(float64(seconds-3600)).Unix()/10*10+10); c.voices == 0 || s.Counts().Total != total+1 {
		t.Error("a late message is not in its bucket of ten seconds")
	}
}

func TestEarlyTimes(t *testing.T) {
	s := New("s1", "demo", time.Unix(3, 0), Options{})
	for _, m := range []time.Time{time.Unix(0, 0), time.Unix(-100, 0), time.Unix(5, 0), {}, time.Unix(1<<40, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		s.Add(&chat.Message{Login: "a", Text: "some words", Time: m}, nil)
		s.Tick(m)
		whole(t, s, testStart)
	}
	if c := s.Counts(); c.Total != 6 {
		t.Errorf("%+v", c)
	}
}

func TestSnapshotGolden(t *testing.T) {
	stream := newStream(11, 40)
	s := New("4f7c1a2b", "demo", testStart, Options{})
	s.SetStatus(Status{State: source.Live, Since: testStart})
	var m chat.Message
	var sc sentiment.Score
	for range 400 {
		stream.next(&m, &sc)
		s.Add(&m, &sc)
	}
	s.Notice(&chat.Notice{Type: "raid", ID: "r", Login: "other_demo", Name: "Other_Demo", Count: 430, Text: "430 raiders from Other_Demo have joined!"}, at(12))
	s.AddGap(Gap{From: at(3), To: at(4.5), Reason: "connection_lost"})
	s.Delete(m.ID)
	got, err := json.MarshalIndent(s.Snapshot(at(22), 3), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", "snapshot.golden.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(want)) != string(got) {
		t.Errorf("the snapshot differs from %s (go test -update rewrites it): %s", name, firstDifference(string(want), string(got)))
	}
}
