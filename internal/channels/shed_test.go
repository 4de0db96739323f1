package channels_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/chat"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/irc"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/twitchsim"
)

// slowJudge takes its time with every message while it is slow.
type slowJudge struct {
	sentiment.Analyzer
	slow atomic.Bool
}

func (j *slowJudge) Score(dst *sentiment.Score, text string, emotes []chat.Emote) {
	if j.slow.Load() {
		time.Sleep(time.Millisecond) // what is tested is a judge that is too slow
	}
	j.Analyzer.Score(dst, text, emotes)
}

// TestOverload sends more than can be judged, over a real connection: what is not
// shown and what is not judged is counted, in all and for the channel, and
// together with what is judged it is what was sent. Once the reader has caught up
// everything is judged and shown again.
func TestOverload(t *testing.T) {
	sim := twitchsim.New(twitchsim.Config{Listen: "127.0.0.1:0", Channels: []string{"alpha"}, Quiet: true, JoinDelay: -1, MaxBuffered: 64 << 20})
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	b, err := bus.Open(t.Context(), bus.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	judge := &slowJudge{Analyzer: sentiment.New()}
	m := channels.New(channels.Config{Analyzer: judge, Store: store, Bus: b, ShedText: 50 * time.Millisecond, ShedJudging: 200 * time.Millisecond})
	var shown atomic.Int64 // messages that viewers get
	stop, err := b.Subscribe(frame.ChatSubject("alpha"), func(data []byte) {
		if e, err := frame.ParseEnvelope(data); err == nil {
			shown.Add(int64(e.N))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	reader := irc.NewReader(irc.Config{URL: sim.URL(), Handler: m})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 3)
	go func() { done <- sim.Run(ctx) }()
	go func() { done <- reader.Run(ctx) }()
	go func() { done <- m.Run(ctx, reader) }()
	t.Cleanup(func() {
		cancel()
		for range 3 {
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
	<-m.Ready()
	if _, err := m.Start(t.Context(), "alpha", "test"); err != nil {
		t.Fatal(err)
	}
	if err := sim.WaitReaders(t.Context(), "alpha", 1); err != nil {
		t.Fatal(err)
	}
	sent := int64(0)
	say := func(n int) {
		t.Helper()
		for range n {
			if _, err := sim.Say("alpha", fmt.Sprint("viewer_", sent%50), fmt.Sprint("message number ", sent)); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	c := m.Counters()
	say(10)
	soon(t, "what comes slowly is judged and shown, but for what the machine made late", func() bool {
		return shown.Load() > 0 && shown.Load()+c.Unshown.Load()+c.Unjudged.Load() == sent
	})

	judge.slow.Store(true)
	say(15_000)
	soon(t, "all that was sent was read", func() bool { return c.Judged.Load()+c.Unjudged.Load() == sent })
	judge.slow.Store(false)
	unshown, unjudged := c.Unshown.Load(), c.Unjudged.Load()
	if unshown == 0 || unjudged == 0 {
		t.Errorf("%d were not shown, %d not judged: nothing was shed", unshown, unjudged)
	}
	if c.Judged.Load()+unjudged != sent {
		t.Errorf("%d were judged and %d shed of %d", c.Judged.Load(), unjudged, sent)
	}

	// It has caught up by the time that this is read.
	soon(t, "what comes slowly is judged and shown again", func() bool {
		before := c.Unshown.Load() + c.Unjudged.Load()
		say(1)
		soon(t, "it is read", func() bool { return c.Judged.Load()+c.Unjudged.Load() == sent })
		return c.Unshown.Load()+c.Unjudged.Load() == before
	})
	unshown, unjudged = c.Unshown.Load(), c.Unjudged.Load()
	soon(t, "viewers got what was not shed", func() bool { return shown.Load() == sent-unshown-unjudged })
	snap, ok := m.Snapshot("alpha", 1)
	if want := (analysis.Shed{Unshown: int(unshown), Unjudged: int(unjudged)}); !ok || snap.Shed != want {
		t.Errorf("the channel says %+v, want %+v", snap.Shed, want)
	}
	if int64(snap.Counts.Total)+unjudged != sent {
		t.Errorf("%d counted and %d shed of %d", snap.Counts.Total, unjudged, sent)
	}
	// It is kept over a restart.
	soon(t, "it is stored", func() bool {
		cps, err := store.RunningSessions(t.Context())
		if err != nil || len(cps) != 1 {
			return false
		}
		s, err := analysis.Restore(cps[0].Parts, analysis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Shed() == snap.Shed && int64(s.Counts().Total)+unjudged == sent
	})
}
