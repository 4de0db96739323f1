package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"chatmood/internal/analysis"
)

// whole is an input with all that a report may have.
func whole() Input {
	in := Input{Report: sample(), Name: "Evening <stream> & more", Note: "First line.\n\nSecond line with a | and a *star*.", Tags: []string{"ranked", "=tag"}}
	in.Summary = Summarize(in)
	return in
}

// old is a document of the old system, with the shares of its last releases.
func old() Input {
	l := &LegacyFigures{
		Channel: "old_demo", SavedAt: at(21, 0, 30), Duration: 3723, Total: 1500, Positive: 700, Neutral: 500, Negative: 300,
		Top: analysis.TopChatters{
			Positive: []analysis.Chatter{{Name: "viewer_one", Count: 40}, {Name: "viewer_two", Count: 12}},
			Neutral:  []analysis.Chatter{{Name: "viewer_two", Count: 30}},
			Negative: []analysis.Chatter{{Name: "viewer_three", Count: 9}},
		},
	}
	for i := range 62 {
		l.Shares = append(l.Shares, LegacyShare{At: at(19, 58, 0).Add(time.Duration(i) * time.Minute), Positive: 0.4 + 0.3*math.Sin(float64(i)/9), Neutral: 0.3, Negative: 0.3 - 0.3*math.Sin(float64(i)/9)})
	}
	in := Input{Legacy: l, Note: "Kept from before."}
	in.Summary = &Summary{Model: "gemini", Sentences: []Sentence{{Text: "The chat was lively."}}}
	return in
}

func TestGolden(t *testing.T) {
	opt := Options{Generated: at(21, 5, 0), Version: "1.2.3"}
	for _, format := range []Format{HTML, Markdown, Text, JSON} {
		opt.Format = format
		golden(t, "whole"+format.Extension()+".golden", []byte(form(t, whole(), opt)))
		golden(t, "old"+format.Extension()+".golden", []byte(form(t, old(), opt)))
	}
	opt.Format = CSV
	for _, section := range []Section{SectionTimeline, SectionSummary, SectionChatters, SectionTerms, SectionEmotes, SectionMoments} {
		opt.Section = section
		golden(t, fmt.Sprintf("whole-%s.csv.golden", section), []byte(form(t, whole(), opt)))
		golden(t, fmt.Sprintf("old-%s.csv.golden", section), []byte(form(t, old(), opt)))
	}
}

// TestLegacyPDF looks for all that the old system's PDF had.
func TestLegacyPDF(t *testing.T) {
	pdf := form(t, old(), Options{Format: PDF, Paper: Letter, Generated: at(22, 0, 0)})
	keep(t, "old.pdf", pdf)
	got := strings.Join(strings.Fields(pdfText(t, pdf, "-layout")), " ")
	for _, want := range []string{
		"Chat Analysis Report", "Generated on", "2026-01-31 22:00:00 UTC", "Channel", "#old_demo", "Analysis Date", "2026-01-31 19:58:27 to 21:00:30 UTC", "Duration", "01:02:03",
		"Total Messages Analyzed", "1,500", "Category Count Percentage", "Positive 700 46.7 %", "Neutral 500 33.3 %", "Negative 300 20.0 %",
		"Analysis Summary", "The chat was lively.", "Written by the language model gemini", "Most Positive Contributors", "Most Neutral Contributors", "Most Negative Contributors",
		"Username Message Count", "viewer_one 40", "viewer_three 9", "Shares", "50 %", "20:30", "Kept from before.", "an earlier version of this system",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for _, not := range []string{"Most Active", "Mood", "Gaps", "Words"} {
		if strings.Contains(got, not) {
			t.Errorf("%q is told, which the document does not know:\n%s", not, got)
		}
	}
}

// TestLegacyOdd gives figures as broken documents have them.
func TestLegacyOdd(t *testing.T) {
	for name, l := range map[string]*LegacyFigures{
		"empty":    {},
		"negative": {Channel: "x", Duration: -5, Total: -3, Positive: -1, Top: analysis.TopChatters{Positive: []analysis.Chatter{{Name: "v", Count: -4}}}},
		"endless":  {Duration: math.Inf(1), Total: math.MaxInt, Positive: math.MaxInt, Neutral: math.MaxInt, Negative: math.MaxInt, SavedAt: at(21, 0, 0)},
		"nan":      {Duration: math.NaN(), Shares: []LegacyShare{{At: at(20, 0, 0), Positive: math.NaN(), Neutral: 7, Negative: -2}, {At: at(20, 1, 0), Positive: math.Inf(1)}, {}}},
		"one time": {SavedAt: at(20, 0, 0), Shares: []LegacyShare{{At: at(20, 0, 0), Positive: 1}, {At: at(20, 0, 0), Negative: 1}}},
		"far away": {SavedAt: time.Date(123456, 1, 1, 0, 0, 0, 0, time.UTC), Total: 5, Shares: []LegacyShare{{At: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)}}},
		"unequal":  {Total: 10, Positive: 3, Neutral: 3, Negative: 3},
	} {
		in := Input{Legacy: l}
		in.Summary = Summarize(in)
		for _, format := range Formats() {
			got := form(t, in, Options{Format: format})
			if format == PDF {
				got = pdfText(t, got)
			}
			for _, not := range []string{"NaN", "Inf ", "-9223", "−9223"} {
				if strings.Contains(got, not) {
					t.Errorf("%s as %s tells %s:\n%s", name, format, not, got)
				}
			}
		}
	}
}

