package twitchsim

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"chatmood/internal/chat"
	chatsource "chatmood/internal/source"
	"chatmood/internal/source/irc"
)

// lives counts the channels that are live, and what happens in them.
type lives struct {
	live   chan string
	gaps   chan string
	events chan string
}

func (l *lives) HandleEvent(ev *chat.Event)              { l.events <- ev.Channel }
func (l *lives) HandleGap(name string, _ chatsource.Gap) { l.gaps <- name }
func (l *lives) HandleStatus(name string, st chatsource.Status) {
	if st.State == chatsource.Live {
		l.live <- name
	}
}

// TestManyChannelsWithinTheLimits reads many channels from a server that holds
// all anonymous connections together to Twitch's limits, scaled: the reader joins
// at the same share of them as it does at Twitch, spreads the channels over as few
// connections as there can be, and is never thrown out.
func TestManyChannelsWithinTheLimits(t *testing.T) {
	const (
		channels = 400
		perSec   = 100 // joins; Twitch's 2 a second (20 in 10 s)
	)
	var names []string
	for i := range channels {
		names = append(names, fmt.Sprintf("channel_%d", i))
	}
	sim := serve(t, Config{
		Channels: names, Quiet: true, JoinDelay: -1,
		Limits: Limits{JoinsPer10s: perSec, Window: time.Second, Rooms: 100, Anonymous: true, Together: true},
	})
	h := &lives{live: make(chan string, 10*channels), gaps: make(chan string, channels), events: make(chan string, channels)}
	reader := irc.NewReader(irc.Config{
		URL: sim.URL(), Handler: h, Timing: irc.Timing{NewConn: 10 * time.Millisecond},
		JoinLimiter: rate.NewLimiter(perSec/2, perSec/4), // the same share as the reader's own limits have of Twitch's
	})
	for _, name := range names {
		reader.Join(name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- reader.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	patience := time.After(time.Minute)
	for range channels {
		select {
		case <-h.live:
		case <-patience:
			t.Fatalf("not all channels are live: %+v", reader.Stats())
		}
	}
	st := reader.Stats()
	if want := int(math.Ceil(channels / float64(irc.ChannelsPerConn))); st.Connections != want || st.Live != channels || st.Reconnects != 0 || st.JoinFailures != 0 {
		t.Errorf("%+v, want %d connections", st, want)
	}
	for _, name := range names {
		if _, err := sim.Say(name, "viewer_one", "hello"); err != nil {
			t.Fatal(err)
		}
	}
	heard := map[string]int{}
	for range channels {
		select {
		case name := <-h.events:
			heard[name]++
		case <-patience:
			t.Fatalf("%d of %d channels were heard", len(heard), channels)
		}
	}
	if len(heard) != channels || len(h.gaps) != 0 {
		t.Errorf("%d channels were heard once, %d gaps", len(heard), len(h.gaps))
	}
}
