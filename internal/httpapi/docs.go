package httpapi

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

//go:embed docs
var docsFiles embed.FS

// docsPolicy allows the documentation its own two files and calls to this
// server, nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// newDocs serves the page that shows the API's description. It is a page of
// our own, since the known viewers weigh megabytes, come from foreign servers
// or need scripts that a strict content policy forbids.
func newDocs(base string) (http.Handler, error) {
	type file struct {
		kind    string
		content []byte
		etag    string
	}
	files := make(map[string]file)
	for name, kind := range map[string]string{
		"index.html": "text/html; charset=utf-8",
		"docs.js":    "text/javascript; charset=utf-8",
		"docs.css":   "text/css; charset=utf-8",
	} {
		content, err := fs.ReadFile(docsFiles, "docs/"+name)
		if err != nil {
			return nil, fmt.Errorf("httpapi: reading the documentation: %w", err)
		}
		if name == "index.html" {
			content = rooted(content, base)
		}
		files[name] = file{kind, content, etagOf(content)}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("file")
		if name == "" {
			name = "index.html"
		}
		f, ok := files[name]
		if !ok {
			writeProblem(w, r, newProblem(http.StatusNotFound, "Not Found"))
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", docsPolicy)
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "no-cache")
		h.Set("Etag", f.etag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.content))
	}), nil
}
