package loadtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

const (
	// dialTimeout bounds how long one connection may take to come about.
	dialTimeout = 20 * time.Second
	// silence is how long nothing may come: heartbeats do every 25 s.
	silence = 60 * time.Second
	// maxFrame bounds a frame; a hello of a busy channel has some hundred KB.
	maxFrame = 32 << 20
	// slowPause is how long a slow client reads nothing.
	slowPause = 2 * time.Second
	// pingEvery keeps a connection from being taken for dead.
	pingEvery = 25 * time.Second
)

// client watches one channel and comes again when its connection breaks.
type client struct {
	run     *run
	channel string
	dialect Dialect
	slow    bool
	wake    chan struct{}

	mu   sync.Mutex // guards what follows
	conn io.Closer  // nil between connections
	torn bool       // the test itself has broken conn

	// Only the client's own goroutine touches what follows.
	epoch, seq uint64 // last place in the stream; epoch 0: none
	eventID    string
	lostAt     time.Time // when the connection broke; zero: it did not
	since      time.Time // when the connection came about
}

// work connects again and again until ctx ends.
func (c *client) work(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		connected, err := c.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.run.failed(err)
		}
		if c.lostAt.IsZero() {
			c.lostAt = time.Now()
		}
		if connected {
			failures = 0
		}
		// At once first, then with growing pauses, as browsers should.
		wait := min(time.Duration(failures)*250*time.Millisecond, 5*time.Second)
		failures++
		if !pause(ctx, wait) {
			return
		}
	}
}

// cut breaks the connection, as a lost network does.
func (c *client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.torn = true
		c.conn.Close()
	}
}

// wasCut reports whether the connection was broken by the test itself. Its
// errors say so in too many ways to tell them by: a response's body, for
// one, has an error of its own for being read after it was closed.
func (c *client) wasCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.torn
}

// session is one connection, from dialling to its end.
func (c *client) session(ctx context.Context) (connected bool, err error) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var conn io.ReadCloser
	var read func() error
	if c.dialect == Events {
		conn, read, err = c.openEvents(ctx)
	} else {
		conn, read, err = c.openSocket(dialing)
	}
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	c.conn, c.torn = conn, false
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	c.since = time.Now()
	c.run.connects.Add(1)
	c.run.connected.Add(1)
	defer func() {
		c.run.connected.Add(-1)
		c.mu.Lock()
		c.conn = nil
		c.mu.Unlock()
		stop()
		conn.Close()
	}()
	for {
		if err := read(); err != nil {
			if c.wasCut() || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = nil // cut, by us or by the server; the close codes are counted apart
			}
			return true, err
		}
		if c.slow && !pause(ctx, slowPause) {
			return true, nil
		}
	}
}

// openSocket dials a WebSocket.
func (c *client) openSocket(ctx context.Context) (io.ReadCloser, func() error, error) {
	u := *c.run.cfg.Target
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	u.Path = strings.TrimRight(u.Path, "/") + "/ws/chat/" + c.channel
	if c.epoch != 0 {
		u.RawQuery = fmt.Sprintf("since=%d.%d", c.epoch, c.seq)
	}
	header := http.Header{}
	if c.run.cfg.Token != "" {
		header.Set("Authorization", "Bearer "+c.run.cfg.Token)
	}
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header)}
	if c.dialect == Batched {
		dialer.Protocols = []string{"chatmood.v1"}
	}
	conn, early, _, err := dialer.Dial(ctx, u.String())
	if err != nil {
		return nil, nil, fmt.Errorf("connecting: %w", err)
	}
	var r io.Reader = conn
	if early != nil { // frames that came right behind the handshake
		r = io.MultiReader(io.LimitReader(early, int64(early.Buffered())), conn)
	}
	buffered := bufio.NewReaderSize(r, 16<<10)
	var payload []byte
	nextPing := time.Now().Add(pingEvery)
	return conn, func() error {
		if err := conn.SetDeadline(time.Now().Add(silence)); err != nil {
			return err
		}
		h, err := ws.ReadHeader(buffered)
		if err != nil {
			return err
		}
		if h.Length > maxFrame {
			return errors.New("a frame is larger than 32 MB")
		}
		if cap(payload) < int(h.Length) {
			payload = make([]byte, h.Length)
		}
		payload = payload[:h.Length]
		if _, err := io.ReadFull(buffered, payload); err != nil {
			return err
		}
		c.count(int(h.Length))
		switch h.OpCode {
		case ws.OpText:
			c.frame(payload)
		case ws.OpPing:
			return ws.WriteFrame(conn, ws.MaskFrameInPlace(ws.NewPongFrame(payload)))
		case ws.OpClose:
			code, _ := ws.ParseCloseFrameData(payload)
			c.run.closed(strconv.Itoa(int(code)))
			return io.EOF
		}
		if now := time.Now(); now.After(nextPing) {
			nextPing = now.Add(pingEvery)
			return ws.WriteFrame(conn, ws.MaskFrameInPlace(ws.NewTextFrame([]byte(`{"type":"ping"}`))))
		}
		return nil
	}, nil
}