// TestHTMLPage reads the page as a browser does.
func TestHTMLPage(t *testing.T) {
	for name, in := range map[string]Input{"whole": whole(), "old": old(), "hostile": crowd(hostiles()), "scripts": crowd(scripts())} {
		got := form(t, in, Options{Format: HTML, Generated: at(21, 5, 0)})
		doc, err := html.Parse(strings.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		ids, styles, charts := map[string]bool{}, 0, 0
		var refs []string
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "script", "img", "iframe", "link", "object", "embed", "form", "input", "a", "base", "foreignobject", "use", "image":
				t.Errorf("%s: the page has a <%s>", name, n.Data)
			case "style":
				styles++
				if n.FirstChild == nil || n.FirstChild.Data != style {
					t.Errorf("%s: the style sheet is not the one of the policy", name)
				}
			case "svg":
				for _, a := range n.Attr {
					if a.Key == "role" && a.Val == "img" {
						charts++
					}
				}
			case "th":
				if attr(n, "scope") == "" {
					t.Errorf("%s: a header cell without its scope", name)
				}
			}
			for _, a := range n.Attr {
				switch {
				case a.Key == "id":
					if ids[a.Val] {
						t.Errorf("%s: the id %s twice", name, a.Val)
					}
					ids[a.Val] = true
				case a.Key == "aria-labelledby":
					refs = append(refs, strings.Fields(a.Val)...)
				case strings.HasPrefix(a.Key, "on"), a.Key == "src", a.Key == "href", a.Key == "style", a.Key == "srcset", a.Key == "background":
					t.Errorf("%s: <%s> has %s=%q", name, n.Data, a.Key, a.Val)
				}
			}
		}
		for _, ref := range refs {
			if !ids[ref] {
				t.Errorf("%s: a picture is named by %s, which is not there", name, ref)
			}
		}
		if styles != 1 || charts < 2 || len(refs) != 2*charts {
			t.Errorf("%s: %d style sheets, %d pictures with %d names", name, styles, charts, len(refs))
		}
		if !strings.Contains(html.UnescapeString(got), `content="`+ContentSecurityPolicy()+`"`) {
			t.Errorf("%s: the page does not state its policy", name)
		}
		if strings.ContainsAny(got, "\x00\x1b\u202e\u2066") {
			t.Errorf("%s: control characters came through", name)
		}
		if strings.Contains(got, "http://") && name != "hostile" || strings.Contains(got, "url(") || strings.Contains(got, "@import") {
			t.Errorf("%s: the page points outside", name)
		}
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// TestCSVSections reads each section of hostile input back.
func TestCSVSections(t *testing.T) {
	for _, section := range []Section{SectionTimeline, SectionSummary, SectionChatters, SectionTerms, SectionEmotes, SectionMoments} {
		for name, in := range map[string]Input{"whole": whole(), "old": old(), "hostile": crowd(hostiles())} {
			got := form(t, in, Options{Format: CSV, Section: section})
			rows, err := csv.NewReader(strings.NewReader(got)).ReadAll() // checks that all are as long
			if err != nil {
				t.Fatalf("%s of %s: %v", section, name, err)
			}
			if diff := cmp.Diff(columnsOf(section), rows[0]); diff != "" {
				t.Errorf("%s of %s: header\n%s", section, name, diff)
			}
			numbers := map[string]bool{"value": true, "mean_score": true}
			for _, row := range rows[1:] {
				for i, cell := range row {
					if numbers[rows[0][i]] && strings.HasPrefix(cell, "-") && strings.Trim(cell, "-.0123456789") == "" {
						continue
					}
					if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
						t.Errorf("%s of %s: the cell %s is a formula: %q", section, name, rows[0][i], cell)
					}
					if strings.ContainsRune(cell, 0) {
						t.Errorf("%s of %s: a NUL in %q", section, name, cell)
					}
				}
			}
			bare := form(t, in, Options{Format: CSV, Section: section, NoHeader: true})
			if want := got[strings.IndexByte(got, '\n')+1:]; bare != want {
				t.Errorf("%s of %s: without the header the rows differ", section, name)
			}
		}
	}
	var two bytes.Buffer
	if err := WriteAll(t.Context(), &two, []Input{whole(), old()}, Options{Format: CSV, Section: SectionChatters}); err != nil {
		t.Fatal(err)
	}
	if got := two.String(); strings.Count(got, "channel,list") != 1 || !strings.Contains(got, "old_demo,positive,1,,viewer_one,40") {
		t.Errorf("two reports:\n%s", got)
	}
}

