package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"chatmood/internal/httpapi"
)

// eventStream is an open stream of events.
type eventStream struct {
	resp   *http.Response
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

// listen opens an event stream; the caller closes it with cancel.
func (s *server) listen(t testing.TB, path string) *eventStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return &eventStream{resp, bufio.NewScanner(resp.Body), cancel}
}

// next returns the JSON of the next event, nil when the stream has ended.
func (e *eventStream) next(t testing.TB) map[string]any {
	t.Helper()
	if !e.lines.Scan() {
		return nil
	}
	data, ok := strings.CutPrefix(e.lines.Text(), "data: ")
	if !ok || !e.lines.Scan() || e.lines.Text() != "" {
		t.Fatalf("not an event of one line: %q, %q", data, e.lines.Text())
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(data), &event); err != nil {
		t.Fatalf("event %q: %v", data, err)
	}
	return event
}

func TestChatEvents(t *testing.T) {
	live := make(chan string)
	s := serve(t, func(_ *httpapi.Config, s *server) {
		s.hub.frames = []string{`{"type":"message","data":{"message":"old"}}`}
		s.hub.live = live
	})
	stream := s.listen(t, "/api/sse/chat/SomeBody")
	h := stream.resp.Header
	if stream.resp.StatusCode != http.StatusOK || h.Get("Content-Type") != "text/event-stream; charset=utf-8" || h.Get("Cache-Control") != "no-cache" || h.Get("Content-Encoding") != "" {
		t.Errorf("%d %v", stream.resp.StatusCode, h)
	}
	first := stream.next(t)
	if first["type"] != "connection" || first["status"] != "connected" || first["channel"] != "somebody" || first["timestamp"] != "2026-01-01T20:00:00Z" {
		t.Errorf("first event %v", first)
	}
	if got := stream.next(t); got["data"].(map[string]any)["message"] != "old" {
		t.Errorf("second event %v", got)
	}
	live <- `{"type":"message","data":{"message":"new"}}` // it arrives while the stream is open
	if got := stream.next(t); got["data"].(map[string]any)["message"] != "new" {
		t.Errorf("third event %v", got)
	}
	live <- `{"type":"disconnect","channel":"somebody"}`
	if got := stream.next(t); got["type"] != "disconnect" {
		t.Errorf("fourth event %v", got)
	}
	close(live)
	if got := stream.next(t); got != nil {
		t.Errorf("after the end: %v", got)
	}
}

// TestChatEventsEnd: the hub's side ends when the client leaves and when the
// server stops.
func TestChatEventsEnd(t *testing.T) {
	for name, end := range map[string]func(*server, *eventStream){
		"client leaves": func(_ *server, e *eventStream) { e.cancel() },
		"server stops":  func(s *server, _ *eventStream) { s.api.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(_ *httpapi.Config, s *server) {
				s.hub.live, s.hub.finished = make(chan string), make(chan struct{})
			})
			stream := s.listen(t, "/api/sse/chat/somebody")
			stream.next(t)
			end(s, stream)
			<-s.hub.finished
			if name == "server stops" {
				if got := stream.next(t); got != nil {
					t.Errorf("after the stop: %v", got)
				}
				s.do(t, "GET", "/api/sse/status", "").wantComeAgain(t)
			}
		})
	}
}

// wantComeAgain checks that an EventSource is told to connect again: any other
// status would end it for ever.
func (r answer) wantComeAgain(t *testing.T) {
	t.Helper()
	if r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Content-Type"), "text/event-stream") || r.body != "retry: 1000\n\n" {
		t.Errorf("answered with %d, %s: %q", r.status, r.header.Get("Content-Type"), r.body)
	}
}

func TestStatusEvents(t *testing.T) {
	s := serve(t, nil)
	stream := s.listen(t, "/api/sse/status")
	for _, want := range []string{"connected", "alive"} {
		if got := stream.next(t); got["type"] != "status" || got["status"] != want || got["timestamp"] == nil {
			t.Errorf("%v, want status %s", got, want)
		}
	}
	s.api.Close()
	if got := stream.next(t); got != nil {
		t.Errorf("after the stop: %v", got)
	}
}

func TestStreamErrorsAndLimits(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, s *server) { cfg.StreamsPerAddress = 2 })
	s.do(t, "GET", "/api/sse/chat/nobody", "").wantProblem(t, 404, "not being analysed")
	s.do(t, "GET", "/api/sse/chat/no%20name", "").wantProblem(t, 400, "Invalid channel name")
	open := []*eventStream{s.listen(t, "/api/sse/status"), s.listen(t, "/api/sse/status")}
	for _, e := range open {
		e.next(t)
	}
	got := s.do(t, "GET", "/api/sse/chat/somebody", "")
	got.wantProblem(t, 429, "Too many event streams")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestWebSocketChecks(t *testing.T) {
	upgrade := []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	s := serve(t, func(cfg *httpapi.Config, _ *server) {
		cfg.Production, cfg.FrontendURL = true, "https://chat.example.org"
	})
	for _, origin := range []string{"", s.URL, "https://chat.example.org"} {
		got := s.do(t, "GET", "/ws/chat/SomeBody", "", append(upgrade, "Origin: "+origin)...)
		if got.status != http.StatusTeapot || got.header.Get("X-Channel") != "somebody" || got.header.Get("X-Client") != "127.0.0.1" {
			t.Errorf("origin %q: %d %s, want it handed to the hub", origin, got.status, got.body)
		}
	}
	for _, origin := range []string{"https://evil.net", "null", "http://localhost:5173", "://"} {
		s.do(t, "GET", "/ws/chat/somebody", "", append(upgrade, "Origin: "+origin)...).wantProblem(t, 403, "another site")
	}
	s.do(t, "GET", "/ws/chat/no%20name", "", upgrade...).wantProblem(t, 400, "Invalid channel name")
	s.do(t, "GET", "/ws/chat/somebody", "").wantProblem(t, 426, "WebSocket")

	s = serve(t, nil) // development
	if got := s.do(t, "GET", "/ws/chat/somebody", "", append(upgrade, "Origin: http://localhost:5173")...); got.status != http.StatusTeapot {
		t.Errorf("in development from localhost: %d", got.status)
	}
}
