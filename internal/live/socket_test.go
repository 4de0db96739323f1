package live_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"chatmood/internal/analysis"
	"chatmood/internal/live"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
)

func TestUnknownChannel(t *testing.T) {
	n := newNode(t, live.Config{})
	for _, batched := range []bool{true, false} {
		n.dial("nobody", batched).closed(live.CodeNoChannel)
		n.dial("", batched).closed(live.CodeNoChannel)
	}
	waitFor(t, "the rooms are gone", func() bool { s := n.hub.Stats(); return s.Rooms == 0 && s.Batched+s.Plain == 0 })
}

// rawConn is a socket without a library, for what libraries do not do.
type rawConn struct {
	net.Conn
	r *bufio.Reader
}

func (n *node) raw(target string) *rawConn {
	n.t.Helper()
	d := ws.Dialer{Protocols: []string{frame.Protocol}}
	conn, r, _, err := d.Dial(n.t.Context(), "ws"+strings.TrimPrefix(n.server.URL, "http")+"/"+target)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	if r == nil {
		r = bufio.NewReader(conn)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		n.t.Fatal(err)
	}
	return &rawConn{conn, r}
}

// nextOf reads frames until one with an op code comes.
func (c *rawConn) nextOf(t *testing.T, op ws.OpCode) ws.Frame {
	t.Helper()
	for {
		f, err := ws.ReadFrame(c.r)
		if err != nil {
			t.Fatalf("waiting for op code %d: %v", op, err)
		}
		if f.Header.OpCode == op {
			return f
		}
	}
}

func TestCloseCodes(t *testing.T) {
	text := func(s string) []byte { return ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(s)))) }
	masked := func(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }
	first := ws.NewTextFrame([]byte(strings.Repeat("x", 3000)))
	first.Header.Fin = false
	rest := ws.NewFrame(ws.OpContinuation, true, []byte(strings.Repeat("x", 3000)))
	for _, test := range []struct {
		name string
		send []byte
		code live.Code // of the answer
	}{
		{"without a code", masked(ws.NewCloseFrame(nil)), live.CodeNormal},
		{"with a code", masked(ws.NewCloseFrame(ws.NewCloseFrameBody(3000, "bye"))), 3000},
		{"going away", masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1001, ""))), 1001},
		{"with a code that nobody may send", masked(ws.NewCloseFrame([]byte{1005 >> 8, 1005 & 255})), live.CodeProtocol},
		{"with half a code", masked(ws.NewCloseFrame([]byte{3})), live.CodeProtocol},
		{"too large", text(strings.Repeat("x", 4097)), live.CodeTooLarge},
		{"too large in parts", append(masked(first), masked(rest)...), live.CodeTooLarge},
		{"length of the whole address space", []byte{0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4}, live.CodeTooLarge},
		{"too many frames", []byte(strings.Repeat(string(text("{}")), 100)), live.CodePolicy},
		{"binary", masked(ws.NewBinaryFrame([]byte("x"))), live.CodeUnsupported},
		{"not UTF-8", text("\xff\xfe"), live.CodeInvalid},
		{"not masked", ws.MustCompileFrame(ws.NewTextFrame([]byte("{}"))), live.CodeProtocol},
		{"reserved op code", []byte{0x83, 0x80, 0, 0, 0, 0}, live.CodeProtocol},
		{"compressed without agreement", []byte{0xC1, 0x80, 0, 0, 0, 0}, live.CodeProtocol},
		{"continuation of nothing", masked(rest), live.CodeProtocol},
		{"fragmented ping", []byte{0x09, 0x80, 0, 0, 0, 0}, live.CodeProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNode(t, live.Config{})
			newOwner(t, n.bus, "somebody", 7)
			c := n.raw("somebody")
			c.nextOf(t, ws.OpText) // hello
			if _, err := c.Write(test.send); err != nil {
				t.Fatal(err)
			}
			f := c.nextOf(t, ws.OpClose)
			if code := live.Code(binary.BigEndian.Uint16(f.Payload)); code != test.code {
				t.Errorf("closed with %d (%s), want %d", code, f.Payload[2:], test.code)
			}
			if _, err := c.Write(masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))); err == nil {
				if _, err := ws.ReadFrame(c.r); err == nil {
					t.Error("a frame came after the close")
				}
			}
			c.Close()
			waitFor(t, "the socket is gone", func() bool { return n.hub.Connections() == 0 })
		})
	}
}

