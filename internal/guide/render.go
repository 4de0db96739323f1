package guide

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// page is one text of the book.
type page struct {
	File     string // in the repository
	Slug     string
	Title    string
	Sections []section
	HTML     template.HTML
	links    []string // as they are written in HTML, for the test
	ids      map[string]bool
	base     string
}

// section is a heading below the title.
type section struct {
	ID, Text string
	Level    int // 2 or 3
}

// outside are files of the repository that texts may name as a link though the
// book does not show them: the link's text stays, without the link.
var outside = map[string]bool{"LICENSE": true}

// render makes all pages of the documentation.
func render(source fs.FS, base string) ([]*page, error) {
	var names []string
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md", "*.md"} {
		found, err := fs.Glob(source, pattern)
		if err != nil {
			return nil, fmt.Errorf("listing the texts: %w", err)
		}
		names = append(names, found...)
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	markdown := goldmark.New(
		// Alignment would need inline styles, which the content policy forbids.
		goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)), extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		// HTML within the texts is left out: that is goldmark's way unless told otherwise.
	)
	pages := make([]*page, 0, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(source, name)
		if err != nil {
			return nil, fmt.Errorf("reading a text: %w", err)
		}
		p, err := renderPage(markdown, known, base, name, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		pages = append(pages, p)
	}
	return pages, nil
}

var tableTag = regexp.MustCompile(`</?table>`)

func renderPage(markdown goldmark.Markdown, known map[string]bool, base, name string, data []byte) (*page, error) {
	p := &page{base: base, File: name, Slug: slugOf(name), ids: map[string]bool{}}
	ids := &anchors{used: p.ids}
	doc := markdown.Parser().Parse(text.NewReader(data), parser.WithContext(parser.NewContext(parser.WithIDs(ids))))
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			p.heading(n, data)
		case *ast.Image:
			n.Destination = []byte(p.picture(string(n.Destination)))
			p.links = append(p.links, string(n.Destination))
		case *ast.Link:
			to, err := p.resolve(known, string(n.Destination))
			if err != nil {
				return ast.WalkStop, err
			}
			if to == "" {
				unlink(n)
				return ast.WalkContinue, nil
			}
			if strings.Contains(to, "://") {
				n.SetAttributeString("rel", []byte("noreferrer"))
			}
			n.Destination = []byte(to)
			p.links = append(p.links, to)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	if p.Title == "" {
		return nil, fmt.Errorf("it does not begin with a title")
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, data, doc); err != nil {
		return nil, fmt.Errorf("writing HTML: %w", err)
	}
	// A wide table scrolls by itself, with the keyboard too, and not the page.
	// In texts and code "<" is escaped, so this finds tables only.
	tables := 0
	html := tableTag.ReplaceAllStringFunc(out.String(), func(tag string) string {
		if tag == "</table>" {
			return tag + "</div>"
		}
		tables++
		return fmt.Sprintf(`<div class="table" role="region" aria-label="Table %d" tabindex="0">%s`, tables, tag)
	})
	html = strings.ReplaceAll(html, "<!-- raw HTML omitted -->\n", "")
	p.HTML = template.HTML(html) //nolint:gosec // made from texts that are part of the program, without their HTML
	return p, nil
}

// unlink leaves only the text of a link whose target the book does not have.
func unlink(n *ast.Link) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		parent.InsertBefore(parent, n, c)
		c = next
	}
	n.Destination = nil
	parent.RemoveChild(parent, n)
}

func (p *page) heading(n *ast.Heading, data []byte) {
	title := plain(n, data)
	if n.Level == 1 && p.Title == "" {
		p.Title = title
		return
	}
	id, _ := n.AttributeString("id")
	if raw, ok := id.([]byte); ok && n.Level <= 3 {
		p.Sections = append(p.Sections, section{ID: string(raw), Text: title, Level: n.Level})
	}
}

// plain is the text within a node, without its marks.
func plain(n ast.Node, data []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(c.Segment.Value(data))
			if c.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		default:
			b.WriteString(plain(c, data))
		}
	}
	return b.String()
}

// picture is where the book has a picture of docs/images.
func (p *page) picture(dest string) string {
	return p.base + Root + "/images/" + path.Base(dest)
}

// resolve turns a link between files of the repository into one between pages;
// "" is a link to a file that the book does not show.
func (p *page) resolve(known map[string]bool, dest string) (string, error) {
	u, err := url.Parse(dest)
	if err != nil {
		return "", fmt.Errorf("the link %q is no address", dest)
	}
	switch {
	case u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "mailto":
		return dest, nil
	case u.Scheme != "" || u.Host != "":
		return "", fmt.Errorf("the link %q goes where no link may", dest)
	case strings.HasPrefix(u.Path, "/"):
		return p.base + dest, nil // of the running server, such as /docs
	case u.Path == "":
		return (&page{base: p.base, Slug: p.Slug}).URL() + "#" + u.Fragment, nil
	}
	file := path.Join(path.Dir(p.File), u.Path)
	if known[path.Join(file, "README.md")] {
		file = path.Join(file, "README.md") // a folder
	}
	switch {
	case known[file]:
	case outside[file]:
		return "", nil
	default:
		return "", fmt.Errorf("the link %q leads to %s, which is no page of the book", dest, file)
	}
	to := (&page{base: p.base, Slug: slugOf(file)}).URL()
	if u.Fragment != "" {
		to += "#" + u.Fragment
	}
	return to, nil
}

// anchors names headings as GitHub does, so that the same links work there and
// here: lower case, letters, digits, - and _ kept, spaces as -, repeated names
// counted.
type anchors struct{ used map[string]bool }

// Generate implements [parser.IDs].
func (a *anchors) Generate(value []byte, _ ast.NodeKind) []byte {
	id := anchor(string(value))
	for n := 1; a.used[id]; n++ {
		id = anchor(string(value)) + "-" + strconv.Itoa(n)
	}
	a.used[id] = true
	return []byte(id)
}

// Put implements [parser.IDs].
func (a *anchors) Put(value []byte) { a.used[string(value)] = true }

func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(title))
}
