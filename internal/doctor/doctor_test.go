package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/doctor"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/twitchsim"
)

// load makes a configuration of variables.
func load(t *testing.T, env map[string]string) *config.Config {
	t.Helper()
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// page is a front-end, as far as anybody looks.
var page = fstest.MapFS{"index.html": {Data: []byte(`<!doctype html><script src="/a.js"></script>`)}}

// server starts a whole server without chat and returns its address.
func server(t *testing.T, env map[string]string) *url.URL {
	t.Helper()
	all := map[string]string{"PORT": "0", "HOST": "127.0.0.1", "DATA_DIR": t.TempDir(), "TWITCH_IRC_URL": "irc://127.0.0.1:9", "STOP_TIMEOUT": "2s"}
	for name, value := range env {
		all[name] = value
	}
	a, err := app.New(t.Context(), app.Options{Config: load(t, all), Version: "1.2.3", UI: page})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(strings.Replace(a.URL(), "localhost", "127.0.0.1", 1))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		res, err := http.Get(u.String() + "/health/ready")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return u
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready: %v", err)
		}
	}
}

// examine runs the checks of a target, none for longer than three seconds.
func examine(t *testing.T, target doctor.Target) map[string]doctor.Finding {
	t.Helper()
	target.Version = "1.2.3"
	checks := doctor.Remote(target)
	for i := range checks {
		checks[i].Timeout = 3 * time.Second
	}
	return byName(doctor.Examine(t.Context(), checks, "1.2.3", nil))
}

func byName(r *doctor.Report) map[string]doctor.Finding {
	found := map[string]doctor.Finding{}
	for _, f := range r.Findings {
		found[f.Check] = f
	}
	return found
}

// want checks one finding: its status and words that must be in what was seen
// or in what mends it.
func want(t *testing.T, found map[string]doctor.Finding, check string, status doctor.Status, words ...string) {
	t.Helper()
	f, ok := found[check]
	if !ok {
		t.Errorf("there is no check %q", check)
		return
	}
	if f.Status != status {
		t.Errorf("%s is %s (%s), want %s", check, f.Status, f.Seen, status)
	}
	if f.Status == doctor.Warning || f.Status == doctor.Failed {
		if f.Why == "" || f.Mend == "" {
			t.Errorf("%s does not say why it matters or what mends it: %+v", check, f)
		}
	}
	for _, w := range words {
		if !strings.Contains(f.Seen+" "+f.Mend, w) {
			t.Errorf("%s says %q and %q, without %q", check, f.Seen, f.Mend, w)
		}
	}
}

func TestRemoteOnAServerThatIsWell(t *testing.T) {
	u := server(t, nil)
	found := examine(t, doctor.Target{URL: u})
	for _, check := range []string{"reachable", "health", "clock", "version", "front-end", "cross-origin", "WebSocket", "WebSocket origin", "event stream"} {
		want(t, found, check, doctor.OK)
	}
	want(t, found, "environment", doctor.Warning, "development", "ENVIRONMENT=production")
	want(t, found, "encryption", doctor.Skipped)
	want(t, found, "sign-in", doctor.Skipped, "--email")
}

// What proxies do wrong is told, each by the check that it concerns, while the
// others stay well.
func TestRemoteThroughProxies(t *testing.T) {
	u := server(t, nil)
	for name, c := range map[string]struct {
		change func(p *httputil.ReverseProxy)
		check  string
		status doctor.Status
		words  []string
	}{
		"the upgrade is stripped": {
			change: func(p *httputil.ReverseProxy) {
				p.Rewrite = func(r *httputil.ProxyRequest) {
					r.SetURL(u)
					r.Out.Host = r.In.Host
					r.Out.Header.Del("Upgrade")
					r.Out.Header.Del("Connection")
				}
			},
			check: "WebSocket", status: doctor.Failed, words: []string{"strips", "nginx"},
		},
		"every origin is allowed": {
			change: func(p *httputil.ReverseProxy) {
				p.ModifyResponse = func(r *http.Response) error {
					r.Header.Set("Access-Control-Allow-Origin", "*")
					return nil
				}
			},
			check: "cross-origin", status: doctor.Failed, words: []string{"any site"},
		},
		"the content policy is taken away": {
			change: func(p *httputil.ReverseProxy) {
				p.ModifyResponse = func(r *http.Response) error {
					r.Header.Del("Content-Security-Policy")
					return nil
				}
			},
			check: "front-end", status: doctor.Warning, words: []string{"content policy"},
		},
		"events are kept back": {
			change: func(p *httputil.ReverseProxy) {
				p.ModifyResponse = func(r *http.Response) error {
					if strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
						r.Body = silent{r.Request.Context(), r.Body}
					}
					return nil
				}
			},
			check: "event stream", status: doctor.Failed, words: []string{"buffering"},
		},
		"another clock": {
			change: func(p *httputil.ReverseProxy) {
				p.ModifyResponse = func(r *http.Response) error {
					r.Header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
					return nil
				}
			},
			check: "clock", status: doctor.Failed, words: []string{"timedatectl"},
		},
		"WebSockets are forbidden": {
			change: func(p *httputil.ReverseProxy) {
				p.ModifyResponse = func(r *http.Response) error {
					if r.StatusCode == http.StatusSwitchingProtocols {
						return errors.New("not here")
					}
					return nil
				}
				p.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusForbidden) }
			},
			check: "WebSocket", status: doctor.Failed, words: []string{"in front of the server", "403"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(u)
				r.Out.Host = r.In.Host
			}}
			c.change(proxy)
			front := httptest.NewServer(proxy)
			t.Cleanup(front.Close)
			address, err := url.Parse(front.URL)
			if err != nil {
				t.Fatal(err)
			}
			found := examine(t, doctor.Target{URL: address})
			want(t, found, c.check, c.status, c.words...)
			for _, check := range []string{"reachable", "health", "version"} {
				want(t, found, check, doctor.OK)
			}
		})
	}
}

