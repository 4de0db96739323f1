package report

import (
	"cmp"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"math"

	"github.com/carlos7ags/folio/content"
	folio "github.com/carlos7ags/folio/document"
	"github.com/carlos7ags/folio/layout"
)

// Sizes on the page, in points.
const (
	margin      = 46.0
	footerSpace = 16.0 // above the lower margin

	sizeTitle   = 20.0
	sizeHeading = 12.5
	sizeText    = 9.5
	sizeTable   = 8.5
	sizeSmall   = 7.8
	leading     = 1.38 // lines to size

	cellPadX  = 4.0
	cellPadY  = 1.5
	columnGap = 18.0 // between tables that stand side by side
)

// Limits that keep a page a page whatever is written on it.
const (
	maxTitleLines = 4
	maxTextLines  = 400 // of one paragraph
	maxCellLines  = 8
	maxPairLines  = 2 // in tables that are not divided between pages
	maxItemLines  = 40
)

// writePDF writes the reports as one PDF, each from a new page on.
func writePDF(ctx context.Context, out io.Writer, docs []*document) error {
	d := docs[0]
	size := folio.PageSizeA4
	if d.opt.Paper == Letter {
		size = folio.PageSizeLetter
	}
	doc := folio.NewDocument(size)
	doc.SetMargins(layout.Margins{Top: margin, Right: margin, Bottom: margin, Left: margin})
	doc.SetTagged(true)
	doc.SetAutoBookmarks(true)
	doc.Info = folio.Info{Title: d.title(), Subject: "Chat Analysis Report", Creator: d.program(), Producer: "chatmood", Language: "en"}
	if !d.opt.Generated.IsZero() {
		doc.Info.CreationDate, doc.Info.ModDate = d.opt.Generated, d.opt.Generated
	}
	t, err := newTypesetter()
	if err != nil {
		return err
	}
	for i, d := range docs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i > 0 {
			doc.Add(layout.NewAreaBreak())
		}
		p := &pageSetter{t: t, d: d, width: size.Width - 2*margin}
		p.set()
		doc.Add(&flow{items: p.items, footer: p.footer, pageHeight: size.Height})
	}
	if t.err != nil {
		return t.err
	}
	_, err = doc.WriteToWithContext(ctx, out, folio.WriteOptions{Deterministic: true, CompressionLevel: zlib.DefaultCompression})
	return cmp.Or(t.err, err)
}

// flowItem is what stands on one page: a line, a row, a drawing.
type flowItem struct {
	height float64
	before float64 // space above, dropped at the top of a page
	keep   bool    // on one page with the next
	group  int     // items of one group are one element of the document's structure; 0: none
	wrap   string  // the tag of that element
	block  layout.PlacedBlock
	header *flowItem // of a table: repeated at the top of a page
}

// flow divides items between pages.
type flow struct {
	items      []flowItem
	footer     func(ctx layout.DrawContext)
	pageHeight float64
}

// PlanLayout implements [layout.Element].
func (f *flow) PlanLayout(area layout.LayoutArea) layout.LayoutPlan {
	plan := layout.LayoutPlan{Status: layout.LayoutFull}
	limit := area.Height - footerSpace
	plan.Blocks = append(plan.Blocks, layout.PlacedBlock{Draw: func(ctx layout.DrawContext, _, _ float64) { f.footer(ctx) }})
	y, n := 0.0, 0
	group, open := 0, -1
	place := func(it *flowItem) {
		b := it.block
		b.Y, b.Height = y, it.height
		if it.group == 0 {
			group = 0
			plan.Blocks = append(plan.Blocks, b)
		} else {
			if it.group != group {
				group, open = it.group, len(plan.Blocks)
				plan.Blocks = append(plan.Blocks, layout.PlacedBlock{Y: y, Tag: it.wrap, Width: area.Width})
			}
			parent := &plan.Blocks[open]
			b.Y -= parent.Y
			parent.Children = append(parent.Children, b)
			parent.Height = b.Y + b.Height
		}
		y += it.height
	}
	for n < len(f.items) {
		it := &f.items[n]
		before := it.before
		if y == 0 {
			before = 0
		}
		// What must stay together, and the header that has to stand above it.
		need := before + it.height
		if y == 0 && it.header != nil {
			need += it.header.height
		}
		for k := n; f.items[k].keep && k+1 < len(f.items); k++ {
			need += f.items[k+1].before + f.items[k+1].height
		}
		if y > 0 && y+need > limit {
			plan.Status = layout.LayoutPartial
			plan.Overflow = &flow{items: f.items[n:], footer: f.footer, pageHeight: f.pageHeight}
			break
		}
		if y == 0 && it.header != nil {
			place(it.header)
		}
		y += before
		place(it)
		n++
	}
	plan.Consumed = area.Height
	return plan
}

