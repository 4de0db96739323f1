package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"chatmood/internal/analysis"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", name, diff)
	}
}

func at(h, m, s int) time.Time { return time.Date(2026, 1, 31, h, m, s, 0, time.UTC) }

func ptr(v float64) *float64 { return &v }

// sample is a stream of an hour with everything a report can tell.
func sample() *Report {
	r := &Report{
		Source: &Source{
			File: "streamer_demo-2026-01-31.log", Format: "chatterino", Lines: 2500, Bytes: 90000, Seconds: 0.005,
			Problems: []string{"streamer_demo-2026-01-31.log:17: does not begin with [time]"}, ProblemCount: 12, Notes: []string{"the log has no dates"},
		},
		Snapshot: analysis.Snapshot{
			ID: "demo", Channel: "streamer_demo", StartedAt: at(20, 0, 0), EndedAt: at(21, 0, 0), At: at(21, 0, 0), Duration: 3600,
			Status: analysis.Status{State: analysis.Stopped, Since: at(21, 0, 0)},
			Counts: analysis.Counts{Total: 2400, Positive: 1000, Neutral: 900, Negative: 500, Unsure: 120, Unscored: 60, Deleted: 4, Bots: 9, Commands: 31, Waves: 44, First: 17, Questions: 210},
			Mood:   analysis.Mood{Now: ptr(-0.21), Trend: -0.1, M1: ptr(-0.2), M5: ptr(0.02), M15: ptr(0.1), M60: ptr(0.14), All: ptr(0.14)},
			Rate:   analysis.Rate{Now: 12, M1: 30, M5: 40, Peak: 516, PeakAt: at(20, 31, 10)},
			Chatters: analysis.Chatters{Distinct: 321, Exact: true, Active: 40, Top: analysis.TopChatters{
				All:      []analysis.Chatter{{Login: "viewer_one", Name: "Viewer_One", Count: 130}, {Login: "viewer_two", Name: "ビューア", Count: 99}, {Login: "viewer_three", Count: 7}},
				Positive: []analysis.Chatter{{Login: "viewer_two", Name: "ビューア", Count: 80}},
				Neutral:  []analysis.Chatter{{Login: "viewer_one", Name: "Viewer_One", Count: 70}, {Login: "=cmd()", Count: 2}},
				Negative: []analysis.Chatter{{Login: "viewer_one", Name: "Viewer_One_with_an_endless_name_of_many_letters", Count: 50}},
			}, TopError: 2},
			Terms:     []analysis.Term{{Term: "game", Count: 300, Positive: 100, Neutral: 150, Negative: 50}, {Term: "\x1b[31mred\u202e", Count: 20, Neutral: 20}, {Term: "|pipe|*bold*<b>", Count: 3, Negative: 3}},
			Emotes:    []analysis.Term{{Term: "Kappa", Count: 210, Positive: 20, Neutral: 180, Negative: 10, EmoteID: "25"}},
			TermError: 1,
			Waves:     []analysis.Wave{{Text: "small wave", Count: 5, Chatters: 4, From: at(20, 50, 0), To: at(20, 50, 9)}, {Text: strings.Repeat("the big wave ", 20), Count: 39, Chatters: 30, From: at(20, 31, 0), To: at(20, 31, 30)}},
			Gaps:      []analysis.Gap{{From: at(20, 10, 0), To: at(20, 14, 0), Reason: "connection_lost"}},
			Marks:     []analysis.Mark{{At: at(20, 40, 0), Kind: "raid", Name: "Other_Demo", Count: 1430, Text: "1430 raiders from Other_Demo have joined!"}, {At: at(20, 45, 0), Kind: "gifts", Name: "Viewer_Two", Count: 25}},
		},
		Timeline: analysis.Timeline{Step: 60, From: at(20, 0, 0), To: at(21, 0, 0)},
	}
	s, tl := &r.Snapshot, &r.Timeline
	s.Moments = []analysis.Moment{
		{ID: "1", Kind: "hype", From: at(20, 31, 0), To: at(20, 31, 40), Peak: 516, Label: "chat sped up to 5 times its pace"},
		{ID: "2", Kind: "negative", From: at(20, 55, 0), To: at(20, 56, 0), Peak: -0.52, Label: "the mood fell"},
		{ID: "3", Kind: "positive", From: at(20, 41, 0), Peak: 0.61, Label: "the mood rose"},
	}
	for i := range 9 {
		s.Moments = append(s.Moments, analysis.Moment{ID: "h" + string(rune('0'+i)), Kind: "hype", From: at(20, 2+i*2, 30), To: at(20, 2+i*2, 40), Peak: 100 + float64(i), Label: "small"})
	}
	tl.Gaps, tl.Marks, tl.Moments = s.Gaps, s.Marks, s.Moments
	for i := range 60 {
		if i >= 10 && i < 14 {
			continue
		}
		b := analysis.Bucket{T: at(20, i, 0).Unix(), Positive: 20, Neutral: 15, Negative: 5, Sum: 8}
		switch {
		case i == 31:
			b = analysis.Bucket{T: b.T, Positive: 200, Neutral: 60, Negative: 10, Sum: 120}
		case i > 50:
			b = analysis.Bucket{T: b.T, Positive: 2, Neutral: 10, Negative: 18, Sum: -9}
		}
		tl.Buckets = append(tl.Buckets, b)
	}
	return r
}

