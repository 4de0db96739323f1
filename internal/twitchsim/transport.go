package twitchsim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// wire carries lines over TCP, TLS or WebSocket.
type wire interface {
	io.Reader // what the client wrote
	// writeLines writes whole lines.
	writeLines(p []byte) error
	// text reports whether the wire carries valid UTF-8 only.
	text() bool
}

// greetTimeout is how long a client may take to say what it speaks.
const greetTimeout = 30 * time.Second

// writeTimeout is how long one write to a client may take.
const writeTimeout = 10 * time.Second

// peeked is a connection whose first bytes were looked at.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// openWire finds out what the client speaks: TLS begins with 0x16, a WebSocket
// with "GET ", everything else is IRC.
func openWire(nc net.Conn, conf *tls.Config) (wire, error) {
	if err := nc.SetReadDeadline(time.Now().Add(greetTimeout)); err != nil {
		return nil, err
	}
	p := peeked{nc, bufio.NewReaderSize(nc, 4096)}
	first, err := p.r.Peek(1)
	if err != nil {
		return nil, err
	}
	if conf != nil && first[0] == 0x16 {
		sec := tls.Server(p, conf)
		if err := sec.HandshakeContext(context.Background()); err != nil { // the deadline bounds it
			return nil, fmt.Errorf("TLS handshake: %w", err)
		}
		p = peeked{sec, bufio.NewReaderSize(sec, 4096)}
		if first, err = p.r.Peek(1); err != nil {
			return nil, err
		}
	}
	var w wire = &lineWire{p}
	if first[0] == 'G' {
		if head, err := p.r.Peek(4); err == nil && string(head) == "GET " {
			if _, err := ws.Upgrade(p); err != nil {
				return nil, fmt.Errorf("WebSocket handshake: %w", err)
			}
			w = newSocketWire(p)
		}
	}
	return w, nc.SetReadDeadline(time.Time{})
}

// lineWire is IRC as it is.
type lineWire struct{ conn net.Conn }

func (w *lineWire) Read(p []byte) (int, error) { return w.conn.Read(p) }
func (w *lineWire) text() bool                 { return false }

func (w *lineWire) writeLines(p []byte) error {
	_, err := w.conn.Write(p)
	return err
}

// socketWire is IRC in text frames of one or more whole lines each.
type socketWire struct {
	conn   net.Conn
	reader *wsutil.Reader
	inside bool // in the middle of a frame
	end    bool // a frame ended: a line end is owed

	mu  sync.Mutex // guards writing
	buf []byte
}

// maxFrameBytes bounds the frames in both directions.
const maxFrameBytes = 64 << 10

func newSocketWire(conn net.Conn) *socketWire {
	w := &socketWire{conn: conn}
	w.reader = &wsutil.Reader{
		Source: conn, State: ws.StateServerSide, MaxFrameSize: maxFrameBytes,
		OnIntermediate: w.control,
	}
	return w
}

func (w *socketWire) text() bool { return true }

// control answers pings and closes between the pieces of a message.
func (w *socketWire) control(h ws.Header, r io.Reader) error {
	payload, err := io.ReadAll(io.LimitReader(r, ws.MaxControlFramePayloadSize))
	if err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpPing:
		return w.frame(ws.OpPong, payload)
	case ws.OpClose:
		if len(payload) < 2 {
			payload = ws.NewCloseFrameBody(ws.StatusNormalClosure, "")
		}
		if err := w.frame(ws.OpClose, payload); err != nil {
			return err
		}
		return io.EOF
	}
	return nil
}

// Read returns what the client's frames hold, with a line end after each.
func (w *socketWire) Read(p []byte) (int, error) {
	for {
		if w.end {
			w.end = false
			p[0] = '\n'
			return 1, nil
		}
		if !w.inside {
			h, err := w.reader.NextFrame()
			if err != nil {
				return 0, err
			}
			if h.OpCode.IsControl() {
				if err := w.control(h, w.reader); err != nil {
					return 0, err
				}
				continue
			}
			w.inside = true
		}
		n, err := w.reader.Read(p)
		if errors.Is(err, io.EOF) {
			w.inside, w.end, err = false, true, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (w *socketWire) writeLines(p []byte) error {
	for len(p) > maxFrameBytes {
		cut := bytes.LastIndexByte(p[:maxFrameBytes], '\n') + 1
		if cut == 0 { // one line longer than that
			cut = bytes.IndexByte(p, '\n') + 1
		}
		if cut == 0 {
			break
		}
		if err := w.frame(ws.OpText, p[:cut]); err != nil {
			return err
		}
		p = p[cut:]
	}
	if len(p) == 0 {
		return nil
	}
	return w.frame(ws.OpText, p)
}

func (w *socketWire) frame(op ws.OpCode, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var head bytes.Buffer
	if err := ws.WriteHeader(&head, ws.Header{Fin: true, OpCode: op, Length: int64(len(payload))}); err != nil {
		return err
	}
	w.buf = append(append(w.buf[:0], head.Bytes()...), payload...)
	if err := w.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := w.conn.Write(w.buf)
	return err
}

// selfSigned makes a certificate for this machine's loopback names and for the
// host of listen, valid for 90 days, and the pool that trusts it.
func selfSigned(listen string) (*tls.Config, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "chatmood simulator"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(0, 0, 90),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	conf := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
	return conf, pool, nil
}
