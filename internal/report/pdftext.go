package report

import (
	"bytes"
	"fmt"
	"slices"
	"unicode"

	"github.com/carlos7ags/folio/content"
	foliofont "github.com/carlos7ags/folio/font"
	"github.com/carlos7ags/folio/layout"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/bidi"

	"chatmood/internal/report/fonts"
)

// typesetter turns text of any script into lines of glyphs and shows them on
// pages: each character in the first font that has it, shaped as its script
// asks, in the order in which it is read. It belongs to one document and one
// goroutine.
type typesetter struct {
	index  *fonts.Index
	faces  map[string]*face
	byFont map[*font.Face]*face
	err    error // the first that loading a font gave

	shaper  shaping.HarfbuzzShaper
	split   shaping.Segmenter
	wrapper shaping.LineWrapper
	bold    bool // of the text that is being shaped
}

// face is a font of the document.
type face struct {
	shape *font.Face
	embed *foliofont.EmbeddedFont
	name  string // of the resource
	upem  float64
	runes map[uint16]rune // what a glyph stands for in the document
}

// shapeSize is the size in which text is shaped, whatever its size on the
// page: widths are then hundredths of it, with 6 bits after the point. Larger
// ones could run over in long lines.
const shapeSize = 100

// maxRunes bounds a text that is shaped as a whole.
const maxRunes = 30_000

// maxMarks is how many marks may stand on one letter: more, which no language
// needs, would be piled up over other lines.
const maxMarks = 4

