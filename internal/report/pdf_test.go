package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/carlos7ags/folio/content"
	"github.com/carlos7ags/folio/layout"

	"chatmood/internal/analysis"
)

// tool returns the path of a program of poppler-utils.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing, with which the PDF is read: install poppler-utils (scripts/pdf-reader does)", name)
	}
	return path
}

// poppler reads a PDF with a program of poppler-utils, which must find nothing
// wrong with it, and returns what that says.
func poppler(t testing.TB, pdf, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, name), args...)
	cmd.Stdin = strings.NewReader(pdf)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Fatalf("%s: %v\n%s", name, err, errs.String())
	}
	return out.String()
}

// pdfText returns the text that another reader finds in a PDF.
func pdfText(t testing.TB, pdf string, args ...string) string {
	t.Helper()
	return poppler(t, pdf, "pdftotext", append(args, "-", "-")...)
}

// keep writes a PDF into the folder CHATMOOD_TEST_KEEP, to be looked at.
func keep(t testing.TB, name, data string) {
	t.Helper()
	if dir := os.Getenv("CHATMOOD_TEST_KEEP"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPDF(t *testing.T) {
	in := Input{Report: sample(), Summary: Summarize(Input{Report: sample()}), Tags: []string{"evening", "ranked"}, Note: "A note of mine.\nOn two lines."}
	opt := Options{Format: PDF, Generated: at(21, 5, 0), Version: "1.2.3"}
	pdf := form(t, in, opt)
	keep(t, "sample.pdf", pdf)
	if again := form(t, in, opt); again != pdf {
		t.Error("the same report gives other bytes")
	}
	got := strings.Join(strings.Fields(pdfText(t, pdf, "-layout")), " ")
	for _, want := range []string{
		"Chat Analysis Report", "Generated on", "2026-01-31 21:05:00 UTC", "Channel", "#streamer_demo", "Analysis Date", "2026-01-31 20:00:00 to 21:00:00 UTC (1 h)",
		"Duration", "01:00:00", "Total Messages Analyzed", "2,400", "evening, ranked", "A note of mine.", "On two lines.",
		"Category Count Percentage", "Positive 1,000 41.7 %", "Neutral 900 37.5 %", "Negative 500 20.8 %", "All 2,400 100.0 %",
		"Analysis Summary", "321 people wrote 2,400 messages in 1 h", "Built from the figures of this report by rule.",
		"Most Positive Contributors", "Most Neutral Contributors", "Most Negative Contributors", "Username Message Count", "Viewer_One 130", "ビューア 80",
		"Mood", "+0.50", "Messages per minute", "Shares", "20:30", "516/min", "positive, +0.14 over all", "Moments", "chat sped up to 5 times its pace",
		"Raids and gifts", "1430 raiders from Other_Demo have joined!", "Words and emotes", "game 300 33% 17%", "Kappa 210", "Copypasta waves", "small wave",
		"Gaps", "20:10:00 20:14:00 4 min the connection was lost", "In all chat was not read for 4 min.", "File", "the log has no dates", "12 places could not be read", "Method",
		"#streamer_demo · chatmood 1.2.3", "Page 1 of 3", "Page 3 of 3",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	fonts := poppler(t, pdf, "pdffonts", "-")
	for line := range strings.Lines(fonts) {
		if strings.Contains(line, "TrueType") && !strings.Contains(line, "yes yes yes") {
			t.Errorf("a font is not embedded as a subset with its characters: %s", line)
		}
	}
	info := poppler(t, pdf, "pdfinfo", "-")
	for _, want := range []string{"Chat of #streamer_demo", "chatmood 1.2.3", "Tagged:          yes", "Pages:           3", "(A4)", "Sat Jan 31 21:05:00 2026"} {
		if !strings.Contains(info, want) {
			t.Errorf("%q is not in\n%s", want, info)
		}
	}
	opt.Paper = Letter
	if info := poppler(t, form(t, in, opt), "pdfinfo", "-"); !strings.Contains(info, "612 x 792 pts (letter)") {
		t.Errorf("letter:\n%s", info)
	}
}

// TestPDFPicture draws the first page and looks for ink where the plots are:
// the colours of positive and negative.
func TestPDFPicture(t *testing.T) {
	pdf := form(t, Input{Report: sample()}, Options{Format: PDF})
	ppm := poppler(t, pdf, "pdftoppm", "-r", "40", "-f", "1", "-l", "1", "-")
	var w, h, most int
	if _, err := fmt.Sscanf(ppm, "P6\n%d %d\n%d\n", &w, &h, &most); err != nil || w < 300 || h < 450 || most != 255 {
		t.Fatalf("no picture: %v, %d × %d", err, w, h)
	}
	pixels := ppm[len(ppm)-3*w*h:]
	count := func(c ink) (n int) {
		r, g, b := c.rgb()
		for i := 0; i < len(pixels); i += 3 {
			if pixels[i] == r && pixels[i+1] == g && pixels[i+2] == b {
				n++
			}
		}
		return n
	}
	for _, c := range []ink{inkPositive, inkNeutral, inkNegative, inkPositiveTint, inkNegativeTint, inkGap} {
		if n := count(c); n < 100 {
			t.Errorf("the colour %s covers %d points", c.class(), n)
		}
	}
}

// TestPDFStructure reads the elements that readers read aloud.
func TestPDFStructure(t *testing.T) {
	got := poppler(t, form(t, Input{Report: sample()}, Options{Format: PDF}), "pdfinfo", "-struct-text", "-")
	for _, want := range []string{"H1 (block)", "H2 (block)", "Table (block)", "TR\n", "TH\n", "TD\n", "Figure", `"Viewer_One"`, `"Messages"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the structure lacks %q:\n%.3000s", want, got)
		}
	}
}

func TestPDFSeveral(t *testing.T) {
	one, two := sample(), sample()
	two.Snapshot.Channel = "second_demo"
	var b bytes.Buffer
	if err := WriteAll(t.Context(), &b, []Input{{Report: one}, {Report: two}}, Options{Format: PDF}); err != nil {
		t.Fatal(err)
	}
	got := pdfText(t, b.String(), "-layout")
	pages := strings.Split(got, "\f")
	second := 0
	for i, p := range pages {
		if strings.Contains(p, "Chat of #second_demo") {
			second = i
		}
	}
	if second == 0 || !strings.Contains(pages[second-1], "#streamer_demo · chatmood") || !strings.Contains(pages[second], "#second_demo · chatmood") {
		t.Errorf("the second report is on page %d of\n%s", second+1, got)
	}
}

// TestPDFHuge writes far more than an analysis holds. The pages stay few.
func TestPDFHuge(t *testing.T) {
	in := Input{Report: sample(), Note: strings.Repeat("long note ", 100_000)}
	s, tl := &in.Report.Snapshot, &in.Report.Timeline
	for i := range 20_000 {
		name := fmt.Sprintf("viewer_%d", i)
		c := analysis.Chatter{Login: name, Name: name, Count: i}
		s.Chatters.Top.All, s.Chatters.Top.Negative = append(s.Chatters.Top.All, c), append(s.Chatters.Top.Negative, c)
		s.Terms = append(s.Terms, analysis.Term{Term: name, Count: i})
		s.Waves = append(s.Waves, analysis.Wave{Text: strings.Repeat(name, 50), Count: i, From: at(20, 0, 0)})
		s.Gaps = append(s.Gaps, analysis.Gap{From: at(20, 0, 0).Add(time.Duration(i) * time.Second), To: at(20, 0, 1).Add(time.Duration(i) * time.Second)})
		s.Marks = append(s.Marks, analysis.Mark{At: at(20, 0, 0), Kind: "raid", Name: name, Count: i})
		s.Moments = append(s.Moments, analysis.Moment{ID: name, Kind: name, From: at(20, 0, 0), Peak: 1, Label: name})
		tl.Buckets = append(tl.Buckets, analysis.Bucket{T: at(20, 0, 0).Unix() + int64(i), Positive: 1, Sum: 1})
	}
	tl.Gaps, tl.Marks, tl.Moments = s.Gaps, s.Marks, s.Moments
	pdf := form(t, in, Options{Format: PDF})
	var pages int
	for line := range strings.Lines(poppler(t, pdf, "pdfinfo", "-")) {
		fmt.Sscanf(line, "Pages: %d", &pages)
	}
	if pages == 0 || pages > 20 || len(pdf) > 1<<20 {
		t.Errorf("%d pages, %d bytes", pages, len(pdf))
	}
	if html := form(t, in, Options{Format: HTML}); len(html) > 1<<20 {
		t.Errorf("the page has %d bytes", len(html))
	}
}

func TestPDFScripts(t *testing.T) {
	pdf := form(t, crowd(scripts()), Options{Format: PDF})
	keep(t, "scripts.pdf", pdf)
	// Readers put spaces where they see gaps, and marks around what reads from
	// right to left.
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) && r != 0x200d {
				return -1
			}
			return r
		}, s)
	}
	got := bare(pdfText(t, pdf))
	words := scripts()
	mixed := words[len(words)-1] // whose order readers see each in their own way
	for _, want := range append(words[:len(words)-1], strings.Fields(mixed)[:3]...) {
		if !strings.Contains(got, bare(want)) {
			t.Errorf("%q is not in the text", want)
		}
	}
}

func TestPDFHostile(t *testing.T) {
	pdf := form(t, crowd(hostiles()), Options{Format: PDF})
	keep(t, "hostile.pdf", pdf)
	got := pdfText(t, pdf)
	for _, want := range []string{"<script>alert(1)</script>", "=HYPERLINK", "RTL override", "nulbyte", "private", "Method", "Analysis Summary"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in the text", want)
		}
	}
	if strings.ContainsAny(got, "\x00\x1b\a") {
		t.Error("control characters came through")
	}
}

// BenchmarkPDF writes the report of six hours of a busy chat, as the server
// keeps it.
func BenchmarkPDF(b *testing.B) {
	in := evening()
	in.Summary = Summarize(in)
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		var out bytes.Buffer
		if err := Write(b.Context(), &out, in, Options{Format: PDF}); err != nil {
			b.Fatal(err)
		}
		size = out.Len()
	}
	b.ReportMetric(float64(size)/1024, "KB/report")
}

// BenchmarkHTML writes the same as a page.
func BenchmarkHTML(b *testing.B) {
	in := evening()
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(b.Context(), io.Discard, in, Options{Format: HTML}); err != nil {
			b.Fatal(err)
		}
	}
}

// evening is a report of six hours with full lists, names in several scripts
// among them.
func evening() Input {
	r := sample()
	s, tl := &r.Snapshot, &r.Timeline
	s.EndedAt, s.At, s.Duration, tl.To, tl.Step = at(26, 0, 0), at(26, 0, 0), 6*3600, at(26, 0, 0), 10
	tl.Buckets = nil
	for i := range 6 * 360 {
		n := 20 + i%37
		tl.Buckets = append(tl.Buckets, analysis.Bucket{T: at(20, 0, 0).Unix() + int64(10*i), Positive: n, Neutral: 20, Negative: 40 - i%23, Sum: float64(i%60-25) / 2, Voices: 40, VoiceSum: float64(i%60-25) / 4})
	}
	names := append(scripts(), "viewer", "watcher", "streamer_fan")
	for i := range 50 {
		c := analysis.Chatter{Login: fmt.Sprintf("viewer_%d", i), Name: fmt.Sprintf("%s %d", names[i%len(names)], i), Count: 900 - i}
		s.Chatters.Top.All, s.Chatters.Top.Positive = append(s.Chatters.Top.All, c), append(s.Chatters.Top.Positive, c)
		s.Terms = append(s.Terms, analysis.Term{Term: names[i%len(names)], Count: 500 - i, Positive: 200, Neutral: 100, Negative: 100})
		s.Emotes = append(s.Emotes, analysis.Term{Term: fmt.Sprintf("emote%d", i), Count: 500 - i, Positive: 200, Neutral: 100, Negative: 100})
	}
	return Input{Report: r}
}

// FuzzLines sets text in lines and shows them. The typesetter is used again
// and again: loading its fonts is most of the work of a PDF.
func FuzzLines(f *testing.F) {
	for _, s := range append(hostiles(), scripts()...) {
		f.Add(s, true, 30.0, 3)
	}
	t, err := newTypesetter()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(tt *testing.T, s string, bold bool, width float64, limit int) {
		if !(width > 2 && width < 1000) || limit < 1 || limit > 1000 || len(s) > 5000 {
			return
		}
		lines := t.lines(s, bold, width, limit)
		if len(lines) > limit {
			tt.Errorf("%d lines, no more than %d may be", len(lines), limit)
		}
		stream := content.NewStream()
		ctx := layout.DrawContext{Stream: stream, Page: &layout.PageResult{Stream: stream}}
		for i := range lines {
			if l := &lines[i]; l.width > width+1e-6 || !(l.fit > 0.05) {
				tt.Errorf("line %d of %q is %.2f wide, not %.2f, made smaller by %.2f", i, s, l.width, width, l.fit)
			}
			t.put(ctx, &lines[i], 0, 0, 10, inkText)
		}
		open := map[string]int{}
		for line := range strings.Lines(string(stream.Bytes()) + "\n") {
			open[line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:]]++
		}
		for begin, end := range map[string]string{"BT\n": "ET\n", "BDC\n": "EMC\n"} {
			if open[begin] != open[end] {
				tt.Errorf("%d begin with %q, %d end:\n%s", open[begin], begin, open[end], stream.Bytes())
			}
		}
		if t.err != nil {
			tt.Fatal(t.err)
		}
	})
}