func TestClientFrames(t *testing.T) {
	n := newNode(t, live.Config{})
	newOwner(t, n.bus, "somebody", 7)
	v := n.dial("somebody", true)
	v.want("hello")
	v.write(`{"type":"ping","t":12.5}`)
	if f := v.want("pong"); string(f.T) != "12.5" || f.Server == 0 {
		t.Errorf("pong is %+v", f)
	}
	v.write(`{"type":"ping"}`)
	if f := v.want("pong"); f.T != nil {
		t.Errorf("pong is %+v", f)
	}
	v.write(`{"type":"subscribe"}`)
	if f := v.want("error"); f.Error != "unknown_type" {
		t.Errorf("error is %+v", f)
	}
	v.write(`[1`)
	if f := v.want("error"); f.Error != "invalid_json" {
		t.Errorf("error is %+v", f)
	}
	v.write(`{"type":"auth","token":"x"}`) // nobody checks it here
	w, err := v.conn.Writer(v.ctx, websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`{"type":`, strings.Repeat(" ", 600), `"ping","t":"parts"}`} {
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if f := v.want("pong"); string(f.T) != `"parts"` {
		t.Errorf("pong is %+v", f)
	}
	reading := v.conn.CloseRead(v.ctx)
	if err := v.conn.Ping(v.ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := v.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
	<-reading.Done()
}

func TestHeartbeats(t *testing.T) {
	n := newNode(t, live.Config{Heartbeat: 10 * time.Millisecond})
	newOwner(t, n.bus, "somebody", 7)
	batched, plain := n.dial("somebody", true), n.dial("somebody", false)
	batched.want("hello")
	for range 3 {
		if f := batched.next(); f.Type != "heartbeat" || f.Server == 0 {
			t.Errorf("frame is %+v", f)
		}
		if f := plain.next(); f.Type != "heartbeat" || f.Timestamp.IsZero() {
			t.Errorf("frame is %+v", f)
		}
	}
}

// A client that answers pings stays; one whose machine is gone does not.
func TestHalfOpen(t *testing.T) {
	n := newNode(t, live.Config{PingAfter: 200 * time.Millisecond, DeadAfter: 1500 * time.Millisecond})
	o := newOwner(t, n.bus, "somebody", 7)
	alive, gone := n.dial("somebody", true), n.raw("somebody")
	alive.want("hello")
	read := make(chan uint64, 10)
	go func() {
		defer close(read)
		for {
			f, err := alive.read()
			if err != nil {
				return
			}
			read <- f.Seq
		}
	}()
	gone.nextOf(t, ws.OpPing)
	if _, err := io.Copy(io.Discard, gone.r); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Fatalf("the half-open connection was not ended: %v", err)
	}
	waitFor(t, "one is left", func() bool { return n.hub.Connections() == 1 })
	o.batch(2)
	if seq := <-read; seq != 2 {
		t.Errorf("got sequence %d", seq)
	}
	alive.conn.CloseNow()
	for range read {
	}
}

func TestLimits(t *testing.T) {
	n := newNode(t, live.Config{MaxSockets: 5, MaxPerAddress: 3, MaxPerUser: 2})
	newOwner(t, n.bus, "somebody", 7)
	n.opts = func(r *http.Request) live.ServeOptions {
		q := r.URL.Query()
		return live.ServeOptions{Channel: "somebody", Anonymous: true, Address: q.Get("addr"), User: q.Get("user")}
	}
	var in []*viewer
	enter := func(query string) {
		t.Helper()
		v := n.dial("somebody?"+query, true)
		v.want("hello")
		in = append(in, v)
	}
	enter("addr=a&user=one")
	enter("addr=a&user=one")
	n.dial("somebody?addr=a&user=one", true).closed(live.CodeTooMany) // a third of the user
	enter("addr=a")
	n.dial("somebody?addr=a", true).closed(live.CodeTooMany) // a fourth of the address
	enter("addr=b&user=two")
	enter("addr=c")
	if _, err := n.tryDial("somebody?addr=d", true); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a sixth viewer: %v", err)
	}
	if s := n.hub.Stats(); s.Refused != 3 || s.Batched != 5 {
		t.Errorf("stats are %+v", s)
	}
	in[0].conn.CloseNow()
	in[2].conn.CloseNow()
	waitFor(t, "two are gone", func() bool { return n.hub.Connections() == 3 })
	enter("addr=a&user=one")
}

// tokens authenticates "user:name" for a minute, "brief:name" for a second and
// "short:name" for a moment.
func tokens(_ context.Context, token string) (string, time.Time, error) {
	kind, name, _ := strings.Cut(token, ":")
	switch kind {
	case "user":
		return name, time.Now().Add(time.Minute), nil
	case "brief":
		return name, time.Now().Add(time.Second), nil
	case "short":
		return name, time.Now().Add(30 * time.Millisecond), nil
	}
	return "", time.Time{}, errors.New("no such token")
}

