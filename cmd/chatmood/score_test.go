package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatmood/internal/onnx/onnxtest"
)

// runScore runs the score command and returns what it wrote.
func runScore(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), append([]string{"score"}, args...), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func TestScoreTSV(t *testing.T) {
	in := "LETS GOOO PogChamp\n\nthis is trash\ntab\there\r\nno newline at the end"
	code, out, errs := runScore(t, in)
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, stderr %q", code, errs)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines out for 5 lines in: %q", len(lines), out)
	}
	for i, want := range []struct{ label, text string }{
		{"positive", "LETS GOOO PogChamp"},
		{"neutral", ""},
		{"negative", "this is trash"},
		{"neutral", "tab here"},
		{"", "no newline at the end"},
	} {
		f := strings.Split(lines[i], "\t")
		if len(f) != 4 {
			t.Fatalf("line %d has %d columns, want 4: %q", i+1, len(f), lines[i])
		}
		if want.label != "" && f[0] != want.label || f[3] != want.text {
			t.Errorf("line %d is %s %q, want %s %q", i+1, f[0], f[3], want.label, want.text)
		}
	}
	if lines[1] != "neutral\t0.000\t0.000\t" {
		t.Errorf("an empty line gives %q", lines[1])
	}
}

func TestScoreJSON(t *testing.T) {
	code, out, _ := runScore(t, "KEKW\nwhat rank is he\n", "--format", "json", "--explain")
	if code != exitOK {
		t.Fatalf("exit %d", code)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2", len(lines))
	}
	var first judgedFields
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first.Label != "positive" || first.Text != "KEKW" || first.Score <= 0 || first.Confidence <= 0 || len(first.Explain) != 1 || first.Explain[0].End != 4 {
		t.Errorf("KEKW is %+v", first)
	}
	if !strings.Contains(lines[1], `"question"`) {
		t.Errorf("no question flag in %s", lines[1])
	}
}

// judgedFields is the JSON form as a stranger reads it.
type judgedFields struct {
	Label      string
	Score      float64
	Confidence float64
	Flags      []string
	Text       string
	Explain    []struct {
		Start, End int
		Value      float64
	}
}

func TestScoreTextAndFiles(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt")
	for name, text := range map[string]string{a: "nice one\n", b: "boring\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := runScore(t, "", "--format", "text", "--explain", a, b)
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"positive", "nice one", "negative", "boring", "%"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestScoreFaults(t *testing.T) {
	if code, _, errs := runScore(t, "", filepath.Join(t.TempDir(), "missing.txt")); code != exitUsage || !strings.Contains(errs, "missing.txt") {
		t.Errorf("missing file: exit %d, %q", code, errs)
	}
	if code, _, errs := runScore(t, "x", "--format", "xml"); code != exitUsage || !strings.Contains(errs, "format") {
		t.Errorf("bad format: exit %d, %q", code, errs)
	}
	long := strings.Repeat("a", maxLineBytes+1)
	if code, _, errs := runScore(t, "ok\n"+long+"\n"); code != exitFailure || !strings.Contains(errs, "line 2") {
		t.Errorf("long line: exit %d, %q", code, errs)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	if code := run(ctx, []string{"score"}, strings.NewReader("x\n"), &out, &errs); code != exitFailure || !strings.Contains(errs.String(), "stopped") {
		t.Errorf("stopped: exit %d, %q", code, errs.String())
	}
}

// TestScoreByModel judges by a text classifier of somebody's own.
func TestScoreByModel(t *testing.T) {
	dir := onnxtest.Write(t, "negative", "neutral", "positive")
	code, out, errs := runScore(t, strings.Repeat("good\nbad\ntable\n", 100), "--model", "onnx:"+dir)
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, stderr %q", code, errs)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 300 {
		t.Fatalf("%d lines out for 300 in", len(lines))
	}
	for i, line := range lines {
		if want := []string{"positive", "negative", "neutral"}[i%3]; !strings.HasPrefix(line, want+"\t") {
			t.Fatalf("line %d is %q, want %s", i+1, line, want)
		}
	}
	for _, model := range []string{"onnx:" + filepath.Join(dir, "absent"), "onnx:", "other"} {
		if code, _, errs := runScore(t, "x", "--model", model); code != exitUsage || !strings.Contains(errs, "--model") {
			t.Errorf("%s: exit %d, %q", model, code, errs)
		}
	}
}
