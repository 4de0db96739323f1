package httpapi_test

import (
	"strings"
	"testing"

	"chatmood/internal/account"
	"chatmood/internal/httpapi"
)

// Below a base path every address is answered with the path, as a proxy passes
// it on, and without it, as a proxy leaves it.
func TestBasePath(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) {
		cfg.BasePath = "/mood"
		cfg.UI = site()
	})
	for _, base := range []string{"/mood", ""} {
		for path, want := range map[string]string{
			"/api/info":           `"api_version"`,
			"/health":             `"status"`,
			"/openapi.json":       `"servers":[{"url":"/mood"}]`,
			"/docs":               `src="/mood/docs/docs.js"`,
			"/docs/docs.js":       "import.meta.url",
			"/assets/app-1234.js": "filler",
			"/":                   `src="/mood/assets/app-1234.js"`,
			"/analyze/somebody":   `src="/mood/assets/app-1234.js"`,
		} {
			got := s.do(t, "GET", base+path, "", "Accept: text/html")
			if got.status != 200 || !strings.Contains(got.body, want) {
				t.Errorf("%s%s: %d %.300q, want %q", base, path, got.status, got.body, want)
			}
		}
		for path, want := range map[string]string{
			"/health/":                   "/mood/health",
			"/redoc":                     "/mood/docs",
			"/api/channels/?a=b":         "/mood/api/channels?a=b",
			"/api/channels/some%20body/": "/mood/api/channels/some%20body",
			"//example.org/":             "/mood/example.org",
		} {
			got := s.do(t, "GET", base+path, "")
			if got.status != 307 || got.header.Get("Location") != want {
				t.Errorf("%s%s: %d to %q, want 307 to %q", base, path, got.status, got.header.Get("Location"), want)
			}
		}
		s.do(t, "GET", base+"/api/nothing", "", "Accept: text/html").wantProblem(t, 404, "Not Found")
		s.do(t, "GET", base+"/ws/chat/somebody", "").wantProblem(t, 426, "")
	}
	page := s.do(t, "GET", "/mood", "", "Accept: text/html")
	if page.status != 200 || !strings.Contains(page.header.Get("Content-Security-Policy"), "base-uri 'none'") || strings.Contains(page.header.Get("Content-Security-Policy"), "unsafe") {
		t.Errorf("/mood: %d, %v", page.status, page.header)
	}
	if got := s.do(t, "GET", "/mood", "", "Accept: application/json"); got.status != 200 || !strings.Contains(got.body, "{") {
		t.Errorf("/mood for programs: %d %q", got.status, got.body)
	}
	s.do(t, "GET", "/moody/api/info", "").wantProblem(t, 404, "Not Found")
	s.do(t, "GET", "/mood/mood/api/info", "").wantProblem(t, 404, "Not Found")
}

// A page knows where it is by what the server writes into it.
func TestBasePathInPage(t *testing.T) {
	files := site()
	files["index.html"].Data = []byte(`<meta name="base-path" content="" /><link href="/a.css"><a href="/">x</a><a href="//other.example/">y</a><a href="#z">z</a>`)
	for base, want := range map[string]string{
		"":      string(files["index.html"].Data),
		"/a/b~": `<meta name="base-path" content="/a/b~" /><link href="/a/b~/a.css"><a href="/a/b~/">x</a><a href="//other.example/">y</a><a href="#z">z</a>`,
	} {
		s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.BasePath, cfg.UI = base, files })
		if got := s.do(t, "GET", "/", "", "Accept: text/html"); got.body != want {
			t.Errorf("%q: %s, want %s", base, got.body, want)
		}
	}
}

// Cookies go back to this chatmood alone.
func TestBasePathOfCookies(t *testing.T) {
	c := open(t, func(cfg *httpapi.Config, _ *account.Config) { cfg.BasePath = "/mood" })
	for _, base := range []string{"/mood", ""} {
		got := c.do(t, "POST", base+"/api/login", body(obj{"email": "root@example.org", "password": goodPassword}))
		lines := got.header["Set-Cookie"]
		if got.status != 200 || len(lines) == 0 {
			t.Fatalf("%s: %d %s", base, got.status, got.body)
		}
		for _, line := range lines {
			if !strings.Contains(line, "; Path=/mood;") {
				t.Errorf("%s: cookie %q", base, line)
			}
		}
	}
}
