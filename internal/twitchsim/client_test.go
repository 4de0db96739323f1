package twitchsim

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	twitch "github.com/gempir/go-twitch-irc/v4"

	"chatmood/internal/chat"
)

// This file checks the simulator with a client library that is not ours.

// foreignClient runs a client of that library until the test ends.
func foreignClient(t *testing.T, s *Server, setUp func(c *twitch.Client)) *twitch.Client {
	t.Helper()
	c := twitch.NewAnonymousClient()
	c.IrcAddress = s.Addr().String()
	c.TLS = s.cfg.TLS
	setUp(c)
	done := make(chan error, 1)
	go func() { done <- c.Connect() }()
	t.Cleanup(func() {
		c.Disconnect()
		select {
		case err := <-done:
			if !errors.Is(err, twitch.ErrClientDisconnected) {
				t.Errorf("the client ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the client does not end")
		}
	})
	return c
}

func wait[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

func TestForeignClientCountsWhatWasSent(t *testing.T) {
	for _, secure := range []bool{false, true} {
		const n = 5000
		s := serve(t, Config{Channels: []string{"demo_hype"}, Rate: Unpaced, Limit: n, Start: testStart, TLS: secure})
		var mu sync.Mutex
		var got Stats
		got.Notices = map[string]int{}
		ids := map[string]bool{}
		done := make(chan struct{})
		foreignClient(t, s, func(c *twitch.Client) {
			c.OnPrivateMessage(func(m twitch.PrivateMessage) {
				mu.Lock()
				defer mu.Unlock()
				got.Messages++
				ids[m.ID] = true
				if m.Action {
					got.Actions++
				}
				if m.Reply != nil {
					got.Replies++
				}
				if m.FirstMessage {
					got.Firsts++
				}
				if m.Bits > 0 {
					got.Cheers++
				}
				if m.RoomID != roomIDOf("demo_hype") || m.User.ID == "" || m.Time.Before(testStart) {
					t.Errorf("message %+v", m)
				}
				for _, e := range m.Emotes {
					for _, p := range e.Positions {
						name := string([]rune(m.Message)[p.Start : p.End+1])
						if globalEmotes[name] != e.ID && !strings.HasPrefix(name, "demohy") {
							t.Errorf("emote %q at %d of %q", e.ID, p.Start, m.Message)
						}
					}
				}
				if got.Messages == n {
					close(done)
				}
			})
			c.OnUserNoticeMessage(func(m twitch.UserNoticeMessage) {
				mu.Lock()
				defer mu.Unlock()
				got.Notices[m.MsgID]++
			})
			c.OnClearMessage(func(twitch.ClearMessage) {
				mu.Lock()
				defer mu.Unlock()
				got.Deletions++
			})
			c.OnClearChatMessage(func(m twitch.ClearChatMessage) {
				mu.Lock()
				defer mu.Unlock()
				if m.BanDuration > 0 {
					got.Timeouts++
				} else {
					got.Bans++
				}
			})
			c.Join("demo_hype")
		})
		wait(t, done, "end of the chat")
		want := s.Stats("demo_hype")
		mu.Lock()
		if len(ids) != n {
			t.Errorf("%d different ids of %d", len(ids), n)
		}
		if got.Messages != want.Messages || got.Actions != want.Actions || got.Replies != want.Replies || got.Firsts != want.Firsts ||
			got.Cheers != want.Cheers || got.Deletions != want.Deletions || got.Timeouts != want.Timeouts || got.Bans != want.Bans {
			t.Errorf("got  %+v\nsent %+v", got, want)
		}
		for kind, c := range want.Notices {
			if got.Notices[kind] != c {
				t.Errorf("%s: got %d, sent %d", kind, got.Notices[kind], c)
			}
		}
		mu.Unlock()
		if !want.Done || want.Messages != n || want.Delivered != n || want.Readers != 1 {
			t.Errorf("statistics %+v", want)
		}
	}
}

func TestForeignClientPingsAndReconnects(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a", "b"}, Quiet: true})
	pongs, joins, reconnects := make(chan string, 10), make(chan string, 10), make(chan string, 1)
	messages := make(chan string, 10)
	foreignClient(t, s, func(c *twitch.Client) {
		c.IdlePingInterval = 50 * time.Millisecond
		c.OnPongMessage(func(m twitch.PongMessage) {
			select {
			case pongs <- m.Message:
			default:
			}
		})
		c.OnSelfJoinMessage(func(m twitch.UserJoinMessage) { joins <- m.Channel })
		c.OnReconnectMessage(func(twitch.ReconnectMessage) { reconnects <- "reconnect" })
		c.OnPrivateMessage(func(m twitch.PrivateMessage) { messages <- m.Channel + " " + m.User.Name + ": " + m.Message })
		c.Join("a", "b")
	})
	both := func(when string) {
		t.Helper()
		got := []string{wait(t, joins, "join "+when), wait(t, joins, "join "+when)}
		slices.Sort(got)
		if !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("joined %q %s", got, when)
		}
	}
	both("at first")
	if got := wait(t, pongs, "pong"); got != "go-twitch-irc" {
		t.Errorf("pong %q", got)
	}
	strike(t, s, "reconnect=10s")
	wait(t, reconnects, "RECONNECT")
	both("after RECONNECT")
	strike(t, s, "drop")
	both("after a drop")
	if err := s.WaitReaders(soon(t), "b", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say("b", "viewer", "still there?"); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, messages, "message"); got != "b viewer: still there?" {
		t.Errorf("got %q", got)
	}
}

func TestForeignClientWithAnAccount(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true, BadTokens: []string{"wrong"}})
	listener := reader(t, s, "a")
	bad := twitch.NewClient("bot_demo", "oauth:wrong")
	bad.IrcAddress, bad.TLS = s.Addr().String(), false
	if err := bad.Connect(); !errors.Is(err, twitch.ErrLoginAuthenticationFailed) {
		t.Errorf("connected with a bad token: %v", err)
	}
	c := twitch.NewClient("bot_demo", "oauth:right")
	c.IrcAddress, c.TLS = s.Addr().String(), false
	joined := make(chan string, 1)
	c.OnSelfJoinMessage(func(m twitch.UserJoinMessage) { joined <- m.Channel })
	c.Join("a")
	done := make(chan error, 1)
	go func() { done <- c.Connect() }()
	wait(t, joined, "join")
	if err := s.WaitReaders(soon(t), "a", 2); err != nil {
		t.Fatal(err)
	}
	c.Say("a", "hello there")
	p, _ := parse(t, listener.until("PRIVMSG"))
	if p.text != "hello there" || p.login != "bot_demo" {
		t.Errorf("got %+v", p)
	}
	c.Disconnect()
	wait(t, done, "end of the client")
}