// silent is a stream whose data never comes.
type silent struct {
	ctx  context.Context
	body interface{ Close() error }
}

func (s silent) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (s silent) Close() error             { return s.body.Close() }

func TestRemoteOnOtherThings(t *testing.T) {
	handle := func(status int, header http.Header) *url.URL {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range header {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
		}))
		t.Cleanup(s.Close)
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	want(t, examine(t, doctor.Target{URL: handle(502, nil)}), "reachable", doctor.Failed, "502", "start chatmood")
	want(t, examine(t, doctor.Target{URL: handle(301, http.Header{"Location": {"https://mood.example/"}})}), "reachable", doctor.Failed, "https://mood.example/")
	want(t, examine(t, doctor.Target{URL: handle(200, nil)}), "reachable", doctor.Failed, "something else")

	nobody := &url.URL{Scheme: "http", Host: "127.0.0.1:9"}
	found := examine(t, doctor.Target{URL: nobody})
	want(t, found, "reachable", doctor.Failed, "refuses connections")
	want(t, found, "WebSocket", doctor.Skipped)

	// One that takes connections and says nothing.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want(t, examine(t, doctor.Target{URL: &url.URL{Scheme: "http", Host: l.Addr().String()}}), "reachable", doctor.Failed, "firewall")

	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	u, err := url.Parse(secure.URL)
	if err != nil {
		t.Fatal(err)
	}
	want(t, examine(t, doctor.Target{URL: u}), "reachable", doctor.Failed, "signed by nobody")
	want(t, examine(t, doctor.Target{URL: &url.URL{Scheme: "http", Host: "mood.example.test"}}), "encryption", doctor.Failed, "https")
}

func TestRemoteFromAnotherOrigin(t *testing.T) {
	u := server(t, map[string]string{"FRONTEND_URL": "https://page.example"})
	want(t, examine(t, doctor.Target{URL: u, Origin: "https://page.example"}), "cross-origin", doctor.OK, "https://page.example")
	found := examine(t, doctor.Target{URL: u, Origin: "https://other.example"})
	want(t, found, "cross-origin", doctor.Failed, "FRONTEND_URL=https://other.example")
	want(t, found, "WebSocket", doctor.Failed, "FRONTEND_URL=https://other.example")
}

func local(t *testing.T, l doctor.Local) map[string]doctor.Finding {
	t.Helper()
	return byName(doctor.Examine(t.Context(), l.Checks(), "1.2.3", nil))
}