func TestSignIn(t *testing.T) {
	n := newNode(t, live.Config{AuthWait: 5 * time.Second, MaxPerUser: 2})
	o := newOwner(t, n.bus, "somebody", 7)
	n.opts = func(r *http.Request) live.ServeOptions {
		opts := live.ServeOptions{Channel: "somebody", Authenticate: tokens, User: r.URL.Query().Get("user")}
		if opts.User != "" {
			opts.Expires = time.Now().Add(30 * time.Millisecond)
		}
		return opts
	}
	t.Run("first frame", func(t *testing.T) {
		v := n.dial("somebody", true)
		v.write(`{"type":"ping","t":1}`)
		v.want("pong") // and no hello before
		v.write(`{"type":"auth","token":"user:one"}`)
		v.want("hello")
		o.batch(1)
		if f := v.want("batch"); f.Seq != 1 {
			t.Errorf("batch is %+v", f)
		}
		v.write(`{"type":"auth","token":"user:two"}`)
		v.closed(live.CodeForbidden)
	})
	t.Run("wrong token", func(t *testing.T) {
		v := n.dial("somebody", true)
		v.write(`{"type":"auth","token":"rubbish"}`)
		v.closed(live.CodeSignIn)
	})
	t.Run("expires", func(t *testing.T) {
		n.dial("somebody?user=one", true).closed(live.CodeSignIn)
		v := n.dial("somebody", false)
		v.write(`{"type":"auth","token":"short:one"}`)
		v.closed(live.CodeSignIn)
	})
	t.Run("renewed", func(t *testing.T) {
		v := n.dial("somebody", true)
		v.write(`{"type":"auth","token":"brief:one"}`)
		v.want("hello")
		v.write(`{"type":"auth","token":"user:one"}`)
		v.write(`{"type":"ping"}`)
		v.until("pong") // so the renewal was read
		expired := time.Now().Add(1100 * time.Millisecond)
		waitFor(t, "the first token is over", func() bool { return time.Now().After(expired) })
		o.batch(1)
		if f := v.want("batch"); f.N != 1 {
			t.Errorf("batch is %+v", f)
		}
		v.conn.CloseNow()
	})
	t.Run("limit of the user", func(t *testing.T) {
		waitFor(t, "the others are gone", func() bool { return n.hub.Connections() == 0 })
		for range 2 {
			v := n.dial("somebody", true)
			v.write(`{"type":"auth","token":"user:one"}`)
			v.want("hello")
		}
		v := n.dial("somebody", true)
		v.write(`{"type":"auth","token":"user:one"}`)
		v.closed(live.CodeTooMany)
	})
	t.Run("revoked", func(t *testing.T) {
		v := n.dial("somebody", true)
		v.write(`{"type":"auth","token":"user:three"}`)
		v.want("hello")
		if closed := n.hub.CloseUser("three"); closed != 1 {
			t.Errorf("closed %d sockets", closed)
		}
		v.closed(live.CodeSignIn)
	})
}

// TestRecheck: who may not stay is closed; while that is not known, nobody is.
func TestRecheck(t *testing.T) {
	n := newNode(t, live.Config{RecheckEvery: 5 * time.Millisecond})
	newOwner(t, n.bus, "somebody", 7)
	var mu sync.Mutex
	verdicts := map[string]error{}
	asked := map[string]int{}
	n.opts = func(r *http.Request) live.ServeOptions {
		user := r.URL.Query().Get("user")
		return live.ServeOptions{
			Channel: "somebody", User: user, Anonymous: true, Authenticate: tokens, Header: http.Header{"Set-Cookie": {"renewed=" + user}},
			Recheck: func(_ context.Context, token string) error {
				mu.Lock()
				defer mu.Unlock()
				asked[user+token]++
				return verdicts[user+token]
			},
		}
	}
	rule := func(who string, err error) {
		mu.Lock()
		defer mu.Unlock()
		verdicts[who] = err
	}
	wasAsked := func(who string, more int) {
		t.Helper()
		mu.Lock()
		want := asked[who] + more
		mu.Unlock()
		waitFor(t, "it is asked about "+who, func() bool { mu.Lock(); defer mu.Unlock(); return asked[who] >= want })
	}
	one, two, three := n.dial("somebody?user=one", true), n.dial("somebody?user=two", true), n.dial("somebody?user=three", false)
	one.want("hello")
	two.want("hello")
	guest := n.dial("somebody", true)
	guest.want("hello")
	waitFor(t, "the one who is not greeted is in, too", func() bool { return n.hub.Viewers("somebody") == 4 })
	if got := n.hub.Sockets(); got.Total != 4 || got.ByChannel["somebody"] != 4 || got.ByUser["one"] != 1 || len(got.ByUser) != 3 {
		t.Errorf("sockets are %+v", got)
	}
	wasAsked("three", 2)
	rule("one", errors.New("the database is away"))
	wasAsked("one", 3)
	rule("one", nil)
	rule("two", live.ErrSignedOut)
	two.closed(live.CodeSignIn)
	rule("three", fmt.Errorf("suspended: %w", live.ErrForbidden))
	three.closed(live.CodeForbidden)
	one.write(`{"type":"auth","token":"user:one"}`)
	wasAsked("oneuser:one", 1)
	rule("oneuser:one", live.ErrSignedOut)
	one.closed(live.CodeSignIn)
	mu.Lock()
	defer mu.Unlock()
	if asked[""] != 0 {
		t.Error("it was asked about a guest")
	}
}

