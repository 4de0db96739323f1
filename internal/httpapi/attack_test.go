package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"chatmood/internal/account"
	"chatmood/internal/config"
	"chatmood/internal/httpapi"
)

// pipes is a listener without a network: in a bubble of synctest its time-outs
// pass in no time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "pipe"} }

func (p *pipes) dial() net.Conn {
	far, near := net.Pipe()
	p.conns <- far
	return near
}

// ask sends a request on a connection of its own and returns the answer's status.
func (p *pipes) ask(t *testing.T, request string) int {
	t.Helper()
	conn := p.dial()
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, request) }()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.40q: %v", request, err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// noSessions is a store without a file, which would not do in a bubble.
type noSessions struct{ sessions }

type sessions = httpapi.Sessions

// serveOnPipes serves the API on pipes, as the program does on a network.
func serveOnPipes(t *testing.T, channels httpapi.Channels) *pipes {
	t.Helper()
	api, err := httpapi.New(httpapi.Config{Channels: channels, Sessions: noSessions{}, Hub: &hub{}, Analyzer: judge{}, Guests: httpapi.GuestsAnalyse})
	if err != nil {
		t.Fatal(err)
	}
	server, listener := api.Server(), newPipes()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return listener
}

// patient starts analyses slowly.
type patient struct{ *room }

func (p patient) Start(ctx context.Context, channel, by string) (bool, error) {
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(25 * time.Second): // longer than a body may take, shorter than an answer
	}
	return p.room.Start(ctx, channel, by)
}

// TestSlowAnswer: that a body has to arrive in time does not bound how long its
// answer may take.
func TestSlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := serveOnPipes(t, patient{newRoom()})
		const body = `{"url":"twitch.tv/somebody"}`
		request := fmt.Sprintf("POST /api/twitch/connect HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		if status := listener.ask(t, request); status != http.StatusOK {
			t.Errorf("answered with %d", status)
		}
	})
}

// TestSlowClients: who sends a request slowly, or half of one, holds a
// connection for seconds and keeps nobody else from anything.
func TestSlowClients(t *testing.T) {
	const post = "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
	for _, test := range []struct {
		name  string
		start string
		drip  string // sent each second
		most  time.Duration
	}{
		{"nothing", "", "", 11 * time.Second},
		{"half a header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: ", "", 11 * time.Second},
		{"a header without end", "GET / HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n", 11 * time.Second},
		{"a body that stops", fmt.Sprintf(post, "/api/sentiment"), "", 20 * time.Second},
		{"a body by drops", fmt.Sprintf(post, "/api/sentiment"), " ", 20 * time.Second},
		{"a body that nobody reads", fmt.Sprintf(post, "/nothing"), "", 20 * time.Second},
		{"a body that nobody reads, by drops", fmt.Sprintf(post, "/nothing"), " ", 20 * time.Second},
		{"a body of a request that has none", strings.Replace(fmt.Sprintf(post, "/health/live"), "POST", "GET", 1), " ", 20 * time.Second},
		{"a body that was refused", fmt.Sprintf(post, "/api/admin/users"), " ", 20 * time.Second},
		{"a body in parts without end", "POST /nothing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 20 * time.Second},
		{"a body for an event stream", strings.Replace(fmt.Sprintf(post, "/api/sse/chat/nobody"), "POST", "GET", 1), " ", 20 * time.Second},
		{"a socket with a body", strings.Replace(fmt.Sprintf(post, "/ws/chat/somebody"), "POST", "GET", 1), " ", 20 * time.Second},
		{"a body for a log of past chat", fmt.Sprintf(post, "/api/history/import"), " ", 20 * time.Second},
		{"a body for the description", strings.Replace(fmt.Sprintf(post, "/openapi.json"), "POST", "GET", 1), " ", 20 * time.Second},
		{"half a second request", "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET / HT", "", 11 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := serveOnPipes(t, newRoom("somebody"))
				conn := listener.dial()
				go func() {
					for text := test.start; ; text = test.drip {
						if _, err := io.WriteString(conn, text); err != nil {
							return
						}
						time.Sleep(time.Second)
					}
				}()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					_, _ = io.Copy(io.Discard, conn) // an answer may come, and then the end
				}()
				time.Sleep(5 * time.Second)
				if status := listener.ask(t, "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); status != http.StatusOK {
					t.Errorf("meanwhile another client gets %d", status)
				}
				select {
				case <-ended:
				case <-time.After(test.most - 5*time.Second):
					t.Errorf("the connection is open after %v", test.most)
				}
				conn.Close()
				time.Sleep(2 * time.Second) // the one who drips notices
			})
		})
	}
}