func TestLocal(t *testing.T) {
	sim := twitchsim.New(twitchsim.Config{Listen: "127.0.0.1:0", AnyChannel: true, Quiet: true})
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); _ = sim.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })

	t.Run("well", func(t *testing.T) {
		dir := t.TempDir()
		store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir}) // as a server beside us
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		found := local(t, doctor.Local{
			Config: load(t, map[string]string{"DATA_DIR": dir, "TWITCH_IRC_URL": sim.URL()}), UI: page,
			EndToEnd: func(context.Context) error { return nil },
		})
		for _, check := range []string{"settings", "SECRET_KEY", "token lifetime", "environment", "FRONTEND_URL", "TRUSTED_PROXIES", "front-end", "disk", "database", "mail server", "Twitch", "bus", "a message from Twitch to a viewer"} {
			want(t, found, check, doctor.OK)
		}
	})

	t.Run("settings that cannot be used", func(t *testing.T) {
		found := local(t, doctor.Local{Faults: []string{"PORT is 99999: too large"}, UI: page})
		want(t, found, "settings", doctor.Failed, "PORT is 99999")
		want(t, found, "database", doctor.Skipped)
	})

	good := map[string]string{"DATA_DIR": t.TempDir(), "TWITCH_IRC_URL": sim.URL()}
	for name, c := range map[string]struct {
		env    map[string]string
		change func(*doctor.Local)
		check  string
		status doctor.Status
		words  []string
	}{
		"a long-lived token": {env: map[string]string{"ACCESS_TOKEN_MINUTES": "1000"}, check: "token lifetime", status: doctor.Warning, words: []string{"ACCESS_TOKEN_MINUTES=30"}},
		"a short key":        {env: map[string]string{"SECRET_KEY": "0123456789abcdefgh"}, check: "SECRET_KEY", status: doctor.Warning, words: []string{"openssl rand -hex 32"}},
		"open development":   {env: map[string]string{"HOST": "0.0.0.0"}, check: "environment", status: doctor.Warning, words: []string{"ENVIRONMENT=production"}},
		"mail off":           {env: map[string]string{"MAIL": "off"}, check: "mail server", status: doctor.Warning, words: []string{"EMAIL_SENDER"}},
		"no mail server there": {
			env:   map[string]string{"EMAIL_SENDER": "me@example.org", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9", "SMTP_TLS": "none"},
			check: "mail server", status: doctor.Failed, words: []string{"127.0.0.1:9", "mail test"},
		},
		"no Twitch there":      {env: map[string]string{"TWITCH_IRC_URL": "irc://127.0.0.1:9"}, check: "Twitch", status: doctor.Failed, words: []string{"refuses connections", "wss://"}},
		"no NATS there":        {env: map[string]string{"NATS_URL": "nats://127.0.0.1:9"}, check: "bus", status: doctor.Failed, words: []string{"NATS_URL"}},
		"everybody is a proxy": {change: func(l *doctor.Local) { l.Config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }, check: "TRUSTED_PROXIES", status: doctor.Failed, words: []string{"127.0.0.1/32"}},
		"no page":              {change: func(l *doctor.Local) { l.UI = fstest.MapFS{} }, check: "front-end", status: doctor.Failed, words: []string{"make build"}},
		"a clock of long ago":  {change: func(l *doctor.Local) { l.Now = func() time.Time { return time.Unix(0, 0) } }, check: "clock", status: doctor.Failed, words: []string{"1970", "timedatectl"}},
		"the probe fails": {change: func(l *doctor.Local) {
			l.EndToEnd = func(context.Context) error { return errors.New("no message arrived") }
		}, check: "a message from Twitch to a viewer", status: doctor.Failed, words: []string{"no message"}},
		"more viewers than files": {env: map[string]string{"MAX_SOCKETS": "1000000"}, check: "open files", status: doctor.Warning, words: []string{"LimitNOFILE"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{}
			for k, v := range good {
				env[k] = v
			}
			for k, v := range c.env {
				env[k] = v
			}
			l := doctor.Local{Config: load(t, env), UI: page}
			if c.change != nil {
				c.change(&l)
			}
			found := local(t, l)
			if c.check == "open files" && runtime.GOOS != "linux" {
				c.status, c.words = doctor.Skipped, nil
			}
			want(t, found, c.check, c.status, c.words...)
		})
	}

	t.Run("a folder that is a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, local(t, doctor.Local{Config: load(t, map[string]string{"DATA_DIR": file, "TWITCH_IRC_URL": sim.URL()}), UI: page}), "disk", doctor.Failed, "DATA_DIR")
	})
	t.Run("a damaged database", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, sqlite.FileName), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, local(t, doctor.Local{Config: load(t, map[string]string{"DATA_DIR": dir, "TWITCH_IRC_URL": sim.URL()}), UI: page}), "database", doctor.Failed, "restore")
	})
}

func TestNoSecretIsShown(t *testing.T) {
	secrets := map[string]string{
		"SECRET_KEY": "s3cret-key-that-nobody-should-ever-see", "EMAIL_PASSWORD": "s3cret-mail-password", "MONGO_URI": "mongodb://u:s3cret-mongo@127.0.0.1:9/?serverSelectionTimeoutMS=100",
		"NATS_URL": "nats://u:s3cret-nats@127.0.0.1:9", "METRICS_TOKEN": "s3cret-metrics", "EMAIL_SENDER": "me@example.org", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9",
		"DATA_DIR": t.TempDir(), "TWITCH_IRC_URL": "irc://127.0.0.1:9", "LLM_KEY": "s3cret-llm",
	}
	l := doctor.Local{Config: load(t, secrets), UI: page}
	r := doctor.Examine(t.Context(), l.Checks(), "1.2.3", nil)
	var text, data bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteJSON(&data)); err != nil {
		t.Fatal(err)
	}
	if out := text.String() + data.String(); strings.Contains(out, "s3cret") {
		t.Errorf("a secret is shown:\n%s", out)
	}
	var back doctor.Report
	if err := json.Unmarshal(data.Bytes(), &back); err != nil || len(back.Findings) != len(r.Findings) || back.Worst() != doctor.Failed {
		t.Errorf("the JSON reads back as %+v: %v", back, err)
	}
}