// form writes a report in one form.
func form(t testing.TB, in Input, opt Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(t.Context(), &b, in, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func text(t *testing.T, r *Report, opts TextOptions) string {
	t.Helper()
	return form(t, Input{Report: r}, Options{Format: Text, Text: opts})
}

func TestText(t *testing.T) {
	for name, opts := range map[string]TextOptions{
		"text-80.golden": {}, "text-40.golden": {Width: 40}, "text-120.golden": {Width: 120}, "text-color.golden": {Color: true},
	} {
		got := text(t, sample(), opts)
		golden(t, name, []byte(got))
		if opts.Color {
			continue
		}
		width := max(opts.Width, 40)
		if opts.Width == 0 {
			width = 80
		}
		for line := range strings.SplitSeq(got, "\n") {
			if w := uniseg.StringWidth(line); w > width {
				t.Errorf("%s: a line is %d columns wide: %q", name, w, line)
			}
		}
		if strings.ContainsRune(got, 0x1b) || strings.ContainsRune(got, 0x202e) {
			t.Errorf("%s: control characters came through", name)
		}
	}
}

// TestColorCarriesNothing takes the colours out and compares.
func TestColorCarriesNothing(t *testing.T) {
	plain, color := text(t, sample(), TextOptions{}), text(t, sample(), TextOptions{Color: true})
	for _, code := range []string{bold, green, red, yellow, grey, "0"} {
		color = strings.ReplaceAll(color, "\x1b["+code+"m", "")
	}
	trim := func(s string) string {
		lines := strings.Split(s, "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		return strings.Join(lines, "\n")
	}
	if diff := cmp.Diff(trim(plain), trim(color)); diff != "" {
		t.Errorf("plain and coloured text differ:\n%s", diff)
	}
}

func TestMarkdown(t *testing.T) {
	got := form(t, Input{Report: sample()}, Options{Format: Markdown})
	golden(t, "markdown.golden", []byte(got))
	if strings.Contains(got, "<b>") || strings.Contains(got, "|pipe|") {
		t.Error("a chatter's words were taken as Markdown")
	}
}

func TestCSV(t *testing.T) {
	r := sample()
	r.Timeline.Marks[0].Text = "=HYPERLINK(\"x\"), \"quoted\""
	r.Snapshot.Channel = "@streamer"
	got := form(t, Input{Report: r}, Options{Format: CSV})
	golden(t, "csv.golden", []byte(got))
	rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 57 || len(rows[0]) != 12 {
		t.Fatalf("%d rows of %d cells", len(rows), len(rows[0]))
	}
	seen := 0
	for _, row := range rows {
		if strings.HasPrefix(row[0], "@") || strings.HasPrefix(row[8], "=") {
			t.Errorf("a formula came through: %q", row)
		}
		if strings.HasPrefix(row[8], "'=HYPERLINK") {
			seen++
		}
	}
	if seen != 1 {
		t.Errorf("the mark was seen %d times", seen)
	}
	for in, want := range map[string]string{
		"": "", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\tx": "'\tx", "\rx": "'\rx", "  =1": "'  =1", "\x00=1": "'=1", "＝1": "'＝1", "a\x00b": "ab",
	} {
		if got := csvText(in); got != want {
			t.Errorf("csvText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	one := form(t, Input{Report: sample()}, Options{Format: JSON})
	golden(t, "json.golden", []byte(one))
	var back Report
	if err := json.Unmarshal([]byte(one), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), &back); diff != "" {
		t.Errorf("read back (-written +read):\n%s", diff)
	}
	var two bytes.Buffer
	if err := WriteAll(t.Context(), &two, []Input{{Report: sample()}, {Report: sample()}}, Options{Format: JSON}); err != nil {
		t.Fatal(err)
	}
	var list []Report
	if err := json.Unmarshal(two.Bytes(), &list); err != nil || len(list) != 2 {
		t.Errorf("two reports: %d in the array, %v", len(list), err)
	}
}

// TestSparse writes reports that have next to nothing in them.
func TestSparse(t *testing.T) {
	one := &Report{Snapshot: analysis.Snapshot{StartedAt: at(20, 0, 0), At: at(20, 0, 0), Counts: analysis.Counts{Total: 1, Neutral: 1}}}
	one.Timeline = analysis.Timeline{Step: 1, From: at(20, 0, 0), To: at(20, 0, 1), Buckets: []analysis.Bucket{{T: at(20, 0, 0).Unix(), Neutral: 1}}}
	for name, r := range map[string]*Report{"empty": {}, "one message": one} {
		got := text(t, r, TextOptions{Width: 40})
		if !strings.HasPrefix(got, "Chat of #") || strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
			t.Errorf("%s:\n%s", name, got)
		}
		for _, format := range Formats() {
			if got := form(t, Input{Report: r}, Options{Format: format}); strings.Contains(got, "NaN") || strings.Contains(got, "Inf ") {
				t.Errorf("%s as %s:\n%s", name, format, got)
			}
		}
	}
}

// TestGapIsNotSilence checks that what was not read is not drawn as silence.
func TestGapIsNotSilence(t *testing.T) {
	r := sample()
	cols, each := columns(&r.Timeline, 60)
	if len(cols) != 60 || each != 60 {
		t.Fatalf("%d columns of %v s", len(cols), each)
	}
	for i, c := range cols {
		if want := i >= 10 && i < 14; c.gap != want {
			t.Errorf("column %d: gap %v, want %v", i, c.gap, want)
		}
	}
	bars, top := ratePlot(cols, each)
	if top != 270 || strings.Count(bars[rateRows-1], "╳") != 4 {
		t.Errorf("top %v, bottom row %q", top, bars[rateRows-1])
	}
	sum := 0
	for _, c := range cols {
		sum += c.n
	}
	want := 0
	for _, b := range r.Timeline.Buckets {
		want += b.Positive + b.Neutral + b.Negative
	}
	if sum != want {
		t.Errorf("the columns hold %d messages, the timeline %d", sum, want)
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	for s, want := range map[float64]string{0: "0 s", 59.6: "1 min", 61: "1 min 1 s", 3600: "1 h", 5400: "1 h 30 min", 200000: "2 days 7 h", -5: "0 s"} {
		if got := span(s); got != want {
			t.Errorf("span(%v) = %q, want %q", s, got, want)
		}
	}
	if got := pad("ビューア", 5); uniseg.StringWidth(got) != 5 {
		t.Errorf("pad: %q is %d wide", got, uniseg.StringWidth(got))
	}
	if got := clean("a\x1b[2Jb\u202ec\nd\x00\xff"); got != "a[2Jbc d\uFFFD" {
		t.Errorf("clean: %q", got)
	}
}

func BenchmarkText(b *testing.B) {
	r := sample()
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(b.Context(), &bytes.Buffer{}, Input{Report: r}, Options{Format: Text}); err != nil {
			b.Fatal(err)
		}
	}
}
