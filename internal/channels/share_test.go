package channels_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/store/sqlite"
)

// lease is a server's right to channels, as a test gives and takes it.
type lease struct {
	fence    *atomic.Int64 // of all servers
	valid    atomic.Bool
	released chan int64
}

func (l *lease) Acquire(context.Context, string, string, time.Time) (int64, error) {
	return l.fence.Add(1), nil
}
func (l *lease) Ended(string, int64)           {}
func (l *lease) Release(_ string, fence int64) { l.released <- fence }
func (l *lease) Valid() bool                   { return l.valid.Load() }
func (l *lease) Settled() <-chan struct{}      { c := make(chan struct{}); close(c); return c }

// peer is one of several managers over one store and bus.
type peer struct {
	*channels.Manager
	lease  *lease
	source *joins
}

func peers(t *testing.T, n int) ([]*peer, *sqlite.Store) {
	t.Helper()
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
	var fence atomic.Int64
	list := make([]*peer, n)
	for i := range list {
		p := &peer{lease: &lease{fence: &fence, released: make(chan int64, 10)}, source: newJoins()}
		p.lease.valid.Store(true)
		p.Manager = channels.New(channels.Config{Analyzer: sentiment.New(), Store: store, Bus: b, Leases: p.lease})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx, p.source) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("manager %d: %v", i, err)
			}
		})
		list[i] = p
	}
	return list, store
}

// start begins an analysis as soon as the manager takes it.
func (p *peer) start(t *testing.T, channel string) {
	t.Helper()
	soon(t, "the manager runs", func() bool {
		_, err := p.Start(t.Context(), channel, "test")
		return err == nil
	})
}

func (p *peer) say(channel string, from, to int) {
	for i := from; i < to; i++ {
		ev := chat.Event{Kind: chat.KindMessage, Channel: channel, Time: time.Now()}
		ev.Message = chat.Message{ID: fmt.Sprintf("id-%d", i), Channel: channel, Login: "somebody", Text: "nice", Time: ev.Time}
		p.HandleEvent(&ev)
	}
}

func (p *peer) total(channel string) int {
	snap, _ := p.Snapshot(channel, 1)
	return snap.Counts.Total
}

func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestHandOver(t *testing.T) {
	list, _ := peers(t, 2)
	a, b := list[0], list[1]
	a.start(t, "alpha")
	a.say("alpha", 0, 10)
	if err := a.HandOver(t.Context(), []string{"alpha", "nobody"}); err != nil {
		t.Fatal(err)
	}
	if a.Has("alpha") || a.source.joined("alpha") {
		t.Error("the channel is still here after it was handed over")
	}
	ended, err := b.Adopt(t.Context(), []channels.Grant{{Channel: "alpha", Fence: 7}})
	if err != nil || len(ended) > 0 {
		t.Fatalf("adopting: %v, %v", ended, err)
	}
	if b.total("alpha") != 10 || !b.source.joined("alpha") {
		t.Errorf("the next owner has %d messages, joined: %v", b.total("alpha"), b.source.joined("alpha"))
	}
	if ended, err := b.Adopt(t.Context(), []channels.Grant{{Channel: "alpha", Fence: 7}}); err != nil || len(ended) > 0 || b.total("alpha") != 10 {
		t.Errorf("adopting again: %v, %v, %d messages", ended, err, b.total("alpha"))
	}
}

// TestReplacedOwner is not told that another has its channel: the store tells it.
func TestReplacedOwner(t *testing.T) {
	list, store := peers(t, 2)
	a, b := list[0], list[1]
	a.start(t, "alpha")
	a.say("alpha", 0, 10)
	stored := func(total int) func() bool {
		return func() bool {
			cps, err := store.RunningSessions(t.Context())
			if err != nil || len(cps) != 1 {
				return false
			}
			s, err := analysis.Restore(cps[0].Parts, analysis.Options{})
			return err == nil && s.Counts().Total == total
		}
	}
	soon(t, "it is stored", stored(10))
	if _, err := b.Adopt(t.Context(), []channels.Grant{{Channel: "alpha", Fence: 7}}); err != nil {
		t.Fatal(err)
	}
	a.say("alpha", 10, 20) // only the old one hears them
	soon(t, "the old owner gives up", func() bool { return !a.Has("alpha") && !a.source.joined("alpha") })
	b.say("alpha", 20, 25)
	soon(t, "what the new owner counted is stored, and nothing else", stored(15))
}

// TestLapsedLease goes on counting, but tells and stores nothing meanwhile.
func TestLapsedLease(t *testing.T) {
	list, store := peers(t, 1)
	a := list[0]
	a.start(t, "alpha")
	soon(t, "it is stored", func() bool { cps, err := store.Running(t.Context()); return err == nil && len(cps) == 1 })
	a.lease.valid.Store(false)
	// What was being published or stored at that moment is done before this.
	if err := a.HandOver(t.Context(), []string{"alpha"}); err == nil {
		t.Error("a channel was handed over without a lease")
	}
	before, err := store.Running(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := a.Counters().Held.Load()
	a.say("alpha", 0, 10)
	soon(t, "frames are held back", func() bool { return a.Counters().Held.Load() > held })
	if _, _, err := a.End(t.Context(), "alpha"); err == nil {
		t.Error("an analysis was ended without a lease")
	}
	after, err := store.Running(t.Context())
	if err != nil || !after[0].At.Equal(before[0].At) {
		t.Errorf("something was stored without a lease: %v", err)
	}
	if a.total("alpha") != 10 {
		t.Errorf("%d messages were counted", a.total("alpha"))
	}
	a.lease.valid.Store(true)
	soon(t, "it is stored again", func() bool {
		now, err := store.Running(t.Context())
		return err == nil && now[0].At.After(before[0].At)
	})
}

func TestAdoptWithoutCheckpoint(t *testing.T) {
	list, store := peers(t, 1)
	a := list[0]
	if err := store.FinishSession(t.Context(), analysis.Finished{SessionID: "ended", Channel: "beta", Report: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-3 * time.Second).UTC().Truncate(time.Millisecond)
	ended, err := a.Adopt(t.Context(), []channels.Grant{
		{Channel: "alpha", Fence: 3, Session: "lost", Started: began}, // its owner died before it stored anything
		{Channel: "beta", Fence: 4, Session: "ended"},
		{Channel: "gamma", Fence: 5}, // stopped between two owners
	})
	if err != nil || fmt.Sprint(ended) != "[beta gamma]" {
		t.Fatalf("ended %v, %v", ended, err)
	}
	if snap, ok := a.Snapshot("alpha", 1); !ok || snap.ID != "lost" || !snap.StartedAt.Equal(began) {
		t.Errorf("the analysis that was never stored: %+v, %v", snap, ok)
	}
	if stopped, err := a.Stop(t.Context(), "alpha"); err != nil || !stopped {
		t.Errorf("stopping: %v, %v", stopped, err)
	}
	if fence := <-a.lease.released; fence != 3 {
		t.Errorf("released %d", fence)
	}
}
