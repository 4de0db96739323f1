package loadtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/loadtest"
	"chatmood/internal/twitchsim"
)

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// demo starts a server on a simulated Twitch whose chat flows.
func demo(t *testing.T, channels ...string) *url.URL {
	t.Helper()
	sim := twitchsim.New(twitchsim.Config{Listen: "127.0.0.1:0", AnyChannel: true, Rate: 100, JoinDelay: -1})
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PORT": "0", "DATA_DIR": t.TempDir(), "TWITCH_IRC_URL": sim.URL(), "STOP_TIMEOUT": "3s", "MAX_SOCKETS_PER_ADDRESS": "1000", "GUESTS": "analyse"}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 2)
	go func() { _ = sim.Run(ctx); done <- nil }()
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, <-done); err != nil {
			t.Error(err)
		}
	})
	if err := a.Start(t.Context(), channels...); err != nil {
		t.Fatal(err)
	}
	return address(t, a.URL())
}

func TestAServerThatKeepsItsWord(t *testing.T) {
	u := demo(t, "alpha", "beta")
	told := 0
	r, err := loadtest.Run(t.Context(), loadtest.Config{
		Target: u, Channels: []string{"alpha", "beta"}, Clients: 30, Dialects: []loadtest.Dialect{loadtest.Batched, loadtest.Plain, loadtest.Events},
		Duration: 3 * time.Second, Churn: 10, StormAt: time.Second, Slow: 1, Told: func(loadtest.Progress) { told++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Deliveries < 1000 || r.Bytes < 100*r.Deliveries {
		t.Errorf("%d deliveries, %d bytes", r.Deliveries, r.Bytes)
	}
	if r.Lost != 0 || r.Doubled != 0 {
		t.Errorf("%d lost, %d doubled", r.Lost, r.Doubled)
	}
	if r.Connects < 60 || r.Resumed == 0 || r.Downtime.Count < 30 {
		t.Errorf("after a storm of 30 clients: %d connections, %d resumed, %d came back", r.Connects, r.Resumed, r.Downtime.Count)
	}
	if l := r.Latency; l.Count == 0 || l.P50 <= 0 || l.P50 > l.P99 || l.P99 > l.Max || l.Max > 60_000 {
		t.Errorf("the latency is %+v", l)
	}
	if told == 0 || len(r.Histogram) == 0 || len(r.Errors) > 0 {
		t.Errorf("told %d times, histogram %v, errors %v", told, r.Histogram, r.Errors)
	}
}

// liar speaks the protocol and sends what a test wants.
func liar(t *testing.T, frames func(n int) []string) *url.URL {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			fmt.Fprintf(w, `{"timestamp":%q}`, time.Now().Format(time.RFC3339Nano))
			return
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chatmood.v1"}})
		if err != nil {
			return
		}
		defer conn.CloseNow()
		ctx := conn.CloseRead(r.Context())
		for n := 0; ctx.Err() == nil; n++ {
			for _, text := range frames(n) {
				if conn.Write(ctx, websocket.MessageText, []byte(text)) != nil {
					return
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}))
	t.Cleanup(s.Close)
	return address(t, s.URL)
}

func batch(seq, n int) string {
	return fmt.Sprintf(`{"type":"batch","seq":%d,"n":%d,"m":[{"id":"a","t":%d}]}`, seq, n, time.Now().UnixMilli())
}

func TestServersThatDoNot(t *testing.T) {
	hello := `{"type":"hello","epoch":7,"seq":100,"resumed":false}`
	for name, c := range map[string]struct {
		frames func(n int) []string
		check  func(r *loadtest.Result) bool
	}{
		"a hole that nobody tells of": {
			func(n int) []string {
				if n == 0 {
					return []string{hello}
				}
				return []string{batch(100+10*n, 5)}
			},
			func(r *loadtest.Result) bool { return r.Lost > 0 && r.Lost%5 == 0 && r.Doubled == 0 && r.Gaps == 0 },
		},
		"a hole that is told": {
			func(n int) []string {
				if n == 0 {
					return []string{hello}
				}
				return []string{fmt.Sprintf(`{"type":"gap","missed":5,"from":%d,"to":%d,"why":"slow"}`, 90+10*n, 95+10*n), batch(100+10*n, 5)}
			},
			func(r *loadtest.Result) bool { return r.Lost == 0 && r.Doubled == 0 && r.Gaps > 0 && r.Gaps%5 == 0 },
		},
		"everything twice": {
			func(n int) []string {
				if n == 0 {
					return []string{hello}
				}
				return []string{batch(100+5*n, 5), batch(100+5*n, 5)}
			},
			func(r *loadtest.Result) bool { return r.Doubled > 0 && r.Lost == 0 },
		},
		"nothing wrong": {
			func(n int) []string {
				if n == 0 {
					return []string{hello}
				}
				return []string{batch(100+5*n, 5)}
			},
			func(r *loadtest.Result) bool { return r.Doubled == 0 && r.Lost == 0 && r.Gaps == 0 && r.Deliveries > 0 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := loadtest.Run(t.Context(), loadtest.Config{Target: liar(t, c.frames), Channels: []string{"alpha"}, Clients: 2, Duration: 1500 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if !c.check(r) {
				t.Errorf("lost %d, doubled %d, gaps %d, deliveries %d", r.Lost, r.Doubled, r.Gaps, r.Deliveries)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	good := loadtest.Config{Target: address(t, "http://127.0.0.1:9"), Channels: []string{"a"}, Clients: 1, Duration: time.Second}
	for name, c := range map[string]struct {
		change func(*loadtest.Config)
		want   string
	}{
		"no target":        {func(c *loadtest.Config) { c.Target = nil }, "target"},
		"another scheme":   {func(c *loadtest.Config) { c.Target = address(t, "ftp://127.0.0.1") }, "target"},
		"no clients":       {func(c *loadtest.Config) { c.Clients = 0 }, "clients"},
		"too many clients": {func(c *loadtest.Config) { c.Clients = 1_000_000 }, "clients"},
		"no channel":       {func(c *loadtest.Config) { c.Channels = nil }, "channel"},
		"no duration":      {func(c *loadtest.Config) { c.Duration = 0 }, "duration"},
		"an odd dialect":   {func(c *loadtest.Config) { c.Dialects = []loadtest.Dialect{"morse"} }, "morse"},
		"too many slow":    {func(c *loadtest.Config) { c.Slow = 2 }, "slow"},
		"negative churn":   {func(c *loadtest.Config) { c.Churn = -1 }, "churn"},
		"a public address": {func(c *loadtest.Config) { c.Target = address(t, "http://192.0.2.1") }, "--i-own-this"},
		"a public IPv6":    {func(c *loadtest.Config) { c.Target = address(t, "http://[2001:db8::1]") }, "--i-own-this"},
		"mapped":           {func(c *loadtest.Config) { c.Target = address(t, "http://[::ffff:192.0.2.1]") }, "--i-own-this"},
		"nobody there":     {func(*loadtest.Config) {}, "asking the target"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			if _, err := loadtest.Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want something about %q", err, c.want)
			}
		})
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	cfg := good
	cfg.Target = address(t, other.URL)
	if _, err := loadtest.Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "no chatmood") {
		t.Errorf("another server: %v", err)
	}
}