// dial opens a connection that lasts 20 s at most.
func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// raw sends bytes and returns the status of each answer until the server hangs up.
func (s *server) raw(t *testing.T, data string) (statuses []int) {
	t.Helper()
	conn := s.dial(t)
	if _, err := io.WriteString(conn, data); err != nil && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "pipe") {
		t.Fatal(err) // the server may have heard enough
	}
	r := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				t.Fatalf("%.60q: the connection stays open after %v", data, statuses)
			}
			return statuses
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		statuses = append(statuses, resp.StatusCode)
	}
}

// TestTooLargeIsTold: who sends all of a body before reading is told that it is
// too large, instead of losing the connection.
func TestTooLargeIsTold(t *testing.T) {
	s := serve(t, nil)
	body := `{"email":"` + strings.Repeat("a", 7<<20) + `"}`
	conn := s.dial(t)
	if _, err := fmt.Fprintf(conn, "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatalf("sending: %v", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("the answer: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", resp.StatusCode)
	}
}

// TestSmuggling: where a request ends is never in doubt. What proxies may read
// in two ways is refused, or read in the one way that RFC 9112 has, and nothing
// of a body is taken for a request.
func TestSmuggling(t *testing.T) {
	s := serve(t, nil)
	// Sent behind each: its answer, 200, says that the connection goes on.
	const last = "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	const inside = "GET /in/side HTTP/1.1\r\nHost: a\r\n\r\n" // must stay a body
	post := func(headers, body string) string {
		return "POST /api/sentiment HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + headers + "\r\n" + body
	}
	size := fmt.Sprint(len(inside))
	const (
		refused = 400
		invalid = 422 // the body is read and is no JSON
	)
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inside), inside)
	for _, test := range []struct {
		name string
		send string
		want []int
	}{
		{"a body by its length", post("Content-Length: "+size+"\r\n", inside), []int{invalid, 200}},
		{"a body in parts", post("Transfer-Encoding: chunked\r\n", chunk), []int{invalid, 200}},
		{"parts and a shorter length", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", chunk), []int{invalid, 200}},
		{"parts and a longer length", post("Transfer-Encoding: chunked\r\nContent-Length: 4000\r\n", chunk), []int{invalid, 200}},
		{"two lengths", post("Content-Length: "+size+"\r\nContent-Length: 0\r\n", inside), []int{refused}},
		{"two lengths in one", post("Content-Length: "+size+", 0\r\n", inside), []int{refused}},
		{"a length with a sign", post("Content-Length: +"+size+"\r\n", inside), []int{refused}},
		{"a negative length", post("Content-Length: -1\r\n", inside), []int{refused}},
		{"a length in another base", post("Content-Length: 0x24\r\n", inside), []int{refused}},
		{"a length beyond all numbers", post("Content-Length: 99999999999999999999\r\n", inside), []int{refused}},
		{"an empty length", post("Content-Length: \r\n", inside), []int{refused}},
		{"another encoding", post("Transfer-Encoding: identity\r\n", chunk), []int{501}},
		{"two encodings", post("Transfer-Encoding: gzip, chunked\r\n", chunk), []int{501}},
		{"an encoding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk), []int{501}},
		{"an encoding in disguise", post("Transfer-Encoding: \vchunked\r\n", chunk), []int{refused}},
		{"an encoding by another name", post("Transfer-Encoding: xchunked\r\n", chunk), []int{501}},
		{"space before the colon", post("Transfer-Encoding : chunked\r\n", chunk), []int{refused}},
		{"space before the name", post(" Transfer-Encoding: chunked\r\n", chunk), []int{invalid, refused}},
		{"a length that goes on in the next line", post("Content-Length:\r\n "+size+"\r\n", inside), []int{invalid, 200}},
		{"an encoding that goes on in the next line", post("Transfer-Encoding:\r\n chunked\r\n", chunk), []int{invalid, 200}},
		{"no line feeds", strings.ReplaceAll(post("Content-Length: 0\r\n", ""), "\r\n", "\r"), []int{refused}},
		{"no carriage returns in a part", post("Transfer-Encoding: chunked\r\n", strings.ReplaceAll(chunk, "\r\n", "\n")), []int{refused}},
		{"a lone line feed behind a part's size", post("Transfer-Encoding: chunked\r\n", strings.Replace(chunk, "\r\n", "\n", 1)), []int{refused}},
		{"a part with an extension and a lone line feed", post("Transfer-Encoding: chunked\r\n", strings.Replace(chunk, "\r\n", ";a\nb\r\n", 1)), []int{refused}},
		{"a part of negative size", post("Transfer-Encoding: chunked\r\n", "-24\r\n"+inside+"\r\n0\r\n\r\n"), []int{refused}},
		{"a part beyond all numbers", post("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"+inside+"\r\n0\r\n\r\n"), []int{refused}},
		{"a null byte", post("X-A: \x00\r\n", ""), []int{refused}},
		{"no host", "GET /health/live HTTP/1.1\r\n\r\n", []int{refused}},
		{"two hosts", "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", []int{refused}},
		{"a host that is none", "GET /health/live HTTP/1.1\r\nHost: a/b\r\n\r\n", []int{refused}},
		{"a method that is none", "GE(T /health/live HTTP/1.1\r\nHost: a\r\n\r\n", []int{refused}},
		{"another version", "GET /health/live HTTP/9.9\r\nHost: a\r\n\r\n", []int{505}},
		{"HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{404}},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", []int{405, 200}},
		{"CONNECT", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n", []int{405}},
	} {
		got := s.raw(t, test.send+last)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: answered with %v, want %v", test.name, got, test.want)
		}
	}
	if log := s.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("what strangers send is logged as a fault of ours: %s", log)
	}
}

