// Package pages reads the texts that whoever runs a server puts in place of
// the product's own: contact, privacy, terms, about. They are Markdown files
// that may be edited while the server runs.
package pages

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// MaxBytes bounds a file; a longer one is refused.
const MaxBytes = 256 << 10

// Names are the pages there may be.
var names = []string{"about", "contact", "privacy", "terms"}

// Names lists the pages there may be.
func Names() []string { return slices.Clone(names) }

// Page is one text.
type Page struct {
	Language string    // of the file that was found, "de" for example; "" where its name says none
	HTML     []byte    // safe to be put into a page; not to be changed
	Changed  time.Time // when the file was written
}

// Pages are the texts in a folder. Methods may be called from many goroutines at
// once.
type Pages struct {
	dir      string
	markdown goldmark.Markdown
	policy   *bluemonday.Policy

	mu    sync.Mutex
	cache map[string]cached // by the file's name; as many as names and languages that were found
}

type cached struct {
	changed time.Time
	size    int64
	html    []byte
}

// New returns the texts in a folder, which need not exist.
func New(dir string) *Pages {
	return &Pages{
		dir: dir,
		// Raw HTML is let through here: the policy judges it with all the rest.
		markdown: goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify), goldmark.WithRendererOptions(html.WithUnsafe())),
		policy:   policy(),
		cache:    make(map[string]cached),
	}
}

// policy allows text, its structure, and links to pages and addresses: no
// pictures, which would tell other sites who reads, no styles, no scripts.
func policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h1", "h2", "h3", "h4", "p", "br", "hr", "strong", "em", "b", "i", "del", "code", "pre", "blockquote", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
}

// Page returns a text in a language ("" for any), or in none in particular where
// there is none in that one; false where there is no such text. Errors name the
// file.
func (p *Pages) Page(name, language string) (Page, bool, error) {
	if !slices.Contains(names, name) {
		return Page{}, false, nil
	}
	files := []string{name + ".md"}
	if language != "" && strings.Trim(language, "abcdefghijklmnopqrstuvwxyz") == "" && len(language) <= 3 {
		files = []string{name + "." + language + ".md", name + ".md"}
	}
	for _, file := range files {
		text, changed, err := p.read(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return Page{}, false, err
		}
		found := Page{HTML: text, Changed: changed}
		if len(files) == 2 && file == files[0] {
			found.Language = language
		}
		return found, true, nil
	}
	return Page{}, false, nil
}

// read returns a file as HTML; from the cache while it has not changed.
func (p *Pages) read(file string) ([]byte, time.Time, error) {
	path := filepath.Join(p.dir, file)
	info, err := os.Stat(path)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("looking for the page %s: %w", file, err)
	}
	if !info.Mode().IsRegular() {
		return nil, time.Time{}, fmt.Errorf("the page %s is no plain file", file)
	}
	if info.Size() > MaxBytes {
		return nil, time.Time{}, fmt.Errorf("the page %s has %d bytes: at most %d are shown", file, info.Size(), MaxBytes)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.cache[file]; ok && c.changed.Equal(info.ModTime()) && c.size == info.Size() {
		return c.html, c.changed, nil
	}
	text, err := p.render(path)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading the page %s: %w", file, err)
	}
	p.cache[file] = cached{changed: info.ModTime(), size: info.Size(), html: text}
	return text, info.ModTime(), nil
}

func (p *Pages) render(path string) ([]byte, error) {
	f, err := os.Open(path) // #nosec G304 -- one of a few names in the operator's own folder
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxBytes))
	if err != nil {
		return nil, err
	}
	return p.safe(bytes.ToValidUTF8(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\ufffd")))
}

// safe makes HTML of Markdown that a page may contain whatever it says.
func (p *Pages) safe(text []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := p.markdown.Convert(text, &out); err != nil {
		return nil, err
	}
	return p.policy.SanitizeBytes(out.Bytes()), nil
}
