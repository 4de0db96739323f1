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

// pieces gives so many bytes at a time, or all.
type pieces struct {
	rest []byte
	size int // 0: all
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	if p.size > 0 && p.size < len(b) {
		b = b[:p.size]
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// FuzzClientFrames feeds any bytes to a socket, in pieces of any size: it ends, and whatever it
// answers is valid frames, the last of them a close frame if there is one.
func FuzzClientFrames(f *testing.F) {
	add := func(plain bool, frames ...ws.Frame) {
		var b []byte
		for _, frame := range frames {
			b = append(b, ws.MustCompileFrame(ws.MaskFrame(frame))...)
		}
		f.Add(b, plain, byte(len(frames)*3))
	}
	add(false, ws.NewTextFrame([]byte(`{"type":"ping","t":[1,{"a":null}]}`)), ws.NewPingFrame([]byte("x")))
	add(true, ws.NewTextFrame([]byte(`{"type":"ping"}`)), ws.NewCloseFrame(nil))
	add(false, ws.NewTextFrame([]byte(`{"type":"auth","token":"t"}`)), ws.NewTextFrame([]byte(`x`)), ws.NewTextFrame([]byte(`{}`)))
	add(false, ws.NewFrame(ws.OpText, false, []byte(`{"type":`)), ws.NewPongFrame(nil), ws.NewFrame(ws.OpContinuation, true, []byte(`"ping"}`)))
	add(false, ws.NewCloseFrame(ws.NewCloseFrameBody(4000, "bye")))
	f.Add([]byte{0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}, false, byte(1))
	f.Fuzz(func(t *testing.T, data []byte, plain bool, piece byte) {
		h := New(Config{Bus: nobody{}, Tick: time.Hour, CloseWait: time.Second})
		defer h.Close()
		conn, far := net.Pipe()
		s := newSocket(h, conn, ServeOptions{Authenticate: func(context.Context, string) (string, time.Time, error) {
			return "somebody", time.Time{}, nil
		}})
		s.plain, s.packed = plain, piece%2 == 1
		if err := h.admit(s, "", ""); err != nil {
			t.Fatal(err)
		}
		answers := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(far) // a pipe that was closed is the end
			answers <- b
		}()
		s.read(&pieces{data, int(piece)})
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

// FuzzHeader: the header of a frame is read as github.com/gobwas/ws reads it.
func FuzzHeader(f *testing.F) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
		frame := ws.NewTextFrame(make([]byte, n))
		f.Add(ws.MustCompileFrame(frame)[:min(n+2, 14)])
		f.Add(ws.MustCompileFrame(ws.MaskFrame(frame))[:min(n+2, 14)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, n, err := header(data)
		r := bytes.NewReader(data)
		want, wantErr := ws.ReadHeader(r)
		switch {
		case errors.Is(wantErr, io.EOF), errors.Is(wantErr, io.ErrUnexpectedEOF):
			if n != 0 || err != nil {
				t.Errorf("of an unfinished header %d bytes were read, error %v", n, err)
			}
		case wantErr != nil:
			if err == nil {
				t.Errorf("no error, want %v", wantErr)
			}
		case err != nil || got != want || n != len(data)-r.Len():
			t.Errorf("header %+v of %d bytes, error %v, want %+v of %d", got, n, err, want, len(data)-r.Len())
		}
	})
}
