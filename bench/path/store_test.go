package path_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/irc"
	"chatmood/internal/store/sqlite"
)

const (
	storedChannels = 100
	perSecond      = int(time.Second / interval)
	storedSeconds  = 8 // different seconds of chat; then they are stored again
)

// seconds returns what some busy channels have to store in consecutive
// seconds, after their first stored minutes.
func seconds(tb testing.TB) [][]analysis.Checkpoint {
	tb.Helper()
	lines := lines(tb)
	engine := sentiment.New()
	out := make([][]analysis.Checkpoint, storedSeconds)
	var (
		d     irc.Decoder
		ev    chat.Event
		score sentiment.Score
	)
	for c := range storedChannels {
		s := analysis.New(fmt.Sprint("session-", c), fmt.Sprint("demo_", c), begin, analysis.Options{})
		next := c * 97 // so that the channels differ
		say := func(n int) {
			for range n {
				if ok, err := d.Decode(lines[next%len(lines)], &ev); !ok || err != nil {
					tb.Fatal(ok, err)
				}
				m := &ev.Message
				engine.Score(&score, m.Text, m.Emotes)
				s.Add(m, &score)
				next++
			}
		}
		say(2000)
		s.Checkpoint(true)
		for i := range out {
			say(perSecond)
			at := begin.Add(time.Duration(next) * interval)
			out[i] = append(out[i], analysis.Checkpoint{SessionID: s.ID(), Channel: s.Channel(), StartedAt: begin, At: at, Parts: s.Checkpoint(false)})
		}
	}
	return out
}

// BenchmarkStore stores what a hundred busy channels change in a second, and
// writes the same bytes to a plain file for comparison.
func BenchmarkStore(b *testing.B) {
	seconds := seconds(b)
	bytes := 0
	for _, cps := range seconds {
		for _, cp := range cps {
			for _, p := range cp.Parts {
				bytes += len(p.Data)
			}
		}
	}
	b.Run("sqlite", func(b *testing.B) {
		store, err := sqlite.Open(b.Context(), sqlite.Config{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		defer store.Close()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := store.SaveCheckpoints(b.Context(), seconds[i%len(seconds)]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(bytes/len(seconds)), "bytes/s")
	})
	b.Run("file", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		for i := 0; b.Loop(); i++ {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				b.Fatal(err)
			}
			for _, cp := range seconds[i%len(seconds)] {
				for _, p := range cp.Parts {
					if _, err := f.Write(p.Data); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	})
}
