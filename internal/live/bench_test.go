package live_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/live"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
)

const benchBatch = 64 // messages

// drain opens a socket and reads from it as fast as it can, without looking.
func drain(b *testing.B, n *node, batched bool) {
	b.Helper()
	d := ws.Dialer{}
	if batched {
		d.Protocols = []string{frame.Protocol}
	}
	conn, _, _, err := d.Dial(context.Background(), "ws"+strings.TrimPrefix(n.server.URL, "http")+"/somebody")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 64<<10)
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	}()
}

// benchEnvelope returns a batch of messages that are about 200 bytes each.
func benchEnvelope(seq uint64) []byte {
	var messages []byte
	for i := range benchBatch {
		if i > 0 {
			messages = append(messages, ',')
		}
		messages = frame.AppendMessage(messages, &chat.Message{
			ID: fmt.Sprintf("3b5c0c4e-0000-4000-8000-%012d", i), Login: "viewer_one", DisplayName: "Viewer_One", Color: "#1E90FF", Time: time.UnixMilli(1_700_000_000_000),
			Text: "that was the best play of the whole evening, did you see it Kappa", Emotes: []chat.Emote{{ID: "25", Start: 60, End: 65}},
		}, &sentiment.Score{Label: sentiment.Positive, Value: 0.5, Confidence: 0.75}, analysis.Counted)
	}
	return frame.AppendEnvelope(nil, frame.Envelope{Kind: frame.Stream, Epoch: 1, Seq: seq, N: benchBatch, Payload: frame.AppendBatch(nil, seq, benchBatch, messages)})
}

// BenchmarkFanOut publishes batches on the bus as fast as all viewers take
// them; one operation is one batch of 64 messages to every viewer.
func BenchmarkFanOut(b *testing.B) {
	for _, batched := range []bool{true, false} {
		for _, clients := range []int{100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", map[bool]string{true: "batched", false: "plain"}[batched], clients), func(b *testing.B) {
				n := newNode(b, live.Config{
					Tick: time.Second, MaxPerAddress: 10_000,
					// Every client gets everything, however unfair the scheduler is.
					LagAge: time.Hour, Behind: time.Hour, LagMessages: 1 << 30, LagBytes: 1 << 30, RingBytes: 1 << 30, RingFrames: 1 << 20,
				})
				newOwner(b, n.bus, "somebody", 1)
				for range clients {
					drain(b, n, batched)
				}
				waitFor(b, "all are greeted", func() bool { return n.hub.Viewers("somebody") == clients })
				const window = 16 // batches on their way
				seq := uint64(0)
				before := n.hub.Stats().Deliveries
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					seq += benchBatch
					if err := n.bus.Publish(frame.ChatSubject("somebody"), benchEnvelope(seq)); err != nil {
						b.Fatal(err)
					}
					for n.hub.Stats().Deliveries-before < int64((i-window)*benchBatch*clients) {
						runtime.Gosched()
					}
				}
				for n.hub.Stats().Deliveries-before < int64(b.N*benchBatch*clients) {
					runtime.Gosched()
				}
				b.StopTimer()
				b.ReportMetric(float64(b.N*benchBatch*clients)/b.Elapsed().Seconds(), "deliveries/s")
				if s := n.hub.Stats(); s.Gaps > 0 || s.Kicked > 0 {
					b.Errorf("%d gaps, %d kicked", s.Gaps, s.Kicked)
				}
			})
		}
	}
}

// BenchmarkIdleSocket reports what an idle socket costs the server: heap and
// stacks. The clients live in the same process, so that theirs are taken off.
func BenchmarkIdleSocket(b *testing.B) {
	const clients = 1000
	var perSocket float64
	for range b.N {
		clientOnly := idleCost(b, clients, false)
		both := idleCost(b, clients, true)
		perSocket = (both - clientOnly) / clients
	}
	b.ReportMetric(perSocket, "B/socket")
}

// idleCost returns the memory that clients and perhaps the hub's sockets take.
func idleCost(b *testing.B, clients int, hub bool) float64 {
	b.Helper()
	var n *node
	var addr string
	if hub {
		n = newNode(b, live.Config{MaxPerAddress: 10_000})
		newOwner(b, n.bus, "somebody", 1)
		addr = n.server.Listener.Addr().String()
	} else {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		addr = l.Addr().String()
	}
	before := memoryInUse()
	conns := make([]net.Conn, clients)
	request := []byte("GET /somebody HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: " + frame.Protocol + "\r\n\r\n")
	answer := make([]byte, 64<<10)
	for i := range conns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
		if !hub {
			continue
		}
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		got := 0
		for !bytes.Contains(answer[:got], []byte(`"recent":`)) {
			k, err := conn.Read(answer[got:])
			if err != nil {
				b.Fatal(err)
			}
			got += k
		}
	}
	if hub {
		waitFor(b, "all are in", func() bool { return n.hub.Viewers("somebody") == clients })
	}
	used := memoryInUse() - before
	runtime.KeepAlive(conns)
	return used
}

func memoryInUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