// TestHeaderBounds: headers have a size, and so has an address.
func TestHeaderBounds(t *testing.T) {
	s := serve(t, nil)
	for name, headers := range map[string]string{
		"one large header":   "X-A: " + strings.Repeat("a", 70<<10) + "\r\n",
		"many small headers": strings.Repeat("X-A: b\r\n", 10_000),
		"many headers' names": func() string {
			var b strings.Builder
			for i := range 8_000 {
				fmt.Fprintf(&b, "X-%d: b\r\n", i)
			}
			return b.String()
		}(),
		"a large cookie": "Cookie: " + strings.Repeat("a=b; ", 20<<10) + "\r\n",
	} {
		if got := s.raw(t, "GET /api/info HTTP/1.1\r\nHost: a\r\n"+headers+"\r\n"); !slices.Equal(got, []int{http.StatusRequestHeaderFieldsTooLarge}) {
			t.Errorf("%s: answered with %v", name, got)
		}
	}
	if got := s.raw(t, "GET /api/info?"+strings.Repeat("a", 80<<10)+" HTTP/1.1\r\nHost: a\r\n\r\n"); len(got) != 1 || got[0] < 400 || got[0] > 431 {
		t.Errorf("a long address: answered with %v", got)
	}
	if got := s.raw(t, "GET /api/info HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"+strings.Repeat("X-A: b\r\n", 1000)+"\r\n"); !slices.Equal(got, []int{200}) {
		t.Errorf("many headers within the bound: answered with %v", got)
	}
}

