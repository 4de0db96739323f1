package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatmood/internal/config"
)

// usageLines is a log that keeps its first line of usage.
type usageLines struct{ found chan map[string]any }

func (l usageLines) Write(b []byte) (int, error) {
	var line map[string]any
	if err := json.Unmarshal(b, &line); err != nil {
		return 0, err
	}
	if line["msg"] == "usage" {
		select {
		case l.found <- line:
		default:
		}
	}
	return len(b), nil
}

// TestUsageAndProfiles: the log tells from time to time what is going on, and
// profiles are at DEBUG_ADDR only, for whoever asks by address.
func TestUsageAndProfiles(t *testing.T) {
	env := map[string]string{"PORT": "0", "DATA_DIR": t.TempDir(), "TWITCH_IRC_URL": "irc://127.0.0.1:9", "DEBUG_ADDR": "0"}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	seen := usageLines{found: make(chan map[string]any, 1)}
	a, err := New(t.Context(), Options{Config: cfg, Version: "test", UsageEvery: time.Millisecond, Log: slog.New(slog.NewJSONHandler(seen, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	line := <-seen.found
	for _, key := range []string{"channels", "channels_live", "viewers", "messages", "deliveries", "gaps", "checkpoints_waiting", "mails_waiting", "bus_dropped", "servers", "memory_mb", "goroutines"} {
		if _, ok := line[key].(float64); !ok {
			t.Errorf("the line of usage has no number %s: %v", key, line)
		}
	}
	if n, _ := line["goroutines"].(float64); n < 5 || line["level"] != "INFO" {
		t.Errorf("the line is %v", line)
	}

	for path, want := range map[string]string{"/debug/pprof/": "heap", "/debug/pprof/goroutine?debug=1": "logUsage"} {
		res, err := http.Get("http://" + a.debug.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v", path, res.Status, err)
		}
		res, err = http.Get(a.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK && !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s is served to everybody", path)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestProfilesByNameAreRefused(t *testing.T) {
	for _, ask := range []func(*http.Request){
		func(r *http.Request) { r.Host = "rebound.example:6060" },
		func(r *http.Request) { r.Host = "127.0.0.1:6060"; r.Header.Set("Origin", "https://evil.example") },
	} {
		r := httptest.NewRequest(http.MethodGet, "/debug/pprof/heap", nil)
		ask(r)
		w := httptest.NewRecorder()
		debugHandler().ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s with %v: %d", r.Host, r.Header, w.Code)
		}
	}
}

func TestUsageCountsSinceTheLastLine(t *testing.T) {
	attrs := usage{messages: 110, deliveries: 50, viewers: 3}.since(usage{messages: 100, deliveries: 20, viewers: 9}, time.Minute)
	got := map[string]int64{}
	for _, a := range attrs {
		if a.Value.Kind() == slog.KindInt64 {
			got[a.Key] = a.Value.Int64()
		}
	}
	if got["messages"] != 10 || got["deliveries"] != 30 || got["viewers"] != 3 {
		t.Errorf("the line has %v", got)
	}
}
