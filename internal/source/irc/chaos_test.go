package irc

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// rooms is what a scripted Twitch remembers: who is in which channel.
type rooms struct {
	*world
	rng *rand.Rand
}

// in reports whether the session has joined the channel by what it sent and
// was told.
func (s *session) in(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joined[channel]
}

func (s *session) setIn(channel string, in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined == nil {
		s.joined = make(map[string]bool)
	}
	s.joined[channel] = in
}

// broadcast sends a message to all sessions in the channel that still send.
func (w *rooms) broadcast(channel, id string) {
	for i := range w.numSessions() {
		s := w.session(i)
		s.mu.Lock()
		mute := s.mute
		s.mu.Unlock()
		if !mute && s.in(channel) {
			s.say(channel, id, id)
		}
	}
}

// fault breaks something at random and says what.
func (w *rooms) fault(channels []string) string {
	var healthy []*session
	for i := range w.numSessions() {
		s := w.session(i)
		s.mu.Lock()
		if !s.over && !s.mute {
			healthy = append(healthy, s)
		}
		s.mu.Unlock()
	}
	if len(healthy) == 0 {
		return "nothing left to break"
	}
	s := healthy[w.rng.IntN(len(healthy))]
	channel := channels[w.rng.IntN(len(channels))]
	switch w.rng.IntN(5) {
	case 0:
		s.conn.Close()
		return "drop"
	case 1:
		s.send(":tmi.twitch.tv RECONNECT")
		after := time.Duration(w.rng.IntN(30_000)) * time.Millisecond
		time.AfterFunc(after, func() { s.conn.Close() })
		return "reconnect, closed after " + after.String()
	case 2:
		s.setMute()
		return "half-open"
	case 3:
		if s.in(channel) {
			s.setIn(channel, false)
			s.send(s.partEcho(channel))
		}
		return "part " + channel
	default:
		w.smu.Lock()
		w.refuse = w.rng.IntN(5)
		w.smu.Unlock()
		s.conn.Close()
		return "drop and refuse"
	}
}

// TestNothingIsLostUntold breaks connections at random for hours. Every message
// must be handed on once, in order, unless a gap was told for its time.
func TestNothingIsLostUntold(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { nothingIsLost(t, seed) })
		})
	}
}

func nothingIsLost(t *testing.T, seed uint64) {
	w := &rooms{rng: rand.New(rand.NewPCG(seed, 1))}
	// Three channels on each connection.
	w.world = newWorld(t, Config{ChannelsPerConn: 3}, func(s *session) {
		s.joinAnswer = func(s *session, c string) string {
			s.setIn(c, true)
			return s.joinEcho(c)
		}
	})
	defer w.stop()
	channels := []string{"a", "b", "c", "d", "e"}
	for _, c := range channels {
		w.reader.Join(c)
	}
	pass(10 * time.Second)

	type sent struct {
		id string
		at time.Time
	}
	all := make(map[string][]sent)
	n := 0
	talk := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); {
			pass(time.Duration(1+w.rng.IntN(400)) * time.Millisecond)
			c := channels[w.rng.IntN(len(channels))]
			n++
			m := sent{fmt.Sprintf("%s-%d", c, n), time.Now()}
			all[c] = append(all[c], m)
			w.broadcast(c, m.id)
		}
	}
	talk(30 * time.Second)
	var faults []string
	for range 40 {
		faults = append(faults, w.fault(channels))
		talk(time.Duration(w.rng.IntN(90)) * time.Second)
	}
	w.smu.Lock()
	w.refuse = 0
	w.smu.Unlock()
	talk(2 * time.Minute)
	pass(time.Second)

	numGaps := 0
	for _, c := range channels {
		w.wantState(c, "live")
		got, gaps := w.texts(c), w.gapsOf(c)
		missing := 0
		var want []string
		for _, m := range all[c] {
			told, inside := false, false
			for _, g := range gaps {
				told = told || !m.at.Before(g.From) && !m.at.After(g.To)
				inside = inside || m.at.After(g.From) && m.at.Before(g.To)
			}
			seen := slices.Contains(got, m.id)
			if seen && inside {
				t.Errorf("%s was read at %v, in what is told as a gap", m.id, m.at)
			}
			if !seen && !told {
				missing++
				t.Errorf("%s was lost at %v without a gap", m.id, m.at)
			}
			if seen {
				want = append(want, m.id)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: handed on in another order or twice", c)
		}
		var lost time.Duration
		for i, g := range gaps {
			lost += g.To.Sub(g.From)
			if g.Reason == "" || g.To.Before(g.From) || i > 0 && g.From.Before(gaps[i-1].To) {
				t.Errorf("%s: gap %v after %v", c, g, gaps[:i])
			}
		}
		numGaps += len(gaps)
		if len(got) < len(all[c])/2 {
			t.Errorf("%s: only %d of %d messages", c, len(got), len(all[c]))
		}
		if missing > 0 || testing.Verbose() {
			t.Logf("%s: %d messages, %d handed on, %d gaps of %v", c, len(all[c]), len(got), len(gaps), lost)
		}
	}
	if st := w.reader.Stats(); numGaps < 20 || st.Duplicates == 0 || st.Reconnects < 10 {
		t.Errorf("%d gaps, stats %+v: the faults did too little", numGaps, st)
	}
	if t.Failed() {
		t.Logf("faults: %s\nlog: %s", strings.Join(faults, "; "), strings.Join(slices.DeleteFunc(w.log, func(s string) bool { return strings.Contains(s, ": ") }), "; "))
	}
}
