package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// reference is a session without any cleverness: it keeps every message and
// counts them anew for each question.
type reference struct {
	messages []refMessage
	seen     map[string]bool
	users    map[string]bool
	counts   Counts
	head     int64
	voices   map[string]int // by login and half minute
}

type refMessage struct {
	id, login string
	text      string
	sec       int64
	label     sentiment.Label
	value     float64 // in scoreUnits
	voice     bool
	flags     sentiment.Flags
	first     bool
	emotes    []string
}

func (r *reference) add(m *chat.Message, sc *sentiment.Score) {
	if r.seen[m.ID] {
		return
	}
	r.seen[m.ID] = true
	switch {
	case m.SourceRoomID != m.RoomID:
		r.counts.Mirrored++
		return
	case m.Login == "nightbot":
		r.counts.Bots++
		return
	case m.Text == "!uptime":
		r.counts.Commands++
		return
	}
	x := refMessage{
		id: m.ID, login: m.Login, text: m.Text, sec: m.Time.Unix(), label: sc.Label,
		value: math.Round(float64(sc.Value) * scoreUnit), flags: sc.Flags, first: m.First,
	}
	for _, e := range m.Emotes {
		x.emotes = append(x.emotes, e.Name)
	}
	key := fmt.Sprint(x.login, " ", x.sec/30)
	r.voices[key]++
	x.voice = r.voices[key] <= 3 && sc.Flags&sentiment.FlagUnscored == 0
	r.head = max(r.head, x.sec)
	r.users[x.login] = true
	r.messages = append(r.messages, x)
}

func (r *reference) remove(ok func(m *refMessage) bool) int {
	n := len(r.messages)
	r.messages = slices.DeleteFunc(r.messages, func(m refMessage) bool { return ok(&m) })
	r.counts.Deleted += n - len(r.messages)
	return n - len(r.messages)
}

func (r *reference) total() Counts {
	c := r.counts
	for _, m := range r.messages {
		c.Total++
		switch m.label {
		case sentiment.Positive:
			c.Positive++
		case sentiment.Negative:
			c.Negative++
		default:
			c.Neutral++
		}
		if m.flags&sentiment.FlagUnsure != 0 {
			c.Unsure++
		}
		if m.flags&sentiment.FlagUnscored != 0 {
			c.Unscored++
		}
		if m.flags&sentiment.FlagQuestion != 0 {
			c.Questions++
		}
		if m.first {
			c.First++
		}
	}
	return c
}

// mean returns the mood of the messages from a second up to the head.
func (r *reference) mean(from int64, weigh func(age float64) float64) float64 {
	var w, sum float64
	for _, m := range r.messages {
		if m.sec >= from && m.sec <= r.head && m.voice {
			k := 1.0
			if weigh != nil {
				k = weigh(float64(r.head - m.sec))
			}
			w += k
			sum += k * m.value
		}
	}
	return sum / w / scoreUnit
}

func (r *reference) top(f func(m *refMessage) []string) map[string]int {
	n := map[string]int{}
	for i := range r.messages {
		for _, k := range f(&r.messages[i]) {
			n[k]++
		}
	}
	return n
}

func TestSessionAgainstReference(t *testing.T) {
	for seed := range uint64(4) {
		stream := newStream(seed, 200)
		s := New("s1", "demo", testStart, Options{Terms: 20_000, RecentMessages: 8192})
		r := &reference{seen: map[string]bool{}, users: map[string]bool{}, voices: map[string]int{}}
		var m chat.Message
		var sc sentiment.Score
		for i := range 8000 {
			stream.next(&m, &sc)
			r.add(&m, &sc)
			s.Add(&m, &sc)
			if i%97 == 0 { // the same message again
				if out := s.Add(&m, &sc); out != Duplicate {
					t.Fatalf("a message that comes twice is %b", out)
				}
			}
			switch i % 250 {
			case 3:
				id := stream.last[i%64%len(stream.last)]
				if a, b := s.Delete(id), r.remove(func(m *refMessage) bool { return m.id == id }); a != b {
					t.Fatalf("deleted %d, want %d", a, b)
				}
			case 7:
				login := fmt.Sprintf("viewer_%d", i%40)
				if a, b := s.ClearUser(login), r.remove(func(m *refMessage) bool { return m.login == login }); a != b {
					t.Fatalf("cleared %d, want %d", a, b)
				}
			}
			if i%1000 != 999 {
				continue
			}
			compareWithReference(t, s, r, stream.at)
		}
	}
}