// pageSetter makes items of the blocks of a report.
type pageSetter struct {
	t     *typesetter
	d     *document
	width float64
	items []flowItem
	group int
}

func (p *pageSetter) add(it flowItem) { p.items = append(p.items, it) }

// newGroup begins an element of the document's structure.
func (p *pageSetter) newGroup() int {
	p.group++
	return p.group
}

func (p *pageSetter) set() {
	p.text("Chat Analysis Report", textStyle{size: sizeSmall + 0.7, ink: inkFaint, tag: "P", limit: 1, keep: true})
	p.text(p.d.title(), textStyle{size: sizeTitle, bold: true, ink: inkText, tag: "H1", limit: maxTitleLines, before: 1, keep: true})
	p.gap(6)
	for _, b := range p.d.blocks() {
		switch b.kind {
		case kindHeading:
			p.heading(b.text)
		case kindParagraph:
			p.text(b.text, textStyle{size: sizeText, ink: inkText, tag: "P", limit: maxTextLines, before: 4})
		case kindSmall:
			p.text(b.text, textStyle{size: sizeSmall, ink: inkFaint, tag: "P", limit: maxTextLines, before: 3})
		case kindFacts:
			p.facts(b.items)
		case kindList:
			for _, it := range b.items {
				p.listItem(it)
			}
		case kindTables:
			p.tables(b.table)
		case kindChart:
			p.chart(b.chart)
		}
	}
}

func (p *pageSetter) gap(h float64) { p.add(flowItem{height: h}) }

type textStyle struct {
	size   float64
	bold   bool
	ink    ink
	tag    string
	limit  int
	before float64
	keep   bool
	indent float64
}

// text adds a paragraph, line by line.
func (p *pageSetter) text(s string, st textStyle) {
	lines := p.t.lines(s, st.bold, (p.width-st.indent)/st.size, st.limit)
	group := p.newGroup()
	for i := range lines {
		l := &lines[i]
		it := flowItem{height: st.size * leading, group: group, wrap: st.tag, keep: st.keep}
		if i == 0 {
			it.before = st.before
		}
		// No line stands alone, at the foot or the head of a page.
		if i == 0 && len(lines) > 1 || i == len(lines)-2 {
			it.keep = true
		}
		it.block = layout.PlacedBlock{X: st.indent, Width: p.width - st.indent, Draw: func(ctx layout.DrawContext, x, topY float64) {
			if l.right {
				x += p.width - st.indent - l.width*st.size
			}
			p.t.put(ctx, l, x, topY-st.size*1.06, st.size, st.ink)
		}}
		p.add(it)
	}
}

