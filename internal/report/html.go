package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
)

// page is the document around the reports, as html/template reads it.
//
//go:embed page.html
var page string

// style is the style sheet, the only thing in the page that is no text.
//
//go:embed page.css
var style string

// ContentSecurityPolicy returns the policy that a report in HTML needs: none
// but its own style sheet, named by its hash. The page states it itself too.
func ContentSecurityPolicy() string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'"
}

// htmlReport is what the template is given of one report.
type htmlReport struct {
	Title  string
	Blocks []htmlBlock
}

type htmlBlock struct {
	Kind   string
	Text   string
	ID     string
	Items  []htmlItem
	Tables []htmlTable
	Chart  template.HTML
	Title  string
	Legend []htmlKey
	Bar    bool // the chart is low and can be narrow
}

type (
	htmlItem struct{ Name, Text string }
	htmlKey  struct{ Class, Text string }
)

type htmlTable struct {
	Title string
	Cols  []htmlCol
	Rows  []htmlRow
}

type htmlCol struct {
	Name   string
	Number bool
}

type htmlRow struct {
	Total bool
	Cells []htmlCell
}

type htmlCell struct {
	Text   string
	Number bool
	Head   bool // it names the row
	Short  bool // it is not broken into lines
}

// writeHTML writes the reports as one file that asks for nothing outside it.
func writeHTML(w io.Writer, docs []*document) error {
	tmpl, err := template.New("page").Parse(page)
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	data := struct {
		Title, Policy, Program string
		Style                  template.CSS
		Reports                []htmlReport
	}{
		Title: docs[0].title(), Policy: ContentSecurityPolicy(), Program: docs[0].program(),
		Style: template.CSS(style), //nolint:gosec // our own file
	}
	for i, d := range docs {
		data.Reports = append(data.Reports, d.htmlReport(i))
	}
	return tmpl.Execute(w, data)
}

// program names what made the report.
func (d *document) program() string {
	if d.opt.Version == "" {
		return "chatmood"
	}
	return "chatmood " + clean(d.opt.Version)
}

func (d *document) htmlReport(no int) htmlReport {
	out := htmlReport{Title: d.title()}
	for i, b := range d.blocks() {
		h := htmlBlock{Text: b.text, ID: fmt.Sprintf("r%d-%d", no+1, i+1)}
		switch b.kind {
		case kindHeading:
			h.Kind = "heading"
		case kindParagraph:
			h.Kind = "paragraph"
		case kindSmall:
			h.Kind = "small"
		case kindFacts, kindList:
			h.Kind = "facts"
			if b.kind == kindList {
				h.Kind = "list"
			}
			for _, it := range b.items {
				h.Items = append(h.Items, htmlItem{it.name, it.text})
			}
		case kindTables:
			h.Kind = "tables"
			for _, t := range b.table {
				h.Tables = append(h.Tables, htmlTableOf(&t))
			}
		case kindChart:
			h.Kind = "chart"
			h.Title, h.Bar = b.chart.title, b.chart.bar
			h.Chart = template.HTML(svgOf(b.chart, h.ID)) //nolint:gosec // drawn by us, its texts are escaped
			for _, k := range b.chart.legend {
				h.Legend = append(h.Legend, htmlKey{k.ink.class(), k.text})
			}
		}
		out.Blocks = append(out.Blocks, h)
	}
	return out
}

func htmlTableOf(t *table) htmlTable {
	out := htmlTable{Title: t.title}
	for _, c := range t.cols {
		out.Cols = append(out.Cols, htmlCol{c.name, c.number})
	}
	for i, row := range t.rows {
		r := htmlRow{Total: t.total && i == len(t.rows)-1}
		for k, cell := range row {
			r.Cells = append(r.Cells, htmlCell{Text: cell, Number: t.cols[k].number, Head: k == 0, Short: len(cell) <= shortCell})
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

// shortCell is up to how many bytes a cell is not broken, on a phone neither.
const shortCell = 14

// svgWidth is the width that charts are drawn at; the page scales them.
const svgWidth = 640

// svgOf draws a chart. Colours are classes, so that the page can change them.
func svgOf(c *chart, id string) string {
	p := &svgPen{}
	c.draw(p, svgWidth)
	return fmt.Sprintf(`<svg viewBox="0 0 %d %s" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		svgWidth, coord(c.height), id, id, id, html.EscapeString(c.title), id, html.EscapeString(c.desc), p.b.String())
}

type svgPen struct{ b strings.Builder }

// coord writes a length; hundredths are enough.
func coord(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

func (p *svgPen) rect(x, y, w, h float64, c ink) {
	fmt.Fprintf(&p.b, `<rect class="f %s" x="%s" y="%s" width="%s" height="%s"/>`, c.class(), coord(x), coord(y), coord(max(w, 0)), coord(max(h, 0)))
}

func (p *svgPen) points(points []point) string {
	var b strings.Builder
	for i, q := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(coord(q.x) + "," + coord(q.y))
	}
	return b.String()
}

func (p *svgPen) line(points []point, width float64, c ink) {
	fmt.Fprintf(&p.b, `<polyline class="s %s" stroke-width="%s" points="%s"/>`, c.class(), coord(width), p.points(points))
}

func (p *svgPen) area(points []point, c ink) {
	fmt.Fprintf(&p.b, `<polygon class="f %s" points="%s"/>`, c.class(), p.points(points))
}

func (p *svgPen) label(x, y, size float64, text string, where anchor, c ink) {
	fmt.Fprintf(&p.b, `<text class="f %s" x="%s" y="%s" font-size="%s" text-anchor="%s">%s</text>`,
		c.class(), coord(x), coord(y), coord(size+1), [...]string{"start", "middle", "end"}[where], html.EscapeString(text))
}
