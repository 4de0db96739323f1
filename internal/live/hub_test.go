package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/chat"
	"chatmood/internal/live"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// owner plays the node that analyses a channel, on a real bus.
type owner struct {
	t       testing.TB
	bus     *bus.Bus
	channel string
	stop    func()

	mu     sync.Mutex
	epoch  uint64
	seq    uint64
	recent []json.RawMessage
	asked  int
}

func newOwner(t testing.TB, b *bus.Bus, channel string, epoch uint64) *owner {
	o := &owner{t: t, bus: b, channel: channel, epoch: epoch}
	stop, err := b.Respond(frame.HelloSubject(channel), func([]byte) []byte {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.asked++
		return frame.AppendHelloBody(nil, frame.HelloBody{
			Epoch: o.epoch, Seq: o.seq, Recent: o.recent,
			Snapshot: analysis.Snapshot{Channel: channel, Counts: analysis.Counts{Total: int(o.seq)}},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	o.stop = sync.OnceFunc(stop)
	t.Cleanup(o.stop)
	return o
}

// text is that of the message with a number; every other one ends in an emote.
func text(epoch, seq uint64) string {
	return fmt.Sprintf("message %d of %d: grüße \U0001F600", seq, epoch)
}

func message(channel string, epoch, seq uint64) []byte {
	return frame.AppendMessage(nil, &chat.Message{
		ID: fmt.Sprintf("%d-%d", epoch, seq), Channel: channel, Login: "viewer_one", Time: time.UnixMilli(1_700_000_000_000), Text: text(epoch, seq),
	}, &sentiment.Score{Label: sentiment.Positive, Value: 0.5, Confidence: 0.75}, analysis.Counted)
}

// batch publishes n messages in one frame. With lose it only counts them, as
// if the bus had lost the frame.
func (o *owner) batch(n int, lose ...bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var messages []byte
	for i := range n {
		o.seq++
		m := message(o.channel, o.epoch, o.seq)
		if i > 0 {
			messages = append(messages, ',')
		}
		messages = append(messages, m...)
		o.recent = append(o.recent, m)
	}
	if len(o.recent) > 100 {
		o.recent = o.recent[len(o.recent)-100:]
	}
	if len(lose) == 0 {
		o.publish(frame.Stream, n, frame.AppendBatch(nil, o.seq, n, messages))
	}
}

// publish sends any frame. o.mu is held.
func (o *owner) publish(kind frame.Kind, n int, payload []byte) {
	err := o.bus.Publish(frame.ChatSubject(o.channel), frame.AppendEnvelope(nil, frame.Envelope{Kind: kind, Epoch: o.epoch, Seq: o.seq, N: n, Payload: payload}))
	if err != nil {
		o.t.Error(err)
	}
}

func (o *owner) event(kind frame.Kind, build func(seq uint64) []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.publish(kind, 0, build(o.seq))
}

// restart begins a new epoch, as a new process would.
func (o *owner) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.epoch++
	o.seq, o.recent = 0, nil
}

func (o *owner) at() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seq
}

// node is a hub behind an HTTP server, on a bus of its own process.
type node struct {
	t      testing.TB
	bus    *bus.Bus
	hub    *live.Hub
	server *httptest.Server
	opts   func(r *http.Request) live.ServeOptions
}

func newNode(t testing.TB, cfg live.Config) *node {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Bus = b
	if cfg.Tick == 0 {
		cfg.Tick = 5 * time.Millisecond
	}
	n := &node{t: t, bus: b, hub: live.New(cfg)}
	n.opts = func(r *http.Request) live.ServeOptions {
		return live.ServeOptions{Channel: strings.TrimPrefix(r.URL.Path, "/"), Anonymous: true}
	}
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.hub.ServeWS(w, r, n.opts(r))
	}))
	t.Cleanup(func() {
		n.server.Close()
		n.hub.Close()
		b.Close()
	})
	return n
}

// viewer is a client made with another WebSocket library than the server.
type viewer struct {
	t    testing.TB
	conn *websocket.Conn
	ctx  context.Context
}

// dial opens a socket: target is a channel and perhaps a query.
func (n *node) dial(target string, batched bool) *viewer {
	n.t.Helper()
	v, err := n.tryDial(target, batched)
	if err != nil {
		n.t.Fatal(err)
	}
	return v
}

func (n *node) tryDial(target string, batched bool) (*viewer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	n.t.Cleanup(cancel)
	opts := &websocket.DialOptions{}
	if batched {
		opts.Subprotocols = []string{"something.else", frame.Protocol}
	}
	conn, _, err := websocket.Dial(ctx, n.server.URL+"/"+target, opts)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	n.t.Cleanup(func() { conn.CloseNow() })
	if want := map[bool]string{true: frame.Protocol}[batched]; conn.Subprotocol() != want {
		n.t.Fatalf("subprotocol %q, want %q", conn.Subprotocol(), want)
	}
	return &viewer{n.t, conn, ctx}, nil
}

