//go:build !race

// What is here works alone for long and leaves the race detector nothing to
// find: make test runs it without.

package httpapi_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatmood/internal/httpapi"
)

// TestImportFormats imports a file of every format.
func TestImportFormats(t *testing.T) {
	s := keep(t, nil)
	files, err := filepath.Glob("../source/logfile/testdata/*.*")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s.pass(time.Minute)
		body, kind := form(t, nil, filepath.Base(name), string(data))
		got := s.as(t, "ann", "POST", "/api/history/import?channel=streamer_demo", body, "Content-Type: "+kind)
		if got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
			continue
		}
		doc := got.object(t)
		if source, _ := doc["source"].(map[string]any); doc["streamer_name"] != "streamer_demo" || doc["total_chats"] == 0.0 || source["file"] != filepath.Base(name) {
			t.Errorf("%s: %s", name, got.body)
		}
		id, _ := doc["_id"].(string)
		if pdf := s.as(t, "ann", "GET", "/api/history/"+id+"/pdf", ""); !strings.HasPrefix(pdf.body, "%PDF-") {
			t.Errorf("%s: the PDF: %d %.200s", name, pdf.status, pdf.body)
		}
	}
}

// TestImportTooLarge sends more than is taken, packed and as it is.
func TestImportTooLarge(t *testing.T) {
	s := keep(t, func(cfg *httpapi.Config) { cfg.ImportBytes, cfg.UnpackedBytes = 1<<20, 4<<20 })
	bomb := zipped(t, strings.Repeat(logLines(60, "alpha"), 2000))
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	s.as(t, "ann", "POST", "/api/history/import", bomb).wantProblem(t, 413, "unpacked")
	s.as(t, "ann", "POST", "/api/history/import", strings.Repeat("x", 1<<20+1)).wantProblem(t, 413, "The log is too large")
	// Without a length it is found out while it is read.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/history/import", io.MultiReader(strings.NewReader(strings.Repeat(logLines(60, "alpha"), 500))))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer ann")
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a stream that is too long: %d", res.StatusCode)
	}
	if got := s.as(t, "ann", "GET", "/api/history", ""); got.body != "[]" {
		t.Errorf("something was saved: %s", got.body)
	}
}
