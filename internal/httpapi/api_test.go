package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/httpapi"
	"chatmood/internal/live"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
	"chatmood/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is when the tests happen.
var now = time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC)

// room is the analyses that the tests run against: channels are only names
// here, and what is asked of them is written down.
type room struct {
	mu      sync.Mutex
	running map[string]bool
	asked   []string
	err     error // of Start and Stop
	readErr error // of what reads
	panics  bool
}

func newRoom(channels ...string) *room {
	r := &room{running: make(map[string]bool)}
	for _, c := range channels {
		r.running[c] = true
	}
	return r
}

func (r *room) note(format string, args ...any) {
	r.asked = append(r.asked, fmt.Sprintf(format, args...))
}

func (r *room) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asked) == 0 {
		return ""
	}
	return r.asked[len(r.asked)-1]
}

func (r *room) Start(_ context.Context, channel, by string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note("start %s by %s", channel, by)
	if r.err != nil {
		return false, r.err
	}
	was := r.running[channel]
	r.running[channel] = true
	return !was, nil
}

func (r *room) Stop(_ context.Context, channel string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note("stop %s", channel)
	if r.err != nil {
		return false, r.err
	}
	was := r.running[channel]
	delete(r.running, channel)
	return was, nil
}

func (r *room) List() []analysis.ChannelSummary {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.panics {
		panic("the room is on fire")
	}
	var list []analysis.ChannelSummary
	for name := range r.running {
		list = append(list, analysis.ChannelSummary{ID: "id-" + name, Channel: name, StartedAt: now, Status: analysis.Status{State: source.Live, Since: now}})
	}
	slices.SortFunc(list, func(a, b analysis.ChannelSummary) int { return strings.Compare(a.Channel, b.Channel) })
	return list
}

func (r *room) has(channel, format string, args ...any) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(format, args...)
	return r.running[channel]
}

func (r *room) Snapshot(channel string, top int) (analysis.Snapshot, bool, error) {
	if !r.has(channel, "snapshot %s top %d", channel, top) {
		return analysis.Snapshot{}, false, r.readErr
	}
	return analysis.Snapshot{ID: "id-" + channel, Channel: channel, Running: true, StartedAt: now, At: now}, true, r.readErr
}

func (r *room) Timeline(channel string, from, to time.Time, step int) (analysis.Timeline, bool, error) {
	if !r.has(channel, "timeline %s %d %d %d", channel, from.Unix(), to.Unix(), step) {
		return analysis.Timeline{}, false, r.readErr
	}
	return analysis.Timeline{Step: 10, From: now, To: now}, true, r.readErr
}

func (r *room) TopChatters(channel, label string, n int) ([]analysis.Chatter, bool, error) {
	if !r.has(channel, "chatters %s %q %d", channel, label, n) {
		return nil, false, r.readErr
	}
	return []analysis.Chatter{{Login: "ann", Name: "Ann", Count: 3}}, true, r.readErr
}

func (r *room) TopTerms(channel string, emotes bool, label string, n int) ([]analysis.Term, bool, error) {
	if !r.has(channel, "terms %s %v %q %d", channel, emotes, label, n) || emotes {
		return nil, r.running[channel], r.readErr
	}
	return []analysis.Term{{Term: "hello", Count: 2}}, true, r.readErr
}

func (r *room) Recent(channel string, n int) ([]json.RawMessage, bool, error) {
	if !r.has(channel, "recent %s %d", channel, n) {
		return nil, false, r.readErr
	}
	return []json.RawMessage{json.RawMessage(`{"id":"1","t":1,"u":"ann","x":"hi","l":"u","s":0,"k":0.5}`)}, true, r.readErr
}

// hub is the live side: it streams what it is given.
type hub struct {
	mu       sync.Mutex
	viewers  int
	frames   []string
	live     chan string // sent on after frames; nil: the stream ends with them
	finished chan struct{}
}

func (h *hub) ServeWS(w http.ResponseWriter, _ *http.Request, opts live.ServeOptions) {
	w.Header().Set("X-Channel", opts.Channel)
	w.Header().Set("X-Client", opts.Address)
	w.Header().Set("X-User", opts.User)
	w.WriteHeader(http.StatusTeapot) // the hub was reached; it is tested with its own package
}

func (h *hub) Sockets() live.Sockets {
	return live.Sockets{Total: 7, ByChannel: map[string]int{"somebody": 7}, ByUser: map[string]int{}}
}

