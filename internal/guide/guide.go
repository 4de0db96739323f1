// Package guide shows the documentation as a small book: pages made from
// Markdown, with contents, links between them and a search of headings. It
// needs no script to be read, and nothing from other servers.
package guide

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Root is the path under which the book is served, behind the base path.
const Root = "/docs/guide"

// policy allows a page our own style and script and pictures, and its search
// form to ask this server.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// maxQuery bounds what may be searched for, in bytes.
const maxQuery = 200

//go:embed files
var files embed.FS

// tokens is where the front-end keeps colours and type.
const tokens = "frontend/src/styles/tokens.css" //nolint:gosec // design tokens: colours

// Part is a part of the book: a heading of the contents and its pages, as
// names of files in the repository.
type Part struct {
	Title string
	Files []string
}

// Parts are the book's pages in their order. A test fails when a text of the
// documentation is in none.
func Parts() []Part {
	return []Part{
		{"Start", []string{"docs/README.md", "docs/quick-start.md", "README.md", "docs/faq.md"}},
		{"Run it", []string{
			"docs/deployment.md", "docs/kubernetes.md", "docs/configuration.md", "docs/from-python.md", "docs/compatibility.md", "docs/mongodb.md", "docs/migration.md", "docs/scaling.md", "docs/monitoring.md",
			"docs/doctor.md", "docs/troubleshooting.md", "docs/privacy.md", "docs/loadtest.md", "docs/operating-day.md", "SECURITY.md", "docs/threat-model.md", "docs/security.md",
		}},
		{"Use it by program", []string{"docs/clients.md", "docs/api.md", "docs/websocket.md"}},
		{"Understand it", []string{"docs/sentiment.md", "docs/analysis.md", "docs/history.md", "docs/reports.md", "docs/log-formats.md", "docs/performance.md"}},
		{"Work on it", []string{"CONTRIBUTING.md", "ARCHITECTURE.md", "docs/testing.md", "docs/simulator.md", "docs/adr/README.md", "CHANGELOG.md", "docs/licences.md"}},
	}
}

// book is what is served, made once.
type book struct {
	base     string
	pages    map[string]*page // by slug; "" is the contents
	parts    []part
	assets   map[string]asset // by name
	template *template.Template
}

type part struct {
	Title string
	Pages []*page
}

type asset struct {
	kind, etag string
	content    []byte
}

// Guide serves the book. It is safe for concurrent use.
type Guide struct {
	read func() (*book, error)
}

// New returns the book of the documentation in source. The pages are made when
// the first is asked for: the start of a server does not wait for them.
//
// Base is the path below which the proxy in front serves everything, such as
// /mood; usually "".
func New(source fs.FS, base string) *Guide {
	return &Guide{read: sync.OnceValues(func() (*book, error) { return read(source, base) })}
}

func read(source fs.FS, base string) (*book, error) {
	b := &book{base: base, pages: map[string]*page{}, assets: map[string]asset{}}
	pages, err := render(source, base)
	if err != nil {
		return nil, fmt.Errorf("guide: %w", err)
	}
	for _, p := range pages {
		b.pages[p.Slug] = p
	}
	for _, group := range Parts() {
		entry := part{Title: group.Title}
		for _, file := range group.Files {
			p, ok := b.pages[slugOf(file)]
			if !ok {
				return nil, fmt.Errorf("guide: the contents name %s, which does not exist", file)
			}
			entry.Pages = append(entry.Pages, p)
		}
		b.parts = append(b.parts, entry)
	}
	if err := b.addAssets(source, pages); err != nil {
		return nil, err
	}
	if b.template, err = template.ParseFS(files, "files/page.html"); err != nil {
		return nil, fmt.Errorf("guide: reading the template: %w", err)
	}
	return b, nil
}

func (b *book) addAssets(source fs.FS, pages []*page) error {
	add := func(name, kind string, content []byte) { b.assets[name] = asset{kind, etagOf(content), content} }
	var style []byte
	for _, part := range []struct {
		from fs.FS
		name string
	}{{source, tokens}, {files, "files/guide.css"}} {
		data, err := fs.ReadFile(part.from, part.name)
		if err != nil {
			return fmt.Errorf("guide: reading the style: %w", err)
		}
		style = append(style, data...)
	}
	add("guide.css", "text/css; charset=utf-8", style)
	script, err := fs.ReadFile(files, "files/guide.js")
	if err != nil {
		return fmt.Errorf("guide: reading the script: %w", err)
	}
	add("guide.js", "text/javascript; charset=utf-8", script)
	index, err := json.Marshal(headings(pages))
	if err != nil {
		return fmt.Errorf("guide: encoding the headings: %w", err)
	}
	add("headings.json", "application/json", index)
	pictures, err := fs.Glob(source, "docs/images/*.*")
	if err != nil {
		return fmt.Errorf("guide: listing pictures: %w", err)
	}
	for _, name := range pictures {
		data, err := fs.ReadFile(source, name)
		if err != nil {
			return fmt.Errorf("guide: reading a picture: %w", err)
		}
		add("images/"+path.Base(name), "image/"+strings.TrimPrefix(path.Ext(name), "."), data)
	}
	return nil
}

func etagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// heading is where a search leads to.
type heading struct {
	Page string `json:"page"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

func headings(pages []*page) []heading {
	var list []heading
	for _, p := range pages {
		list = append(list, heading{p.Title, p.Title, p.URL()})
		for _, s := range p.Sections {
			list = append(list, heading{p.Title, s.Text, p.URL() + "#" + s.ID})
		}
	}
	return list
}

// search returns the headings in which all words of the query occur, upper and
// lower case alike.
func search(list []heading, query string) []heading {
	words := strings.FieldsFunc(strings.ToLower(query), unicode.IsSpace)
	if len(words) == 0 {
		return nil
	}
	var found []heading
	for _, h := range list {
		text := strings.ToLower(h.Page + " " + h.Text)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			found = append(found, h)
		}
	}
	return found
}

// view is what the template shows.
type view struct {
	Base    string // before the path of every address
	Root    string
	Parts   []part
	Page    *page // nil: nothing or a search
	Title   string
	Query   string
	Found   []heading
	Missing bool
	Before  *page
	After   *page
}

// ServeHTTP implements [http.Handler]. The path value "page" names what is
// wanted: a page's slug, "" for the contents, or one of the book's own files.
func (g *Guide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := g.read()
	if err != nil {
		panic(err) // the book is part of the program and tested; the server answers 500 and logs it
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache")
	name := r.PathValue("page")
	if a, ok := b.assets[name]; ok {
		h.Set("Content-Type", a.kind)
		h.Set("Etag", a.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
		return
	}
	v := view{Base: b.base, Root: b.base + Root, Parts: b.parts, Query: r.URL.Query().Get("q")}
	if len(v.Query) > maxQuery {
		v.Query = strings.ToValidUTF8(v.Query[:maxQuery], "")
	}
	status := http.StatusOK
	p := b.pages[name]
	switch {
	case p == nil:
		status, v.Missing, v.Title = http.StatusNotFound, true, "There is no such page"
	case name == "" && strings.TrimSpace(v.Query) != "":
		v.Title = "Search"
		v.Found = search(b.headings(), v.Query)
	default:
		v.Page, v.Title = p, p.Title
		v.Before, v.After = b.around(p)
	}
	var out bytes.Buffer
	if err := b.template.Execute(&out, v); err != nil {
		panic(fmt.Errorf("guide: writing the page %q: %w", name, err))
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	if status != http.StatusOK {
		w.WriteHeader(status)
		_, _ = w.Write(out.Bytes())
		return
	}
	h.Set("Etag", etagOf(out.Bytes()))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(out.Bytes()))
}

func (b *book) headings() []heading {
	var all []*page
	for _, part := range b.parts {
		all = append(all, part.Pages...)
	}
	return headings(all)
}

// around returns the pages before and after one, in the contents' order.
func (b *book) around(p *page) (before, after *page) {
	var all []*page
	for _, part := range b.parts {
		all = append(all, part.Pages...)
	}
	i := slices.Index(all, p)
	if i < 0 {
		return nil, nil // a decision: not in the contents by itself
	}
	if i > 0 {
		before = all[i-1]
	}
	if i+1 < len(all) {
		after = all[i+1]
	}
	return before, after
}

// slugOf is the last part of a page's path: docs/adr/0001-x.md is adr/0001-x,
// CONTRIBUTING.md is contributing, docs/README.md is "". The README beside
// docs is about, and SECURITY.md security-policy, since docs has a security.md.
func slugOf(file string) string {
	switch file {
	case "README.md":
		return "about"
	case "SECURITY.md":
		return "security-policy"
	}
	slug := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(file, "docs/"), ".md"))
	return strings.TrimSuffix(strings.TrimSuffix(slug, "readme"), "/")
}

// URL is the page's address on the server.
func (p *page) URL() string {
	if p.Slug == "" {
		return p.base + Root
	}
	return p.base + Root + "/" + (&url.URL{Path: p.Slug}).EscapedPath()
}
