package httpapi_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"chatmood/internal/httpapi"
)

func TestUnknownPathsAndMethods(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI = site() })
	for _, path := range []string{"/api", "/api/", "/api/nothing", "/api/channels/a/b/c", "/health/nothing", "/docs/nothing.js", "/ws", "/ws/chat", "/metrics/x"} {
		path := strings.TrimSuffix(path, "/")
		s.do(t, "GET", path, "", "Accept: text/html").wantProblem(t, 404, "Not Found")
	}
	s.do(t, "GET", "/nothing", "", "Accept: application/json").wantProblem(t, 404, "Not Found")
	s.do(t, "POST", "/nothing", "{}").wantProblem(t, 404, "Not Found")
	for request, allow := range map[string]string{
		"GET /api/twitch/connect": "POST",
		"DELETE /api/channels":    "GET, HEAD",
		"POST /health":            "GET, HEAD",
		"PUT /api/sentiment":      "POST",
		"POST /ws/chat/somebody":  "GET, HEAD",
	} {
		method, path, _ := strings.Cut(request, " ")
		got := s.do(t, method, path, "")
		got.wantProblem(t, 405, "Method Not Allowed")
		if got.header.Get("Allow") != allow {
			t.Errorf("%s: Allow %q, want %q", request, got.header.Get("Allow"), allow)
		}
	}
	if got := s.do(t, "HEAD", "/nothing", ""); got.status != 404 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
	if got := s.do(t, "HEAD", "/health", ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD /health: %d %q", got.status, got.body)
	}
}

func TestTrailingSlash(t *testing.T) {
	s := serve(t, nil)
	for path, want := range map[string]string{
		"/health/":                     "/health",
		"/api/channels/?a=b":           "/api/channels?a=b",
		"/api/twitch/connect//":        "/api/twitch/connect",
		"//example.org/":               "/example.org",
		"/%2F/example.org/":            "/example.org",
		"/redoc":                       "/docs",
		"/api/channels/some%20body/":   "/api/channels/some%20body",
		"/api/channels/..%2f..%2fetc/": "/etc",
	} {
		got := s.do(t, "GET", path, "")
		if got.status != 307 || got.header.Get("Location") != want {
			t.Errorf("%s: %d to %q, want 307 to %q", path, got.status, got.header.Get("Location"), want)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) {
		cfg.UI = site()
		cfg.Production = true
		cfg.TrustedProxies = prefixes("127.0.0.0/8")
	})
	for _, path := range []string{"/", "/docs", "/docs/docs.js", "/api/info", "/nothing", "/health", "/assets/app-1234.js", "/openapi.json"} {
		got := s.do(t, "GET", path, "", "Accept: text/html", "X-Forwarded-Proto: https")
		for name, want := range map[string]string{
			"X-Content-Type-Options":    "nosniff",
			"X-Frame-Options":           "DENY",
			"Referrer-Policy":           "strict-origin-when-cross-origin",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got.header.Get(name), want)
			}
		}
		csp := got.header.Get("Content-Security-Policy")
		scripts := regexp.MustCompile(`script-src ([^;]*)`).FindString(csp)
		if !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src '") || strings.Contains(scripts, "unsafe") || strings.Contains(scripts, "http") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if got.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", path)
		}
	}
	if got := s.do(t, "GET", "/health", ""); got.header.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS over plain http")
	}
}

func TestCORS(t *testing.T) {
	for _, test := range []struct {
		production bool
		origin     string
		allowed    bool
	}{
		{true, "https://chat.example.org", true},
		{true, "https://CHAT.example.org", true},
		{true, "http://chat.example.org", false},
		{true, "https://chat.example.org.evil.net", false},
		{true, "https://evil.net", false},
		{true, "http://localhost:5173", false},
		{true, "null", false},
		{false, "https://chat.example.org", true},
		{false, "http://localhost:5173", true},
		{false, "http://127.0.0.1:3000", true},
		{false, "http://[::1]:3000", true},
		{false, "https://evil.net", false},
		{false, "http://localhost.evil.net", false},
		{false, "null", false},
	} {
		s := serve(t, func(cfg *httpapi.Config, _ *server) {
			cfg.Production, cfg.FrontendURL = test.production, "https://chat.example.org/app"
		})
		name := fmt.Sprintf("production %v, %s", test.production, test.origin)
		preflight := s.do(t, "OPTIONS", "/api/twitch/connect", "", "Origin: "+test.origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
		simple := s.do(t, "GET", "/api/info", "", "Origin: "+test.origin)
		post := s.do(t, "POST", "/api/twitch/connect", `{"url":"a"}`, "Origin: "+test.origin, "Sec-Fetch-Site: cross-site")
		for _, got := range []answer{preflight, simple} {
			want := ""
			if test.allowed {
				want = test.origin
			}
			if got.header.Get("Access-Control-Allow-Origin") != want || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Origin") {
				t.Errorf("%s: allows %q, varies by %q", name, got.header.Get("Access-Control-Allow-Origin"), got.header.Values("Vary"))
			}
		}
		if preflight.status != 204 || (preflight.header.Get("Access-Control-Allow-Methods") != "") != test.allowed || test.allowed && preflight.header.Get("Access-Control-Max-Age") != "600" {
			t.Errorf("%s: preflight %d %v", name, preflight.status, preflight.header)
		}
		if test.allowed && post.status != 200 {
			t.Errorf("%s: post %d %s", name, post.status, post.body)
		}
		if !test.allowed {
			post.wantProblem(t, 403, "another site")
		}
	}
}