// TestMarkdownStaysText looks for signs that would mean something.
func TestMarkdownStaysText(t *testing.T) {
	got := form(t, crowd(hostiles()), Options{Format: Markdown})
	for _, not := range []string{"<script", "<img", "](http", "`code`", "www.", "{{", "|pipe|"} {
		if strings.Contains(got, not) {
			t.Errorf("%q came through", not)
		}
	}
	for in, want := range map[string]string{
		"a-b +1 10:20 #chat 3.5 (x)": "a-b +1 10:20 #chat 3.5 (x)", "# head": "&#35; head", "- item": "&#45; item", "+ item": "&#43; item", "1. item": "1&#46; item", "2) item": "2&#41; item",
		"a --- b": "a &#45;&#45;&#45; b", "=": "&#61;", "www.x.y": "www&#46;x.y", "see #12": "see &#35;12", ":smile:": "&#58;smile:", "https://x": "https&#58;//x", "~~x~~": "&#126;&#126;x&#126;&#126;",
	} {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, opt := range []Options{{}, {Format: "docx"}, {Format: PDF, Paper: "a3"}, {Format: CSV, Section: "people"}, {Format: HTML, Chatters: "some"}} {
		if err := Write(t.Context(), io.Discard, whole(), opt); err == nil || !strings.Contains(err.Error(), "take ") {
			t.Errorf("%+v: error %v does not say what to take", opt, err)
		}
	}
	for name, want := range map[string]Format{"PDF": PDF, "markdown": Markdown, "txt": Text, "Html": HTML} {
		if got, err := ParseFormat(name); got != want || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", name, got, err)
		}
	}
	for _, f := range Formats() {
		if f.ContentType() == "" || !strings.HasPrefix(f.Extension(), ".") {
			t.Errorf("%s: %q, %q", f, f.ContentType(), f.Extension())
		}
	}
	zone := time.FixedZone("CET", 3600)
	got := form(t, whole(), Options{Format: Text, Location: zone})
	if !strings.Contains(got, "2026-01-31 21:00:00 to 22:00:00 CET") || !strings.Contains(got, "21:31:10") {
		t.Errorf("in another zone:\n%s", got)
	}
	if a, b := form(t, whole(), Options{Format: JSON, Location: zone}), form(t, whole(), Options{Format: JSON}); a != b {
		t.Error("JSON depends on the zone")
	}
}