// TestHeaderScan looks at all headers of every kind of answer of a server in
// production behind https.
func TestHeaderScan(t *testing.T) {
	c := open(t, func(cfg *httpapi.Config, _ *account.Config) {
		cfg.UI, cfg.Production, cfg.FrontendURL = site(), true, "https://mood.example"
	})
	const (
		closed = "default-src 'none'; frame-ancestors 'none'"
		page   = "default-src 'self'; script-src 'self' 'sha256-"
	)
	auth := c.bearer(t, c.admin.Email)
	for _, test := range []struct {
		method, path string
		status       int
		kind, cache  string
		policy       string // how it begins
		headers      []string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "no-cache", page, nil},
		{"GET", "/history/some/page", 200, "text/html; charset=utf-8", "no-cache", page, nil},
		{"GET", "/assets/app-1234.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", page, nil},
		{"GET", "/assets/nothing.js", 404, "application/problem+json", "no-store", closed, nil},
		{"GET", "/docs", 200, "text/html; charset=utf-8", "no-cache", "default-src 'none'; script-src 'self'", nil},
		{"GET", "/docs/guide", 200, "text/html; charset=utf-8", "no-cache", "default-src 'none'; script-src 'self'; style-src 'self'", nil},
		{"GET", "/openapi.json", 200, "application/vnd.oai.openapi+json;version=3.1", "no-cache", closed, nil},
		{"GET", "/api/info", 200, "application/json", "no-store", closed, nil},
		{"GET", "/api/authenticate", 200, "application/json", "no-store", closed, []string{auth}},
		{"GET", "/api/user/sessions", 200, "application/json", "no-store", closed, []string{auth}},
		{"GET", "/api/admin/users", 200, "application/json", "no-store", closed, []string{auth}},
		{"GET", "/api/admin/users", 401, "application/problem+json", "no-store", closed, nil},
		{"POST", "/api/login", 422, "application/problem+json", "no-store", closed, nil},
		{"GET", "/nothing", 404, "application/problem+json", "no-store", closed, []string{"Accept: application/json"}},
		{"DELETE", "/api/info", 405, "application/problem+json", "no-store", closed, nil},
		{"GET", "/ws/chat/somebody", 426, "application/problem+json", "no-store", closed, nil},
		{"GET", "/ws/chat/somebody", 403, "application/problem+json", "no-store", closed, []string{"Origin: https://evil.example"}},
		{"POST", "/api/logout", 403, "application/problem+json", "no-store", closed, []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}},
		{"GET", "/metrics", 403, "application/problem+json", "no-store", closed, nil},
		{"GET", "/health", 200, "application/json", "", closed, nil},
	} {
		headers := append([]string{"Accept: text/html", "X-Forwarded-For: 203.0.113.1", "X-Forwarded-Proto: https"}, test.headers...)
		got := c.do(t, test.method, test.path, "", headers...)
		what := fmt.Sprintf("%s %s (%d)", test.method, test.path, test.status)
		if got.status != test.status {
			t.Errorf("%s: status %d: %s", what, got.status, got.body)
		}
		for name, want := range map[string]string{
			"Content-Type": test.kind, "Strict-Transport-Security": "max-age=31536000", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "strict-origin-when-cross-origin", "Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
			"Cache-Control": test.cache,
		} {
			if name == "Cache-Control" && want == "" {
				continue
			}
			if have := got.header.Get(name); have != want {
				t.Errorf("%s: %s is %q, want %q", what, name, have, want)
			}
		}
		policy := got.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, test.policy) || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe-inline") && strings.Contains(policy, "script-src 'unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", what, policy)
		}
		// Nothing tells what serves, and nobody else's page may read it.
		for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
			if have := got.header.Get(name); have != "" {
				t.Errorf("%s: %s is %q", what, name, have)
			}
		}
	}
}

// TestNullOrigin: a sandboxed frame and a file on somebody's disk have the
// origin null. It is nobody's and may nothing.
func TestNullOrigin(t *testing.T) {
	for _, production := range []bool{true, false} {
		c := open(t, func(cfg *httpapi.Config, _ *account.Config) {
			cfg.Production, cfg.FrontendURL = production, "https://mood.example"
		})
		cookie := "Cookie: chatmood_token=" + strings.TrimPrefix(c.bearer(t, c.admin.Email), "Authorization: Bearer ")
		for _, origin := range []string{"null", "NULL", "file://", "https://", "//mood.example", "https://mood.example@evil.example", "https://mood.example.", "https://mood.example:444", "https://mood.example/", "chrome-extension://abc", "https://mood.example\tx"} {
			got := c.do(t, "OPTIONS", "/api/login", "", "Origin: "+origin, "Access-Control-Request-Method: POST")
			if allow := got.header.Get("Access-Control-Allow-Origin"); allow != "" {
				t.Errorf("%q may call: %q", origin, allow)
			}
			if got := c.do(t, "POST", "/api/logout", "{}", cookie, "Origin: "+origin); got.status != http.StatusForbidden {
				t.Errorf("%q signs somebody out: %d", origin, got.status)
			}
			if got := c.do(t, "GET", "/ws/chat/somebody", "", cookie, "Origin: "+origin, "Upgrade: websocket", "Connection: Upgrade", "Sec-Websocket-Version: 13", "Sec-Websocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="); got.status != http.StatusForbidden {
				t.Errorf("%q opens a socket: %d", origin, got.status)
			}
		}
	}
}