// openEvents asks for an event stream.
func (c *client) openEvents(ctx context.Context) (io.ReadCloser, func() error, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.run.cfg.Target.JoinPath("api/sse/chat", c.channel).String(), nil)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	if c.run.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.run.cfg.Token)
	}
	if c.eventID != "" {
		req.Header.Set("Last-Event-ID", c.eventID)
	}
	res, err := c.run.http.Do(req)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("connecting: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		cancel()
		return nil, nil, fmt.Errorf("connecting: the event stream is answered with %s", res.Status)
	}
	lines := bufio.NewReaderSize(res.Body, 16<<10)
	return eventBody{res.Body, cancel}, func() error {
		line, err := lines.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // a long event: the rest of it matters to nobody here
			c.count(len(line))
			line, err = lines.ReadSlice('\n')
		}
		if err != nil {
			return err
		}
		c.count(len(line))
		if id, ok := bytes.CutPrefix(line, []byte("id:")); ok {
			c.eventID = string(bytes.TrimSpace(id))
		} else if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			c.frame(bytes.TrimSpace(data))
		}
		return nil
	}, nil
}

// eventBody ends the request when it is closed: closing the body alone would
// wait for the server.
type eventBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b eventBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

func (c *client) count(n int) {
	if c.run.measuring.Load() {
		c.run.bytes.Add(int64(n))
	}
}

// frame takes a frame in. Only its beginning is parsed: the load of the test
// must not be that of reading JSON.
func (c *client) frame(data []byte) {
	kind, rest, ok := cutType(data)
	if !ok {
		return
	}
	switch kind {
	case "batch":
		c.batch(rest)
	case "message":
		c.arrived(1)
		if i := bytes.Index(rest, []byte(`"timestamp":"`)); i >= 0 {
			text := rest[i+len(`"timestamp":"`):]
			if j := bytes.IndexByte(text, '"'); j >= 0 {
				if at, err := time.Parse(time.RFC3339Nano, string(text[:j])); err == nil {
					c.late(at)
				}
			}
		}
	case "hello":
		c.hello(data)
	case "gap":
		c.gap(data)
	default:
		return
	}
	if !c.lostAt.IsZero() {
		c.run.downtime.add(time.Since(c.lostAt))
		c.lostAt = time.Time{}
	}
}

// batch checks the sequence: a batch follows the one before without a hole.
func (c *client) batch(rest []byte) {
	seq, n := number(rest, `"seq":`), number(rest, `"n":`)
	c.arrived(int64(n))
	if c.epoch != 0 && c.seq != 0 {
		switch expected := c.seq + n; {
		case seq > expected:
			c.wrong(&c.run.lost, int64(seq-expected))
		case seq < expected:
			c.wrong(&c.run.doubled, int64(expected-seq))
		}
	}
	c.seq = max(c.seq, seq)
	// The last message is the newest.
	if i := bytes.LastIndex(rest, []byte(`"t":`)); i >= 0 {
		if t := number(rest[i:], `"t":`); t > 0 {
			c.late(time.UnixMilli(int64(t)))
		}
	}
}

func (c *client) wrong(counter interface{ Add(int64) int64 }, n int64) {
	if c.run.measuring.Load() {
		counter.Add(n)
	}
}

func (c *client) hello(data []byte) {
	var h struct {
		Epoch, Seq uint64
		Resumed    bool
	}
	if err := json.Unmarshal(data, &h); err != nil {
		c.run.failed(fmt.Errorf("reading a hello: %w", err))
		return
	}
	if h.Resumed {
		c.run.resumed.Add(1)
		return // the stream goes on from our own place
	}
	c.epoch, c.seq = h.Epoch, h.Seq
}

func (c *client) gap(data []byte) {
	var g struct {
		Missed int64
		To     uint64
	}
	if err := json.Unmarshal(data, &g); err != nil {
		c.run.failed(fmt.Errorf("reading a gap: %w", err))
		return
	}
	c.wrong(&c.run.gaps, g.Missed)
	c.seq = max(c.seq, g.To)
}

func (c *client) arrived(n int64) {
	if c.run.measuring.Load() {
		c.run.deliveries.Add(n)
	}
}

// late counts how long a message was on its way. What was written before the
// connection came about waited for that, and slow clients are late by their own
// will.
func (c *client) late(at time.Time) {
	if !c.run.measuring.Load() || c.slow {
		return
	}
	if at = at.Add(-c.run.skew); at.After(c.since) {
		c.run.latency.add(time.Since(at))
	}
}

// cutType returns the value of "type", which is first in each frame.
func cutType(data []byte) (kind string, rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(data, []byte(`{"type":"`))
	if !ok {
		return "", nil, false
	}
	i := bytes.IndexByte(rest, '"')
	if i < 0 {
		return "", nil, false
	}
	return string(rest[:i]), rest[i+1:], true
}

// number reads the whole number behind a key, 0 where there is none.
func number(data []byte, key string) (n uint64) {
	i := bytes.Index(data, []byte(key))
	if i < 0 {
		return 0
	}
	for _, b := range data[i+len(key):] {
		if b < '0' || b > '9' {
			break
		}
		n = n*10 + uint64(b-'0')
	}
	return n
}

func decode(r io.Reader, into any) error {
	return json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(into)
}
