package pastchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"chatmood/internal/sentiment"
	"chatmood/internal/source/logfile"
)

var engine = sentiment.New()

func open(t testing.TB, log, name string) *logfile.Reader {
	t.Helper()
	r, err := logfile.NewReader(strings.NewReader(log), name, logfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lines writes a log, one message a second, of channels in turn.
func lines(n int, channels ...string) string {
	var b strings.Builder
	texts := []string{"this is great, love it", "what time is it", "worst play ever, so bad", "nice one, well done"}
	for i := range n {
		fmt.Fprintf(&b, "[2026-01-31 20:%02d:%02d] #%s viewer_%d: %s\n", i/60%60, i%60, channels[i%len(channels)], i%7, texts[i/len(channels)%4])
	}
	return b.String()
}

func TestAnalyseChannel(t *testing.T) {
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf("room_%02d", i)
	}
	for _, test := range []struct {
		name    string
		log     string
		channel string
		want    string // channel of the report
		total   int
		err     string
	}{
		{"one channel", lines(40, "alpha"), "", "alpha", 40, ""},
		{"the same by name", lines(40, "alpha"), "alpha", "alpha", 40, ""},
		{"renamed", lines(40, "alpha"), "beta", "beta", 40, ""},
		{"the first of two", lines(40, "alpha", "beta"), "alpha", "alpha", 20, ""},
		{"the second of two", lines(40, "alpha", "beta"), "beta", "beta", 20, ""},
		{"none of two", lines(40, "alpha", "beta"), "gamma", "", 0, "the log holds nothing of gamma, but chat of several channels (alpha, beta): choose one of them"},
		{"two", lines(40, "alpha", "beta"), "", "", 0, "the log holds chat of several channels (alpha, beta): choose one of them"},
		{"thirty", lines(3000, many...), "", "", 0, "room_19 and others): choose one of them"},
		{"one of thirty", lines(3000, many...), "room_29", "room_29", 100, ""},
		{"a second one late", lines(40, "alpha") + lines(1, "beta"), "", "", 0, "(alpha, beta)"},
		{"no channel", "[20:00:12] ann: hello\n[20:00:13] bob: hi\n", "", "", 0, "the log does not tell its channel: name it"},
		{"no channel, named", "[20:00:12] ann: hello\n[20:00:13] bob: hi\n", "alpha", "alpha", 2, ""},
		{"no chat", "# Start logging at 2026-01-31 20:00:00 UTC\n", "alpha", "", 0, "holds no messages"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var events atomic.Int64
			r, err := AnalyseChannel(t.Context(), open(t, test.log, ""), test.channel, Options{Analyzer: engine, Events: &events})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("the error is %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s := r.Snapshot; s.Channel != test.want || s.Counts.Total != test.total || s.Running || len(r.Timeline.Buckets) == 0 {
				t.Errorf("channel %q with %d messages, running %v; want %q with %d", s.Channel, s.Counts.Total, s.Running, test.want, test.total)
			}
		})
	}
}

// TestFormats analyses a file of each format, whole and by channel.
func TestFormats(t *testing.T) {
	files, err := filepath.Glob("../source/logfile/testdata/*.*")
	if err != nil || len(files) < 10 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := Analyse(t.Context(), open(t, string(data), name), Options{Analyzer: engine, Name: name})
			if err != nil {
				t.Fatal(err)
			}
			one, err := AnalyseChannel(t.Context(), open(t, string(data), name), "streamer_demo", Options{Analyzer: engine, Name: name})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []struct {
				total int
				err   error
			}{{whole.Snapshot.Counts.Total, err}, {one.Snapshot.Counts.Total, err}} {
				if r.total == 0 {
					t.Errorf("no messages")
				}
			}
			if one.Snapshot.Channel != "streamer_demo" || one.Source.File != filepath.Base(name) || one.Source.Bytes == 0 {
				t.Errorf("analysed as %q from %+v", one.Snapshot.Channel, one.Source)
			}
			if _, err := json.Marshal(one); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStrangeTimes: whatever times a log has, its report can be kept.
func TestStrangeTimes(t *testing.T) {
	for _, stamp := range []string{"0", "-1", "-62135596800000", "253402300800000", "9223372036854775807", "1e300", "99999999999999", "1767225600123"} {
		log := fmt.Sprintf("@badges=;tmi-sent-ts=%s;id=1 :ann!ann@ann.tmi.twitch.tv PRIVMSG #alpha :hello\n@badges=;tmi-sent-ts=1767225600123;id=2 :ann!ann@ann.tmi.twitch.tv PRIVMSG #alpha :hello you\n", stamp)
		r, err := AnalyseChannel(t.Context(), open(t, log, ""), "", Options{Analyzer: engine})
		if err != nil {
			t.Errorf("%s: %v", stamp, err)
			continue
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%s: %v", stamp, err)
		}
	}
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Analyse(ctx, open(t, lines(10, "alpha"), ""), Options{Analyzer: engine}); !errors.Is(err, context.Canceled) {
		t.Errorf("analysed after the end: %v", err)
	}
	boom := errors.New("boom")
	r, err := logfile.NewReader(io.MultiReader(strings.NewReader(lines(10_000, "alpha")), &failing{boom}), "", logfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AnalyseChannel(t.Context(), r, "", Options{Analyzer: engine}); !errors.Is(err, boom) {
		t.Errorf("analysed a log that could not be read: %v", err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// BenchmarkAnalyseChannel takes 100 MB of a log.
func BenchmarkAnalyseChannel(b *testing.B) {
	part := lines(100_000, "alpha")
	log := bytes.Repeat([]byte(part), 100_000_000/len(part)+1)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := logfile.NewReader(bytes.NewReader(log), "", logfile.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := AnalyseChannel(b.Context(), r, "alpha", Options{Analyzer: engine}); err != nil {
			b.Fatal(err)
		}
	}
}
