package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatmood/internal/report"
	"chatmood/internal/source/logfile"
)

// analyzeRun runs the analyze command and returns its exit code and output.
func analyzeRun(ctx context.Context, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, append([]string{"analyze"}, args...), stdin, &out, &errs)
	return code, out.String(), errs.String()
}

// writeLog writes an invented stream of n messages: calm, then cheerful, then
// sour, two a second.
func writeLog(t *testing.T, name string, n int) string {
	t.Helper()
	var b bytes.Buffer
	start := time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC)
	for i := range n {
		text := "which map comes next"
		switch {
		case i%3 == 0:
		case i < n/2:
			text = "this is great PogChamp"
		default:
			text = "this is terrible BibleThump"
		}
		fmt.Fprintf(&b, "[%s] #streamer_demo viewer_%d: %s\n", start.Add(time.Duration(i)*time.Second/2).Format(time.DateTime), i%40, text)
	}
	b.WriteString("[2026-01-31 21:00:00] #streamer_demo 430 raiders from Other_Demo have joined!\nrubbish\n")
	path := filepath.Join(t.TempDir(), name)
	data := b.Bytes()
	if strings.HasSuffix(name, ".gz") {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data = packed.Bytes()
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnalyzeFormats(t *testing.T) {
	log, packed := writeLog(t, "a.log", 1200), writeLog(t, "b.log.gz", 600)
	ctx := t.Context()

	code, out, errs := analyzeRun(ctx, nil, log)
	if code != exitOK || errs != "" {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	for _, part := range []string{"Chat of #streamer_demo", "1,200", "430 raiders from Other_Demo", "a.log:1202", "Course", "PogChamp"} {
		if !strings.Contains(out, part) {
			t.Errorf("the text does not say %q:\n%s", part, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colours without a terminal")
	}

	code, out, errs = analyzeRun(ctx, nil, "--json", log)
	var one report.Report
	if err := json.Unmarshal([]byte(out), &one); err != nil || code != exitOK {
		t.Fatalf("exit code %d, %s, %v", code, errs, err)
	}
	c := one.Snapshot.Counts
	if c.Total != 1200 || c.Positive < 300 || c.Negative < 300 || c.Neutral < 300 || c.Positive+c.Neutral+c.Negative != 1200 {
		t.Errorf("counts %+v", c)
	}
	if one.Snapshot.Channel != "streamer_demo" || one.Snapshot.Running || len(one.Snapshot.Marks) != 1 || one.Source.ProblemCount != 1 || one.Source.Lines != 1202 {
		t.Errorf("snapshot %+v\nsource %+v", one.Snapshot, one.Source)
	}
	sum := 0
	for _, b := range one.Timeline.Buckets {
		sum += b.Positive + b.Neutral + b.Negative
	}
	if sum != 1200 {
		t.Errorf("the timeline holds %d messages", sum)
	}

	code, out, errs = analyzeRun(ctx, nil, "--format", "json", "--channel", "https://twitch.tv/Renamed", packed, log)
	var list []report.Report
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitOK || len(list) != 2 {
		t.Fatalf("exit code %d, %s, %v, %d reports", code, errs, err, len(list))
	}
	if list[0].Source.File != "b.log.gz" || list[0].Snapshot.Counts.Total != 600 || list[1].Snapshot.Counts != c || list[1].Snapshot.Channel != "renamed" {
		t.Errorf("the reports are not in the order of the files: %+v %+v", list[0].Source, list[1].Source)
	}

	code, out, errs = analyzeRun(ctx, nil, "--format", "csv", log, packed)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || code != exitOK || strings.Count(out, "mean_score") != 1 || len(rows) < 10 {
		t.Errorf("exit code %d, %s, %v, %d rows", code, errs, err, len(rows))
	}
	if code, out, errs = analyzeRun(ctx, nil, "--format", "markdown", log); code != exitOK || !strings.HasPrefix(out, "# Chat of #streamer&#95;demo") {
		t.Errorf("exit code %d, %s, %.60q", code, errs, out)
	}
}

// TestAnalyzeOutput writes reports into files, in the form that their names
// tell.
func TestAnalyzeOutput(t *testing.T) {
	log, dir := writeLog(t, "a.log", 600), t.TempDir()
	for name, begin := range map[string]string{
		"r.pdf": "%PDF-1.", "r.HTML": "<!doctype html>", "r.md": "# Chat of", "r.csv": "channel,time,", "r.json": "{", "r.txt": "Chat of #", "r.report": "Chat of #",
	} {
		target := filepath.Join(dir, name)
		code, out, errs := analyzeRun(t.Context(), nil, "-o", target, "--chatters", "pseudonyms", log)
		if code != exitOK || out != "" || errs != "" {
			t.Errorf("%s: exit code %d, %q, %s", name, code, out, errs)
			continue
		}
		data, err := os.ReadFile(target)
		if err != nil || !strings.HasPrefix(string(data), begin) {
			t.Errorf("%s: %v, begins with %.20q", name, err, data)
		}
		if strings.Contains(string(data), "viewer_1") {
			t.Errorf("%s tells a name", name)
		}
	}
	// The format wins over the name; standard output takes any.
	target := filepath.Join(dir, "x.pdf")
	if code, _, errs := analyzeRun(t.Context(), nil, "-o", target, "--format", "md", log); code != exitOK {
		t.Fatal(errs)
	}
	if data, err := os.ReadFile(target); err != nil || !strings.HasPrefix(string(data), "# Chat") {
		t.Errorf("%v, %.20q", err, data)
	}
	code, out, errs := analyzeRun(t.Context(), nil, "--format", "pdf", "--paper", "letter", log, log)
	if code != exitOK || !strings.HasPrefix(out, "%PDF-1.") || !strings.Contains(out, "612") {
		t.Errorf("exit code %d, %s, %.20q", code, errs, out)
	}
	code, out, errs = analyzeRun(t.Context(), nil, "--format", "csv", "--section", "emotes", log)
	if code != exitOK || !strings.Contains(out, "PogChamp,200,200,0,0,") {
		t.Errorf("exit code %d, %s, %s", code, errs, out)
	}
}

func TestAnalyzeMessages(t *testing.T) {
	log := writeLog(t, "a.log", 300)
	target := filepath.Join(t.TempDir(), "judged.ndjson")
	code, text, errs := analyzeRun(t.Context(), nil, "--messages", target, log)
	if code != exitOK || !strings.Contains(text, "Chat of #streamer_demo") {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	judged, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(judged, []byte("\n")); n != 301 {
		t.Errorf("%d lines, want 300 messages and a raid", n)
	}
	var rec logfile.Record
	if err := json.Unmarshal(judged[bytes.IndexByte(judged, '\n'):][:bytes.IndexByte(judged[bytes.IndexByte(judged, '\n')+1:], '\n')+1], &rec); err != nil {
		t.Fatal(err)
	}
	if rec.Label != "positive" || rec.Score == nil || *rec.Score <= 0 || rec.Confidence == nil || rec.ID == "" || rec.Login != "viewer_1" || rec.Text != "this is great PogChamp" {
		t.Errorf("record %+v", rec)
	}

	// Standard output, in place of the report.
	code, out, errs := analyzeRun(t.Context(), nil, "--messages", "-", log)
	if code != exitOK || out != string(judged) {
		t.Errorf("exit code %d, %s: standard output and file differ", code, errs)
	}

	// The export is a log itself, of the same analysis.
	_, again, _ := analyzeRun(t.Context(), bytes.NewReader(judged), "-")
	body := func(s string) string { before, _, _ := strings.Cut(s, "\nFile\n"); return before }
	if body(again) != body(text) {
		t.Errorf("the analysis of the export differs:\n%s\n%s", text, again)
	}
}

func TestAnalyzeFailures(t *testing.T) {
	log := writeLog(t, "a.log", 100)
	dir := filepath.Dir(log)
	picture := filepath.Join(dir, "a.png")
	if err := os.WriteFile(picture, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), 0o644); err != nil {
		t.Fatal(err)
	}
	header := filepath.Join(dir, "header.log")
	if err := os.WriteFile(header, []byte("# Start logging at 2026-01-31 20:00:00 UTC\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"no file", nil, exitUsage, []string{"file"}},
		{"unknown format", []string{"--format", "docx", log}, exitUsage, []string{"--format"}},
		{"unknown section", []string{"--format", "csv", "--section", "people", log}, exitUsage, []string{"--section", "timeline"}},
		{"section of a text", []string{"--section", "terms", log}, exitUsage, []string{"--section", "csv"}},
		{"unknown paper", []string{"--format", "pdf", "--paper", "a3", log}, exitUsage, []string{"--paper", "letter"}},
		{"paper of a page", []string{"--format", "html", "--paper", "a4", log}, exitUsage, []string{"--paper", "pdf"}},
		{"unknown chatters", []string{"--chatters", "some", log}, exitUsage, []string{"--chatters", "pseudonyms"}},
		{"output over the log", []string{"-o", log, log}, exitUsage, []string{"overwrite"}},
		{"output nowhere", []string{"-o", filepath.Join(dir, "no", "such.pdf"), log}, exitUsage, []string{"-o"}},
		{"output beside messages", []string{"-o", "x.txt", "--messages", "-", log}, exitUsage, []string{"--messages", "-o"}},
		{"bad channel", []string{"--channel", "no such!", log}, exitUsage, []string{"--channel", "letters"}},
		{"bad zone", []string{"--zone", "Mars/Olympus", log}, exitUsage, []string{"--zone", "Europe/Berlin"}},
		{"standard input twice", []string{"-", "-"}, exitUsage, []string{"only once"}},
		{"messages over the log", []string{"--messages", log, log}, exitUsage, []string{"overwrite"}},
		{"messages nowhere", []string{"--messages", filepath.Join(dir, "no", "such"), log}, exitUsage, []string{"--messages"}},
		{"missing", []string{filepath.Join(dir, "none.log")}, exitFailure, []string{"none.log", "no such file"}},
		{"folder", []string{dir}, exitFailure, []string{"is a folder"}},
		{"picture", []string{picture}, exitFailure, []string{"a.png", "not a chat log", "image/png", "Chatterino"}},
		{"no messages", []string{header}, exitFailure, []string{"no messages"}},
		{"one of three", []string{picture, log, filepath.Join(dir, "none.log")}, exitFailure, []string{"a.png", "none.log", "2 of 3 files"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := analyzeRun(t.Context(), strings.NewReader(""), tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d: %s", code, tt.code, errs)
			}
			for _, s := range tt.says {
				if !strings.Contains(errs, s) {
					t.Errorf("%q does not say %q", errs, s)
				}
			}
			if good := tt.name == "one of three"; good != strings.Contains(out, "Chat of #streamer_demo") {
				t.Errorf("standard output: %q", out)
			}
		})
	}
	code, out, _ := analyzeRun(t.Context(), nil, "--json", picture, log)
	var list []report.Report
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 || code != exitFailure {
		t.Errorf("one good of two as JSON: exit code %d, %v, %d reports", code, err, len(list))
	}
}

func TestAnalyzeInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, errs := analyzeRun(ctx, nil, writeLog(t, "a.log", 100)); code != exitFailure || !strings.Contains(errs, "interrupted") {
		t.Errorf("exit code %d, %s", code, errs)
	}

	// Waiting for more of standard input ends too.
	ctx, cancel = context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	defer pw.Close()
	done := make(chan string)
	go func() {
		code, _, errs := analyzeRun(ctx, pr, "-")
		done <- fmt.Sprint(code, errs)
	}()
	if _, err := io.WriteString(pw, "[2026-01-31 20:00:00] #streamer_demo viewer_1: hi\n"); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case got := <-done:
		if !strings.HasPrefix(got, "1") || !strings.Contains(got, "interrupted") {
			t.Errorf("got %s", got)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the command did not end")
	}
}

func TestProgressLine(t *testing.T) {
	for _, tt := range []struct {
		read, total, events int64
		took                time.Duration
		width               int
		want                string
	}{
		{0, 1000, 0, 0, 50, "[-----------------------]   0 %, 0 lines/s, … left"},
		{500, 1000, 4096, 2 * time.Second, 50, "[#########----------]  50 %, 2048 lines/s, 2s left"},
		{1000, 1000, 9000, 3 * time.Second, 50, "[###################] 100 %, 3000 lines/s, 0s left"},
		{3_000_000, 0, 9000, 3 * time.Second, 40, " 3.0 MB, 3000 lines/s"},
		{500, 1000, 4096, 2 * time.Second, 12, "  50 %, 2048"},
	} {
		got := progressLine(tt.read, tt.total, tt.events, tt.took, tt.width)
		if n := len([]rune(got)); n != tt.width {
			t.Errorf("%q is %d wide, want %d", got, n, tt.width)
		}
		if strings.TrimRight(got, " ") != strings.TrimRight(tt.want, " ") {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// BenchmarkAnalyze takes a log from its bytes to the finished report.
func BenchmarkAnalyze(b *testing.B) {
	var log bytes.Buffer
	start := time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC)
	texts := []string{"this is great PogChamp", "what is going on here", "OMEGALUL OMEGALUL", "that was so bad, I can't even watch this anymore NotLikeThis", "gg"}
	const lines = 20000
	for i := range lines {
		fmt.Fprintf(&log, "[%s] #streamer_demo viewer_%d: %s\n", start.Add(time.Duration(i)*time.Second/10).Format(time.DateTime), i*7919%3000, texts[i%len(texts)])
	}
	b.ReportAllocs()
	for b.Loop() {
		if code, _, errs := analyzeRun(b.Context(), bytes.NewReader(log.Bytes()), "-"); code != exitOK {
			b.Fatal(errs)
		}
	}
	b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
}
