package httpapi_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"chatmood/internal/httpapi"
)

// A channel's address is answered with the page that names what the live page
// loads besides; every other address with the plain one.
func TestLivePageNamesItsScripts(t *testing.T) {
	const named = `href="/mood/assets/live-5678.js"`
	files := site()
	files["live.html"] = &fstest.MapFile{Data: []byte(`<!doctype html><link rel="modulepreload" href="/assets/live-5678.js"><div id="root">`)}
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI, cfg.BasePath = files, "/mood" })
	live := s.do(t, "GET", "/mood/analyze/somebody", "", "Accept: text/html")
	if live.status != 200 || !strings.Contains(live.body, named) {
		t.Errorf("/analyze/somebody: %d %s, want %s", live.status, live.body, named)
	}
	tag := live.header.Get("Etag")
	if again := s.do(t, "GET", "/mood/analyze/somebody", "", "Accept: text/html", "If-None-Match: "+tag); again.status != 304 {
		t.Errorf("/analyze/somebody again: %d, want 304", again.status)
	}
	for _, path := range []string{"/mood/", "/mood/analyze", "/mood/history", "/mood/live.html"} {
		got := s.do(t, "GET", path, "", "Accept: text/html")
		if got.status != 200 || strings.Contains(got.body, named) || got.header.Get("Etag") == tag {
			t.Errorf("%s: %d %s, want the plain page", path, got.status, got.body)
		}
	}
}

// A front-end that was built without it serves its one page there, too.
func TestLivePageWithoutItsOwn(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI = site() })
	if got := s.do(t, "GET", "/analyze/somebody", "", "Accept: text/html"); got.status != 200 || !strings.Contains(got.body, "app-1234.js") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
