package guide

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"chatmood"
)

func testBook(t *testing.T) *book {
	t.Helper()
	b, err := read(chatmood.Documentation, "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every text is in the contents, but for decisions, which their own list has.
func TestContentsAreWhole(t *testing.T) {
	listed := map[string]bool{}
	for _, p := range Parts() {
		for _, f := range p.Files {
			if listed[f] {
				t.Errorf("%s is in the contents twice", f)
			}
			listed[f] = true
		}
	}
	for _, p := range testBook(t).pages {
		if !listed[p.File] && !strings.HasPrefix(p.File, "docs/adr/") {
			t.Errorf("%s is not in the contents: add it to Parts", p.File)
		}
	}
}

// Every link within the book leads to a page, a heading or a picture that is there.
func TestLinks(t *testing.T) {
	b := testBook(t)
	checked := 0
	for _, p := range b.pages {
		for _, link := range p.links {
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			checked++
			to, anchor, _ := strings.Cut(link, "#")
			rest, ok := strings.CutPrefix(to, Root)
			if !ok {
				if !slices.Contains([]string{"/docs", "/openapi.json", "/"}, to) {
					t.Errorf("%s: the link to %s leads to no page of the server", p.File, link)
				}
				continue
			}
			rest = strings.TrimPrefix(rest, "/")
			if _, ok := b.assets[rest]; ok {
				continue
			}
			target := b.pages[rest]
			if target == nil {
				t.Errorf("%s: the link to %s leads nowhere", p.File, link)
				continue
			}
			if anchor != "" && !target.ids[anchor] {
				t.Errorf("%s: %s has no heading %q", p.File, target.File, anchor)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d links were looked at: this test is out of date", checked)
	}
}

// Each example says whether it is run. How many are not, and why, is told.
func TestExamplesAreMarked(t *testing.T) {
	list, err := Examples(chatmood.Documentation)
	if err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, e := range list {
		switch {
		case e.Test:
			run++
		case e.Unrun != "":
			t.Logf("not run: %s:%d: %s", e.File, e.Line, e.Unrun)
		}
	}
	if run < 20 {
		t.Errorf("only %d examples are run", run)
	}
}

func TestExamplesRefused(t *testing.T) {
	for text, want := range map[string]string{
		"```sh\nls\n```\n":               "says neither",
		"```sh unrun:\nls\n```\n":        "says neither",
		"```sh never\nls\n```\n":         "none of test",
		"```sh test until:\nls\n```\n":   "not which text",
		"```sh test\nls\n":               "no end",
		"```cobol test\nx\n```\n":        "cannot be tested",
		"a\n\n  ```python\n  x\n  ```\n": "a.md:3",
	} {
		_, err := Examples(fstest.MapFS{"a.md": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	list, err := Examples(fstest.MapFS{"a.md": {Data: []byte("x\n   ```sh test until: is at\n   a\n     b\n   ```\n")}})
	if err != nil || len(list) != 1 || list[0].Until != "is at" || list[0].Code != "a\n  b\n" || list[0].Line != 2 {
		t.Errorf("got %+v, %v", list, err)
	}
}

func get(t *testing.T, h http.Handler, url, page string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.SetPathValue("page", page)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	g := New(chatmood.Documentation, "")
	b := testBook(t)
	inline := regexp.MustCompile(`(?i) style=| on[a-z]+="|<script>|javascript:`)
	for slug, p := range b.pages {
		w := get(t, g, p.URL(), slug)
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, "<title>") {
			t.Errorf("%s: %d", p.URL(), w.Code)
		}
		if m := inline.FindString(body); m != "" {
			t.Errorf("%s has %q, which the content policy forbids", p.URL(), m)
		}
		if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", p.URL(), csp)
		}
		if strings.Count(body, "<h1") != 1 {
			t.Errorf("%s has %d titles, not one", p.URL(), strings.Count(body, "<h1"))
		}
	}
	for _, name := range []string{"guide.css", "guide.js", "headings.json", "images/live.png"} {
		if w := get(t, g, Root+"/"+name, name); w.Code != http.StatusOK || w.Header().Get("Etag") == "" {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := get(t, g, Root+"/nothing", "nothing"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "no such page") {
		t.Errorf("a missing page: %d", w.Code)
	}
	if w := get(t, g, Root+"/../secret", "../secret"); w.Code != http.StatusNotFound {
		t.Errorf("a path out of the book: %d", w.Code)
	}
}

func TestSearch(t *testing.T) {
	g := New(chatmood.Documentation, "")
	if w := get(t, g, Root+"?q=BACKUPS", ""); !strings.Contains(w.Body.String(), Root+"/deployment#9-backups") {
		t.Errorf("searching BACKUPS finds no chapter on backups:\n%s", w.Body)
	}
	if w := get(t, g, Root+"?q=%3Cscript%3Ealert(1)", ""); strings.Contains(w.Body.String(), "<script>alert") || !strings.Contains(w.Body.String(), "No heading has") {
		t.Error("a query comes back as HTML")
	}
	if w := get(t, g, Root+"?q="+strings.Repeat("ä", 5000), ""); w.Code != http.StatusOK || w.Body.Len() > 100_000 {
		t.Errorf("a long query: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := get(t, g, Root+"?q=++", ""); !strings.Contains(w.Body.String(), "Documentation") {
		t.Error("an empty query does not show the contents")
	}
}

// Below a base path every address of the book has it in front.
func TestBasePath(t *testing.T) {
	g := New(chatmood.Documentation, "/mood")
	address := regexp.MustCompile(`(?:href|src|action)="(/[^"]*)"`)
	for _, slug := range []string{"", "deployment", "clients", "about", "nothing"} {
		found := address.FindAllStringSubmatch(get(t, g, Root+"/"+slug, slug).Body.String(), -1)
		if len(found) < 10 {
			t.Errorf("%q: only %d addresses were found", slug, len(found))
		}
		for _, m := range found {
			if !strings.HasPrefix(m[1], "/mood/") {
				t.Errorf("%q has the address %s", slug, m[1])
			}
		}
	}
	if body := get(t, g, Root+"/headings.json", "headings.json").Body.String(); strings.Contains(body, `"url":"/docs`) {
		t.Error("headings have addresses without the base path")
	}
}

// HTML within a text is left out, links that lead out of the book are refused.
func TestHostileText(t *testing.T) {
	for text, want := range map[string]string{
		"# T\n\n<script>alert(1)</script>\n\n<b onclick=x>b</b>\n": "",
		"# T\n\n[a](javascript:alert(1))\n":                        "where no link may",
		"# T\n\n[a](//evil.example/x)\n":                           "where no link may",
		"# T\n\n[a](../go.mod)\n":                                  "no page of the book",
		"no title\n":                                               "title",
	} {
		pages, err := render(fstest.MapFS{"docs/README.md": {Data: []byte(text)}}, "")
		switch {
		case want != "":
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q", text, err, want)
			}
		case err != nil:
			t.Errorf("%q: %v", text, err)
		case strings.Contains(string(pages[0].HTML), "<script") || strings.Contains(string(pages[0].HTML), "onclick"):
			t.Errorf("%q: HTML came through: %s", text, pages[0].HTML)
		}
	}
}

func TestAnchors(t *testing.T) {
	for title, want := range map[string]string{
		"7. Being watched":       "7-being-watched",
		"`chatmood.v1`":          "chatmoodv1",
		"What it costs, and why": "what-it-costs-and-why",
		"Über ÄÖ":                "über-äö",
		"a - b_c":                "a---b_c",
	} {
		if got := anchor(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}

// What troubleshooting quotes is what the program says: each text in the first
// column of its tables, written as code, is in the source.
func TestTroubleshootingQuotes(t *testing.T) {
	var source strings.Builder
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			data, err := os.ReadFile(name)
			source.Write(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := fs.ReadFile(chatmood.Documentation, "docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	quotes := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "|") || len(cells) < 3 {
			continue
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			quote := strings.TrimSpace(m[1])
			if regexp.MustCompile(`^(/[a-z]+|chatmood [a-z]+|ws://|gap|Retry-After)$`).MatchString(quote) {
				continue // no text of an error
			}
			quotes++
			if !strings.Contains(source.String(), quote) {
				t.Errorf("troubleshooting quotes %q, which the program does not say", quote)
			}
		}
	}
	if quotes < 40 {
		t.Errorf("only %d texts were found: this test is out of date", quotes)
	}
}