func (p *pageSetter) heading(s string) {
	lines := p.t.lines(s, true, p.width/sizeHeading, 1)
	if len(lines) == 0 {
		return
	}
	l := &lines[0]
	const height = sizeHeading*leading + 5
	p.add(flowItem{height: height, before: 12, keep: true, block: layout.PlacedBlock{
		Width: p.width, Tag: "H2", HeadingText: s,
		Draw: func(ctx layout.DrawContext, x, topY float64) {
			p.t.put(ctx, l, x, topY-sizeHeading*1.06, sizeHeading, inkText)
			artifact(ctx.Stream, func() {
				setStroke(ctx.Stream, inkGrid)
				ctx.Stream.SetLineWidth(0.7)
				ctx.Stream.MoveTo(x, topY-height+2.5)
				ctx.Stream.LineTo(x+p.width, topY-height+2.5)
				ctx.Stream.Stroke()
			})
		},
	}})
}

// artifact marks what is drawn as none of the content.
func artifact(s *content.Stream, draw func()) {
	s.BeginMarkedContent("Artifact")
	draw()
	s.EndMarkedContent()
}

// facts adds names with their values in two columns.
func (p *pageSetter) facts(items []item) {
	const columns = 2
	wide := (p.width - columnGap) / columns
	for from := 0; from < len(items); from += columns {
		var children []layout.PlacedBlock
		height := 0.0
		for i, it := range items[from:min(from+columns, len(items))] {
			x := float64(i) * (wide + columnGap)
			name := p.t.lines(it.name, false, wide/sizeSmall, 1)
			value := p.t.lines(it.text, true, wide/sizeText, maxCellLines)
			children = append(children, layout.PlacedBlock{X: x, Tag: "P", Width: wide, Draw: func(ctx layout.DrawContext, x, topY float64) {
				p.column(ctx, name, x, topY, wide, sizeSmall, inkFaint, false)
				p.column(ctx, value, x, topY-sizeSmall*leading, wide, sizeText, inkText, false)
			}})
			height = max(height, sizeSmall*leading+float64(len(value))*sizeText*leading)
		}
		for i := range children {
			children[i].Height = height
		}
		p.add(flowItem{height: height, before: 5, block: layout.PlacedBlock{Width: p.width, Children: children}})
	}
}

// column shows lines under each other.
func (p *pageSetter) column(ctx layout.DrawContext, lines []textLine, x, topY, width, size float64, c ink, toRight bool) {
	for i := range lines {
		at := x
		if toRight {
			at += width - lines[i].width*size
		}
		p.t.put(ctx, &lines[i], at, topY-size*1.06-float64(i)*size*leading, size, c)
	}
}

func (p *pageSetter) listItem(it item) {
	const indent = 78.0
	name := p.t.lines(it.name, true, (indent-6)/sizeTable, 1)
	text := p.t.lines(it.text, false, (p.width-indent)/sizeTable, maxItemLines)
	group := p.newGroup()
	for i := range max(len(text), 1) {
		item := flowItem{height: sizeTable * leading, group: group, wrap: "P", keep: i == 0 && len(text) > 1}
		if i == 0 {
			item.before = 2.5
		}
		item.block = layout.PlacedBlock{Width: p.width, Draw: func(ctx layout.DrawContext, x, topY float64) {
			if i == 0 {
				p.column(ctx, name, x, topY, indent, sizeTable, inkText, false)
			}
			if i < len(text) {
				p.column(ctx, text[i:i+1], x+indent, topY, p.width-indent, sizeTable, inkText, false)
			}
		}}
		p.add(item)
	}
}

