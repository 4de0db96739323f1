package irc

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/source"
)

func TestReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("https://www.twitch.tv/Streamer_Demo")
		w.reader.Join("streamer_demo") // once is enough
		pass(time.Second)
		w.wantState("streamer_demo", "live")

		s := w.session(0)
		lines, _ := s.received("")
		if len(lines) < 3 || lines[0] != "CAP REQ :twitch.tv/tags twitch.tv/commands" || !strings.HasPrefix(lines[1], "NICK justinfan") || lines[2] != "JOIN #streamer_demo" {
			t.Errorf("sent %q", lines)
		}
		// Two lines in one write, one line in two writes, LF alone.
		s.say("streamer_demo", "1", "one")
		s.raw("@id=2 :v!v@v PRIVMSG #streamer_demo :two\r\n@id=3 :v!v@v PRIVMSG #streamer_demo :three\n")
		s.raw("@id=4 :v!v@v PRIVMSG #streamer_")
		s.raw("demo :four\r")
		s.raw("\n")
		s.send(":tmi.twitch.tv CLEARCHAT #streamer_demo :v")
		s.say("another", "5", "not ours")
		pass(time.Second)
		if diff := cmp.Diff([]string{"one", "two", "three", "four", "clear-user"}, w.texts("streamer_demo")); diff != "" {
			t.Error(diff)
		}
		if got := w.reader.Stats(); got.Events != 5 || got.Live != 1 || got.Channels != 1 || got.Connections != 1 || got.Broken != 0 || got.Reconnects != 0 {
			t.Errorf("stats %+v", got)
		}
		if g := w.gapsOf("streamer_demo"); len(g) != 0 {
			t.Errorf("gaps %v", g)
		}

		w.reader.Part("#Streamer_Demo")
		w.reader.Part("streamer_demo")
		pass(time.Second)
		s.say("streamer_demo", "6", "too late")
		pass(time.Second)
		if lines, _ := s.received("PART"); !slices.Equal(lines, []string{"PART #streamer_demo"}) {
			t.Errorf("sent %q", lines)
		}
		if n := len(w.texts("streamer_demo")); n != 5 {
			t.Errorf("%d events after leaving", n)
		}
		// A connection without channels is closed, and opened again when one comes.
		pass(time.Minute)
		if got := w.reader.Stats(); got.Connections != 0 || got.Channels != 0 || got.Reconnects != 0 {
			t.Errorf("stats %+v", got)
		}
		w.reader.Join("streamer_demo")
		pass(time.Second)
		w.wantState("streamer_demo", "live")
		if g := w.gapsOf("streamer_demo"); len(g) != 0 {
			t.Errorf("a channel that was left on purpose has gaps %v", g)
		}
	})
}

func TestLeaveAndComeBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		pass(time.Second)
		w.reader.Part("a")
		w.reader.Join("a")
		pass(5 * time.Second)
		w.wantState("a", "live")
		w.session(0).say("a", "1", "hello")
		pass(time.Second)
		if got := w.texts("a"); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("got %q", got)
		}
		if w.numSessions() != 1 || len(w.gapsOf("a")) != 0 {
			t.Errorf("%d connections, gaps %v", w.numSessions(), w.gapsOf("a"))
		}
	})
}

func TestInvalidName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("no such name!")
		w.reader.Part("no such name!")
		pass(time.Second)
		w.wantState("no such name!", "failed no_such_channel")
		if w.numSessions() != 0 {
			t.Error("connected for nothing")
		}
	})
}

func TestAnyConfirmationWillDo(t *testing.T) {
	for name, answer := range map[string]string{
		"join":      ":%[1]s!%[1]s@%[1]s.tmi.twitch.tv JOIN #a",
		"names":     ":%[1]s.tmi.twitch.tv 366 %[1]s #a :End of /NAMES list",
		"roomstate": "@room-id=1 :tmi.twitch.tv ROOMSTATE #a",
		"chat":      "@id=1 :v!v@v PRIVMSG #a :hello",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, Config{}, func(s *session) {
					s.joinAnswer = func(s *session, c string) string {
						if strings.Contains(answer, "%") {
							return fmt.Sprintf(answer, s.nick)
						}
						return answer
					}
				})
				defer w.stop()
				w.reader.Join("a")
				pass(time.Second)
				w.wantState("a", "live")
			})
		})
	}
}

