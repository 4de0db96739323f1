package live_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"chatmood/internal/live"
	"chatmood/internal/live/frame"
)

// packedDial opens a socket that compresses, with another library.
func (n *node) packedDial(target string, batched bool, mode websocket.CompressionMode) *viewer {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	n.t.Cleanup(cancel)
	// Everything that the client sends is compressed, as browsers do.
	opts := &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 1}
	if batched {
		opts.Subprotocols = []string{frame.Protocol}
	}
	conn, resp, err := websocket.Dial(ctx, n.server.URL+"/"+target, opts)
	if err != nil {
		n.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	n.t.Cleanup(func() { conn.CloseNow() })
	if got := resp.Header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate") {
		n.t.Fatalf("the extensions are %q", got)
	}
	return &viewer{n.t, conn, ctx}
}

// Who reads compressed frames gets the same as everybody, in fewer bytes.
func TestCompressed(t *testing.T) {
	const batches, size = 20, 30
	bytesOf := func(compressing bool) int64 {
		n := newNode(t, live.Config{})
		o := newOwner(t, n.bus, "somebody", 7)
		var viewers []*viewer
		dial := func(batched bool, mode websocket.CompressionMode) {
			var v *viewer
			if compressing {
				v = n.packedDial("somebody", batched, mode)
			} else {
				v = n.dial("somebody", batched)
			}
			if batched {
				v.want("hello")
			}
			v.write(`{"type":"ping","t":1}`)
			v.want("pong")
			viewers = append(viewers, v)
		}
		for range 3 {
			dial(true, websocket.CompressionNoContextTakeover)
			dial(true, websocket.CompressionContextTakeover)
		}
		dial(false, websocket.CompressionContextTakeover)
		waitFor(t, "all are in", func() bool { return n.hub.Viewers("somebody") == len(viewers) })
		for range batches {
			o.batch(size)
		}
		for i, v := range viewers {
			for seq := uint64(1); seq <= batches*size; {
				f := v.next()
				switch {
				case i == len(viewers)-1:
					if f.Type != "message" || f.Data.Message != text(7, seq) {
						t.Fatalf("message %d is %+v", seq, f)
					}
					seq++
				case f.Type != "batch" || f.N != size:
					t.Fatalf("got %+v", f)
				default:
					for _, m := range f.M {
						if m.X != text(7, seq) {
							t.Fatalf("message %d is %q", seq, m.X)
						}
						seq++
					}
				}
			}
		}
		if s := n.hub.Stats(); s.Gaps > 0 || s.Malformed > 0 {
			t.Errorf("the figures are %+v", s)
		}
		return n.hub.Stats().Bytes
	}
	if with, without := bytesOf(true), bytesOf(false); with > without*2/3 {
		t.Errorf("compressed %d bytes were written, otherwise %d", with, without)
	}
}

// What clients compress wrongly, or too well, ends their socket.
func TestCompressedFaults(t *testing.T) {
	pack := func(text string) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
		w.Flush()
		return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
	}
	build := func(op ws.OpCode, fin bool, rsv byte, body []byte) []byte {
		f := ws.NewFrame(op, fin, body)
		f.Header.Rsv = rsv
		return ws.MustCompileFrame(ws.MaskFrame(f))
	}
	bomb := pack(strings.Repeat("x", 1<<20))
	for name, c := range map[string]struct {
		frames  []byte
		offered bool
		want    live.Code
	}{
		"a bomb":                   {build(ws.OpText, true, 4, bomb), true, live.CodeTooLarge},
		"no compression":           {build(ws.OpText, true, 4, []byte("\xff\xff\xff\xff")), true, live.CodeInvalid},
		"no UTF-8":                 {build(ws.OpText, true, 4, pack("\xff")), true, live.CodeInvalid},
		"another bit":              {build(ws.OpText, true, 2, pack("{}")), true, live.CodeProtocol},
		"a compressed ping":        {build(ws.OpPing, true, 4, pack("x")), true, live.CodeProtocol},
		"a compressed rest":        {append(build(ws.OpText, false, 4, pack("{")), build(ws.OpContinuation, true, 4, pack("}"))...), true, live.CodeProtocol},
		"nothing was agreed on":    {build(ws.OpText, true, 4, pack("{}")), false, live.CodeProtocol},
		"a bomb in many fragments": {fragments(build, bomb), true, live.CodeTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, live.Config{})
			newOwner(t, n.bus, "somebody", 7)
			d := ws.Dialer{Protocols: []string{frame.Protocol}}
			if c.offered {
				d.Extensions = append(d.Extensions, wsflate.DefaultParameters.Option())
			}
			conn, r, _, err := d.Dial(t.Context(), "ws"+strings.TrimPrefix(n.server.URL, "http")+"/somebody")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if r == nil {
				r = bufio.NewReader(conn)
			}
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(c.frames); err != nil {
				t.Fatal(err)
			}
			f := (&rawConn{conn, r}).nextOf(t, ws.OpClose)
			if code := live.Code(binary.BigEndian.Uint16(f.Payload)); code != c.want {
				t.Errorf("closed with %d (%s), want %d", code, f.Payload[2:], c.want)
			}
		})
	}
}

// fragments sends a message in pieces of 200 bytes.
func fragments(build func(op ws.OpCode, fin bool, rsv byte, body []byte) []byte, message []byte) (frames []byte) {
	op, rsv := ws.OpText, byte(4)
	for len(message) > 0 {
		n := min(200, len(message))
		frames = append(frames, build(op, n == len(message), rsv, message[:n])...)
		message = message[n:]
		op, rsv = ws.OpContinuation, 0
	}
	return frames
}
