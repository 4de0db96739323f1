package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/twitchsim"
)

// acmeServer is an ACME server on this machine.
type acmeServer struct {
	Directory string
	ServerCA  string `json:"server_ca"`
	Root      string
	log       *lines
}

// lines is a log that a test reads.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// pebble builds and starts Pebble, which asks at the given ports whether names
// are ours.
func pebble(t *testing.T, httpPort, tlsPort int) acmeServer {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "acme-test-server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".")
	build.Dir = "../../bench/acme-test-server"
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the ACME server cannot be built (its modules are fetched when they are first needed): %v\n%s", err, out)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), bin, "-http-port", strconv.Itoa(httpPort), "-tls-port", strconv.Itoa(tlsPort))
	a := acmeServer{log: &lines{}}
	cmd.Stderr = a.log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("the ACME server ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("the ACME server's log:\n%s", a.log)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the ACME server says nothing: %v\n%s", err, a.log)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// unusedPort returns a port that was free a moment ago.
func unusedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// browser is a client that finds every name on this machine and trusts one
// authority.
func browser(t *testing.T, root string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(root)) {
		t.Fatal("the root is no certificate")
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// TestHTTPSByItself walks the way of an operator who sets TLS_DOMAIN: a
// certificate from an authority, https, WebSockets through it, redirects, and
// a restart that asks nobody again.
func TestHTTPSByItself(t *testing.T) {
	for _, way := range []string{"http-01", "tls-alpn-01"} {
		t.Run(way, func(t *testing.T) {
			httpPort, httpsPort := unusedPort(t), unusedPort(t)
			// The library tries tls-alpn-01 first: where the authority looks at another
			// port it fails, and what is left is http-01.
			alpnPort, plainPort := httpsPort, 0
			if way == "http-01" {
				alpnPort, plainPort = unusedPort(t), httpPort
			}
			ca := pebble(t, httpPort, alpnPort)
			dir := t.TempDir()
			caFile := filepath.Join(dir, "ca.pem")
			if err := os.WriteFile(caFile, []byte(ca.ServerCA), 0o600); err != nil {
				t.Fatal(err)
			}
			sim := twitch(t, twitchsim.Config{})
			env := map[string]string{
				"DATA_DIR": dir, "ENVIRONMENT": "production", "SECRET_KEY": "0123456789abcdef0123456789abcdef", "MAIL": "off", "GUESTS": "watch", "HOST": "127.0.0.1",
				"TLS_DOMAIN": "mood.test, www.mood.test", "PORT": strconv.Itoa(httpsPort), "TLS_HTTP_PORT": strconv.Itoa(plainPort),
				"TLS_ACME_URL": ca.Directory, "TLS_ACME_CA": caFile,
			}
			s := serveOptions(t, sim, env, app.Options{Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))})
			if want := "https://mood.test:" + strconv.Itoa(httpsPort); s.app.URL() != want {
				t.Errorf("the address is %s, want %s", s.app.URL(), want)
			}
			client := browser(t, ca.Root)
			get := func(url string) (*http.Response, error) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
				if err != nil {
					t.Fatal(err)
				}
				res, err := client.Do(req)
				if err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				return res, err
			}
			for _, name := range []string{"mood.test", "www.mood.test"} {
				at := "https://" + name + ":" + strconv.Itoa(httpsPort)
				s.eventually("a certificate for "+name, func() bool {
					res, err := get(at + "/health/live")
					return err == nil && res.StatusCode == http.StatusOK
				})
			}
			res, err := get(s.app.URL() + "/health/live")
			if err != nil {
				t.Fatal(err)
			}
			if res.ProtoMajor != 2 || res.TLS.Version != tls.VersionTLS13 || res.Header.Get("Strict-Transport-Security") == "" {
				t.Errorf("https answers with %s, TLS %x, HSTS %q", res.Proto, res.TLS.Version, res.Header.Get("Strict-Transport-Security"))
			}

			// Who asks for another name gets nothing, and nobody is asked for one.
			if _, err := get("https://other.test:" + strconv.Itoa(httpsPort) + "/"); err == nil {
				t.Error("a name that is not ours has a certificate")
			}
			if strings.Contains(ca.log.String(), "other.test") {
				t.Error("a stranger made the server ask the authority for a name")
			}
			// Old TLS is refused.
			if conn, err := tls.Dial("tcp", "127.0.0.1:"+strconv.Itoa(httpsPort), &tls.Config{ServerName: "mood.test", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
				conn.Close()
				t.Error("TLS 1.1 is spoken")
			}

			// A WebSocket through it.
			if err := s.app.Start(t.Context(), "alpha"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := sim.WaitReaders(ctx, "alpha", 1); err != nil {
				t.Fatal(err)
			}
			conn, _, err := websocket.Dial(ctx, strings.Replace(s.app.URL(), "https", "wss", 1)+"/ws/chat/alpha", &websocket.DialOptions{
				HTTPClient: client, HTTPHeader: http.Header{"Origin": {s.app.URL()}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseNow()
			if _, err := sim.Say("alpha", "somebody", "what a lovely stream"); err != nil {
				t.Fatal(err)
			}
			for {
				_, data, err := conn.Read(ctx)
				if err != nil {
					t.Fatalf("no message came over wss: %v", err)
				}
				if bytes.Contains(data, []byte("what a lovely stream")) {
					break
				}
			}
			conn.CloseNow()

			if plainPort != 0 {
				at := "http://mood.test:" + strconv.Itoa(httpPort)
				for path, want := range map[string]string{
					"/shared/x?y=1": s.app.URL() + "/shared/x?y=1",
					"//evil.test/":  s.app.URL() + "//evil.test/",
				} {
					res, err := get(at + path)
					if err != nil {
						t.Fatal(err)
					}
					if res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != want || res.Header.Get("Strict-Transport-Security") != "" {
						t.Errorf("%s over http is answered with %s to %q, want a redirect to %q without HSTS", path, res.Status, res.Header.Get("Location"), want)
					}
				}
				if res, err := get("http://evil.test:" + strconv.Itoa(httpPort) + "/"); err != nil || res.Header.Get("Location") != s.app.URL()+"/" {
					t.Errorf("another name over http leads elsewhere: %v, %v", res, err)
				}
				res, err := client.Post(at+"/api/login", "application/json", strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != http.StatusForbidden {
					t.Errorf("a sign-in over http is answered with %s", res.Status)
				}
			}

			// The next start has the certificates.
			s.stop()
			before := strings.Count(ca.log.String(), "Added order")
			s = serveWith(t, sim, env)
			s.eventually("https after a restart", func() bool {
				res, err := get(s.app.URL() + "/health/live")
				return err == nil && res.StatusCode == http.StatusOK
			})
			if after := strings.Count(ca.log.String(), "Added order"); before == 0 || after != before {
				t.Errorf("the authority got %d orders before the restart and %d after it", before, after)
			}
		})
	}
}

// TestPortsOfHTTPS: mistakes with ports are told with what mends them.
func TestPortsOfHTTPS(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	env := map[string]string{
		"DATA_DIR": t.TempDir(), "PORT": "0", "TLS_DOMAIN": "mood.test", "TLS_HTTP_PORT": strconv.Itoa(taken.Addr().(*net.TCPAddr).Port),
	}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.New(t.Context(), app.Options{Config: cfg}); err == nil || !strings.Contains(err.Error(), "Set TLS_HTTP_PORT to a free port") {
		t.Errorf("a port in use: %v", err)
	}
}
