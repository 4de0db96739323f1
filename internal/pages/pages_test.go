package pages

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func write(t *testing.T, dir, name, text string, at time.Time) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestPage(t *testing.T) {
	dir := t.TempDir()
	p := New(dir)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if _, ok, err := p.Page("privacy", "de"); ok || err != nil {
		t.Fatalf("an empty folder: %t, %v", ok, err)
	}
	if _, ok, err := New(filepath.Join(dir, "none")).Page("privacy", ""); ok || err != nil {
		t.Fatalf("no folder: %t, %v", ok, err)
	}
	write(t, dir, "privacy.md", "# Ours\n\nRead *this*.\n", at)
	write(t, dir, "privacy.de.md", "# Unseres\n", at)
	write(t, dir, "secret.md", "x", at)
	for _, tc := range []struct{ name, language, want, found string }{
		{"privacy", "", "<h1>Ours</h1>\n<p>Read <em>this</em>.</p>\n", ""},
		{"privacy", "fr", "<h1>Ours</h1>\n<p>Read <em>this</em>.</p>\n", ""},
		{"privacy", "de", "<h1>Unseres</h1>\n", "de"},
		{"privacy", "../x", "<h1>Ours</h1>\n<p>Read <em>this</em>.</p>\n", ""},
	} {
		got, ok, err := p.Page(tc.name, tc.language)
		if !ok || err != nil || string(got.HTML) != tc.want || got.Language != tc.found || !got.Changed.Equal(at) {
			t.Errorf("%s, %q: %q in %q of %v, %t, %v", tc.name, tc.language, got.HTML, got.Language, got.Changed, ok, err)
		}
	}
	for _, name := range []string{"secret", "../privacy", "privacy.de", "", "PRIVACY"} {
		if _, ok, err := p.Page(name, ""); ok || err != nil {
			t.Errorf("%q: %t, %v", name, ok, err)
		}
	}

	// An edit shows, also one that leaves the length as it was; so does taking the file away.
	write(t, dir, "privacy.md", "# Hers\n\nRead *this*.\n", at.Add(time.Second))
	if got, _, err := p.Page("privacy", ""); err != nil || !strings.Contains(string(got.HTML), "Hers") {
		t.Errorf("after an edit: %q, %v", got.HTML, err)
	}
	if err := os.Remove(filepath.Join(dir, "privacy.md")); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := p.Page("privacy", ""); ok || err != nil {
		t.Errorf("after removing: %t, %v", ok, err)
	}
}

func TestPageFaults(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	write(t, dir, "terms.md", strings.Repeat("x", MaxBytes+1), at)
	if err := os.Mkdir(filepath.Join(dir, "about.md"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := New(dir)
	for name, want := range map[string]string{"terms": "terms.md has 262145 bytes", "about": "about.md is no plain file"} {
		if _, ok, err := p.Page(name, ""); ok || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %t, %v, want %q", name, ok, err, want)
		}
	}
	write(t, dir, "contact.md", "\ufeff# A\xffB", at)
	if got, ok, err := p.Page("contact", ""); !ok || err != nil || string(got.HTML) != "<h1>A\ufffdB</h1>\n" {
		t.Errorf("text that is no UTF-8: %q, %t, %v", got.HTML, ok, err)
	}
}

// hostile are things that no page may do, as somebody might paste them.
var hostile = []string{
	"<script>alert(1)</script>text",
	"<img src=x onerror=alert(1)>",
	"![pixel](https://elsewhere.example/p.png)",
	"[x](javascript:alert(1))",
	"[x](JaVaScRiPt&#58;alert(1))",
	"[x](java\tscript:alert(1))",
	"[x](data:text/html;base64,PHNjcmlwdD4=)",
	"[x](vbscript:x)",
	"<javascript:alert(1)>",
	`<a href="&#106;avascript:alert(1)">x</a>`,
	`<a href="https://x.example" onclick="alert(1)" style="position:fixed" target="_blank" id="root">x</a>`,
	"<iframe src=https://x.example></iframe>",
	"<svg><script>alert(1)</script></svg>",
	"<svg/onload=alert(1)>",
	"<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
	"<style>body{display:none}</style>",
	"<form action=https://x.example><input name=password></form>",
	"<base href=https://x.example>",
	"<meta http-equiv=refresh content=0;url=https://x.example>",
	"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
	"<p onmouseover=alert(1)>x</p>",
	"```<script>\nalert(1)\n```",
	"<!-- --!><script>alert(1)</script>",
	"[a]: javascript:alert(1)\n\n[a]",
	"<details open ontoggle=alert(1)>",
}

func TestHostileText(t *testing.T) {
	p := New(t.TempDir())
	for _, text := range hostile {
		checkSafe(t, p, []byte(text))
	}
}

func FuzzPage(f *testing.F) {
	for _, text := range hostile {
		f.Add([]byte(text))
	}
	f.Add([]byte("# A\n\n| a | b |\n|---|---|\n| 1 | [x](/terms) |\n"))
	p := New(f.TempDir())
	f.Fuzz(func(t *testing.T, text []byte) { checkSafe(t, p, bytes.ToValidUTF8(text, nil)) })
}

var (
	safeElement = regexp.MustCompile(`^(html|head|body|h[1-4]|p|br|hr|strong|em|b|i|del|code|pre|blockquote|ul|ol|li|dl|dt|dd|table|thead|tbody|colgroup|tr|th|td|a)$`)
	safeLink    = regexp.MustCompile(`(?i)^\s*(https?:|mailto:|[^:]*([/?#]|$))`)
)

// checkSafe reads what became of a text as a browser does: nothing may be left
// that runs, styles, loads or leads to a script.
func checkSafe(t *testing.T, p *Pages, text []byte) {
	t.Helper()
	out, err := p.safe(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	root, err := html.Parse(bytes.NewReader(out))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			if !safeElement.MatchString(n.Data) {
				t.Errorf("%q became an element %s: %s", text, n.Data, out)
			}
			for _, a := range n.Attr {
				switch {
				case n.Data == "a" && a.Key == "rel":
				case n.Data == "a" && a.Key == "href" && safeLink.MatchString(a.Val):
				default:
					t.Errorf("%q: attribute %s=%q of %s: %s", text, a.Key, a.Val, n.Data, out)
				}
			}
		case html.CommentNode, html.DoctypeNode:
			t.Errorf("%q: %s", text, out)
		}
	}
}