// TestNoSuchChannel: Twitch is silent about channels that do not exist, and the
// user must know within 20 s.
func TestNoSuchChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var exists atomic.Bool
		w := newWorld(t, Config{}, func(s *session) {
			s.joinAnswer = func(s *session, c string) string {
				if exists.Load() {
					return s.joinEcho(c)
				}
				return ""
			}
		})
		defer w.stop()
		w.reader.Join("nobody")
		pass(10 * time.Second)
		w.wantState("nobody", "connecting")
		pass(6 * time.Second)
		w.wantState("nobody", "failed no_such_channel")
		if r := w.reason("nobody"); !strings.Contains(r, "nobody") || !strings.HasSuffix(r, ".") {
			t.Errorf("reason %q", r)
		}
		if w.reader.Stats().JoinFailures != 1 {
			t.Errorf("stats %+v", w.reader.Stats())
		}

		// It is tried again rarely, without telling the same twice …
		pass(6 * time.Minute)
		joins, times := w.session(0).received("JOIN")
		if len(joins) != 2 || times[1].Sub(times[0]) < 5*time.Minute {
			t.Errorf("joined at %v", times)
		}
		if n := len(w.status["nobody"]); n != 2 {
			t.Errorf("told %d states: %q", n, w.log)
		}
		// … at once when somebody asks again …
		w.reader.Join("nobody")
		pass(time.Second)
		w.wantState("nobody", "connecting")
		if joins, _ := w.session(0).received("JOIN"); len(joins) != 3 {
			t.Errorf("joined %d times", len(joins))
		}
		pass(20 * time.Second)
		w.wantState("nobody", "failed no_such_channel")
		// … and comes to life when it exists.
		exists.Store(true)
		pass(6 * time.Minute)
		w.wantState("nobody", "live")
		if len(w.gapsOf("nobody")) != 0 {
			t.Error("a channel that was never read has a gap")
		}
	})
}

func TestLateAnswerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, func(s *session) { s.joinAnswer = func(*session, string) string { return "" } })
		defer w.stop()
		w.reader.Join("slow")
		pass(16 * time.Second)
		w.wantState("slow", "failed no_such_channel")
		w.session(0).send(w.session(0).joinEcho("slow"))
		pass(time.Second)
		w.wantState("slow", "live")
	})
}

func TestRefusedJoins(t *testing.T) {
	for id, want := range map[string]string{
		"msg_channel_suspended": "failed suspended",
		"msg_banned":            "failed banned",
		"tos_ban":               "failed banned",
		"msg_room_not_found":    "failed no_such_channel",
	} {
		t.Run(id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var open atomic.Bool
				w := newWorld(t, Config{}, func(s *session) {
					s.joinAnswer = func(s *session, c string) string {
						if open.Load() {
							return s.joinEcho(c)
						}
						return "@msg-id=" + id + " :tmi.twitch.tv NOTICE #" + c + " :No.\r\n" + s.partEcho(c)
					}
				})
				defer w.stop()
				w.reader.Join("a")
				pass(time.Second)
				w.wantState("a", want)
				if w.reason("a") == "" {
					t.Error("no reason for people")
				}
				open.Store(true)
				pass(5 * time.Minute)
				w.wantState("a", "live")
			})
		})
	}
}

func TestSuspendedWhileLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		pass(time.Minute)
		w.session(0).send("@msg-id=slow_on :tmi.twitch.tv NOTICE #a :slow\r\n@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #a :This channel has been suspended.")
		from := time.Now()
		pass(time.Second)
		w.wantState("a", "failed suspended")
		pass(10 * time.Minute)
		w.wantState("a", "live")
		g := w.gapsOf("a")
		if len(g) != 1 || g[0].Reason != "suspended" || !g[0].From.Equal(from) || g[0].To.Sub(g[0].From) != 5*time.Minute {
			t.Errorf("gaps %v", g)
		}
	})
}

func TestDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		w.reader.Join("b")
		pass(time.Minute)
		s := w.session(0)
		s.send(s.partEcho("a"))
		pass(time.Second)
		w.wantState("a", "live")
		want := []string{"a is connecting ", "b is connecting ", "a is live ", "b is live ", "a is reconnecting dropped", "a missed chat dropped", "a is live "}
		if diff := cmp.Diff(want, w.log); diff != "" {
			t.Error(diff)
		}
		if w.numSessions() != 1 {
			t.Errorf("%d connections", w.numSessions())
		}
		// Again and again: the waits grow.
		for range 20 {
			s.send(s.partEcho("a"))
			pass(time.Second)
		}
		if joins, _ := s.received("JOIN"); len(joins) > 16 {
			t.Errorf("%d joins in 20 s: %q", len(joins), joins)
		}
	})
}

func TestConnectionLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		pass(2 * time.Minute)
		w.session(0).say("a", "1", "before")
		last := time.Now()
		pass(3 * time.Second)
		w.smu.Lock()
		w.refuse = 3
		w.smu.Unlock()
		w.session(0).conn.Close()
		pass(time.Millisecond)
		w.wantState("a", "reconnecting unreachable")
		pass(time.Minute)
		w.wantState("a", "live")
		w.session(1).say("a", "2", "after")
		pass(time.Second)
		want := []string{"a is connecting ", "a is live ", "a: before", "a is reconnecting connection_lost", "a is reconnecting unreachable", "a missed chat connection_lost", "a is live ", "a: after"}
		if diff := cmp.Diff(want, w.log); diff != "" {
			t.Error(diff)
		}
		g := w.gapsOf("a")[0]
		if !g.From.Equal(last) || !g.To.After(last) {
			t.Errorf("gap from %v to %v, last line came at %v", g.From, g.To, last)
		}
		if s := w.reader.Stats(); s.Reconnects != 4 || s.Live != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestBackoff: the waits grow to 30 s and begin anew after a healthy minute.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.smu.Lock()
		w.refuse = 1000
		w.smu.Unlock()
		begin := time.Now()
		w.reader.Join("a")
		pass(time.Second)
		w.wantState("a", "connecting unreachable")
		pass(time.Hour)
		w.smu.Lock()
		dials := slices.Clone(w.dials)
		w.refuse = 0
		w.smu.Unlock()
		// Full jitter: 15 s on average in the end, never more than 30.
		if n := len(dials); n < 120 || n > 500 {
			t.Errorf("%d attempts in an hour", n)
		}
		for i := 1; i < len(dials); i++ {
			if d := dials[i].Sub(dials[i-1]); d < 2*time.Second || d > 30*time.Second {
				t.Errorf("attempt %d after %v", i, d)
			}
		}
		if !dials[0].Equal(begin) {
			t.Errorf("first attempt after %v", dials[0].Sub(begin))
		}
		pass(30 * time.Second)
		w.wantState("a", "live")
		pass(61 * time.Second)
		lost := time.Now()
		w.session(0).conn.Close()
		pass(time.Second)
		w.wantState("a", "live")
		w.smu.Lock()
		defer w.smu.Unlock()
		if d := w.dials[len(w.dials)-1].Sub(lost); d != 0 {
			t.Errorf("after a healthy minute the first attempt came %v after the loss", d)
		}
	})
}

func TestServerThatClosesAfterJoinIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, func(s *session) {
			s.joinAnswer = func(s *session, c string) string {
				s.conn.Close()
				return ""
			}
		})
		defer w.stop()
		w.reader.Join("a")
		pass(10 * time.Minute)
		if n := w.numSessions(); n > 100 || n < 20 {
			t.Errorf("%d connections in 10 min", n)
		}
	})
}