func newTypesetter() (*typesetter, error) {
	index, err := fonts.NewIndex()
	if err != nil {
		return nil, err
	}
	t := &typesetter{index: index, faces: map[string]*face{}, byFont: map[*font.Face]*face{}}
	for _, name := range []string{fonts.Regular, fonts.Bold} {
		if _, err := t.face(name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// face returns a font by its name, loading it when it is first asked for.
func (t *typesetter) face(name string) (*face, error) {
	if f, ok := t.faces[name]; ok {
		return f, nil
	}
	data, err := fonts.Load(name)
	if err != nil {
		return nil, err
	}
	shape, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading the font %s: %w", name, err)
	}
	embed, err := foliofont.ParseTTF(data)
	if err != nil {
		return nil, fmt.Errorf("reading the font %s to embed it: %w", name, err)
	}
	f := &face{
		shape: shape, embed: foliofont.NewEmbeddedFont(embed), name: fmt.Sprintf("F%d", len(t.faces)+1),
		upem: float64(embed.UnitsPerEm()), runes: map[uint16]rune{},
	}
	t.faces[name], t.byFont[shape] = f, f
	return f, nil
}

// ResolveFace implements [shaping.Fontmap].
func (t *typesetter) ResolveFace(r rune) *font.Face {
	name := t.index.Find(r, t.bold)
	if name == "" {
		name = fonts.Regular // what no font has was replaced before
	}
	f, err := t.face(name)
	if err != nil {
		if t.err == nil {
			t.err = err
		}
		f = t.faces[fonts.Regular]
	}
	return f.shape
}

// textLine is a line of shaped text.
type textLine struct {
	runs  []lineRun // from left to right
	text  []rune
	boxes []box
	width float64 // in sizes
	fit   float64 // it is shown smaller by this, 0…1
	right bool    // it is read from right to left
}

// lineRun is a piece of a line in one font and direction.
type lineRun struct {
	shaping.Output
	ellipsis bool // it stands for what was cut off, and is none of the text
}

// box is a character that no font has: its number stands in its place.
type box struct {
	from, to int // of the text
	r        rune
}

// lines sets text in lines of at most width (in sizes) and returns at most
// limit of them; what is left then ends in an ellipsis.
func (t *typesetter) lines(s string, bold bool, width float64, limit int) []textLine {
	text, boxes := t.show(s)
	if len(text) == 0 {
		return nil
	}
	t.bold = bold
	dir := di.DirectionLTR
	right := readsRight(text)
	if right {
		dir = di.DirectionRTL
	}
	input := shaping.Input{
		Text: text, RunEnd: len(text), Direction: dir, Size: fixed.I(shapeSize), Script: language.Latin, Language: language.DefaultLanguage(),
		Face: t.faces[fonts.Regular].shape,
	}
	var runs []shaping.Output
	for _, in := range t.split.Split(input, t) {
		runs = append(runs, t.shaper.Shape(in))
	}
	config := shaping.WrapConfig{Direction: dir, TruncateAfterLines: limit, BreakPolicy: shaping.WhenNecessary}
	config = config.WithTruncator(&t.shaper, shaping.Input{
		Text: []rune("…"), RunEnd: 1, Direction: dir, Size: fixed.I(shapeSize), Script: language.Latin, Language: language.DefaultLanguage(),
		Face: t.ResolveFace('…'),
	})
	wrapped, cut := t.wrapper.WrapParagraphF(config, fixed.Int26_6(max(width, 1)*shapeSize*64), text, shaping.NewSliceIterator(runs))
	out := make([]textLine, 0, len(wrapped))
	for i, line := range wrapped {
		l := textLine{text: text, boxes: boxes, right: right, runs: make([]lineRun, 0, len(line))}
		for k, run := range line {
			l.runs = append(l.runs, lineRun{run, cut > 0 && i == len(wrapped)-1 && k == len(line)-1})
			l.width += float64(run.Advance) / 64 / shapeSize
		}
		// A cluster that is wider than the line cannot be divided.
		l.fit = min(1, max(width, 1)/max(l.width, 1e-6))
		l.width *= l.fit
		slices.SortStableFunc(l.runs, func(a, b lineRun) int { return int(a.VisualIndex - b.VisualIndex) })
		out = append(out, l)
	}
	return out
}

// show returns the characters of s as they are shown: those that no font has
// are replaced by their numbers.
func (t *typesetter) show(s string) ([]rune, []box) {
	var boxes []box
	text := make([]rune, 0, len(s))
	marks := 0
	for _, r := range clean(s) {
		if unicode.Is(unicode.Mn, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if len(text) >= maxRunes {
			text = append(text, '…')
			break
		}
		if unicode.IsSpace(r) {
			r = ' '
		}
		if r == '%' && len(text) > 0 && text[len(text)-1] == ' ' {
			text[len(text)-1] = '\u00a0' // a number keeps its sign
		}
		if r == ' ' || harfbuzz.IsDefaultIgnorable(r) || t.index.Find(r, false) != "" {
			text = append(text, r)
			continue
		}
		from := len(text)
		text = append(text, []rune(fmt.Sprintf("U+%04X", r))...)
		boxes = append(boxes, box{from, len(text), r})
		text = append(text, '\u200a') // keeps frames apart
	}
	return text, boxes
}

// readsRight tells whether the first letter with a direction reads from right
// to left.
func readsRight(text []rune) bool {
	for _, r := range text {
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}

// measure returns the width of a short text in one line, in sizes.
func (t *typesetter) measure(s string, bold bool) float64 {
	lines := t.lines(s, bold, 1000, 1)
	if len(lines) == 0 {
		return 0
	}
	return lines[0].width
}

// textAt shows a short text in one line.
func (t *typesetter) textAt(ctx layout.DrawContext, s string, bold bool, x, y, size float64, where anchor, c ink) {
	lines := t.lines(s, bold, 1000, 1)
	if len(lines) == 0 {
		return
	}
	switch where {
	case atStart:
	case atMiddle:
		x -= lines[0].width * size / 2
	case atEnd:
		x -= lines[0].width * size
	}
	t.put(ctx, &lines[0], x, y, size, c)
}

// put shows a line with its left end and baseline at x and y of the page.
func (t *typesetter) put(ctx layout.DrawContext, l *textLine, x, y, size float64, c ink) {
	setFill(ctx.Stream, c)
	size *= l.fit
	for i := range l.runs {
		r := &l.runs[i]
		f := t.byFont[r.Face]
		if f == nil {
			continue // cannot be: all faces are ours
		}
		f.register(ctx.Page)
		w := glyphWriter{f: f, s: ctx.Stream, l: l, run: r, size: size}
		w.write(x, y)
		t.outline(ctx.Stream, l, r, x, y, size, c)
		x += float64(r.Advance) / 64 / shapeSize * size
	}
}

// register adds the font to the resources of a page.
func (f *face) register(page *layout.PageResult) {
	if !slices.ContainsFunc(page.Fonts, func(e layout.FontEntry) bool { return e.Embedded == f.embed }) {
		page.Fonts = append(page.Fonts, layout.FontEntry{Name: f.name, Embedded: f.embed})
	}
}

// outline draws a frame around the numbers that stand for characters.
func (t *typesetter) outline(s *content.Stream, l *textLine, r *lineRun, x, y, size float64, c ink) {
	if len(l.boxes) == 0 {
		return
	}
	scale := size / 64 / shapeSize
	at := x
	from, to, open := 0.0, 0.0, -1
	flush := func() {
		if open >= 0 {
			setStroke(s, c)
			s.SetLineWidth(0.4)
			s.Rectangle(from+0.2, y-size*0.22, to-from-0.4, size*1.1)
			s.Stroke()
		}
		open = -1
	}
	for _, g := range r.Glyphs {
		b := l.boxOf(g.TextIndex(), r)
		if b != open {
			flush()
			from, open = at, b
		}
		at += float64(g.Advance) * scale
		to = at
	}
	flush()
}

// boxOf returns which box a character of the text is in, -1 for none.
func (l *textLine) boxOf(i int, r *lineRun) int {
	if len(l.boxes) == 0 || r.ellipsis {
		return -1
	}
	k, found := slices.BinarySearchFunc(l.boxes, i, func(b box, i int) int {
		switch {
		case b.to <= i:
			return -1
		case b.from > i:
			return 1
		}
		return 0
	})
	if !found {
		return -1
	}
	return k
}

// glyphWriter writes the glyphs of one run.
type glyphWriter struct {
	f    *face
	s    *content.Stream
	l    *textLine
	run  *lineRun
	size float64

	array []content.TextArrayElement
	hex   []byte
	want  float64 // where the next glyph belongs, thousandths of the size
	have  float64 // where the reader is
	rise  float64
}

func (w *glyphWriter) write(x, y float64) {
	w.s.BeginText()
	w.s.SetFont(w.f.name, w.size)
	w.s.SetTextMatrix(1, 0, 0, 1, x, y)
	glyphs := w.run.Glyphs
	for i := 0; i < len(glyphs); {
		n := 1
		for i+n < len(glyphs) && glyphs[i+n].TextIndex() == glyphs[i].TextIndex() {
			n++
		}
		w.cluster(glyphs[i : i+n])
		i += n
	}
	w.flush()
	if w.rise != 0 {
		w.s.SetTextRise(0) // it outlasts the text
	}
	w.s.EndText()
}

const unit = 1000.0 / 64 / shapeSize // thousandths of a size in what shaping gives

// cluster writes glyphs that stand for some characters together.
func (w *glyphWriter) cluster(glyphs []shaping.Glyph) {
	text := w.text(&glyphs[0])
	plain := len(glyphs) == 1 && len(text) == 1
	if plain {
		if glyphs[0].Advance == 0 && harfbuzz.IsDefaultIgnorable(text[0]) {
			return
		}
		gid := uint16(min(int(glyphs[0].GlyphID), w.f.embed.Face().NumGlyphs()))
		if known, ok := w.f.runes[gid]; !ok {
			w.f.runes[gid] = text[0]
		} else {
			plain = known == text[0]
		}
	}
	if !plain {
		w.flush()
		w.s.BeginMarkedContentActualText(string(text))
	}
	for i := range glyphs {
		w.glyph(&glyphs[i], text)
	}
	if !plain {
		w.flush()
		w.s.EndMarkedContent()
	}
}

// text returns the characters that a cluster stands for.
func (w *glyphWriter) text(g *shaping.Glyph) []rune {
	if b := w.l.boxOf(g.TextIndex(), w.run); b >= 0 {
		// The first character of a number stands for the whole.
		if box := w.l.boxes[b]; g.TextIndex() == box.from {
			return []rune{box.r}
		}
		return nil
	}
	from, n := g.TextIndex(), g.RunesCount()
	if w.run.ellipsis {
		return []rune("…")
	}
	if from < 0 || n <= 0 || from+n > len(w.l.text) {
		return []rune{unicode.ReplacementChar}
	}
	return w.l.text[from : from+n]
}

func (w *glyphWriter) glyph(g *shaping.Glyph, text []rune) {
	if rise := float64(g.YOffset) / 64 / shapeSize * w.size; rise != w.rise {
		w.flush()
		w.s.SetTextRise(rise)
		w.rise = rise
	}
	w.moveTo(w.want + float64(g.XOffset)*unit)
	if int(g.GlyphID) >= w.f.embed.Face().NumGlyphs() {
		w.want += float64(g.Advance) * unit // shaping has taken it out
		return
	}
	gid := uint16(g.GlyphID)
	r, known := w.f.runes[gid]
	if !known {
		// A part of something: it stands for what it is alone, where it is that.
		if r = w.f.embed.Face().GIDToUnicode()[gid]; r == 0 && len(text) > 0 {
			r = text[0]
		}
		w.f.runes[gid] = r
	}
	w.hex = append(w.hex, w.f.embed.EncodeGIDs([]uint16{gid}, string(r))...)
	// Readers go on by the width in the document, which is a whole number.
	w.have += float64(int(float64(w.f.embed.Face().GlyphAdvance(gid)) * 1000 / w.f.upem))
	w.want += float64(g.Advance) * unit
}

// moveTo moves the reader to where the next glyph belongs.
func (w *glyphWriter) moveTo(at float64) {
	if diff := at - w.have; diff > 0.6 || diff < -0.6 {
		w.push()
		w.array = append(w.array, content.TextArrayElement{Adjustment: -diff, IsAdjustment: true})
		w.have = at
	}
}

func (w *glyphWriter) push() {
	if len(w.hex) > 0 {
		w.array = append(w.array, content.TextArrayElement{HexData: w.hex})
		w.hex = nil
	}
}

func (w *glyphWriter) flush() {
	w.push()
	if len(w.array) > 0 {
		w.s.ShowTextArrayHex(w.array)
		w.array = nil
	}
}

func setFill(s *content.Stream, c ink) {
	r, g, b := c.rgb()
	s.SetFillColorRGB(float64(r)/255, float64(g)/255, float64(b)/255)
}

func setStroke(s *content.Stream, c ink) {
	r, g, b := c.rgb()
	s.SetStrokeColorRGB(float64(r)/255, float64(g)/255, float64(b)/255)
}