// Sign-ins that take their time hold up nobody else, and what a client sent
// behind its own is answered after it.
func TestSlowSignIn(t *testing.T) {
	n := newNode(t, live.Config{MaxPerUser: 100})
	newOwner(t, n.bus, "somebody", 7)
	release := make(chan struct{})
	var waiting atomic.Int32
	n.opts = func(*http.Request) live.ServeOptions {
		return live.ServeOptions{Channel: "somebody", Authenticate: func(ctx context.Context, token string) (string, time.Time, error) {
			waiting.Add(1)
			select {
			case <-release:
			case <-ctx.Done():
			}
			return tokens(ctx, token)
		}}
	}
	const each = 16 // more than there are goroutines that read
	var slow, others []*viewer
	for range each {
		v := n.dial("somebody", true)
		v.write(`{"type":"auth","token":"user:one"}`)
		v.write(`{"type":"ping","t":1}`)
		slow = append(slow, v)
	}
	waitFor(t, "all sign in", func() bool { return waiting.Load() == each })
	for range each {
		v := n.dial("somebody", true)
		v.write(`{"type":"ping","t":2}`)
		others = append(others, v)
	}
	for _, v := range others {
		v.want("pong")
	}
	close(release)
	for _, v := range slow {
		kinds := map[string]bool{v.next().Type: true, v.next().Type: true}
		if !kinds["hello"] || !kinds["pong"] {
			t.Errorf("after signing in came %v", kinds)
		}
	}
}

func TestSignInTakesTooLong(t *testing.T) {
	n := newNode(t, live.Config{AuthWait: 20 * time.Millisecond})
	newOwner(t, n.bus, "somebody", 7)
	n.opts = func(*http.Request) live.ServeOptions {
		return live.ServeOptions{Channel: "somebody", Authenticate: tokens}
	}
	n.dial("somebody", true).closed(live.CodeSignIn)
}

// Behind TLS of our own, where no poller can wait for a socket, all is the same.
func TestTLS(t *testing.T) {
	n := newNode(t, live.Config{Drain: 50 * time.Millisecond})
	o := newOwner(t, n.bus, "somebody", 7)
	server := httptest.NewTLSServer(n.server.Config.Handler)
	defer server.Close()
	var viewers []*viewer
	for i := range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		opts := &websocket.DialOptions{HTTPClient: server.Client()}
		if i%2 == 0 {
			opts.Subprotocols = []string{frame.Protocol}
		}
		conn, _, err := websocket.Dial(ctx, server.URL+"/somebody", opts)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		viewers = append(viewers, &viewer{t, conn, ctx})
	}
	waitFor(t, "all are in", func() bool { return n.hub.Viewers("somebody") == len(viewers) })
	for i, v := range viewers {
		if i%2 == 0 {
			v.want("hello")
		}
	}
	o.batch(3)
	for i, v := range viewers {
		if i%2 == 0 {
			if got := v.want("batch"); got.N != 3 {
				t.Errorf("got %+v", got)
			}
		} else {
			for range 3 {
				v.want("message")
			}
		}
		v.write(`{"type":"ping"}`)
		v.want("pong")
	}
	n.hub.Shutdown(t.Context())
	for _, v := range viewers {
		v.closed(live.CodeRestart)
	}
}

