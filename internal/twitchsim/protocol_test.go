package twitchsim

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"chatmood/internal/chat"
)

func welcome(nick string) []string {
	return []string{
		":tmi.twitch.tv 001 " + nick + " :Welcome, GLHF!",
		":tmi.twitch.tv 002 " + nick + " :Your host is tmi.twitch.tv",
		":tmi.twitch.tv 003 " + nick + " :This server is rather new",
		":tmi.twitch.tv 004 " + nick + " :-",
		":tmi.twitch.tv 375 " + nick + " :-",
		":tmi.twitch.tv 372 " + nick + " :You are in a maze of twisty passages, all alike.",
		":tmi.twitch.tv 376 " + nick + " :>",
	}
}

func TestFromConnectToFirstMessage(t *testing.T) {
	s := serve(t, Config{Channels: []string{"streamer_demo"}, Quiet: true})
	c := dial(t, s)
	c.send("CAP REQ :twitch.tv/tags twitch.tv/commands")
	c.send("PASS oauth:59301")
	c.send("NICK justinfan48151")
	c.expect(":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands")
	c.expect(welcome("justinfan48151")...)
	c.send("JOIN #Streamer_Demo")
	c.expect(
		":justinfan48151!justinfan48151@justinfan48151.tmi.twitch.tv JOIN #streamer_demo",
		":justinfan48151.tmi.twitch.tv 353 justinfan48151 = #streamer_demo :justinfan48151",
		":justinfan48151.tmi.twitch.tv 366 justinfan48151 #streamer_demo :End of /NAMES list",
		"@emote-only=0;followers-only=-1;r9k=0;room-id="+roomIDOf("streamer_demo")+";slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #streamer_demo",
	)
	if err := s.WaitReaders(soon(t), "streamer_demo", 1); err != nil {
		t.Fatal(err)
	}
	id, err := s.Say("streamer_demo", "viewer_one", "hello  Kappa 👍 LUL")
	if err != nil {
		t.Fatal(err)
	}
	line := c.mustNext()
	p, ok := parse(t, line)
	if !ok || p.text != "hello Kappa 👍 LUL" || p.login != "viewer_one" || p.tags["id"] != id || p.tags["emotes"] != "25:6-10/425618:14-16" {
		t.Errorf("got %q", line)
	}
	c.send("PART #streamer_demo")
	c.expect(":justinfan48151!justinfan48151@justinfan48151.tmi.twitch.tv PART #streamer_demo")
	c.send("QUIT")
	c.closed()
}

func TestLogin(t *testing.T) {
	tests := []struct {
		name  string
		sends []string
		want  string
		ends  bool
	}{
		{"anonymous without a password", []string{"NICK justinfan1"}, " 001 justinfan1 ", false},
		{"anonymous in capitals", []string{"NICK JustinFan12"}, " 001 justinfan12 ", false},
		{"anonymous, password after the capabilities", []string{"CAP REQ :twitch.tv/tags", "PASS SCHMOOPIIE", "NICK justinfan1"}, "CAP * ACK :twitch.tv/tags", false},
		{"account", []string{"PASS oauth:good", "NICK bot_demo"}, " 001 bot_demo ", false},
		{"refused token", []string{"PASS oauth:bad", "NICK bot_demo"}, ":tmi.twitch.tv NOTICE * :Login authentication failed", true},
		{"empty token", []string{"PASS oauth:", "NICK bot_demo"}, ":tmi.twitch.tv NOTICE * :Login authentication failed", true},
		{"no oauth:", []string{"PASS good", "NICK bot_demo"}, ":tmi.twitch.tv NOTICE * :Improperly formatted auth", true},
		{"no password", []string{"NICK bot_demo"}, ":tmi.twitch.tv NOTICE * :Improperly formatted auth", true},
		{"no digits", []string{"NICK justinfan"}, ":tmi.twitch.tv NOTICE * :Improperly formatted auth", true},
		{"no nick", []string{"NICK not.a.name"}, ":tmi.twitch.tv NOTICE * :Invalid NICK", true},
		{"unknown capability", []string{"CAP REQ :twitch.tv/magic"}, ":tmi.twitch.tv CAP * NAK :twitch.tv/magic", false},
		{"unknown command", []string{"NICK justinfan1", "WHO x"}, ":tmi.twitch.tv 421 justinfan1 WHO :Unknown command", false},
		{"user is ignored", []string{"USER a b c :d", "NICK justinfan5"}, " 001 justinfan5 ", false},
		{"second nick", []string{"NICK justinfan1", "NICK justinfan2"}, ":tmi.twitch.tv NOTICE * :NICK already set", true},
	}
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true, BadTokens: []string{"bad"}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, s)
			for _, line := range tt.sends {
				c.send(line)
			}
			c.until(tt.want)
			if tt.ends {
				c.closed()
			}
		})
	}
}

