package analysis

import (
	"testing"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

type benchMessage struct {
	m  chat.Message
	sc sentiment.Score
}

// benchStream returns n invented messages, 20 a second.
func benchStream(n, chatters int) []benchMessage {
	stream := newStream(1, chatters)
	out := make([]benchMessage, n)
	for i := range out {
		stream.next(&out[i].m, &out[i].sc)
	}
	return out
}

// BenchmarkAdd counts messages into sessions of 100,000 messages each: invented
// chat of 5,000 chatters at 20 messages a second, 28 characters in the mean.
func BenchmarkAdd(b *testing.B) {
	messages := benchStream(100_000, 5000)
	s := New("s", "demo", testStart, Options{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(messages) {
			i = 0
			s = New("s", "demo", testStart, Options{})
		}
		s.Add(&messages[i].m, &messages[i].sc)
		i++
	}
}

func benchSession() (*Session, time.Time) {
	stream := newStream(1, 20_000)
	s := New("s", "demo", testStart, Options{})
	var m chat.Message
	var sc sentiment.Score
	for range 100_000 {
		stream.next(&m, &sc)
		s.Add(&m, &sc)
	}
	return s, stream.at
}

func BenchmarkSnapshot(b *testing.B) {
	s, now := benchSession()
	b.ReportAllocs()
	for b.Loop() {
		s.Snapshot(now, 10)
	}
}

// BenchmarkTick is what is asked of a session each second for its live viewers.
func BenchmarkTick(b *testing.B) {
	s, now := benchSession()
	b.ReportAllocs()
	for b.Loop() {
		s.Tick(now)
		s.Counts()
		s.Mood(now)
		s.Rate(now)
		s.ChatterCounts(now)
		s.Tail(now, 3)
	}
}

// BenchmarkCheckpoint saves what one second of a busy channel (20 messages)
// changed, and reports the bytes and parts of it.
func BenchmarkCheckpoint(b *testing.B) {
	s, now := benchSession()
	s.Checkpoint(true)
	stream := newStream(2, 20_000)
	stream.at = now
	stream.n = 1 << 30
	var m chat.Message
	var sc sentiment.Score
	var bytes, parts int
	b.ReportAllocs()
	for b.Loop() {
		for range 20 {
			stream.next(&m, &sc)
			s.Add(&m, &sc)
		}
		for _, p := range s.Checkpoint(false) {
			bytes += len(p.Data)
			parts++
		}
	}
	b.ReportMetric(float64(bytes)/float64(b.N), "bytes/checkpoint")
	b.ReportMetric(float64(parts)/float64(b.N), "parts/checkpoint")
}

// BenchmarkSecond is what each second costs a channel that is being analysed,
// without checkpoints: busy (20 messages a second, which the time includes), at
// a calm pace (one in two seconds) and where nobody wrote for an hour.
func BenchmarkSecond(b *testing.B) {
	for _, c := range []struct {
		name  string
		every float64 // seconds between messages, 0: none
	}{{"busy", 0.05}, {"calm", 2}, {"idle", 0}} {
		b.Run(c.name, func(b *testing.B) {
			s, now := benchSession()
			text := benchStream(5000, 5000)
			for i := range text {
				text[i].m.ID = ""
			}
			last, n := now, 0
			if c.every == 0 {
				now = now.Add(time.Hour)
			}
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(time.Second)
				for c.every > 0 && last.Before(now) {
					last = last.Add(time.Duration(c.every * float64(time.Second)))
					x := &text[n%len(text)]
					x.m.Time = last
					s.Add(&x.m, &x.sc)
					n++
				}
				s.Tick(now)
				s.Mood(now)
				s.Rate(now)
				s.Tail(now, 3)
			}
		})
	}
}

// BenchmarkSparseLog reads an hour of a log with one message a minute.
func BenchmarkSparseLog(b *testing.B) {
	s := New("s", "demo", testStart, Options{})
	text := benchStream(600, 50)
	now := testStart
	b.ReportAllocs()
	for b.Loop() {
		for i := range 60 {
			now = now.Add(time.Minute)
			x := &text[i]
			x.m.ID, x.m.Time = "", now
			s.Add(&x.m, &x.sc)
		}
	}
}