func TestShutdown(t *testing.T) {
	n := newNode(t, live.Config{Drain: 100 * time.Millisecond})
	newOwner(t, n.bus, "somebody", 7)
	var wg sync.WaitGroup
	for i := range 30 {
		v := n.dial("somebody", i%2 == 0)
		if i%2 == 0 {
			v.want("hello")
		}
		wg.Go(func() { v.closed(live.CodeRestart) })
	}
	ended := make(chan error, 1)
	go func() {
		ended <- n.hub.Stream(t.Context(), live.StreamOptions{Channel: "somebody"}, func([]byte, string) error { return nil })
	}()
	waitFor(t, "all are in", func() bool { return n.hub.Viewers("somebody") == 31 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n.hub.Shutdown(ctx)
	wg.Wait()
	if err := <-ended; !errors.Is(err, live.ErrClosing) {
		t.Errorf("the stream ended with %v", err)
	}
	if got := n.hub.Connections(); got != 0 {
		t.Errorf("%d connections are left", got)
	}
	if _, err := n.tryDial("somebody", true); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a viewer after the shutdown: %v", err)
	}
	if err := n.hub.Stream(t.Context(), live.StreamOptions{Channel: "somebody"}, nil); !errors.Is(err, live.ErrClosing) {
		t.Errorf("a stream after the shutdown: %v", err)
	}
}

// Whatever the client sends behind its request, before the answer, is read.
func TestEarlyFrames(t *testing.T) {
	n := newNode(t, live.Config{})
	newOwner(t, n.bus, "somebody", 7)
	conn, err := net.Dial("tcp", n.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ping := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(`{"type":"ping","t":"early"}`))))
	request := "GET /somebody HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: " + frame.Protocol + "\r\n\r\n"
	if _, err := conn.Write(append([]byte(request), ping...)); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	c := &rawConn{conn, r}
	for !strings.Contains(string(c.nextOf(t, ws.OpText).Payload), `"early"`) {
	}
}

// A message is explained to whoever asks, one at a time and not too often; what
// cannot be explained is told, and the plain dialect knows nothing of it.
func TestExplain(t *testing.T) {
	blocked := make(chan struct{})
	n := newNode(t, live.Config{Explain: func(ctx context.Context, channel, id string) (x analysis.Explanation, ok bool, err error) {
		switch {
		case channel != "somebody":
			t.Errorf("asked about %q", channel)
		case id == "slow":
			<-blocked
		case id == "unknown":
			return x, true, analysis.ErrNoMessage
		case id == "away":
			return x, false, errors.New("the other server is away")
		case id == "over":
			return x, false, nil
		}
		return analysis.Explanation{
			Label: sentiment.Positive, Score: 0.5, Confidence: 0.9, Flags: "h",
			Parts: []analysis.ExplainedPart{{Start: 0, End: 4, Text: "\"a\"", Value: 0.5, Rule: sentiment.RuleWord}},
		}, true, nil
	}})
	newOwner(t, n.bus, "somebody", 7)
	v := n.dial("somebody", true)
	v.until("hello")
	ask := func(id, want string) {
		t.Helper()
		v.write(fmt.Sprintf(`{"type":"explain","id":%q}`, id))
		if got := v.until("explanation"); !contains(got.raw, want) {
			t.Errorf("explaining %q: %s, want %s", id, got.raw, want)
		}
	}
	ask("m1", `{"type":"explanation","id":"m1","l":"p","s":0.5,"k":0.9,"f":"h","parts":[{"start":0,"end":4,"text":"\"a\"","value":0.5,"rule":"word"}]}`)
	ask("unknown", `"error":"unknown_message"`)
	ask("over", `"error":"unknown_message"`)
	ask("away", `"error":"unavailable"`)
	ask("", `"error":"invalid_id"`)
	ask(strings.Repeat("x", 101), `"error":"invalid_id"`)
	v.write(`{"type":"explain","id":"slow"}`)
	ask("m2", `"error":"too_many"`)
	close(blocked)
	if got := v.until("explanation"); !contains(got.raw, `"id":"slow"`, `"parts"`) {
		t.Errorf("the slow one: %s", got.raw)
	}
	// Ten at once, no more.
	refused := 0
	for range 8 {
		v.write(`{"type":"explain","id":"m3"}`)
		if contains(v.until("explanation").raw, `"too_many"`) {
			refused++
		}
	}
	if refused == 0 || refused == 8 {
		t.Errorf("%d of eight more were refused", refused)
	}
	plain := n.dial("somebody", false)
	plain.write(`{"type":"explain","id":"m1"}`)
	plain.write(`{"type":"ping"}`)
	if got := plain.next(); got.Type != "pong" {
		t.Errorf("the plain dialect answers %s", got.raw)
	}
}