func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		// Silence alone is no fault while pings are answered.
		pass(10 * time.Minute)
		if pings, _ := w.session(0).received("PING"); len(pings) < 35 || len(pings) > 45 || w.numSessions() != 1 {
			t.Errorf("%d pings, %d connections", len(pings), w.numSessions())
		}
		w.session(0).setMute()
		dead := time.Now()
		pass(21 * time.Second)
		w.wantState("a", "live")
		g := w.gapsOf("a")
		if len(g) != 1 || g[0].Reason != "connection_lost" || g[0].From.After(dead) || dead.Sub(g[0].From) > 15*time.Second {
			t.Errorf("gaps %v, dead since %v", g, dead)
		}
		if w.numSessions() != 2 {
			t.Errorf("%d connections", w.numSessions())
		}
	})
}

// TestHalfOpenJoin: a dead connection is not taken for a missing channel.
func TestHalfOpenJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		pass(62 * time.Second)
		w.session(0).setMute()
		w.reader.Join("b")
		pass(25 * time.Second)
		w.wantState("a", "live")
		w.wantState("b", "live")
		for _, st := range w.status["b"] {
			if st.State == source.Failed {
				t.Errorf("told %+v", st)
			}
		}
	})
}

func TestNoWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, func(s *session) { s.mute = s.n == 0 })
		defer w.stop()
		w.reader.Join("a")
		pass(11 * time.Second)
		if got := w.log; len(got) < 2 || got[1] != "a is connecting unreachable" {
			t.Errorf("seen %q", got)
		}
		pass(10 * time.Second)
		w.wantState("a", "live")
	})
}

func TestLoginRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refuse atomic.Bool
		refuse.Store(true)
		w := newWorld(t, Config{}, func(s *session) {
			if refuse.Load() {
				s.mute = true
				go s.send(":tmi.twitch.tv NOTICE * :Improperly formatted AUTH")
			}
		})
		defer w.stop()
		w.reader.Join("a")
		pass(time.Second)
		w.wantState("a", "failed login_failed")
		refuse.Store(false)
		pass(time.Minute)
		w.wantState("a", "live")
	})
}

func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		pass(time.Minute)
		old := w.session(0)
		old.say("a", "1", "one")
		old.send(":tmi.twitch.tv RECONNECT")
		old.say("a", "2", "two")
		pass(500 * time.Millisecond)
		fresh := w.session(1)
		if joins, _ := fresh.received("JOIN"); len(joins) != 1 {
			t.Fatalf("joined %q", joins)
		}
		// Both bring the same for a while, in any order.
		clear := "@tmi-sent-ts=1767225600999;target-user-id=9 :tmi.twitch.tv CLEARCHAT #a :x"
		notice := "@id=n1;login=v;msg-id=raid;msg-param-viewerCount=3;system-msg=x :tmi.twitch.tv USERNOTICE #a"
		fresh.say("a", "3", "three")
		old.say("a", "3", "three")
		old.say("a", "4", "four")
		fresh.say("a", "4", "four")
		for _, s := range []*session{old, fresh} {
			s.send(clear)
			s.send(notice)
		}
		old.say("a", "5", "only on the old one")
		pass(5 * time.Second)
		// The old one is closed by us.
		if _, err := old.conn.Write([]byte("x")); err == nil {
			t.Error("the old connection is still open")
		}
		fresh.say("a", "6", "six")
		pass(2 * time.Minute)
		fresh.say("a", "6", "six")
		pass(time.Second)
		want := []string{"one", "two", "three", "four", "clear-user", "notice", "only on the old one", "six"}
		if diff := cmp.Diff(want, w.texts("a")); diff != "" {
			t.Error(diff)
		}
		if g := w.gapsOf("a"); len(g) != 0 {
			t.Errorf("gaps %v", g)
		}
		if n := len(w.status["a"]); n != 2 {
			t.Errorf("told %d states: %q", n, w.log)
		}
		if s := w.reader.Stats(); s.Duplicates != 5 || s.Connections != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestReconnectTooLate: the server hangs up before the new connection is ready.
func TestReconnectTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, func(s *session) {
			if s.n == 1 {
				s.joinAnswer = func(*session, string) string { return "" }
			}
		})
		defer w.stop()
		w.reader.Join("a")
		pass(time.Minute)
		w.session(0).send(":tmi.twitch.tv RECONNECT")
		pass(10 * time.Second)
		w.wantState("a", "live") // the old one still brings chat
		w.session(0).say("a", "1", "one")
		last := time.Now()
		pass(time.Second)
		w.session(0).conn.Close()
		pass(time.Second)
		w.wantState("a", "reconnecting reconnect_requested")
		s := w.session(1)
		s.send(s.joinEcho("a"))
		pass(time.Second)
		w.wantState("a", "live")
		if g := w.gapsOf("a"); len(g) != 1 || !g[0].From.Equal(last) || g[0].Reason != "reconnect_requested" {
			t.Errorf("gaps %v", g)
		}
	})
}

func TestReconnectAgainAndAgainIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, func(s *session) {
			s.joinAnswer = func(s *session, c string) string { return s.joinEcho(c) + "\r\n:tmi.twitch.tv RECONNECT" }
		})
		defer w.stop()
		w.reader.Join("a")
		pass(10 * time.Minute)
		if n := w.numSessions(); n > 100 || n < 10 {
			t.Errorf("%d connections in 10 min", n)
		}
		if n := w.reader.Stats().Connections; n > 3 {
			t.Errorf("%d connections open", n)
		}
	})
}

// TestPacingAndSharding: 200 channels, by Twitch's limits.
func TestPacingAndSharding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		const channels = 200
		for i := range channels {
			w.reader.Join(fmt.Sprintf("a_channel_with_a_name%04d", i))
		}
		pass(30 * time.Second)
		if s := w.reader.Stats(); s.Live < 30 || s.Live > 45 || s.Live+s.Connecting != channels {
			t.Errorf("after 30 s: %+v", s)
		}
		pass(5 * time.Minute)
		if s := w.reader.Stats(); s.Live != channels || s.Connections != 3 {
			t.Errorf("at the end: %+v", s)
		}
		var joins []time.Time
		for i := range w.numSessions() {
			lines, times := w.session(i).received("JOIN")
			n := 0
			for k, l := range lines {
				if len(l) > maxJoinLineBytes-2 {
					t.Errorf("a JOIN of %d bytes", len(l))
				}
				names := strings.Count(l, "#")
				n += names
				joins = append(joins, slices.Repeat(times[k:k+1], names)...)
			}
			if n > 90 {
				t.Errorf("connection %d joined %d channels", i, n)
			}
		}
		slices.SortFunc(joins, time.Time.Compare)
		if len(joins) != channels {
			t.Errorf("%d joins", len(joins))
		}
		for i := 15; i < len(joins); i++ {
			if d := joins[i].Sub(joins[i-15]); d < 10*time.Second {
				t.Fatalf("16 joins within %v", d)
			}
		}
		for i := 1; i < len(w.dials); i++ {
			if d := w.dials[i].Sub(w.dials[i-1]); d < 2*time.Second {
				t.Errorf("connections %v apart", d)
			}
		}
	})
}

func TestTooManyChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Each connection takes two channels only.
		w := newWorld(t, Config{}, func(s *session) {
			taken := 0
			s.joinAnswer = func(s *session, c string) string {
				if taken == 2 {
					return "@msg-id=msg_concurrent_channel_limit_reached :tmi.twitch.tv NOTICE #" + c + " :You are connected to too many chat channels."
				}
				taken++
				return s.joinEcho(c)
			}
		})
		defer w.stop()
		for _, c := range []string{"a", "b", "c", "d", "e"} {
			w.reader.Join(c)
		}
		pass(time.Minute)
		if s := w.reader.Stats(); s.Live != 5 || s.Connections != 3 {
			t.Errorf("stats %+v", s)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, func(s *session) {
			s.joinAnswer = func(s *session, c string) string {
				return "@msg-id=msg_concurrent_channel_limit_reached :tmi.twitch.tv NOTICE #" + c + " :You are connected to too many chat channels."
			}
		})
		defer w.stop()
		w.reader.Join("a")
		pass(time.Minute)
		w.wantState("a", "failed too_many_channels")
		if n := w.numSessions(); n > 5 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestOddLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		w.reader.Join("a")
		pass(time.Second)
		s := w.session(0)
		long := strings.Repeat("x", 60<<10)
		s.say("a", "1", long)
		s.say("a", "2", strings.Repeat("x", MaxLineBytes))
		s.raw("\r\n\r\n@broken\r\n:also\r\n:v!v@v PRIVMSG\r\n\xff\xfe\x00\r\n")
		s.say("a", "3", "a\xff\xfeb")
		s.send("SOMETHING new :here\r\n:v!v@v PRIVMSG #a :no tags\r\nPING :tmi.twitch.tv")
		pass(time.Second)
		if diff := cmp.Diff([]string{long, "a\ufffd\ufffdb", "no tags"}, w.texts("a")); diff != "" {
			t.Error(diff)
		}
		if got := w.reader.Stats(); got.Overlong != 1 || got.Broken != 3 || got.Reconnects != 0 {
			t.Errorf("stats %+v", got)
		}
		if pongs, _ := s.received("PONG"); !slices.Equal(pongs, []string{"PONG :tmi.twitch.tv"}) {
			t.Errorf("answered %q", pongs)
		}
	})
}

func TestJoinBeforeRunAndConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{}, nil)
		defer w.stop()
		done := make(chan struct{})
		for i := range 8 {
			go func() {
				for k := range 200 {
					name := fmt.Sprintf("c%d", (i+k)%5)
					if k%3 == 2 {
						w.reader.Part(name)
					} else {
						w.reader.Join(name)
					}
					w.reader.Stats()
				}
				done <- struct{}{}
			}()
		}
		for range 8 {
			<-done
		}
		for k := range 5 {
			w.reader.Join(fmt.Sprintf("c%d", k))
		}
		w.reader.Part("c4")
		pass(time.Minute)
		if s := w.reader.Stats(); s.Live != 4 || s.Channels != 4 {
			t.Errorf("stats %+v, seen %q", s, w.log)
		}
	})
}

func TestRunRefuses(t *testing.T) {
	for _, conf := range []Config{
		{URL: "http://x", Handler: newRecorder(t)},
		{URL: "irc://", Handler: newRecorder(t)},
		{URL: "irc://%zz", Handler: newRecorder(t)},
		{},
	} {
		if err := NewReader(conf).Run(t.Context()); err == nil {
			t.Errorf("%q: no error", conf.URL)
		}
	}
}

func TestParseURL(t *testing.T) {
	for in, want := range map[string]string{
		"irc://h": "h:6667", "ircs://h": "h:6697", "ws://h/x": "h:80", "wss://h": "h:443", "irc://[::1]": "[::1]:6667", "irc://h:1": "h:1",
	} {
		u, err := ParseURL(in)
		if err != nil || u.Host != want {
			t.Errorf("%s: %v, %v", in, u, err)
		}
	}
}

func TestSeenIDs(t *testing.T) {
	s := newSeenIDs()
	for i := range 3 * maxSeen {
		if s.add(fmt.Sprint(i)) {
			t.Fatalf("%d was not seen before", i)
		}
		if last := i - maxSeen + 1; last >= 0 && !s.add(fmt.Sprint(last)) {
			t.Fatalf("%d was forgotten after %d", last, i)
		}
	}
	if len(s.now.places) > 4*maxSeen || len(s.old.places) > 4*maxSeen {
		t.Errorf("it grew to %d and %d places", len(s.now.places), len(s.old.places))
	}
	if s.add("0") {
		t.Error("0 is remembered for ever")
	}
}

func BenchmarkSeenIDs(b *testing.B) {
	ids := make([]string, 10000)
	for i := range ids {
		ids[i] = fmt.Sprintf("3b5c0c4e-51a1-4f6e-9a58-%012d", i)
	}
	b.ReportAllocs()
	s := newSeenIDs()
	for i := 0; b.Loop(); i++ {
		s.add(ids[i%len(ids)])
	}
}
