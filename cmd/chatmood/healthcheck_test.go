package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatmood/internal/config"
)

func TestHealthcheck(t *testing.T) {
	var path string
	status, body := http.StatusOK, `{"status":"alive"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	ask := func(args ...string) (code int, out string) {
		var b bytes.Buffer
		code = run(context.Background(), append([]string{"healthcheck"}, args...), strings.NewReader(""), &b, &b)
		return code, b.String()
	}

	if code, out := ask(server.URL); code != exitOK || path != "/health/live" || out != "well\n" {
		t.Errorf("a server that is well: %d, %q from %s", code, out, path)
	}
	status, body = http.StatusServiceUnavailable, `{"detail":"the database is away"}`
	if code, out := ask("--ready", server.URL); code != exitFailure || path != "/health/ready" || !strings.Contains(out, "the database is away") {
		t.Errorf("a server that is not ready: %d, %q from %s", code, out, path)
	}
	body = "<html>"
	if code, out := ask(server.URL); code != exitFailure || !strings.Contains(out, "503") {
		t.Errorf("an answer of somebody else: %d, %q", code, out)
	}
	server.Close()
	if code, out := ask(server.URL); code != exitFailure || !strings.Contains(out, "asking the server") {
		t.Errorf("no server: %d, %q", code, out)
	}
	if code, _ := ask("--timeout", "-1s", server.URL); code != exitUsage {
		t.Errorf("a timeout of -1s ends with %d", code)
	}
}

func TestLocalURL(t *testing.T) {
	for host, want := range map[string]string{"": "http://127.0.0.1:8000", "0.0.0.0": "http://127.0.0.1:8000", "::": "http://127.0.0.1:8000", "::1": "http://[::1]:8000", "10.0.0.7": "http://10.0.0.7:8000"} {
		if got := localURL(&config.Config{Host: host, Port: 8000}); got != want {
			t.Errorf("HOST %q is asked at %s, want %s", host, got, want)
		}
	}
}