func TestForgedRequests(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.Production = true })
	post := func(headers ...string) answer {
		return s.do(t, "POST", "/api/twitch/connect", `{"url":"a"}`, append(headers, "Cookie: session=x")...)
	}
	post("Sec-Fetch-Site: cross-site", "Origin: https://evil.net").wantProblem(t, 403, "another site")
	post("Origin: https://evil.net").wantProblem(t, 403, "another site")
	post("Sec-Fetch-Site: cross-site").wantProblem(t, 403, "another site")
	for _, headers := range [][]string{
		{},
		{"Sec-Fetch-Site: same-origin", "Origin: " + s.URL},
		{"Origin: " + s.URL},
		{"Origin: https://evil.net", "Sec-Fetch-Site: cross-site", "Authorization: Bearer token"}, // cannot be forged
	} {
		if got := post(headers...); got.status != 200 {
			t.Errorf("%v: %d %s", headers, got.status, got.body)
		}
	}
}

func TestRateLimit(t *testing.T) {
	clock := now
	s := serve(t, func(cfg *httpapi.Config, _ *server) {
		cfg.Now = func() time.Time { return clock }
		cfg.TrustedProxies = prefixes("127.0.0.0/8", "10.0.0.0/8")
	})
	from := func(forwarded string) answer {
		return s.do(t, "POST", "/api/twitch/connect", `{"url":"a"}`, "X-Forwarded-For: "+forwarded)
	}
	for i := range 10 {
		// What the client itself claims, on the left, changes nothing.
		if got := from(fmt.Sprintf("1.1.1.%d, 203.0.113.5, 10.1.2.3", i)); got.status != 200 {
			t.Fatalf("request %d: %d %s", i, got.status, got.body)
		}
	}
	got := from("203.0.113.5")
	got.wantProblem(t, 429, "Too many channels were started from your address")
	if got.header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After %q, want 3", got.header.Get("Retry-After"))
	}
	if got := from("203.0.113.6"); got.status != 200 {
		t.Errorf("another address: %d", got.status)
	}
	for i := range 10 {
		if got := from(fmt.Sprintf("2001:db8::%x", i+1)); got.status != 200 {
			t.Fatalf("IPv6 request %d: %d", i, got.status)
		}
	}
	if got := from("2001:db8::ffff:1:2"); got.status != 429 {
		t.Errorf("another address of the same IPv6 network: %d, want 429", got.status)
	}
	// Bad requests cost nothing.
	for range 20 {
		s.do(t, "POST", "/api/twitch/connect", `{"url":"not a url"}`, "X-Forwarded-For: 203.0.113.9").wantProblem(t, 400, "Invalid")
	}
	clock = clock.Add(3 * time.Second)
	if got := from("203.0.113.5"); got.status != 200 {
		t.Errorf("after the wait: %d", got.status)
	}
}

