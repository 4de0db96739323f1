package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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

func TestPDF(t *testing.T) {
	pdf := form(t, Input{Report: sample(), Summary: Summarize(Input{Report: sample()})}, Options{Format: PDF})
	if dir := os.Getenv("CHATMOOD_TEST_KEEP"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "sample.pdf"), []byte(pdf), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := pdfText(t, pdf, "-layout")
	for _, want := range []string{"Chat Analysis Report", "#streamer_demo", "2,400", "Viewer_One", "ビューア"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}