func TestPing(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true})
	c := dial(t, s)
	for send, want := range map[string]string{
		"PING":          "PONG :tmi.twitch.tv",
		"PING abc":      ":tmi.twitch.tv PONG tmi.twitch.tv :abc",
		"PING :abc def": ":tmi.twitch.tv PONG tmi.twitch.tv :abc def",
		"PING abc def":  ":tmi.twitch.tv PONG tmi.twitch.tv :abc",
		"ping :x":       ":tmi.twitch.tv PONG tmi.twitch.tv :x",
	} {
		c.send(send)
		c.expect(want)
	}
}

func TestServerPingsAndClosesWithoutPong(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true, PingEvery: 20 * time.Millisecond, PongWait: 300 * time.Millisecond})
	c := dial(t, s)
	c.send("NICK justinfan1")
	for range 20 { // longer than PongWait: answering keeps it open
		c.until("PING :tmi.twitch.tv")
		c.send("PONG :tmi.twitch.tv")
	}
	for {
		line, ok := c.next()
		if !ok {
			break
		}
		if !strings.Contains(line, "PING") {
			t.Fatalf("got %q", line)
		}
	}
}

func TestCapabilitiesFilter(t *testing.T) {
	const (
		privmsg = "@id=1;room-id=2;tmi-sent-ts=3 :x!x@x.tmi.twitch.tv PRIVMSG #a :hi"
		notice  = "@msg-id=raid;system-msg=x :tmi.twitch.tv USERNOTICE #a"
		clear   = "@login=x;target-msg-id=1 :tmi.twitch.tv CLEARMSG #a :hi"
		end     = "@id=9 :x!x@x.tmi.twitch.tv PRIVMSG #a :end"
	)
	tests := []struct {
		caps string
		want []string
	}{
		{"", []string{":x!x@x.tmi.twitch.tv PRIVMSG #a :hi", ":x!x@x.tmi.twitch.tv PRIVMSG #a :end"}},
		{"twitch.tv/tags", []string{privmsg, end}},
		{"twitch.tv/commands", []string{":x!x@x.tmi.twitch.tv PRIVMSG #a :hi", ":tmi.twitch.tv USERNOTICE #a", ":tmi.twitch.tv CLEARMSG #a :hi", ":x!x@x.tmi.twitch.tv PRIVMSG #a :end"}},
		{"twitch.tv/tags twitch.tv/commands", []string{privmsg, notice, clear, end}},
	}
	for _, tt := range tests {
		t.Run(tt.caps, func(t *testing.T) {
			s := serve(t, Config{Channels: []string{"a"}, Quiet: true})
			c := dial(t, s)
			if tt.caps != "" {
				c.send("CAP REQ :" + tt.caps)
			}
			c.send("NICK justinfan1")
			c.send("JOIN #a")
			c.until(" 366 ")
			if strings.Contains(tt.caps, "commands") {
				c.until("ROOMSTATE")
			}
			if err := s.WaitReaders(soon(t), "a", 1); err != nil {
				t.Fatal(err)
			}
			for _, line := range []string{privmsg, notice, clear, end} {
				if err := s.Raw("a", line); err != nil {
					t.Fatal(err)
				}
			}
			c.expect(tt.want...)
		})
	}
}