func compareWithReference(t *testing.T, s *Session, r *reference, now time.Time) {
	t.Helper()
	snap := s.Snapshot(now, 1000)
	want := r.total()
	want.Waves = snap.Counts.Waves // have tests of their own
	if snap.Counts != want {
		t.Errorf("counts:\n%+v, want\n%+v", snap.Counts, want)
	}
	if snap.Counts.Total != snap.Counts.Positive+snap.Counts.Neutral+snap.Counts.Negative || snap.Counts.Waves > snap.Counts.Total {
		t.Errorf("the counts contradict each other: %+v", snap.Counts)
	}
	if snap.Chatters.Distinct != len(r.users) || !snap.Chatters.Exact {
		t.Errorf("%d chatters, want %d", snap.Chatters.Distinct, len(r.users))
	}

	near := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil || math.Abs(*got-want) > 1e-9 {
			t.Errorf("mood, %s: %v, want %v", what, *got, want)
		}
	}
	half := func(age float64) float64 { return math.Exp2(-age / 30) }
	near("now", snap.Mood.Now, r.mean(r.head-299, half))
	near("1 min", snap.Mood.M1, r.mean(r.head-59, nil))
	near("5 min", snap.Mood.M5, r.mean(r.head-299, nil))
	tens := func(sec int64) int64 { return (sec + 9) / 10 * 10 }
	near("15 min", snap.Mood.M15, r.mean(tens(r.head-899), nil))
	near("60 min", snap.Mood.M60, r.mean(tens(r.head-3599), nil))
	near("all", snap.Mood.All, r.mean(0, nil))

	// Sums of every step of the timeline, and all of it.
	for _, step := range []int64{1, 10, 60} {
		tl := s.Timeline(time.Time{}, time.Time{}, int(step))
		got := map[int64]Bucket{}
		for _, b := range tl.Buckets {
			got[b.T] = b
		}
		ref := map[int64]*Bucket{}
		for _, m := range r.messages {
			at := m.sec / step * step
			if at < tl.From.Unix() {
				continue
			}
			b := ref[at]
			if b == nil {
				b = &Bucket{T: at}
				ref[at] = b
			}
			switch m.label {
			case sentiment.Positive:
				b.Positive++
			case sentiment.Negative:
				b.Negative++
			default:
				b.Neutral++
			}
			b.Sum += m.value
			if m.voice {
				b.Voices++
				b.VoiceSum += m.value
			}
		}
		if len(got) != len(ref) {
			t.Errorf("step %d: %d buckets, want %d", step, len(got), len(ref))
		}
		for at, b := range ref {
			b.Sum /= scoreUnit
			b.VoiceSum /= scoreUnit
			if got[at] != *b {
				t.Fatalf("step %d at %d: %+v, want %+v", step, at, got[at], *b)
			}
		}
	}

	byLogin := func(l int) func(m *refMessage) []string {
		return func(m *refMessage) []string {
			if l >= 0 && int(m.label) != l {
				return nil
			}
			return []string{m.login}
		}
	}
	for label, list := range map[int][]Chatter{
		-1: snap.Chatters.Top.All, int(sentiment.Positive): snap.Chatters.Top.Positive,
		int(sentiment.Neutral): snap.Chatters.Top.Neutral, int(sentiment.Negative): snap.Chatters.Top.Negative,
	} {
		want := r.top(byLogin(label))
		if len(list) != len(want) {
			t.Errorf("label %d: %d chatters, want %d", label, len(list), len(want))
		}
		for _, c := range list {
			if c.Count != want[c.Login] || c.Name != "V"+c.Login[1:] {
				t.Errorf("label %d: %+v, want %d", label, c, want[c.Login])
			}
		}
		if !slices.IsSortedFunc(list, func(a, b Chatter) int { return b.Count - a.Count }) {
			t.Errorf("label %d: chatters out of order", label)
		}
	}

	// Rare words are written as they are counted; the reference needs no rules.
	words := r.top(func(m *refMessage) []string {
		f := strings.Fields(m.text)
		slices.Sort(f)
		return slices.DeleteFunc(slices.Compact(f), func(w string) bool { return !strings.HasPrefix(w, "word") })
	})
	n := 0
	for _, x := range s.TopTerms(false, "", 100_000) {
		if !strings.HasPrefix(x.Term, "word") {
			continue
		}
		n++
		if x.Count != words[x.Term] || x.Positive+x.Neutral+x.Negative != x.Count {
			t.Errorf("%+v, want %d", x, words[x.Term])
		}
	}
	if n != len(words) {
		t.Errorf("%d words, want %d", n, len(words))
	}
	emotes := r.top(func(m *refMessage) []string {
		f := strings.Fields(m.text)
		slices.Sort(f)
		return slices.Compact(f)
	})
	for _, x := range snap.Emotes {
		if want := emotes[x.Term]; x.Count != want && x.Term != "❤️" {
			t.Errorf("emote %+v, want %d", x, want)
		}
		if x.Positive+x.Neutral+x.Negative != x.Count {
			t.Errorf("emote %+v: the labels do not add up", x)
		}
	}
	if len(snap.Emotes) < 10 || snap.TermError != 0 || snap.Chatters.TopError != 0 {
		t.Errorf("%d emotes, errors %d and %d", len(snap.Emotes), snap.TermError, snap.Chatters.TopError)
	}
}
