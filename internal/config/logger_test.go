package config

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"unicode"
)

// FuzzLogger: whatever is logged, it is one line of printable characters, and in
// JSON comes back as it was.
func FuzzLogger(f *testing.F) {
	for _, seed := range []string{"plain", "Ærø 日本語 😀", "a\r\nlevel=ERROR msg=forged", "\x1b[2J\x9b", "\u009b31m\x7f\u202e", "\U000e0041", "\u2028\u2029\ufeff\ufffd", "\xff\xfe", `"\`, "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			cfg := &Config{LogFormat: format, LogLevel: slog.LevelInfo}
			cfg.Logger(&out).With("who", text).Info(text, "what", text, "group", []string{text})
			cfg.Logger(&out).Debug(text)
			line, ok := strings.CutSuffix(out.String(), "\n")
			if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) && r != unicode.ReplacementChar }); !ok || i >= 0 {
				t.Errorf("%s: %q", format, out.String())
			}
			if format == "text" {
				continue
			}
			var got struct{ Msg, Who, What string }
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if want := strings.ToValidUTF8(text, "\ufffd"); strings.ReplaceAll(got.What, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") || got.Who != got.What || got.Msg != got.What {
				t.Errorf("%q comes back as %q", text, got.What)
			}
		}
	})
}
