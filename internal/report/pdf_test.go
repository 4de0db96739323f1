package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
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

// pdfText returns what another reader finds in a PDF.
func pdfText(t testing.TB, pdf string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, "pdftotext"), append(args, "-", "-")...)
	cmd.Stdin = strings.NewReader(pdf)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Fatalf("pdftotext: %v\n%s", err, errs.String())
	}
	return out.String()
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
	got := pdfText(t, pdf, "-layout")
	for _, want := range []string{"Chat Analysis Report", "#streamer_demo", "2,400", "Viewer_One", "ビューア"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
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
	pdfText(t, pdf)
}