var errFull = errors.New("no space left")

// full fails after some bytes.
type full struct{ left int }

func (w *full) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, format := range Formats() {
		if err := Write(ctx, io.Discard, whole(), Options{Format: format}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", format, err)
		}
		if err := Write(t.Context(), &full{100}, whole(), Options{Format: format}); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "writing the report") {
			t.Errorf("%s, disk full: %v", format, err)
		}
	}
}

// TestInputStays writes the same input in many ways at the same time: it must
// not change.
func TestInputStays(t *testing.T) {
	in := whole()
	before := form(t, in, Options{Format: JSON})
	var wg sync.WaitGroup
	for _, format := range Formats() {
		for _, chatters := range []Chatters{Names, Pseudonyms, NoChatters} {
			wg.Go(func() {
				if err := Write(t.Context(), io.Discard, in, Options{Format: format, Chatters: chatters, Location: time.FixedZone("X", 7200)}); err != nil {
					t.Errorf("%s, %s: %v", format, chatters, err)
				}
			})
		}
	}
	wg.Wait()
	if diff := cmp.Diff(before, form(t, in, Options{Format: JSON})); diff != "" {
		t.Errorf("the input changed:\n%s", diff)
	}
}

// TestPseudonyms makes up people with names of many kinds, puts the names
// wherever a report shows what was written, and looks for them in all forms.
func TestPseudonyms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := []string{"abcdefghijklmnopqrstuvwxyz0123456789_", "あいうえおカキクケコ漢字", "абвгдежз", "ابتثجح", "가나다라마", "éüøñß"}
	for round := range 16 {
		in := whole()
		s := &in.Report.Snapshot
		s.Chatters.Top = analysis.TopChatters{}
		var names []string
		for i := range 12 {
			name := func(prefix string) string {
				set := []rune(letters[rng.IntN(len(letters))])
				var b strings.Builder
				b.WriteString(prefix)
				for range 3 + rng.IntN(12) {
					b.WriteRune(set[rng.IntN(len(set))])
				}
				return b.String()
			}
			// Nothing of ours holds these.
			c := analysis.Chatter{Login: name("qz"), Name: name("Qx"), Count: 100 - i}
			names = append(names, c.Login, c.Name)
			s.Chatters.Top.All = append(s.Chatters.Top.All, c)
			if i%2 == 0 {
				s.Chatters.Top.Negative = append(s.Chatters.Top.Negative, c)
			}
		}
		text := func() string {
			n := names[rng.IntN(len(names))]
			switch rng.IntN(6) {
			case 0:
				return n
			case 1:
				return "@" + strings.ToUpper(n) + ", hello"
			case 2:
				return "thanks " + n + "! and " + names[rng.IntN(len(names))]
			case 3:
				return "(" + n + ")"
			case 4:
				return "=" + n + "=" + n
			}
			return "@qzunlisted_viewer " + n
		}
		for i := range s.Terms {
			s.Terms[i].Term = text()
		}
		for i := range s.Emotes {
			s.Emotes[i].Term = text()
		}
		for i := range s.Waves {
			s.Waves[i].Text = text()
		}
		for i := range s.Marks {
			s.Marks[i].Name, s.Marks[i].Text = names[i], text()
		}
		for i := range s.Moments {
			s.Moments[i].Label = text()
		}
		in.Name, in.Note, in.Tags = text(), text()+"\n"+text(), []string{text()}
		in.Report.Source.Problems, in.Report.Source.Notes = []string{text()}, []string{text()}
		in.Summary = Summarize(in)
		in.Summary.Sentences = append(in.Summary.Sentences, Sentence{Text: text()})
		for _, chatters := range []Chatters{Pseudonyms, NoChatters} {
			for _, format := range []Format{HTML, Markdown, Text, JSON, PDF, CSV} {
				for _, section := range []Section{SectionSummary, SectionChatters, SectionTerms, SectionEmotes, SectionMoments, SectionTimeline} {
					if format == PDF && round%8 != 0 || format != CSV && section != SectionSummary {
						continue // the same blocks as those of a page; one section is enough
					}
					got := form(t, in, Options{Format: format, Chatters: chatters, Section: section, Text: TextOptions{Width: 160}})
					if format == PDF {
						got = pdfText(t, got)
					}
					got = strings.ToLower(strings.ReplaceAll(html.UnescapeString(got), "\n", ""))
					for _, n := range append(names, "qzunlisted") {
						if strings.Contains(got, strings.ToLower(n)) {
							t.Fatalf("%s with %s tells %q", format, chatters, n)
						}
					}
					if listed := strings.Contains(got, "chatter 1"); chatters == NoChatters && listed || chatters == Pseudonyms && !listed && format != CSV {
						t.Errorf("%s with %s: pseudonyms %v", format, chatters, listed)
					}
				}
			}
		}
	}
}