// TestTraversal: no spelling of a path leads out of the folders that are served,
// or to another host.
func TestTraversal(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI = site() })
	ups := []string{"..", "%2e%2e", "..%2f", "%2e%2e%2f", "..%5c", "..\\", "....//", "%252e%252e", "..;", "%c0%ae%c0%ae", "..%00", "%uff0e%uff0e"}
	for _, folder := range []string{"", "/assets", "/docs", "/docs/guide", "/docs/guide/images", "/docs/guide/adr", "/api/history", "/api/shared", "/api/sessions", "/shared", "/openapi.json"} {
		for _, up := range ups {
			for _, target := range []string{"etc/passwd", "go.mod", "docs.go", ".gitkeep", "internal/httpapi/api.go", "page.html", "index.html"} {
				path := folder + "/" + strings.Repeat(up+"/", 6) + target
				conn := s.rawPath(t, path)
				for _, leak := range []string{"root:x:", "module chatmood", "package httpapi", "{{.Title}}"} {
					if strings.Contains(conn.body, leak) {
						t.Errorf("%s: shows %q", path, leak)
					}
				}
				if conn.status >= 500 {
					t.Errorf("%s: %d", path, conn.status)
				}
				if to := conn.header.Get("Location"); to != "" {
					if u, err := url.Parse(to); err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") {
						t.Errorf("%s: leads to %q", path, to)
					}
				}
			}
		}
	}
	for _, path := range []string{"//evil.example/", "///evil.example/", "/\\evil.example/", "/%5cevil.example/", "//evil.example/%2f..", "/https:evil.example/", "//evil.example//", "/%09/evil.example/", "/%0d%0aLocation:%20https://evil.example/", "/redoc?next=//evil.example"} {
		got := s.rawPath(t, path)
		to := got.header.Get("Location")
		if u, err := url.Parse(to); err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") || strings.Contains(to, "\n") {
			t.Errorf("%s: leads to %q", path, to)
		}
	}
}

// rawPath asks for a path as it is written, which clients do not.
func (s *server) rawPath(t *testing.T, path string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = path
	if strings.HasPrefix(path, "//") {
		req.URL.Opaque = "http:" + "//" + s.Listener.Addr().String() + path
	}
	req.Header.Set("Accept", "text/html")
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// TestLogInjection: whatever strangers send, a line of the log is one event and
// shows what it is on a terminal that is told to obey it.
func TestLogInjection(t *testing.T) {
	const evil = "x\r\nlevel=ERROR msg=forged\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\x1b[2J\x1b]0;title\a\u202e\x00\u2028\x7f\u009b31m"
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			log := &logBuffer{}
			c := open(t, func(cfg *httpapi.Config, users *account.Config) {
				cfg.Log = (&config.Config{LogFormat: format, LogLevel: slog.LevelDebug}).Logger(log)
				users.Log = cfg.Log
			})
			auth := c.bearer(t, c.admin.Email)
			escaped := url.PathEscape(evil)
			c.do(t, "GET", "/"+escaped, "")
			c.do(t, "GET", "/api/channels/"+escaped, "", auth)
			c.do(t, "GET", "/api/history/"+escaped+"?a="+url.QueryEscape(evil), "", auth)
			c.do(t, "GET", "/ws/chat/"+escaped, "", auth)
			c.do(t, "POST", "/api/twitch/connect", body(obj{"url": evil}), auth)
			c.do(t, "POST", "/api/log/analysis-start", body(obj{"streamer": evil}), auth)
			c.do(t, "POST", "/api/register", body(obj{"email": evil + "@example.org", "password": goodPassword, "first_name": evil, "last_name": evil}))
			c.do(t, "POST", "/api/login", body(obj{"email": evil, "password": evil}), "User-Agent: x\u202e level=ERROR msg=forged")
			c.do(t, "POST", "/api/contact", body(obj{"name": evil, "email": "a@example.org", "subject": evil, "message": evil}))
			c.do(t, "PUT", "/api/user/profile", body(obj{"first_name": evil}), auth)
			c.do(t, "POST", "/api/sentiment", body(obj{"text": evil}), auth)
			c.do(t, "PROPFIND", "/"+escaped, "", "X-Request-Id: x\ty", "X-Forwarded-For: 203.0.113.1, x\ty")
			lines := 0
			for line := range strings.Lines(log.String()) {
				lines++
				line = strings.TrimSuffix(line, "\n")
				if strings.HasPrefix(line, "level=ERROR") || format == "text" && !strings.HasPrefix(line, "time=") || format == "json" && !json.Valid([]byte(line)) {
					t.Errorf("a line was forged: %q", line)
				}
				if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
					t.Errorf("a terminal is told something at %d: %q", i, line)
				}
			}
			if lines < 12 {
				t.Errorf("the log has %d lines", lines)
			}
		})
	}
}

