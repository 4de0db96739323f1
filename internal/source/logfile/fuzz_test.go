package logfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chatmood/internal/chat"
)

// checkEvent checks what holds for every event of every log.
func checkEvent(t testing.TB, ev *chat.Event) {
	t.Helper()
	if ev.Time.IsZero() {
		t.Errorf("event without a time: %+v", ev)
	}
	if ev.Kind < chat.KindMessage || ev.Kind > chat.KindClearAll {
		t.Errorf("event of no kind: %+v", ev)
	}
	m := &ev.Message
	if !utf8.ValidString(m.Text) || !utf8.ValidString(m.Login) || !utf8.ValidString(m.DisplayName) {
		t.Errorf("invalid UTF-8: %+v", m)
	}
	last := 0
	for _, e := range m.Emotes {
		if e.Start < last || e.End < e.Start || e.End > len(m.Text) {
			t.Errorf("emote %+v outside of %q or out of order", e, m.Text)
		}
		last = e.Start
	}
	if ev.Duration < 0 || ev.Duration > 100*365*24*time.Hour {
		t.Errorf("duration %v", ev.Duration)
	}
	if ev.Kind == chat.KindMessage && m.ID == "" {
		t.Errorf("message without an id: %+v", m)
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", s.file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)*2/3])
		f.Add(gzipped(f, data))
	}
	f.Add([]byte("\xff\xfe[\x000\x00:\x000\x000\x00]\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		formats := append(Formats(), "")
		for _, format := range formats {
			r, err := NewReader(strings.NewReader(string(data)), "demo-2026-01-31.log", Options{Format: format})
			if err != nil {
				continue
			}
			var ev chat.Event
			events := 0
			for {
				err := r.Next(&ev)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v", r.Format(), err)
				}
				checkEvent(t, &ev)
				if events++; events > len(data)*2000 {
					t.Fatalf("%s: more events than bytes", r.Format())
				}
			}
		}
	})
}