// tables adds one table over the whole width, or several two by two.
func (p *pageSetter) tables(tables []table) {
	if len(tables) == 1 && len(tables[0].cols) > 2 {
		p.table(&tables[0])
		return
	}
	wide := (p.width - columnGap) / 2
	for from := 0; from < len(tables); from += 2 {
		var children []layout.PlacedBlock
		height := 0.0
		for i := range tables[from:min(from+2, len(tables))] {
			t := &tables[from+i]
			rows := p.rows(t, wide, maxPairLines)
			y := 0.0
			if t.title != "" {
				title := p.t.lines(t.title, true, wide/sizeTable, 1)
				children = append(children, layout.PlacedBlock{X: float64(i) * (wide + columnGap), Width: wide, Tag: "P", Height: sizeTable * leading, Draw: func(ctx layout.DrawContext, x, topY float64) {
					p.column(ctx, title, x, topY, wide, sizeTable, inkText, false)
				}})
				y = sizeTable*leading + 1
			}
			block := layout.PlacedBlock{X: float64(i) * (wide + columnGap), Y: y, Width: wide, Tag: "Table"}
			for _, r := range rows {
				r.block.Y = block.Height
				r.block.Height = r.height
				block.Children = append(block.Children, r.block)
				block.Height += r.height
			}
			children = append(children, block)
			height = max(height, y+block.Height)
		}
		p.add(flowItem{height: height, before: 8, block: layout.PlacedBlock{Width: p.width, Children: children}})
	}
}

// table adds a table row by row, so that it can go over several pages.
func (p *pageSetter) table(t *table) {
	rows := p.rows(t, p.width, maxCellLines)
	group := p.newGroup()
	for i := range rows {
		it := rows[i]
		it.group, it.wrap = group, "Table"
		switch i {
		case 0:
			it.before, it.keep = 4, true
		default:
			header := rows[0]
			header.group, header.wrap = group, "Table"
			it.header = &header
			it.keep = i == len(rows)-2 && i > 1 // no last row alone
		}
		p.add(it)
	}
}

// rows returns the rows of a table, its header first.
func (p *pageSetter) rows(t *table, width float64, limit int) []flowItem {
	widths := p.widths(t, width)
	head := make([]string, len(t.cols))
	for i, c := range t.cols {
		head[i] = c.name
	}
	out := []flowItem{p.row(t, head, widths, 1, true, true)}
	for i, cells := range t.rows {
		out = append(out, p.row(t, cells, widths, limit, false, t.total && i == len(t.rows)-1))
	}
	return out
}

// widths divides a width between columns by weight; columns of numbers get
// what their header needs.
func (p *pageSetter) widths(t *table, width float64) []float64 {
	weights := 0.0
	for _, c := range t.cols {
		weights += cmp.Or(c.weight, 1)
	}
	out := make([]float64, len(t.cols))
	left, free := width, weights
	for i, c := range t.cols {
		w := cmp.Or(c.weight, 1)
		out[i] = width * w / weights
		if need := p.t.measure(c.name, true)*sizeSmall + 2*cellPadX + 0.5; out[i] < need {
			out[i] = need
			left -= need
			free -= w
		}
	}
	for i, c := range t.cols {
		if w := cmp.Or(c.weight, 1); out[i] == width*w/weights && free > 0 {
			out[i] = left * w / free
		}
	}
	return out
}

func (p *pageSetter) row(t *table, cells []string, widths []float64, limit int, head, bold bool) flowItem {
	size, c := sizeTable, inkText
	if head {
		size, c = sizeSmall, inkFaint
	}
	var children []layout.PlacedBlock
	x, most := 0.0, 1
	for i, cell := range cells {
		wide := widths[i] - 2*cellPadX
		lines := p.t.lines(cell, bold, wide/size, limit)
		most = max(most, len(lines))
		tag := "TD"
		if head {
			tag = "TH"
		}
		number := t.cols[i].number
		children = append(children, layout.PlacedBlock{X: x, Width: widths[i], Tag: tag, Draw: func(ctx layout.DrawContext, x, topY float64) {
			p.column(ctx, lines, x+cellPadX, topY-cellPadY, wide, size, c, number)
		}})
		x += widths[i]
	}
	height := float64(most)*size*leading + 2*cellPadY
	for i := range children {
		children[i].Height = height
	}
	total := x
	return flowItem{height: height, block: layout.PlacedBlock{
		Width: total, Tag: "TR", Children: children,
		Draw: func(ctx layout.DrawContext, x, topY float64) {
			artifact(ctx.Stream, func() {
				setStroke(ctx.Stream, inkGrid)
				ctx.Stream.SetLineWidth(0.5)
				ctx.Stream.MoveTo(x, topY-height)
				ctx.Stream.LineTo(x+total, topY-height)
				ctx.Stream.Stroke()
			})
		},
	}}
}