func TestMembership(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true})
	plain := reader(t, s, "a")
	c := dial(t, s)
	c.send("CAP REQ :twitch.tv/tags twitch.tv/commands twitch.tv/membership")
	c.send("NICK justinfan2")
	c.send("JOIN #a")
	c.until("ROOMSTATE")
	if err := s.WaitReaders(soon(t), "a", 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Chatter("a", 400); err != nil {
		t.Fatal(err)
	}
	joins := func(lines []string) (n int) {
		for _, l := range lines {
			if strings.Contains(l, " JOIN #a") {
				n++
			}
		}
		return n
	}
	if joins(c.barrier()) == 0 {
		t.Error("nobody came, though membership was asked for")
	}
	if n := joins(plain.barrier()); n != 0 {
		t.Errorf("%d joins, though membership was not asked for", n)
	}
}

func TestRoomKinds(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true, SlowJoin: 50 * time.Millisecond})
	c := reader(t, s)
	c.until(" 376 ")
	c.send("JOIN #missing_one,#nobody_knows_it")
	c.send("JOIN #suspended_one")
	c.expect("@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #suspended_one :This channel has been suspended.")
	c.send("JOIN #banned_one")
	c.expect(
		"@msg-id=msg_banned :tmi.twitch.tv NOTICE #banned_one :You are permanently banned from talking in banned_one.",
		":justinfan1234!justinfan1234@justinfan1234.tmi.twitch.tv PART #banned_one",
	)
	asked := time.Now()
	c.send("JOIN #slow_one")
	c.expect(":justinfan1234!justinfan1234@justinfan1234.tmi.twitch.tv JOIN #slow_one")
	if waited := time.Since(asked); waited < 50*time.Millisecond {
		t.Errorf("the slow room answered after %v", waited)
	}
	c.until("ROOMSTATE #slow_one")
	c.send("JOIN #a,#a")
	c.until("ROOMSTATE #a")
	if rest := c.barrier(); len(rest) != 0 {
		t.Errorf("a second join of the same room was answered: %q", rest)
	}
}

func TestAnyChannel(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, AnyChannel: true, Rate: Unpaced, Limit: 3, MaxRooms: 2})
	c := reader(t, s, "made_up")
	for range 3 {
		c.until("PRIVMSG #made_up")
	}
	c.send("JOIN #one_too_many")
	if rest := c.barrier(); len(rest) != 0 {
		t.Errorf("a room over the limit was answered: %q", rest)
	}
	if got := s.Channels(); !slices.Equal(got, []string{"a", "made_up"}) {
		t.Errorf("channels: %q", got)
	}
}

func TestJoinLimits(t *testing.T) {
	t.Run("rate", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a"}, AnyChannel: true, Quiet: true})
		c := dial(t, s)
		c.send("PASS oauth:x")
		c.send("NICK somebody")
		for i := range 21 {
			c.send(fmt.Sprintf("JOIN #room%d", i))
		}
		for {
			if _, ok := c.next(); !ok {
				break
			}
		}
	})
	t.Run("rate of anonymous clients is off", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a"}, AnyChannel: true, Quiet: true})
		c := dial(t, s)
		c.send("CAP REQ :twitch.tv/commands")
		c.send("NICK justinfan1")
		for i := range 60 {
			c.send(fmt.Sprintf("JOIN #room%d", i))
		}
		for range 60 {
			c.until("ROOMSTATE")
		}
	})
	t.Run("rooms", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a"}, AnyChannel: true, Quiet: true, Limits: Limits{Rooms: 2, JoinsPer10s: -1, Anonymous: true}})
		c := reader(t, s, "r1", "r2")
		c.send("JOIN #r3")
		c.expect("@msg-id=msg_concurrent_channel_limit_reached :tmi.twitch.tv NOTICE #r3 :You are connected to too many chat channels. Please close some existing chat connections to join a new chat")
	})
}