// script is a log of past chat in memory.
type script struct {
	events []chat.Event
	fail   error
}

func (s *script) Next(ev *chat.Event) error {
	if len(s.events) == 0 {
		if s.fail != nil {
			return s.fail
		}
		return io.EOF
	}
	*ev, s.events = s.events[0], s.events[1:]
	return nil
}

func pastChat(n int, gap time.Duration) *script {
	var sc script
	at := time.Date(2020, 5, 5, 5, 5, 5, 0, time.UTC)
	for i := range n {
		sc.events = append(sc.events, chat.Event{Kind: chat.KindMessage, Time: at.Add(time.Duration(i) * gap), Message: chat.Message{Login: "viewer", Text: "line " + string(rune('a'+i%26))}})
	}
	return &sc
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestReplay(t *testing.T) {
	t.Run("as fast as can be", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a", "b"}, Script: pastChat(2000, time.Hour), Start: testStart})
		c := reader(t, s, "a")
		for i := range 2000 {
			p, ok := parse(t, c.until("PRIVMSG #a"))
			if !ok || p.text != "line "+string(rune('a'+i%26)) {
				t.Fatalf("line %d: %+v", i, p)
			}
		}
		if err := s.WaitDone(soon(t), "a"); err != nil {
			t.Fatal(err)
		}
		if st := s.Stats("a"); st.Messages != 2000 || !st.Done {
			t.Errorf("%+v", st)
		}
	})
	t.Run("with its pauses", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a"}, Script: pastChat(4, time.Second), Speed: 10, Start: testStart})
		c := reader(t, s, "a")
		start := time.Now()
		for i := range 4 {
			p, ok := parse(t, c.until("PRIVMSG #a"))
			want := testStart.Add(time.Duration(i) * time.Second).UnixMilli()
			if !ok || p.tags["tmi-sent-ts"] != itoa(want) {
				t.Errorf("line %d is stamped %s, want %d", i, p.tags["tmi-sent-ts"], want)
			}
		}
		if took := time.Since(start); took < 250*time.Millisecond {
			t.Errorf("three seconds at ten times the speed took %v", took)
		}
	})
	t.Run("with the times of now", func(t *testing.T) {
		before := time.Now().Add(-time.Second).UnixMilli()
		s := serve(t, Config{Channels: []string{"a"}, Script: pastChat(1, 0)})
		c := reader(t, s, "a")
		p, _ := parse(t, c.until("PRIVMSG #a"))
		if stamp := p.tags["tmi-sent-ts"]; stamp < itoa(before) || stamp > itoa(time.Now().Add(time.Second).UnixMilli()) {
			t.Errorf("stamped %s", stamp)
		}
		if len(p.tags["id"]) != 36 || p.tags["user-id"] == "" {
			t.Errorf("what the log lacks was not made up: %+v", p.tags)
		}
	})
	t.Run("that breaks", func(t *testing.T) {
		sc := pastChat(2, 0)
		sc.fail = errors.New("the disk is gone")
		s := serve(t, Config{Channels: []string{"a"}, Script: sc})
		c := reader(t, s, "a")
		c.until("line a")
		c.until("line b")
		if err := s.WaitDone(soon(t), "a"); err != nil {
			t.Fatal(err)
		}
	})
}
