package irc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// listener is a scripted server on a real socket, for one of the schemes.
type listener struct {
	url      string
	trust    *tls.Config
	sessions chan *session
}

func listen(t *testing.T, scheme string) *listener {
	l := &listener{sessions: make(chan *session, 10)}
	var mu sync.Mutex
	var open []net.Conn
	var wg sync.WaitGroup
	serve := func(c net.Conn) {
		s := &session{t: t, conn: c}
		mu.Lock()
		open = append(open, c)
		mu.Unlock()
		wg.Go(func() {
			defer c.Close()
			s.serve()
		})
		l.sessions <- s
	}
	closeAll := func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close()
		}
	}

	// The test server's self-made certificate serves for both TLS schemes.
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accepting a WebSocket: %v", err)
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c := websocket.NetConn(ctx, ws, websocket.MessageText)
		s := &session{t: t, conn: c}
		mu.Lock()
		open = append(open, c)
		mu.Unlock()
		l.sessions <- s
		s.serve()
	}))
	if scheme == "ws" {
		web.Start()
	} else {
		web.StartTLS()
		pool := x509.NewCertPool()
		pool.AddCert(web.Certificate())
		l.trust = &tls.Config{RootCAs: pool, ServerName: "example.com"}
	}
	t.Cleanup(func() {
		closeAll()
		web.Close()
		wg.Wait()
	})
	host := web.Listener.Addr().String()
	if scheme == "irc" || scheme == "ircs" {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		host = ln.Addr().String()
		if scheme == "ircs" {
			ln = tls.NewListener(ln, &tls.Config{Certificates: web.TLS.Certificates})
		}
		accepting := make(chan struct{})
		go func() {
			defer close(accepting)
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				serve(c)
			}
		}()
		t.Cleanup(func() {
			ln.Close()
			<-accepting
		})
	}
	l.url = (&url.URL{Scheme: scheme, Host: host}).String()
	return l
}

// run runs a reader and returns what stops it.
func run(t *testing.T, conf Config) (r *Reader, stop func()) {
	r = NewReader(conf)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return r, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestSchemes(t *testing.T) {
	for _, scheme := range []string{"irc", "ircs", "ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			l := listen(t, scheme)
			rec := newRecorder(t)
			reader, stop := run(t, Config{URL: l.url, TLSConfig: l.trust, Handler: rec, Timing: Timing{NewConn: time.Millisecond}})
			defer stop()
			reader.Join("a")
			rec.wait("the channel is live", func() bool { return rec.state("a") == "live" })
			s := <-l.sessions
			s.raw("@id=1 :v!v@v PRIVMSG #a :one\r\n@id=2 :v!v@v PRIVMSG #a :two\r\n")
			if strings.HasPrefix(scheme, "ws") {
				s.raw("@id=3 :v!v@v PRIVMSG #a :no line end at the end of a frame")
			} else {
				s.raw("@id=3 :v!v@v PRIVMSG #a :no line end ")
				s.raw("at the end of a frame\r\n")
			}
			long := strings.Repeat("y", 100<<10)
			s.say("a", "4", long)
			s.say("a", "5", strings.Repeat("x", MaxLineBytes+10))
			s.say("a", "6", "last")
			want := []string{"one", "two", "no line end at the end of a frame", long, "last"}
			rec.wait("all is read", func() bool { return slices.Equal(rec.texts("a"), want) })
			if st := reader.Stats(); st.Overlong != 1 || st.Live != 1 {
				t.Errorf("stats %+v", st)
			}

			s.conn.Close()
			rec.wait("the gap is told", func() bool { return len(rec.gapsOf("a")) == 1 && rec.state("a") == "live" })
			s = <-l.sessions
			s.say("a", "7", "again")
			rec.wait("chat comes again", func() bool { return slices.Contains(rec.texts("a"), "again") })
		})
	}
}

func TestUnreachable(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close() // nobody listens there now
	notWeb := listen(t, "irc")
	tlsOnly := listen(t, "ircs")
	for _, conf := range []Config{
		{URL: "irc://" + addr},
		{URL: "ws://" + addr},
		// No TLS handshake comes from there.
		{URL: strings.Replace(notWeb.url, "irc", "wss", 1), Timing: Timing{Connect: 200 * time.Millisecond}},
		{URL: tlsOnly.url}, // its certificate is not trusted
	} {
		scheme, _, _ := strings.Cut(conf.URL, ":")
		t.Run(scheme, func(t *testing.T) {
			rec := newRecorder(t)
			conf.Handler = rec
			reader, stop := run(t, conf)
			defer stop()
			reader.Join("a")
			rec.wait("it is told", func() bool { return rec.state("a") == "connecting unreachable" })
		})
	}
}

// flood writes n lines of chat.
func flood(c net.Conn, n int) error {
	var chunk []byte
	for i := range n {
		chunk = fmt.Appendf(chunk, "%s\r\n", strings.Replace(typicalLine, "3b5c0c4e", fmt.Sprintf("%08x", i), 1))
		if len(chunk) > 60<<10 || i == n-1 {
			if _, err := c.Write(chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	return nil
}

func TestFlood(t *testing.T) {
	l := listen(t, "irc")
	var n counter
	reader, stop := run(t, Config{URL: l.url, Handler: &n})
	defer stop()
	reader.Join("streamer_demo")
	n.wait(t, 0)
	const lines = 100_000
	s := <-l.sessions
	if err := flood(s.conn, lines); err != nil {
		t.Fatal(err)
	}
	n.wait(t, lines)
	if st := reader.Stats(); st.Events != lines || st.Broken != 0 {
		t.Errorf("stats %+v", st)
	}
	stop()
	if err := flood(s.conn, 1); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Logf("the reader hung up: %v", err)
	}
}
