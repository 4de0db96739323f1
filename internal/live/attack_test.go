package live_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"chatmood/internal/live"
)

// TestFloods: who sends frames without end is closed, whatever they are, and
// nobody else misses a message for it.
func TestFloods(t *testing.T) {
	masked := func(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }
	first := ws.NewTextFrame(nil)
	first.Header.Fin = false
	rest := ws.NewFrame(ws.OpContinuation, false, nil)
	drop := ws.NewFrame(ws.OpContinuation, false, []byte("x"))
	for name, flood := range map[string][]byte{
		"pings":            bytes.Repeat(masked(ws.NewPingFrame(nil)), 1000),
		"large pings":      bytes.Repeat(masked(ws.NewPingFrame(bytes.Repeat([]byte("x"), 125))), 1000),
		"pongs":            bytes.Repeat(masked(ws.NewPongFrame(nil)), 1000),
		"empty texts":      bytes.Repeat(masked(ws.NewTextFrame(nil)), 1000),
		"empty fragments":  append(masked(first), bytes.Repeat(masked(rest), 1000)...),
		"tiny fragments":   append(masked(first), bytes.Repeat(masked(drop), 1000)...),
		"pings in between": append(masked(first), bytes.Repeat(append(masked(ws.NewPingFrame(nil)), masked(rest)...), 500)...),
		"sign-ins":         bytes.Repeat(masked(ws.NewTextFrame([]byte(`{"type":"auth","token":"x"}`))), 1000),
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, live.Config{})
			o := newOwner(t, n.bus, "somebody", 7)
			bystander := n.dial("somebody", true)
			bystander.want("hello")
			c := n.raw("somebody")
			c.nextOf(t, ws.OpText) // hello
			written := make(chan struct{})
			go func() {
				defer close(written)
				_, _ = c.Write(flood) // it may be cut off before it is out
			}()
			f := c.nextOf(t, ws.OpClose)
			if code := live.Code(binary.BigEndian.Uint16(f.Payload)); code != live.CodePolicy {
				t.Errorf("closed with %d (%s), want %d", code, f.Payload[2:], live.CodePolicy)
			}
			o.batch(3)
			if got := bystander.want("batch"); got.N != 3 || got.Seq != 3 {
				t.Errorf("somebody else got %+v", got)
			}
			c.Close()
			<-written
			waitFor(t, "the socket is gone", func() bool { return n.hub.Connections() == 1 })
		})
	}
}

// TestFramesThatDoNotEnd: a frame that comes by drops, or stops, does not keep
// a socket for longer than silence would.
func TestFramesThatDoNotEnd(t *testing.T) {
	whole := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame(bytes.Repeat([]byte("x"), 4000))))
	for name, drip := range map[string]bool{"stops": false, "by drops": true} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, live.Config{PingAfter: 100 * time.Millisecond, DeadAfter: 500 * time.Millisecond})
			newOwner(t, n.bus, "somebody", 7)
			c := n.raw("somebody")
			c.nextOf(t, ws.OpText) // hello
			dripped := make(chan struct{})
			go func() {
				defer close(dripped)
				rest := whole
				if _, err := c.Write(rest[:10]); err != nil || !drip {
					return
				}
				for _, b := range rest[10:] {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(10 * time.Millisecond) // slower than the frame has time
				}
			}()
			if _, err := io.Copy(io.Discard, c.r); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the socket was not ended: %v", err)
			}
			c.Close()
			<-dripped
			waitFor(t, "the socket is gone", func() bool { return n.hub.Connections() == 0 })
		})
	}
}

// TestHandshakes: what is no proper request for a WebSocket does not become one,
// and rubbish behind a proper one ends it.
func TestHandshakes(t *testing.T) {
	n := newNode(t, live.Config{})
	newOwner(t, n.bus, "somebody", 7)
	const (
		line    = "GET /somebody HTTP/1.1\r\nHost: a\r\n"
		upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		version = "Sec-WebSocket-Version: 13\r\n"
		key     = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	)
	ask := func(request string) (*http.Response, *bufio.Reader, net.Conn) {
		t.Helper()
		conn, err := net.Dial("tcp", n.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("%q: %v", request, err)
		}
		return resp, r, conn
	}
	for name, request := range map[string]string{
		"no key":            line + upgrade + version,
		"a short key":       line + upgrade + version + "Sec-WebSocket-Key: abc\r\n",
		"an old version":    line + upgrade + key + "Sec-WebSocket-Version: 8\r\n",
		"no version":        line + upgrade + key,
		"another protocol":  line + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + version + key,
		"no connection":     line + "Upgrade: websocket\r\n" + version + key,
		"another method":    strings.Replace(line, "GET", "PUT", 1) + upgrade + version + key,
		"an older HTTP":     strings.Replace(line, "1.1", "1.0", 1) + upgrade + version + key,
		"a bad subprotocol": line + upgrade + version + key + "Sec-WebSocket-Protocol: ,\x22;=\r\n",
	} {
		resp, _, conn := ask(request + "\r\n")
		if resp.StatusCode < 400 || resp.StatusCode >= 500 && resp.StatusCode != http.StatusHTTPVersionNotSupported {
			t.Errorf("%s: answered with %d", name, resp.StatusCode)
		}
		resp.Body.Close()
		conn.Close()
	}
	for name, rubbish := range map[string]string{
		"text":            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"ones":            strings.Repeat("\xff", 4096),
		"a TLS handshake": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		resp, r, conn := ask(line + upgrade + version + key + "\r\n" + rubbish)
		if resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s: answered with %d", name, resp.StatusCode)
		}
		for {
			f, err := ws.ReadFrame(r)
			if err != nil {
				t.Errorf("%s: ended without a close frame: %v", name, err)
				break
			}
			if f.Header.OpCode != ws.OpClose {
				continue
			}
			if code := live.Code(binary.BigEndian.Uint16(f.Payload)); code != live.CodeProtocol {
				t.Errorf("%s: closed with %s", name, fmt.Sprint(code))
			}
			break
		}
		conn.Close()
	}
	waitFor(t, "all sockets are gone", func() bool { return n.hub.Connections() == 0 })
}
