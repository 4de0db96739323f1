package irc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

// transport carries lines, over TCP or WebSocket.
type transport interface {
	// Read reads like an [io.Reader]. Where a transport has frames each ends
	// with a line end.
	Read(p []byte) (int, error)
	// Write sends whole lines.
	Write(lines string) error
	// Behind reports whether more has come than was read. Where that cannot be
	// told it is false.
	Behind() bool
	// Close ends a Read or Write in progress. It may be called often.
	Close() error
}

// dial opens the transport that u names. ctx bounds the opening, life the
// transport.
func dial(ctx, life context.Context, u *url.URL, conf *tls.Config, writeTimeout time.Duration) (transport, error) {
	switch u.Scheme {
	case "ws", "wss":
		return dialWebSocket(ctx, life, u, conf, writeTimeout)
	case "ircs":
		d := tls.Dialer{Config: conf}
		c, err := d.DialContext(ctx, "tcp", u.Host)
		if err != nil {
			return nil, err
		}
		return &stream{c, writeTimeout}, nil
	default:
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", u.Host)
		if err != nil {
			return nil, err
		}
		return &stream{c, writeTimeout}, nil
	}
}

// stream is a transport over TCP or TLS.
type stream struct {
	net.Conn
	timeout time.Duration // of a write
}

// Behind implements [transport].
func (s *stream) Behind() bool { return unread(s.Conn) > 0 }

func (s *stream) Write(lines string) error {
	if err := s.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return fmt.Errorf("setting the time limit of a write: %w", err)
	}
	_, err := io.WriteString(s.Conn, lines)
	return err
}

// webSocket is a transport over WebSocket: text frames of one or more lines.
type webSocket struct {
	conn    *websocket.Conn
	tcp     net.Conn // below it; nil where it is not known
	life    context.Context
	frame   io.Reader // being read, nil between frames
	timeout time.Duration
}

func dialWebSocket(ctx, life context.Context, u *url.URL, conf *tls.Config, writeTimeout time.Duration) (transport, error) {
	var tcp net.Conn
	var d net.Dialer
	rt := &http.Transport{TLSClientConfig: conf, Proxy: http.ProxyFromEnvironment, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		tcp = c
		return c, err
	}}
	conn, _, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: rt}}) //nolint:bodyclose // the connection takes it over
	if err != nil {
		rt.CloseIdleConnections()
		return nil, err
	}
	// Frames are read piece by piece, and lines have a limit of their own: a
	// long frame must not end the connection.
	conn.SetReadLimit(-1)
	return &webSocket{conn: conn, tcp: tcp, life: life, timeout: writeTimeout}, nil
}

func (w *webSocket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if w.frame == nil {
		_, frame, err := w.conn.Reader(w.life)
		if err != nil {
			return 0, err
		}
		w.frame = frame
	}
	n, err := w.frame.Read(p)
	if errors.Is(err, io.EOF) {
		w.frame, err = nil, nil
		if n == 0 {
			p[0], n = '\n', 1
			return n, nil
		}
		// The end of the frame is told by the next call's reader only when
		// this one carried bytes as well: put the line end in now if it fits.
		if n < len(p) {
			p[n] = '\n'
			return n + 1, nil
		}
		w.frame = eofReader{}
	}
	return n, err
}

// eofReader stands for a frame that was read to its end.
type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

func (w *webSocket) Write(lines string) error {
	ctx, cancel := context.WithTimeout(w.life, w.timeout)
	defer cancel()
	return w.conn.Write(ctx, websocket.MessageText, []byte(lines))
}

// Behind implements [transport].
func (w *webSocket) Behind() bool { return unread(w.tcp) > 0 }

func (w *webSocket) Close() error { return w.conn.CloseNow() }