func (h *hub) Stream(ctx context.Context, _ live.StreamOptions, write func([]byte, string) error) error {
	defer func() {
		if h.finished != nil {
			close(h.finished)
		}
	}()
	for _, f := range h.frames {
		if err := write([]byte(f), ""); err != nil {
			return err
		}
	}
	for h.live != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case f, ok := <-h.live:
			if !ok {
				return nil
			}
			if err := write([]byte(f), ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *hub) Viewers(string) int { h.mu.Lock(); defer h.mu.Unlock(); return h.viewers }
func (h *hub) Connections() int   { return 7 }

// judge finds "good" and "bad".
type judge struct{}

func (judge) Score(dst *sentiment.Score, text string, _ []chat.Emote) {
	*dst = sentiment.Score{Confidence: 0.5, Flags: sentiment.FlagUnsure}
	switch {
	case strings.Contains(text, "good"):
		*dst = sentiment.Score{Label: sentiment.Positive, Value: 0.62, Confidence: 0.9, Flags: sentiment.FlagHype | sentiment.FlagEmoteOnly}
	case strings.Contains(text, "bad"):
		*dst = sentiment.Score{Label: sentiment.Negative, Value: -0.25, Confidence: 0.8}
	}
}

// Explain implements what the API looks for beside [sentiment.Analyzer].
func (judge) Explain(text string, _ []chat.Emote) []sentiment.Contribution {
	at := strings.Index(text, "good")
	if at < 0 {
		return nil
	}
	return []sentiment.Contribution{{Start: at, End: at + 4, Value: 0.62}}
}

// server is a running API and what is behind it.
type server struct {
	*httptest.Server
	api   *httpapi.API
	room  *room
	hub   *hub
	store *sqlite.Store
	log   *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *logBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// serve starts a server; change adapts its configuration.
func serve(t testing.TB, change func(*httpapi.Config, *server)) *server {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := &server{room: newRoom("somebody"), hub: &hub{}, store: store, log: &logBuffer{}}
	cfg := httpapi.Config{
		Channels: s.room, Sessions: store, Hub: s.hub, Analyzer: judge{},
		Log:     slog.New(slog.NewTextHandler(s.log, nil)),
		Now:     func() time.Time { return now },
		Version: "1.2.3",
		Guests:  httpapi.GuestsAnalyse,
		Checks: []httpapi.Check{
			{Name: "store", Required: false, Probe: func(ctx context.Context) (string, error) { return "", store.Check(ctx) }},
			{Name: "bus", Required: true, Probe: func(context.Context) (string, error) { return "embedded", nil }},
		},
	}
	if change != nil {
		change(&cfg, s)
	}
	if s.api, err = httpapi.New(cfg); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewUnstartedServer(nil)
	s.Config = s.api.Server()
	s.Start()
	t.Cleanup(func() {
		s.api.Close()
		s.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request without following redirects. headers are "Name: value".
func (s *server) do(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		if value == "" {
			req.Header.Del(name)
			continue
		}
		req.Header.Set(name, value)
	}
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(got)}
}

// object reads the answer as a JSON object.
func (a answer) object(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%d with a body that is no object: %v: %.300s", a.status, err, a.body)
	}
	return m
}

// wantProblem checks all that every error has.
func (a answer) wantProblem(t testing.TB, status int, detail string) map[string]any {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	p := a.object(t)
	if p["title"] != http.StatusText(status) || p["status"] != float64(status) {
		t.Errorf("title %v and status %v, want those of %d", p["title"], p["status"], status)
	}
	if text, _ := p["detail"].(string); text == "" || !strings.Contains(text, detail) {
		t.Errorf("detail %q, want %q in it", p["detail"], detail)
	}
	if p["detail"] != p["error"] {
		t.Errorf("detail %q and error %q differ", p["detail"], p["error"])
	}
	if id := a.header.Get("X-Request-Id"); id == "" || p["request_id"] != id {
		t.Errorf("request id %v in the body, %q in the header", p["request_id"], id)
	}
	return p
}

// site is a built front-end.
func site() fstest.MapFS {
	return fstest.MapFS{
		"index.html":            {Data: []byte(`<!doctype html><script>theme()</script><script type="module" src="/assets/app-1234.js"></script><div id="root">`)},
		"assets/app-1234.js":    {Data: []byte(`console.log("app");` + strings.Repeat("// filler\n", 500))},
		"favicon.svg":           {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		".gitkeep":              {},
		"assets/deep/other.css": {Data: []byte(`a{}`)},
	}
}

var errBroken = errors.New("secret cause: disk 7 is on fire")

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}
