package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// userInterface serves the built front-end.
type userInterface struct {
	files  fs.FS // nil: not built
	server http.Handler
	index  document
	live   document // for a channel's address, names what that page loads besides
	policy string
}

// document is a page as browsers get it.
type document struct {
	content []byte
	etag    string
}

func documentOf(content []byte, base string) document {
	content = rooted(content, base)
	return document{content: content, etag: etagOf(content)}
}

// The pages that the build writes.
const (
	indexName = "index.html"
	liveName  = "live.html"
)

// missingPage is shown where the front-end was not built in.
const missingPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chatmood: the user interface is missing</title>
<h1>The user interface is not built in</h1>
<p>The server and its API work. To get the pages, run <code>make build</code> in the checkout and start <code>bin/chatmood</code>.</p>
<p><a href="/docs">API documentation</a></p>
</html>
`

func newUserInterface(files fs.FS, base, pictures string) (*userInterface, error) {
	ui := &userInterface{}
	index, built, err := readPage(files, indexName, []byte(missingPage))
	if err != nil {
		return nil, err
	}
	live, _, err := readPage(files, liveName, index)
	if err != nil {
		return nil, err
	}
	if built {
		ui.files, ui.server = files, http.FileServerFS(files)
	}
	ui.index = documentOf(index, base)
	ui.live = documentOf(live, base)
	ui.policy = contentPolicy(ui.index.content, pictures)
	return ui, nil
}

// readPage reads a page that the build writes; without it there is another.
func readPage(files fs.FS, name string, without []byte) (page []byte, built bool, err error) {
	if files == nil {
		return without, false, nil
	}
	page, err = fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return without, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("httpapi: reading the user interface: %w", err)
	}
	return page, true, nil
}

// rootAddress is an address from the root in a page, and what the page is told
// of its place.
var (
	rootAddress = regexp.MustCompile(`(\s(?:href|src)=")/([^/])`)
	pagePlace   = regexp.MustCompile(`(<meta name="base-path" content=")"`)
)

// rooted returns a page as it is below a base path: built once, it is told where
// it is when it is served. (A <base> would lead links within the page astray, and
// pages would have to be allowed one.)
func rooted(page []byte, base string) []byte {
	if base == "" {
		return page
	}
	page = rootAddress.ReplaceAll(page, []byte("${1}"+base+"/${2}"))
	return pagePlace.ReplaceAll(page, []byte("${1}"+base+`"`))
}

func etagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

var inlineScript = regexp.MustCompile(`(?is)<script(?:\s+type="module")?\s*>(.*?)</script>`)

// contentPolicy allows a page what is our own, those inline scripts that the page
// was built with, by their hash, and pictures from one origin more, or none.
func contentPolicy(index []byte, pictures string) string {
	scripts := "'self'"
	for _, m := range inlineScript.FindAllSubmatch(index, -1) {
		sum := sha256.Sum256(m[1])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return strings.Join([]string{
		"default-src 'self'",
		"script-src " + scripts,
		"style-src 'self'",
		strings.TrimSpace("img-src 'self' data: " + pictures),
		"font-src 'self' data:",
		"connect-src 'self'",
		"object-src 'none'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}

// wanted reports whether a browser asks for a page.
func (ui *userInterface) wanted(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// serves reports whether the user interface answers a request that no route
// of the API matches: its own files, and pages for browsers.
func (ui *userInterface) serves(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || internalPath(r.URL.Path) {
		return false
	}
	if _, ok := ui.file(r.URL.Path); ok {
		return true
	}
	// A missing script or picture is a 404, never a page: browsers would cache it.
	return ui.wanted(r) && !strings.HasPrefix(r.URL.Path, "/assets/")
}

func (ui *userInterface) file(urlPath string) (name string, ok bool) {
	name = strings.TrimPrefix(path.Clean(urlPath), "/")
	if ui.files == nil || name == "" || !fs.ValidPath(name) || strings.Contains("/"+name, "/.") {
		return "", false
	}
	info, err := fs.Stat(ui.files, name)
	return name, err == nil && info.Mode().IsRegular()
}

// ServeHTTP implements [http.Handler]: a file of that name, else the page,
// which finds out from the path what to show.
func (ui *userInterface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", ui.policy)
	name, ok := ui.file(r.URL.Path)
	if ok && strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable") // the build puts a hash into the names
		if !ui.servePacked(w, r, name) {
			ui.server.ServeHTTP(w, r)
		}
		return
	}
	// Other names stay the same from build to build, so browsers have to ask.
	h.Set("Cache-Control", "no-cache")
	if ok && name != indexName && name != liveName {
		content, err := fs.ReadFile(ui.files, name)
		if err != nil {
			panic(fmt.Errorf("reading %s of the user interface: %w", name, err)) // it was there a moment ago
		}
		h.Set("Etag", etagOf(content))
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept") // the same path answers programs otherwise
	page := ui.index
	if strings.HasPrefix(r.URL.Path, "/analyze/") {
		page = ui.live
	}
	h.Set("Etag", page.etag)
	http.ServeContent(w, r, indexName, time.Time{}, bytes.NewReader(page.content))
}

// servePacked serves a file as the build packed it, to browsers that can read
// that; where it cannot it reports false and writes nothing.
func (ui *userInterface) servePacked(w http.ResponseWriter, r *http.Request, name string) bool {
	content, err := fs.ReadFile(ui.files, name+".br")
	if err != nil {
		return false // not packed
	}
	// That the answer goes by Accept-Encoding is said for all of them: see compress.
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" || !takes(r.Header.Values("Accept-Encoding"), "br") {
		return false
	}
	h := w.Header()
	h.Set("Content-Encoding", "br")
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) //nolint:gosec // our own build; who went away needs no answer
	}
	return true
}

// takes reports whether Accept-Encoding names a coding and does not refuse it
// (RFC 9110, 12.5.3).
func takes(accepted []string, coding string) bool {
	for _, line := range accepted {
		for part := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(name), coding) {
				continue
			}
			q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(weight)), "q=")
			value, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			return !ok || err == nil && value > 0
		}
	}
	return false
}