// TestPseudonymsStay gives one person one name everywhere.
func TestPseudonymsStay(t *testing.T) {
	var got struct {
		Analysis analysis.Snapshot `json:"analysis"`
	}
	in := Input{Report: sample()}
	in.Report.Snapshot.Waves[0].Text = "@Viewer_Two and @stranger told viewer_one."
	if err := json.Unmarshal([]byte(form(t, in, Options{Format: JSON, Chatters: Pseudonyms})), &got); err != nil {
		t.Fatal(err)
	}
	top := got.Analysis.Chatters.Top
	want := []analysis.Chatter{{Login: "chatter_1", Name: "Chatter 1", Count: 130}, {Login: "chatter_2", Name: "Chatter 2", Count: 99}, {Login: "chatter_3", Name: "Chatter 3", Count: 7}}
	if diff := cmp.Diff(want, top.All); diff != "" {
		t.Error(diff)
	}
	if top.Positive[0].Name != "Chatter 2" || top.Negative[0].Name != "Chatter 1" {
		t.Errorf("the same people are called otherwise: %+v", top)
	}
	if text := got.Analysis.Waves[0].Text; text != "Chatter 2 and somebody told Chatter 1." {
		t.Errorf("the wave tells %q", text)
	}
}

func FuzzWrite(f *testing.F) {
	all := append(hostiles(), scripts()...) // FuzzLines takes each alone
	for i := 0; i+1 < len(all); i += 6 {
		f.Add(all[i], all[i+1], 100+i, 0.5)
	}
	f.Add("a", "b", -1, math.NaN())
	f.Fuzz(func(t *testing.T, a, b string, n int, v float64) {
		in := crowd([]string{a, b, a + b})
		s := &in.Report.Snapshot
		s.Counts = analysis.Counts{Total: n, Positive: n, Neutral: -n, Negative: n / 2}
		s.Mood.All, s.Rate.Peak, s.Duration = &v, v, v
		s.Moments[0].Peak = v
		in.Report.Timeline.Buckets[0].Sum = v
		in.Report.Timeline.Buckets[1].Positive = n
		in.Report.Timeline.Step = n
		in.Report.Timeline.To = at(20, 0, 0).Add(time.Duration(n))
		in.Summary.Sentences = append(in.Summary.Sentences, Summarize(in).Sentences...)
		for _, format := range Formats() {
			if format == PDF && n&7 != 0 {
				continue // it takes longer than all others together
			}
			var out bytes.Buffer
			if err := Write(t.Context(), &out, in, Options{Format: format, Chatters: []Chatters{Names, Pseudonyms}[n&1]}); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if format == PDF && (!bytes.HasPrefix(out.Bytes(), []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(out.Bytes()), []byte("%%EOF"))) {
				t.Error("no PDF")
			}
			if format == HTML && bytes.Contains(out.Bytes(), []byte("<script")) {
				t.Error("a script in the page")
			}
		}
	})
}