func TestAccountsTalk(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true})
	listener := reader(t, s, "a")
	c := dial(t, s)
	c.send("CAP REQ :twitch.tv/tags twitch.tv/commands")
	c.send("PASS oauth:x")
	c.send("NICK bot_demo")
	c.until("GLOBALUSERSTATE")
	c.send("JOIN #a")
	c.until(":tmi.twitch.tv USERSTATE #a")
	c.until("ROOMSTATE")
	if err := s.WaitReaders(soon(t), "a", 2); err != nil {
		t.Fatal(err)
	}
	c.send("@client-nonce=abc PRIVMSG #a :hello Kappa")
	state := c.until("USERSTATE #a")
	heard := listener.mustNext()
	p, ok := parse(t, heard)
	if !ok || p.text != "hello Kappa" || p.login != "bot_demo" || p.tags["emotes"] != "25:6-10" || p.tags["client-nonce"] != "abc" {
		t.Errorf("got %q", heard)
	}
	if !strings.Contains(state, ";id="+p.tags["id"]+";") || !strings.Contains(state, ";client-nonce=abc;") {
		t.Errorf("got %q", state)
	}
	c.send("PRIVMSG #a :hello Kappa")
	c.until("@msg-id=msg_duplicate")
	c.send("PRIVMSG #a :\x01ACTION waves\x01")
	if got := listener.mustNext(); !strings.HasSuffix(got, "PRIVMSG #a :\x01ACTION waves\x01") {
		t.Errorf("got %q", got)
	}
	listener.send("PRIVMSG #a :i am nobody")
	if rest := listener.barrier(); len(rest) != 0 {
		t.Errorf("an anonymous client was answered: %q", rest)
	}
	if n := s.Stats("a").Messages; n != 2 {
		t.Errorf("%d messages", n)
	}
}

func TestClientsAreBounded(t *testing.T) {
	t.Run("line", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a"}, Quiet: true})
		c := dial(t, s)
		c.send("PING :" + strings.Repeat("x", maxClientLine))
		if line, ok := c.next(); ok {
			t.Errorf("got %d bytes", len(line))
		}
	})
	t.Run("clients", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a"}, Quiet: true, MaxClients: 1})
		first := dial(t, s)
		first.send("PING")
		first.until("PONG")
		second := dial(t, s)
		second.closed()
	})
	t.Run("slow reader", func(t *testing.T) {
		s := serve(t, Config{Channels: []string{"a"}, Quiet: true, MaxBuffered: 64 << 10})
		slow, quick := reader(t, s, "a"), reader(t, s, "a")
		if err := s.WaitReaders(soon(t), "a", 2); err != nil {
			t.Fatal(err)
		}
		slow.conn.(*net.TCPConn).SetReadBuffer(4096)
		line := "@id=1 :x!x@x.tmi.twitch.tv PRIVMSG #a :" + strings.Repeat("x", 8000)
		for sent := 0; s.Readers("a") == 2 && sent < 100_000; sent++ {
			if err := s.Raw("a", line); err != nil {
				t.Fatal(err)
			}
			quick.until("PRIVMSG") // reads all along, and is not held up
		}
		if n := s.Readers("a"); n != 1 {
			t.Errorf("%d readers, want the slow one dropped and the quick one kept", n)
		}
	})
}

func TestTLS(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true, TLS: true})
	conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{RootCAs: s.CertPool(), ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	c := wrap(t, conn)
	c.send("NICK justinfan1")
	c.expect(welcome("justinfan1")...)
	plain := dial(t, s) // the same port still speaks without
	plain.send("NICK justinfan2")
	plain.expect(welcome("justinfan2")...)
}