func TestForwardedIsNotBelieved(t *testing.T) {
	s := serve(t, nil) // no trusted proxies
	for i := range 11 {
		got := s.do(t, "POST", "/api/twitch/connect", `{"url":"a"}`, fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i))
		if want := map[bool]int{true: 200, false: 429}[i < 10]; got.status != want {
			t.Errorf("request %d: %d, want %d", i, got.status, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	for _, test := range []struct {
		name       string
		token      string
		production bool
		headers    []string
		status     int
	}{
		{"development", "", false, nil, 200},
		{"production, this machine", "", true, nil, 200},
		{"production, through a proxy on this machine", "", true, []string{"X-Forwarded-For: 203.0.113.1"}, 403},
		{"token", "s3cret", true, []string{"Authorization: Bearer s3cret", "X-Forwarded-For: 203.0.113.1"}, 200},
		{"wrong token", "s3cret", true, []string{"Authorization: Bearer s3cre"}, 401},
		{"no token", "s3cret", false, nil, 401},
	} {
		s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.MetricsToken, cfg.Production = test.token, test.production })
		s.do(t, "GET", "/api/channels/somebody", "")
		s.do(t, "GET", "/some/made/up/path", "")
		got := s.do(t, "GET", "/metrics", "", test.headers...)
		if test.status != 200 {
			got.wantProblem(t, test.status, "METRICS_TOKEN")
			continue
		}
		for _, want := range []string{
			`chatmood_http_requests_total{method="GET",route="/api/channels/{channel}",status="200"} 1`,
			`chatmood_http_requests_total{method="GET",route="other",status="404"} 1`,
			`chatmood_http_request_duration_seconds_count{route="/api/channels/{channel}"} 1`,
		} {
			if got.status != 200 || !strings.Contains(got.body, want) {
				t.Errorf("%s: %d without %s:\n%s", test.name, got.status, want, got.body)
			}
		}
	}
}

func TestPanic(t *testing.T) {
	s := serve(t, func(_ *httpapi.Config, s *server) { s.room.panics = true })
	got := s.do(t, "GET", "/api/channels", "")
	got.wantProblem(t, 500, "Something went wrong")
	if strings.Contains(got.body, "fire") {
		t.Errorf("the panic is shown: %s", got.body)
	}
	if log := s.log.String(); !strings.Contains(log, "on fire") || !strings.Contains(log, got.header.Get("X-Request-Id")) {
		t.Errorf("the log lacks the panic or the request id:\n%s", log)
	}
	if got := s.do(t, "GET", "/api/info", ""); got.status != 200 {
		t.Errorf("afterwards: %d", got.status)
	}
}

func TestRequestID(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.TrustedProxies = prefixes("127.0.0.1/32") })
	if got := s.do(t, "GET", "/health", "", "X-Request-Id: mine"); got.header.Get("X-Request-Id") == "mine" {
		t.Error("a client named its request")
	}
	if got := s.do(t, "GET", "/health", "", "X-Request-Id: proxy-1", "X-Forwarded-For: 203.0.113.1"); got.header.Get("X-Request-Id") != "proxy-1" {
		t.Errorf("the proxy's id was replaced by %q", got.header.Get("X-Request-Id"))
	}
	if got := s.do(t, "GET", "/health", "", "X-Request-Id: a b=c", "X-Forwarded-For: 203.0.113.1"); got.header.Get("X-Request-Id") == "a b=c" {
		t.Error("an id unfit for the log was taken")
	}
}

func TestUserInterface(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI = site() })
	page := func(path, accept string) answer { return s.do(t, "GET", path, "", "Accept: "+accept) }
	const html = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, path := range []string{"/", "/history", "/reset-password/1/2", "/admin/users", "/index.html"} {
		got := page(path, html)
		if got.status != 200 || !strings.Contains(got.body, `<div id="root">`) || got.header.Get("Cache-Control") != "no-cache" || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %v %s", path, got.status, got.header, got.body)
		}
		// The one inline script is allowed by its hash.
		if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self' 'sha256-") {
			t.Errorf("%s: policy %s", path, csp)
		}
		again := s.do(t, "GET", path, "", "Accept: "+html, "If-None-Match: "+got.header.Get("Etag"))
		if again.status != 304 {
			t.Errorf("%s again: %d, want 304", path, again.status)
		}
	}
	if got := page("/", "*/*"); got.object(t)["status"] != "running" {
		t.Errorf("/ for programs: %s", got.body)
	}
	if got := page("/assets/app-1234.js", "*/*"); got.status != 200 || got.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("asset: %d %v", got.status, got.header)
	}
	if got := page("/favicon.svg", "*/*"); got.status != 200 || got.header.Get("Cache-Control") != "no-cache" || got.header.Get("Etag") == "" {
		t.Errorf("icon: %d %v", got.status, got.header)
	}
	page("/assets/app-0000.js", html).wantProblem(t, 404, "Not Found") // an old build's
	page("/.gitkeep", "*/*").wantProblem(t, 404, "Not Found")
	page("/assets", "*/*").wantProblem(t, 404, "Not Found") // no listing
	page("/..%2f..%2fetc/passwd", "*/*").wantProblem(t, 404, "Not Found")
}