func (p *pageSetter) chart(c *chart) {
	above, below := sizeTable*leading+3, sizeSmall*leading+3
	if c.bar { // the table above it says what it is
		above = 0
	}
	var legend []float64 // where each key begins
	x := 0.0
	for _, k := range c.legend {
		legend = append(legend, x)
		x += p.t.measure(k.text, false)*sizeSmall + 24
	}
	height := above + c.height + below
	p.add(flowItem{height: height, before: 6, block: layout.PlacedBlock{
		Width: p.width, Tag: "Figure", AltText: c.title + ". " + c.desc,
		Draw: func(ctx layout.DrawContext, x, topY float64) {
			if !c.bar {
				p.t.textAt(ctx, c.title, true, x, topY-sizeTable*1.06, sizeTable, atStart, inkText)
			}
			c.draw(&pdfPen{t: p.t, ctx: ctx, x: x, y: topY - above}, p.width)
			y := topY - above - c.height - sizeSmall*1.3
			for i, k := range c.legend {
				setFill(ctx.Stream, k.ink)
				ctx.Stream.Rectangle(x+legend[i], y-0.5, 6, 6)
				ctx.Stream.Fill()
				p.t.textAt(ctx, k.text, false, x+legend[i]+9, y, sizeSmall, atStart, inkFaint)
			}
		},
	}})
}

// footer draws what stands at the foot of each page.
func (p *pageSetter) footer(ctx layout.DrawContext) {
	artifact(ctx.Stream, func() {
		y := margin - 6.0
		lines := p.t.lines(p.d.channel()+" · "+p.d.program(), false, (p.width-90)/sizeSmall, 1)
		if len(lines) > 0 {
			p.t.put(ctx, &lines[0], margin, y, sizeSmall, inkFaint)
		}
		p.t.textAt(ctx, fmt.Sprintf("Page %d of %d", ctx.PageIdx+1, ctx.TotalPages), false, margin+p.width, y, sizeSmall, atEnd, inkFaint)
	})
}

// pdfPen draws charts on a page; x and y are the chart's upper left corner.
type pdfPen struct {
	t    *typesetter
	ctx  layout.DrawContext
	x, y float64
}

func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

func (p *pdfPen) rect(x, y, w, h float64, c ink) {
	setFill(p.ctx.Stream, c)
	p.ctx.Stream.Rectangle(p.x+finite(x), p.y-finite(y)-finite(h), max(finite(w), 0), max(finite(h), 0))
	p.ctx.Stream.Fill()
}

func (p *pdfPen) path(points []point) {
	for i, q := range points {
		if i == 0 {
			p.ctx.Stream.MoveTo(p.x+finite(q.x), p.y-finite(q.y))
		} else {
			p.ctx.Stream.LineTo(p.x+finite(q.x), p.y-finite(q.y))
		}
	}
}

func (p *pdfPen) line(points []point, width float64, c ink) {
	if len(points) < 2 {
		return
	}
	setStroke(p.ctx.Stream, c)
	p.ctx.Stream.SetLineWidth(width)
	p.ctx.Stream.SetLineJoin(content.LineJoinRound)
	p.path(points)
	p.ctx.Stream.Stroke()
}

func (p *pdfPen) area(points []point, c ink) {
	if len(points) < 3 {
		return
	}
	setFill(p.ctx.Stream, c)
	p.path(points)
	p.ctx.Stream.ClosePath()
	p.ctx.Stream.Fill()
}

func (p *pdfPen) label(x, y, size float64, text string, where anchor, c ink) {
	p.t.textAt(p.ctx, text, false, p.x+x, p.y-y, size, where, c)
}
