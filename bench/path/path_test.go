// Package path_test measures the whole way of a chat line inside one process:
// from the text that Twitch sends to the analysis of its channel.
package path_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/irc"
	"chatmood/internal/store/sqlite"
)

const (
	lineCount = 50_000 // different lines; then they come again
	chatters  = 5_000
	interval  = 50 * time.Millisecond // between messages: 20 a second, a busy channel
)

var begin = time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC)

// texts returns invented chat.
func texts(tb testing.TB) []string {
	tb.Helper()
	data, err := os.ReadFile("../testdata/chat.txt")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// lines returns chat as Twitch sends it: every line with tags, an identifier
// and a time of its own, few chatters writing much and many little.
func lines(tb testing.TB) []string {
	tb.Helper()
	texts := texts(tb)
	out := make([]string, lineCount)
	for i := range out {
		who := i * 7919 % chatters
		if i%2 == 0 {
			who %= chatters / 20
		}
		text := texts[i%len(texts)]
		emotes := ""
		if text == "LUL" {
			emotes = "425618:0-2"
		}
		out[i] = fmt.Sprintf("@badge-info=subscriber/8;badges=subscriber/6;color=#1E90FF;display-name=Viewer_%d;emotes=%s;first-msg=0;flags=;id=%08x-51a1-4f6e-9a58-0d4f7c1a2b3c;"+
			"mod=0;returning-chatter=0;room-id=900000001;subscriber=1;tmi-sent-ts=%d;turbo=0;user-id=%d;user-type= :viewer_%d!viewer_%d@viewer_%d.tmi.twitch.tv PRIVMSG #demo :%s",
			who, emotes, i, begin.Add(time.Duration(i)*interval).UnixMilli(), 910_000_000+who, who, who, who, text)
	}
	return out
}

// BenchmarkJudge judges the texts alone; bench/peers has its like.
func BenchmarkJudge(b *testing.B) {
	texts := texts(b)
	engine := sentiment.New()
	var score sentiment.Score
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		engine.Score(&score, texts[i%len(texts)], nil)
	}
}

// BenchmarkLine takes lines through the parser and the sentiment engine into
// the aggregates of a channel.
func BenchmarkLine(b *testing.B) {
	b.Run("session", benchmarkSession)
	b.Run("manager", benchmarkManager)
}

// benchmarkSession is the way without anything around it.
func benchmarkSession(b *testing.B) {
	lines := lines(b)
	engine := sentiment.New()
	var (
		d     irc.Decoder
		ev    chat.Event
		score sentiment.Score
	)
	s := analysis.New("s", "demo", begin, analysis.Options{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i > 0 && i%len(lines) == 0 {
			s = analysis.New("s", "demo", begin, analysis.Options{})
		}
		if ok, err := d.Decode(lines[i%len(lines)], &ev); !ok || err != nil {
			b.Fatal(ok, err)
		}
		m := &ev.Message
		engine.Score(&score, m.Text, m.Emotes)
		s.Add(m, &score)
	}
	reportRate(b)
}

// benchmarkManager is the way in the running server, which also encodes every
// message once for all viewers, publishes the batches on the bus, and stores a
// checkpoint every second.
func benchmarkManager(b *testing.B) {
	lines := lines(b)
	bs, err := bus.Open(b.Context(), bus.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer bs.Close()
	store, err := sqlite.Open(b.Context(), sqlite.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	manager := channels.New(channels.Config{Analyzer: sentiment.New(), Store: store, Bus: bs})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	joined := make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() { done <- manager.Run(ctx, joins(joined)) }()
	for {
		if _, err = manager.Start(ctx, "demo", ""); err == nil {
			break
		}
		select {
		case err := <-done:
			b.Fatal(err)
		case <-time.After(time.Millisecond): // it has not begun
		}
	}
	<-joined
	var (
		d  irc.Decoder
		ev chat.Event
	)
	b.ReportAllocs()
	n := 0
	for ; b.Loop(); n++ {
		if ok, err := d.Decode(lines[n%len(lines)], &ev); !ok || err != nil {
			b.Fatal(ok, err)
		}
		// Live chat is as old as its way here was long.
		ev.Time = time.Now()
		ev.Message.Time = ev.Time
		manager.HandleEvent(&ev)
	}
	reportRate(b)
	if got := manager.Counters().Judged.Load(); got != int64(n) {
		b.Errorf("%d of %d messages judged", got, n)
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// joins is a source that tells of the first join.
type joins chan struct{}

// Join implements [channels.Source].
func (j joins) Join(string) {
	select {
	case j <- struct{}{}:
	default:
	}
}

// Part implements [channels.Source].
func (joins) Part(string) {}

func reportRate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkSixHours reports what a channel takes that was analysed for six
// hours at 20 messages a second with 5,000 chatters, judged and checkpointed.
func BenchmarkSixHours(b *testing.B) {
	lines := lines(b)
	engine := sentiment.New()
	var held float64
	for range b.N {
		before := heap()
		s := analysis.New("s", "demo", begin, analysis.Options{})
		var (
			d     irc.Decoder
			ev    chat.Event
			score sentiment.Score
		)
		for i := range 6 * 3600 * int(time.Second/interval) {
			if ok, err := d.Decode(lines[i%len(lines)], &ev); !ok || err != nil {
				b.Fatal(ok, err)
			}
			m := &ev.Message
			m.ID, m.Time = fmt.Sprintf("%08x-51a1-4f6e-9a58-0d4f7c1a2b3c", i), begin.Add(time.Duration(i)*interval)
			engine.Score(&score, m.Text, m.Emotes)
			s.Add(m, &score)
			if i%1200 == 0 {
				s.Checkpoint(false)
			}
		}
		held = heap() - before
		runtime.KeepAlive(s)
	}
	b.ReportMetric(held, "B/channel")
}

// heap returns the bytes that are in use.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