func TestWebSocket(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("tls=", secure), func(t *testing.T) {
			s := serve(t, Config{Channels: []string{"a"}, Quiet: true, TLS: secure})
			d := ws.Dialer{}
			url := "ws://" + s.Addr().String()
			if secure {
				url = "wss://" + s.Addr().String()
				d.TLSConfig = &tls.Config{RootCAs: s.CertPool(), ServerName: "localhost"}
			}
			conn, _, _, err := d.Dial(soon(t), url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			write := func(text string) {
				t.Helper()
				if err := wsutil.WriteClientText(conn, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			var lines []string
			read := func(part string) string {
				t.Helper()
				for {
					for i, l := range lines {
						if strings.Contains(l, part) {
							lines = lines[i+1:]
							return l
						}
					}
					conn.SetReadDeadline(time.Now().Add(patience))
					data, err := wsutil.ReadServerText(conn)
					if err != nil {
						t.Fatal(err)
					}
					if !strings.HasSuffix(string(data), "\r\n") {
						t.Fatalf("a frame that ends in the middle of a line: %q", data)
					}
					lines = strings.Split(strings.TrimSuffix(string(data), "\r\n"), "\r\n")
				}
			}
			write("CAP REQ :twitch.tv/tags twitch.tv/commands\r\nNICK justinfan7\r\n") // two lines in a frame
			write("JOIN #a")                                                           // no line end
			read("ROOMSTATE #a")
			if err := s.WaitReaders(soon(t), "a", 1); err != nil {
				t.Fatal(err)
			}
			if err := s.Raw("a", ":x!x@x.tmi.twitch.tv PRIVMSG #a :not \xff UTF-8"); err != nil {
				t.Fatal(err)
			}
			if got := read("PRIVMSG"); !strings.HasSuffix(got, ":not \uFFFD UTF-8") {
				t.Errorf("got %q", got)
			}
			if err := wsutil.WriteClientMessage(conn, ws.OpPing, []byte("hi")); err != nil {
				t.Fatal(err)
			}
			h, err := ws.ReadHeader(conn)
			if err != nil || h.OpCode != ws.OpPong {
				t.Fatalf("got %v, %v, want a pong", h.OpCode, err)
			}
			payload := make([]byte, h.Length)
			if _, err := conn.Read(payload); err != nil || string(payload) != "hi" {
				t.Errorf("pong %q, %v", payload, err)
			}
			if err := wsutil.WriteClientMessage(conn, ws.OpClose, nil); err != nil { // without a code
				t.Fatal(err)
			}
			f, err := ws.ReadFrame(conn)
			if err != nil || f.Header.OpCode != ws.OpClose {
				t.Fatalf("got %v, %v, want a close", f.Header.OpCode, err)
			}
			if code, _ := ws.ParseCloseFrameData(f.Payload); code != ws.StatusNormalClosure {
				t.Errorf("close code %d", code)
			}
		})
	}
}

func TestEmit(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true})
	c := reader(t, s, "a")
	if err := s.WaitReaders(soon(t), "a", 1); err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1767225600123)
	room := roomIDOf("a")
	tests := []struct {
		ev   chat.Event
		want string
	}{
		{
			chat.Event{Kind: chat.KindMessage, Channel: "a", Time: at, Message: chat.Message{
				ID: "m1", UserID: "7", Login: "viewer", DisplayName: "Vi; ewer", Color: "#112233", Text: "é Kappa", First: true, VIP: true, Bits: 5,
				Emotes: []chat.Emote{{ID: "25", Name: "Kappa", Start: 3, End: 8}}, Badges: []chat.Badge{{Name: "vip", Version: "1"}},
				Reply: chat.Reply{ParentID: "p1", ParentLogin: "other", ParentText: "so; what"},
			}},
			`@badge-info=;badges=vip/1;bits=5;color=#112233;display-name=Vi\:\sewer;emotes=25:2-6;first-msg=1;flags=;id=m1;mod=0;` +
				`reply-parent-display-name=other;reply-parent-msg-body=so\:\swhat;reply-parent-msg-id=p1;reply-parent-user-id=` + userIDOf("other") +
				`;reply-parent-user-login=other;reply-thread-parent-msg-id=p1;reply-thread-parent-user-login=other;returning-chatter=0;room-id=` + room +
				`;subscriber=0;tmi-sent-ts=1767225600123;turbo=0;user-id=7;user-type=;vip=1 :viewer!viewer@viewer.tmi.twitch.tv PRIVMSG #a :é Kappa`,
		},
		{
			chat.Event{Kind: chat.KindNotice, Channel: "a", Time: at, Notice: chat.Notice{Type: "raid", ID: "n1", Login: "other", Name: "Other", Text: "2 raiders", Count: 2}, Message: chat.Message{UserID: "9"}},
			`@badge-info=;badges=;color=;display-name=Other;emotes=;flags=;id=n1;login=other;mod=0;msg-id=raid;msg-param-displayName=Other;msg-param-login=other;` +
				`msg-param-viewerCount=2;room-id=` + room + `;subscriber=0;system-msg=2\sraiders;tmi-sent-ts=1767225600123;user-id=9;user-type=;vip=0 :tmi.twitch.tv USERNOTICE #a`,
		},
		{
			chat.Event{Kind: chat.KindDelete, Channel: "a", Time: at, TargetID: "m1", TargetLogin: "viewer"},
			`@login=viewer;room-id=` + room + `;target-msg-id=m1;tmi-sent-ts=1767225600123 :tmi.twitch.tv CLEARMSG #a :`,
		},
		{
			chat.Event{Kind: chat.KindClearUser, Channel: "a", Time: at, TargetLogin: "viewer", TargetUserID: "7", Duration: 10 * time.Minute},
			`@ban-duration=600;room-id=` + room + `;target-user-id=7;tmi-sent-ts=1767225600123 :tmi.twitch.tv CLEARCHAT #a :viewer`,
		},
		{
			chat.Event{Kind: chat.KindClearUser, Channel: "a", Time: at, TargetLogin: "viewer", TargetUserID: "7"},
			`@room-id=` + room + `;target-user-id=7;tmi-sent-ts=1767225600123 :tmi.twitch.tv CLEARCHAT #a :viewer`,
		},
		{
			chat.Event{Kind: chat.KindClearAll, Channel: "a", Time: at},
			`@room-id=` + room + `;tmi-sent-ts=1767225600123 :tmi.twitch.tv CLEARCHAT #a`,
		},
	}
	for _, tt := range tests {
		if err := s.Emit(&tt.ev); err != nil {
			t.Fatal(err)
		}
		c.expect(tt.want)
	}
	st := s.Stats("a")
	if st.Lines != 6 || st.Messages != 1 || st.Cheers != 1 || st.Replies != 1 || st.Firsts != 1 || st.Deletions != 1 || st.Timeouts != 1 ||
		st.Bans != 1 || st.Clears != 1 || st.Notices["raid"] != 1 || st.Delivered != 1 || st.Readers != 1 {
		t.Errorf("statistics: %+v", st)
	}
	for _, ev := range []chat.Event{{Kind: chat.KindMessage, Channel: "nowhere"}, {Channel: "a"}} {
		if err := s.Emit(&ev); err == nil {
			t.Errorf("%+v was emitted", ev)
		}
	}
}

func TestWrongConfigurations(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{Channels: []string{"not a name"}}, `"not a name" is not a channel name`},
		{Config{Channels: []string{"a", "A"}}, "given twice"},
		{Config{Rate: -3}, "out of range"},
		{Config{Limit: -1}, "negative"},
		{Config{Speed: -1}, "speed"},
		{Config{Channels: []string{"a"}, Shared: [][2]string{{"a", "b"}}}, "cannot share"},
		{Config{Listen: busy.Addr().String()}, "in use"},
		{Config{Listen: "nonsense"}, "listening"},
	} {
		err := New(tt.cfg).Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.cfg, err, tt.want)
		}
	}
}
