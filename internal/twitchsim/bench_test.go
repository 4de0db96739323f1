package twitchsim

import (
	"bytes"
	"net"
	"testing"
	"time"
)

// BenchmarkTalk is making chat up, without sending it.
func BenchmarkTalk(b *testing.B) {
	cfg, err := Config{Channels: []string{"demo_hype"}, Start: testStart}.withDefaults()
	if err != nil {
		b.Fatal(err)
	}
	r := newRoom("demo_hype", 0, nil)
	st := newStage([]*room{r}, cfg)
	buf := new(batch)
	out := map[*room]*batch{r: buf}
	now := time.Now()
	b.ReportAllocs()
	lines := 0
	for b.Loop() {
		if err := st.play(out, now); err != nil {
			b.Fatal(err)
		}
		lines += len(buf.marks)
		if len(buf.data) > batchBytes {
			buf.reset()
		}
	}
}

// BenchmarkServe is the whole way: made up, sent over TCP, read by one client
// that only counts line ends.
func BenchmarkServe(b *testing.B) {
	s := serve(b, Config{Channels: []string{"demo_hype"}, Rate: Unpaced, Start: testStart})
	c := reader(b, s, "demo_hype")
	buf := make([]byte, 256<<10)
	b.ReportAllocs()
	b.ResetTimer()
	total, start := 0, time.Now()
	for total < b.N {
		n, err := c.r.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		total += bytes.Count(buf[:n], []byte("\n"))
	}
	b.ReportMetric(float64(total)/time.Since(start).Seconds(), "lines/s")
}

// BenchmarkFanOut is one line for 100 readers, over TCP.
func BenchmarkFanOut(b *testing.B) {
	s := serve(b, Config{Channels: []string{"a"}, Quiet: true, MaxBuffered: 1 << 30})
	for range 100 {
		c := reader(b, s, "a")
		conn := c.conn.(*net.TCPConn)
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 64<<10)
			for {
				if _, err := conn.Read(buf); err != nil {
					return
				}
			}
		}()
		b.Cleanup(func() { conn.Close(); <-done })
	}
	if err := s.WaitReaders(soon(b), "a", 100); err != nil {
		b.Fatal(err)
	}
	line := "@id=1;tmi-sent-ts=1767225600123 :x!x@x.tmi.twitch.tv PRIVMSG #a :hello everyone"
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Raw("a", line); err != nil {
			b.Fatal(err)
		}
	}
}