// TestRefusalsAreLogged: who tries what may not be is in the log of a server in
// production, with the address.
func TestRefusalsAreLogged(t *testing.T) {
	log := &logBuffer{}
	c := open(t, func(cfg *httpapi.Config, _ *account.Config) {
		cfg.Production, cfg.FrontendURL = true, "https://mood.example"
		cfg.Log = (&config.Config{LogFormat: "json", LogLevel: slog.LevelInfo}).Logger(log)
	})
	_, eve := c.user(t, "eve@example.org")
	const from = "X-Forwarded-For: 203.0.113.7"
	c.do(t, "GET", "/api/info", "", from)
	if text := log.String(); strings.Contains(text, "/api/info") {
		t.Errorf("every request is logged: %s", text)
	}
	c.do(t, "GET", "/api/admin/users", "", eve, from).wantProblem(t, 403, "")
	c.do(t, "POST", "/api/logout", "", "Cookie: chatmood_token=x", "Origin: https://evil.example", from).wantProblem(t, 403, "")
	for range 7 {
		c.do(t, "POST", "/api/forgot-password", body(obj{"email": "nora@example.org"}), from)
	}
	for _, want := range []string{`"path":"/api/admin/users","status":403`, `"path":"/api/logout","status":403`, `"path":"/api/forgot-password","status":429`} {
		found := false
		for line := range strings.Lines(log.String()) {
			found = found || strings.Contains(line, want) && strings.Contains(line, `"address":"203.0.113.7"`)
		}
		if !found {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
}

// TestEnumeration: no answer tells who has an account, or what others keep here.
// (What registers, signs in and mails is compared in internal/compat.)
func TestEnumeration(t *testing.T) {
	c := open(t, nil)
	noraID, nora := c.user(t, "nora@example.org")
	_, eve := c.user(t, "eve@example.org")
	unknownID := account.NewID(now)
	same := func(what string, ask func(id, email string) answer) {
		t.Helper()
		text := func(a answer) string {
			o := a.object(t)
			delete(o, "request_id")
			return fmt.Sprint(a.status, o)
		}
		if known, unknown := text(ask(noraID, "nora@example.org")), text(ask(unknownID, "nobody@example.org")); known != unknown {
			t.Errorf("%s tells them apart:\n%s\n%s", what, known, unknown)
		}
	}
	const token = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq"
	same("a link to reset", func(id, _ string) answer { return c.do(t, "GET", "/api/validate-reset-token/"+id+"/"+token, "") })
	same("to reset", func(id, _ string) answer {
		return c.do(t, "POST", "/api/reset-password", body(obj{"userId": id, "token": token, "password": goodPassword}))
	})
	same("a code", func(_, email string) answer {
		return c.do(t, "POST", "/api/verify-otp", body(obj{"email": email, "otp": "123456"}))
	})
	same("another code", func(_, email string) answer { return c.do(t, "POST", "/api/resend-otp", body(obj{"email": email})) })
	same("a forgotten password", func(_, email string) answer {
		return c.do(t, "POST", "/api/forgot-password", body(obj{"email": email}))
	})
	same("a sign-in", func(_, email string) answer {
		return c.do(t, "POST", "/api/login", body(obj{"email": email, "password": otherPassword}))
	})
	for _, path := range []string{"", "/logout", "/reset"} {
		same("an administrator's path"+path+" for a guest", func(id, _ string) answer { return c.do(t, "POST", "/api/admin/users/"+id+path, "{}") })
		same("an administrator's path"+path+" for a user", func(id, _ string) answer { return c.do(t, "POST", "/api/admin/users/"+id+path, "{}", eve) })
	}
	same("a user as an administrator sees it, for a user", func(id, _ string) answer { return c.do(t, "PUT", "/api/admin/users/"+id, "{}", eve) })
	// A sign-in of somebody else's and one that never was.
	var sessions []obj
	if err := json.Unmarshal([]byte(c.do(t, "GET", "/api/user/sessions", "", nora).body), &sessions); err != nil {
		t.Fatal(err)
	}
	theirs, _ := sessions[0]["id"].(string)
	if theirs == "" {
		t.Fatalf("a session without id: %v", sessions)
	}
	got, never := c.do(t, "DELETE", "/api/user/sessions/"+theirs, "", eve), c.do(t, "DELETE", "/api/user/sessions/"+strings.Repeat("0", len(theirs)), "", eve)
	if got.status != never.status || got.status < 400 || got.object(t)["detail"] != never.object(t)["detail"] {
		t.Errorf("a stranger's sign-in: %d %s, none: %d %s", got.status, got.body, never.status, never.body)
	}
	c.do(t, "GET", "/api/authenticate", "", nora).ok(t)
}
