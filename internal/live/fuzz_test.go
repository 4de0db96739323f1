package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"chatmood/internal/bus"
)

// nobody is a bus on which no channel is analysed.
type nobody struct{}

func (nobody) Subscribe(string, func([]byte)) (func(), error) { return func() {}, nil }
func (nobody) Request(context.Context, string, []byte) ([]byte, error) {
	return nil, bus.ErrNoResponder
}

// FuzzClientFrames feeds any bytes to a socket: it ends, and whatever it
// answers is valid frames, the last of them a close frame if there is one.
func FuzzClientFrames(f *testing.F) {
	add := func(plain bool, frames ...ws.Frame) {
		var b []byte
		for _, frame := range frames {
			b = append(b, ws.MustCompileFrame(ws.MaskFrame(frame))...)
		}
		f.Add(b, plain)
	}
	add(false, ws.NewTextFrame([]byte(`{"type":"ping","t":[1,{"a":null}]}`)), ws.NewPingFrame([]byte("x")))
	add(true, ws.NewTextFrame([]byte(`{"type":"ping"}`)), ws.NewCloseFrame(nil))
	add(false, ws.NewTextFrame([]byte(`{"type":"auth","token":"t"}`)), ws.NewTextFrame([]byte(`x`)), ws.NewTextFrame([]byte(`{}`)))
	add(false, ws.NewFrame(ws.OpText, false, []byte(`{"type":`)), ws.NewPongFrame(nil), ws.NewFrame(ws.OpContinuation, true, []byte(`"ping"}`)))
	add(false, ws.NewCloseFrame(ws.NewCloseFrameBody(4000, "bye")))
	f.Add([]byte{0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}, false)
	f.Fuzz(func(t *testing.T, data []byte, plain bool) {
		h := New(Config{Bus: nobody{}, Tick: time.Hour, CloseWait: time.Second})
		defer h.Close()
		conn, far := net.Pipe()
		s := newSocket(h, conn, ServeOptions{Authenticate: func(context.Context, string) (string, time.Time, error) {
			return "somebody", time.Time{}, nil
		}})
		s.plain = plain
		if err := h.admit(s, "", ""); err != nil {
			t.Fatal(err)
		}
		answers := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(far) // a pipe that was closed is the end
			answers <- b
		}()
		s.read(bytes.NewReader(data))
		r := bytes.NewReader(<-answers)
		closed := false
		for r.Len() > 0 {
			frame, err := ws.ReadFrame(r)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return // the connection ended while the answer was written
			}
			if err != nil || closed {
				t.Fatalf("answer %+v, error %v", frame, err)
			}
			closed = frame.Header.OpCode == ws.OpClose
			if frame.Header.OpCode == ws.OpText && !json.Valid(frame.Payload) {
				t.Errorf("answered %q", frame.Payload)
			}
		}
	})
}