// got is any frame of either dialect.
type got struct {
	raw string // the whole frame

	Type      string
	Channel   string
	Epoch     uint64
	Seq       uint64
	Resumed   bool
	Why       string
	N         int
	M         []struct{ ID, X string }
	Recent    []struct{ ID, X string }
	Snapshot  *analysis.Snapshot
	Timeline  *analysis.Timeline
	Missed    uint64
	From, To  uint64
	T         json.RawMessage
	Error     string
	IDs       []string
	Login     string
	All       bool
	Timestamp time.Time
	Counts    analysis.Counts
	Server    int64 `json:"server_time"`
	Data      struct {
		Username, Message, Sentiment, ID string
		Confidence                       float64
		Timestamp                        time.Time
	}
}

func (v *viewer) next() got {
	v.t.Helper()
	f, err := v.read()
	if err != nil {
		v.t.Fatalf("reading: %v", err)
	}
	return f
}

func (v *viewer) read() (got, error) {
	var f got
	_, data, err := v.conn.Read(v.ctx)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(data, &f); err != nil {
		v.t.Errorf("frame %s: %v", data, err)
	}
	f.raw = string(data)
	return f, nil
}

// want reads frames until one of a type comes, over heartbeats only.
func (v *viewer) want(kind string) got {
	v.t.Helper()
	for {
		f := v.next()
		if f.Type == kind {
			return f
		}
		if f.Type != "heartbeat" {
			v.t.Fatalf("frame is %+v, want a %s", f, kind)
		}
	}
}

// until reads frames until one of a type comes, whatever lies between.
func (v *viewer) until(kind string) got {
	v.t.Helper()
	for {
		if f := v.next(); f.Type == kind {
			return f
		}
	}
}

// closed reads until the socket is closed and checks the code.
func (v *viewer) closed(code live.Code) {
	v.t.Helper()
	for {
		if _, err := v.read(); err != nil {
			if got := websocket.CloseStatus(err); got != websocket.StatusCode(code) {
				v.t.Fatalf("closed with %d (%v), want %d", got, err, code)
			}
			return
		}
	}
}

func (v *viewer) write(s string) {
	v.t.Helper()
	if err := v.conn.Write(v.ctx, websocket.MessageText, []byte(s)); err != nil {
		v.t.Fatal(err)
	}
}

// waitFor polls until ok holds.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestBatched(t *testing.T) {
	n := newNode(t, live.Config{})
	o := newOwner(t, n.bus, "somebody", 7)
	o.batch(3)
	v := n.dial("somebody", true)
	hello := v.want("hello")
	if hello.Channel != "somebody" || hello.Epoch != 7 || hello.Seq != 3 || hello.Resumed || hello.Why != "" || len(hello.Recent) != 3 ||
		hello.Snapshot == nil || hello.Snapshot.Counts.Total != 3 || hello.Timeline == nil || hello.Server == 0 {
		t.Errorf("hello is %+v", hello)
	}
	o.batch(2)
	f := v.want("batch")
	if f.Seq != 5 || f.N != 2 || len(f.M) != 2 || f.M[0].X != text(7, 4) || f.M[1].ID != "7-5" {
		t.Errorf("batch is %+v", f)
	}
	o.event(frame.Ephemeral, func(seq uint64) []byte {
		return frame.AppendStats(nil, seq, frame.Stats{Counts: analysis.Counts{Total: 5}})
	})
	if f := v.want("stats"); f.Seq != 5 || f.Counts.Total != 5 {
		t.Errorf("stats are %+v", f)
	}
	o.event(frame.Stream, func(seq uint64) []byte { return frame.AppendDelete(nil, seq, frame.Deletion{IDs: []string{"7-4"}}) })
	if f := v.want("delete"); f.Seq != 5 || len(f.IDs) != 1 || f.IDs[0] != "7-4" {
		t.Errorf("delete is %+v", f)
	}
	o.event(frame.End, func(uint64) []byte { return frame.AppendStopped(nil, "somebody") })
	if f := v.want("stopped"); f.Channel != "somebody" {
		t.Errorf("stopped is %+v", f)
	}
	v.closed(live.CodeNormal)
}

func TestPlain(t *testing.T) {
	n := newNode(t, live.Config{})
	o := newOwner(t, n.bus, "somebody", 7)
	o.batch(130)
	v := n.dial("somebody", false)
	for seq := uint64(31); seq <= 130; seq++ {
		f := v.want("message")
		if f.Data.Message != text(7, seq) || f.Data.Username != "viewer_one" || f.Data.Sentiment != "positive" || f.Data.Confidence != 0.75 || f.Data.Timestamp.UnixMilli() != 1_700_000_000_000 {
			t.Fatalf("message %d is %+v", seq, f)
		}
	}
	o.batch(2)
	for seq := uint64(131); seq <= 132; seq++ {
		if f := v.want("message"); f.Data.Message != text(7, seq) {
			t.Errorf("message %d is %+v", seq, f)
		}
	}
	v.write(`{"type":"something","else":1}`)
	v.write(`not JSON`)
	v.write(`{"type":"ping","timestamp":5}`)
	if f := v.want("pong"); f.Timestamp.IsZero() {
		t.Errorf("pong is %+v", f)
	}
	o.event(frame.End, func(uint64) []byte { return frame.AppendStopped(nil, "somebody") })
	if f := v.want("disconnect"); f.Channel != "somebody" || f.Timestamp.IsZero() {
		t.Errorf("disconnect is %+v", f)
	}
	v.closed(live.CodeNormal)
}

func contains(s string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}
