package irc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	twitch "github.com/gempir/go-twitch-irc/v4"
	"github.com/google/go-cmp/cmp"

	"chatmood/internal/chat"
	"chatmood/internal/source"
)

// counter is a handler that counts events.
type counter struct {
	mu      sync.Mutex
	n       int
	live    bool
	want    int
	reached chan struct{} // closed when n is want and the channel is live
}

var _ source.Handler = (*counter)(nil)

func (c *counter) HandleEvent(*chat.Event)      { c.change(func() { c.n++ }) }
func (c *counter) HandleGap(string, source.Gap) {}
func (c *counter) HandleStatus(_ string, st source.Status) {
	c.change(func() { c.live = st.State == source.Live })
}

func (c *counter) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	if c.reached != nil && c.live && c.n == c.want {
		close(c.reached)
		c.reached = nil
	}
}

// wait returns when n events have come and the channel is live.
func (c *counter) wait(t testing.TB, n int) {
	t.Helper()
	reached := make(chan struct{})
	c.change(func() { c.want, c.reached = n, reached })
	select {
	case <-reached:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited in vain for %d events", n)
	}
}

// BenchmarkPeer compares with the parser of gempir/go-twitch-irc, which also
// makes a typed message with tags, badges and emotes.
func BenchmarkPeer(b *testing.B) {
	for _, bb := range []struct{ name, line string }{
		{"typical", typicalLine},
		{"reply", sampleLine("reply")},
		{"notice", sampleLine("resub with words")},
		{"timeout", sampleLine("timeout")},
	} {
		b.Run(bb.name+"/chatmood", func(b *testing.B) {
			b.ReportAllocs()
			var d Decoder
			var ev chat.Event
			for b.Loop() {
				if ok, err := d.Decode(bb.line, &ev); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
		b.Run(bb.name+"/go-twitch-irc", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, raw := twitch.ParseMessage(bb.line).(*twitch.RawMessage); raw {
					b.Fatal("not understood")
				}
			}
		})
	}
}

// TestPeer compares what the two parsers make of the samples, where the other
// is not known to differ.
func TestPeer(t *testing.T) {
	var d Decoder
	var ev chat.Event
	compared := 0
	for _, s := range sampleLines {
		theirs, ok := twitch.ParseMessage(s.line).(*twitch.PrivateMessage)
		if !ok || s.name == "GIF" { // it keeps the caption
			continue
		}
		if ok, err := d.Decode(s.line, &ev); !ok || err != nil {
			t.Fatalf("%s: %v, %v", s.name, ok, err)
		}
		m := &ev.Message
		type seen struct {
			ID, Channel, Login, Name, Color, Text, UserID, RoomID string
			Action, First                                         bool
			Bits, Badges, Emotes                                  int
			Time                                                  int64
		}
		ours := seen{m.ID, m.Channel, m.Login, m.DisplayName, m.Color, m.Text, m.UserID, m.RoomID, m.Action, m.First, m.Bits, len(m.Badges), len(m.Emotes), m.Time.UnixMilli()}
		them := seen{theirs.ID, strings.ToLower(theirs.Channel), theirs.User.Name, theirs.User.DisplayName, theirs.User.Color, theirs.Message, theirs.User.ID, theirs.RoomID, theirs.Action, theirs.FirstMessage, theirs.Bits, len(theirs.User.Badges), len(theirs.Emotes), theirs.Time.UnixMilli()}
		if theirs.Time.IsZero() {
			// It does not know sent-ts.
			them.Time = ours.Time
		}
		if diff := cmp.Diff(them, ours); diff != "" {
			t.Errorf("%s differs (-go-twitch-irc +chatmood):\n%s", s.name, diff)
		}
		compared++
	}
	if compared < 8 {
		t.Errorf("only %d messages compared", compared)
	}
}

// BenchmarkReadLines measures the way from a socket's bytes to events without a
// network: cut into lines, parsed, decoded.
func BenchmarkReadLines(b *testing.B) {
	const lines = 1000
	chunk := []byte(strings.Repeat(typicalLine+"\r\n", lines))
	b.ReportAllocs()
	b.SetBytes(int64(len(typicalLine) + 2))
	var d Decoder
	var ev chat.Event
	n := 0
	for n < b.N {
		lr := NewLineReader(bytes.NewReader(chunk))
		for {
			text, err := lr.Next()
			for text != "" {
				var line string
				line, text = CutLine(text)
				if ok, err := d.Decode(line, &ev); !ok || err != nil {
					b.Fatal(ok, err)
				}
				n++
			}
			if errors.Is(err, io.EOF) {
				break
			}
		}
	}
}

// BenchmarkDeliver measures a connection's handling of one line, up to a
// handler that does nothing.
func BenchmarkDeliver(b *testing.B) {
	r := NewReader(Config{Handler: discard{}})
	c := newConn(r, nil)
	r.index.Store(&map[string]*channel{"streamer_demo": {name: "streamer_demo", r: r, phase: joined, conn: c, seen: newSeenIDs()}})
	lines := make([]string, 4*maxSeen) // none is remembered when it comes again
	for i := range lines {
		lines[i] = strings.Replace(typicalLine, "3b5c0c4e", fmt.Sprintf("%08x", i), 1)
	}
	now := time.Now()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := c.handle(lines[i%len(lines)], now); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) HandleEvent(*chat.Event)            {}
func (discard) HandleStatus(string, source.Status) {}
func (discard) HandleGap(string, source.Gap)       {}
