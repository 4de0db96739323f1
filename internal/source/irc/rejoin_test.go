package irc

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A channel in which nothing was said for an hour is joined anew: Twitch may have
// forgotten it without a word. Where it has not, nobody notices.
func TestRejoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("quiet")
		w.reader.Join("busy")
		pass(time.Second)
		s := w.session(0)
		for range 7 {
			pass(10 * time.Minute)
			s.say("busy", fmt.Sprint("b", time.Now().UnixNano()), "hello")
		}
		pass(time.Second)
		if lines, _ := s.received("PART"); !slices.Equal(lines, []string{"PART #quiet"}) {
			t.Errorf("left %q", lines)
		}
		if lines, _ := s.received("JOIN"); !slices.Equal(lines, []string{"JOIN #quiet,#busy", "JOIN #quiet"}) && !slices.Equal(lines, []string{"JOIN #quiet", "JOIN #busy", "JOIN #quiet"}) {
			t.Errorf("joined %q", lines)
		}
		s.say("quiet", "1", "hello")
		pass(time.Second)
		w.wantState("quiet", "live")
		if got := w.texts("quiet"); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("read %q", got)
		}
		if g := w.gapsOf("quiet"); len(g) != 0 {
			t.Errorf("gaps %v", g)
		}
		if got := w.reader.Stats(); got.Rejoins != 1 || got.Live != 2 || got.Connections != 1 || got.JoinFailures != 0 {
			t.Errorf("stats %+v", got)
		}
	})
}

// A channel that does not answer when it is joined anew is told as failed, and
// what was missed since as a gap once it is back.
func TestRejoinUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool // the other side of the wire looks, too
		w := newWorld(t, Config{}, func(s *session) {
			s.joinAnswer = func(s *session, channel string) string {
				if gone.Load() {
					return ""
				}
				return s.joinEcho(channel)
			}
		})
		defer w.stop()
		w.reader.Join("a")
		pass(time.Second)
		w.wantState("a", "live")
		gone.Store(true)
		pass(time.Hour + time.Minute)
		w.wantState("a", "failed no_such_channel")
		gone.Store(false)
		pass(10 * time.Minute)
		w.wantState("a", "live")
		g := w.gapsOf("a")
		if len(g) != 1 || g[0].Reason != codeNoSuchChannel || g[0].To.Sub(g[0].From) < 4*time.Minute {
			t.Errorf("gaps %v", g)
		}
	})
}

// Thousands of silent channels are joined anew one after the other, and never
// before a channel that is not joined at all.
func TestRejoinsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		for i := range 80 {
			w.reader.Join(fmt.Sprintf("channel_%02d", i))
		}
		pass(2 * time.Minute)
		pass(time.Hour)
		lines, times := w.session(0).received("PART")
		if len(lines) < 20 {
			t.Fatalf("%d channels were joined anew", len(lines))
		}
		for i := 1; i < len(times); i++ {
			if gap := times[i].Sub(times[i-1]); gap < 2*time.Second-time.Millisecond {
				t.Fatalf("two were joined anew within %v", gap)
			}
		}
		w.reader.Join("late")
		pass(2 * time.Second)
		w.wantState("late", "live")
	})
}

// A channel that does not exist is tried more and more rarely, so that it does
// not cost the others their turns.
func TestFailuresBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, func(s *session) {
			s.joinAnswer = func(s *session, channel string) string {
				if strings.HasPrefix(channel, "missing") {
					return ""
				}
				return s.joinEcho(channel)
			}
		})
		defer w.stop()
		w.reader.Join("missing")
		pass(24 * time.Hour)
		w.wantState("missing", "failed no_such_channel")
		var joins []time.Time
		for i := range w.numSessions() {
			_, times := w.session(i).received("JOIN")
			joins = append(joins, times...)
		}
		slices.SortFunc(joins, time.Time.Compare)
		if n := len(joins); n < 24 || n > 30 {
			t.Errorf("tried %d times in a day", n)
		}
		if first := joins[1].Sub(joins[0]); first < 5*time.Minute || first > 6*time.Minute {
			t.Errorf("tried again after %v", first)
		}
		last := joins[len(joins)-1].Sub(joins[len(joins)-2])
		if last < time.Hour || last > time.Hour+time.Minute {
			t.Errorf("tried every %v in the end", last)
		}
		// Who asks for it anew gets a try now, and what is new comes first.
		before := len(joins)
		w.reader.Join("missing")
		w.reader.Join("there")
		pass(2 * time.Second)
		w.wantState("there", "live")
		n := 0
		for i := range w.numSessions() {
			lines, _ := w.session(i).received("JOIN #missing")
			n += len(lines)
		}
		if n <= before-1 {
			t.Errorf("asking for it did not try it: %d tries, %d before", n, before)
		}
	})
}
