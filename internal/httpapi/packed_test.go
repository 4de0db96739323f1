package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"chatmood/internal/httpapi"
)

// TestPackedAssets: scripts go out as the build packed them, to whoever reads
// that, and as they are to everybody else.
func TestPackedAssets(t *testing.T) {
	files := site()
	files["assets/app-1234.js.br"] = &fstest.MapFile{Data: []byte("packed")}
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.UI = files })
	for _, test := range []struct{ accepts, encoding string }{
		{"gzip, deflate, br, zstd", "br"},
		{"BR;q=0.1", "br"},
		{"br;q=0, identity", ""},
		{"br;q=nonsense, identity", ""},
		{"brotli", ""},
		{"identity", ""},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := s.do(t, method, "/assets/app-1234.js", "", "Accept-Encoding: "+test.accepts)
			h := got.header
			if got.status != 200 || h.Get("Content-Encoding") != test.encoding || h.Get("Content-Type") != "text/javascript; charset=utf-8" ||
				strings.Count(strings.Join(h.Values("Vary"), ","), "Accept-Encoding") != 1 || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Content-Security-Policy") == "" {
				t.Errorf("%s with %q: %d %v", method, test.accepts, got.status, h)
			}
			if packed := got.body == "packed"; method == http.MethodGet && packed != (test.encoding == "br") {
				t.Errorf("%q gets %.40q", test.accepts, got.body)
			}
			if method == http.MethodHead && len(got.body) > 0 {
				t.Errorf("HEAD is answered with a body")
			}
		}
	}
	if got := s.do(t, "GET", "/assets/absent.js", "", "Accept-Encoding: br"); got.status != 404 {
		t.Errorf("a file that is not there: %d", got.status)
	}
}