func TestUserInterfaceMissing(t *testing.T) {
	s := serve(t, nil)
	got := s.do(t, "GET", "/", "", "Accept: text/html")
	if got.status != 200 || !strings.Contains(got.body, "make build") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestCompression(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI = site() })
	for _, path := range []string{"/openapi.json", "/docs/docs.js", "/assets/app-1234.js"} {
		plain := s.do(t, "GET", path, "", "Accept-Encoding: identity")
		zipped := s.do(t, "GET", path, "", "Accept-Encoding: gzip")
		if zipped.header.Get("Content-Encoding") != "gzip" || len(zipped.body) >= len(plain.body) {
			t.Errorf("%s: encoding %q, %d bytes of %d", path, zipped.header.Get("Content-Encoding"), len(zipped.body), len(plain.body))
			continue
		}
		r, err := gzip.NewReader(strings.NewReader(zipped.body))
		if err != nil {
			t.Fatal(err)
		}
		back, err := io.ReadAll(r)
		if err != nil || string(back) != plain.body {
			t.Errorf("%s: decompressed to something else (%v)", path, err)
		}
	}
}

// TestDocs: the page, its script and its style come from here and nowhere else.
func TestDocs(t *testing.T) {
	s := serve(t, nil)
	page := s.do(t, "GET", "/docs", "", "Accept: text/html")
	if page.status != 200 || strings.Contains(page.body, "http://") || strings.Contains(page.body, "https://") || strings.Contains(page.body, "<style") || strings.Contains(page.body, "style=") {
		t.Errorf("%d %s", page.status, page.body)
	}
	for _, src := range regexp.MustCompile(`(?:src|href)="(/docs/[^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		if got := s.do(t, "GET", src[1], ""); got.status != 200 || strings.Contains(got.body, "https://") {
			t.Errorf("%s: %d", src[1], got.status)
		}
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Tags        []string
			Responses   map[string]struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
	}
	if err := json.Unmarshal([]byte(s.do(t, "GET", "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) < 15 {
		t.Errorf("OpenAPI %s with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	for path, item := range doc.Paths {
		for method, op := range item {
			if op.Summary == "" || op.OperationID == "" || len(op.Tags) != 1 || len(op.Responses) == 0 {
				t.Errorf("%s %s is not fully described: %+v", method, path, op)
			}
			for status, r := range op.Responses {
				if media, ok := r.Content["application/problem+json"]; ok && media.Schema["$ref"] != "#/components/schemas/Problem" {
					t.Errorf("%s %s: %s is described as %v", method, path, status, media.Schema)
				}
			}
			if strings.HasPrefix(path, "/api/sse/") {
				continue // never ends; tested apart
			}
			// What is described exists.
			got := s.do(t, strings.ToUpper(method), strings.NewReplacer("{channel}", "somebody", "{id}", "x").Replace(path), "")
			if got.status == http.StatusMethodNotAllowed || got.status == 404 && strings.Contains(got.body, `"detail":"Not Found"`) {
				t.Errorf("%s %s: %d", method, path, got.status)
			}
		}
	}
}

func TestConfigErrors(t *testing.T) {
	if _, err := httpapi.New(httpapi.Config{}); err == nil {
		t.Error("an API of nothing was made")
	}
	_, err := httpapi.New(httpapi.Config{Channels: newRoom(), Sessions: serve(t, nil).store, Hub: &hub{}, Analyzer: judge{}, FrontendURL: "chat.example.org"})
	if err == nil || !strings.Contains(err.Error(), "FRONTEND_URL") {
		t.Errorf("%v, want an error about FRONTEND_URL", err)
	}
}

func FuzzConnect(f *testing.F) {
	for _, seed := range []string{`{"url":"twitch.tv/a"}`, `{}`, `{"url":1}`, `[`, ``, `{"url":"https://www.twitch.tv/popout/a/chat"}`, `{"url":"\u0000"}`, "{\"url\":\"\xff\"}", `{"url":"a","url":{}}`} {
		f.Add(seed)
	}
	s := serve(f, func(cfg *httpapi.Config, _ *server) { cfg.ConnectsPerMinute = 1 << 30 })
	f.Fuzz(func(t *testing.T, body string) {
		// Without a network in between, the same input takes the same path.
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/api/twitch/connect", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		s.api.ServeHTTP(rec, req)
		got := answer{rec.Code, rec.Header(), rec.Body.String()}
		switch got.status {
		case 200:
			channel, _ := got.object(t)["channel"].(string)
			if channel == "" || strings.Trim(channel, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || len(channel) > 25 {
				t.Errorf("connected to %q", channel)
			}
		case 400, 422, 429:
			got.wantProblem(t, got.status, "")
		default:
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}
