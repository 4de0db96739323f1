package httpapi_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chatmood/internal/httpapi"
	"chatmood/internal/pages"
)

func TestPages(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.Pages = pages.New(dir) })
	if got := s.do(t, "GET", "/api/pages/privacy", "").ok(t); got["html"] != "" || got["name"] != "privacy" || got["changed"] != nil {
		t.Errorf("without a text: %v", got)
	}
	for name, text := range map[string]string{
		"privacy.md": "# Ours <script>alert(1)</script>[x](javascript:alert(1))\n", "privacy.de.md": "# Unseres\n", "terms.md": strings.Repeat("x", pages.MaxBytes+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := s.do(t, "GET", "/api/pages/privacy?language=fr", "").ok(t)
	if text, _ := got["html"].(string); !strings.HasPrefix(text, "<h1>Ours") || strings.Contains(text, "script") || got["language"] != "" || got["changed"] == nil {
		t.Errorf("a text: %v", got)
	}
	if got := s.do(t, "GET", "/api/pages/privacy?language=de", "").ok(t); got["html"] != "<h1>Unseres</h1>\n" || got["language"] != "de" {
		t.Errorf("in German: %v", got)
	}
	// One that cannot be shown is as none: the page has a text of its own.
	if got := s.do(t, "GET", "/api/pages/terms", "").ok(t); got["html"] != "" {
		t.Errorf("too long: %v", got)
	}
	s.do(t, "GET", "/api/pages/secret.key", "").wantProblem(t, 422, "")
	s.do(t, "GET", "/api/pages/privacy?language=../x", "").wantProblem(t, 422, "")
}

// Pages may load pictures from one origin more where the operator says so, and
// from nowhere else.
func TestEmoteImages(t *testing.T) {
	images := regexp.MustCompile(`img-src [^;]*`)
	for origin, want := range map[string]string{
		"":                             "img-src 'self' data:",
		"https://static-cdn.jtvnw.net": "img-src 'self' data: https://static-cdn.jtvnw.net",
	} {
		s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI, cfg.EmoteImages = site(), origin })
		got := s.do(t, "GET", "/", "", "Accept: text/html").header.Get("Content-Security-Policy")
		if images.FindString(got) != want || strings.Count(got, "http") != strings.Count(origin, "http") {
			t.Errorf("%q: %s", origin, got)
		}
		if got := s.do(t, "GET", "/api/info", "").ok(t); got["emote_images"] != origin {
			t.Errorf("%q: told as %v", origin, got["emote_images"])
		}
	}
}

func TestSummariesTold(t *testing.T) {
	for model, want := range map[bool]string{false: "rules", true: "rules model"} {
		s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.ModelSummaries = model })
		list, _ := s.do(t, "GET", "/api/info", "").ok(t)["summaries"].([]any)
		var names []string
		for _, v := range list {
			names = append(names, v.(string))
		}
		if strings.Join(names, " ") != want {
			t.Errorf("with a model: %t: %v", model, names)
		}
	}
}
