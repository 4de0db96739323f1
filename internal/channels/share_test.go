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
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
	"chatmood/internal/store/sqlite"
)

// lease is a server's right to channels, as a test gives and takes it.
type lease struct {
	fence    *atomic.Int64 // of all servers
	valid    atomic.Bool
	durable  atomic.Bool // of Stop
	released chan int64
}

func (l *lease) Acquire(context.Context, string, string, time.Time) (int64, error) {
	return l.fence.Add(1), nil
}

func (l *lease) Stop(context.Context, string, int64, time.Time, string) (bool, error) {
	return l.durable.Load(), nil
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
	flaky  *flaky
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
		p.flaky = &flaky{SessionStore: store}
		p.Manager = channels.New(channels.Config{Analyzer: sentiment.New(), Store: p.flaky, Bus: b, Leases: p.lease})
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
	if _, _, err := a.End(t.Context(), "alpha", channels.Ending{}); err == nil {
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

// TestStoppedThenLost stops an analysis whose owner goes before the end of it is
// stored: the next owner stores it, with what is known, instead of going on.
func TestStoppedThenLost(t *testing.T) {
	list, store := peers(t, 2)
	a, b := list[0], list[1]
	a.start(t, "alpha")
	a.say("alpha", 0, 10)
	soon(t, "it is stored", func() bool { return stored(t, store) == 10 })
	snap, _ := a.Snapshot("alpha", 1)
	// The owner is gone from here on, as far as anybody can tell.
	a.lease.valid.Store(false)
	stopped := time.Now().UTC().Truncate(time.Millisecond)
	grant := channels.Grant{Channel: "alpha", Fence: 7, Session: snap.ID, Started: snap.StartedAt, Stopped: stopped}
	for range 2 { // again, as after an error
		if ended, err := b.Adopt(t.Context(), []channels.Grant{grant}); err != nil || fmt.Sprint(ended) != "[alpha]" {
			t.Fatalf("adopting: %v, %v", ended, err)
		}
	}
	if b.Has("alpha") || b.source.joined("alpha") {
		t.Error("the analysis that was stopped goes on")
	}
	infos, err := store.Sessions(t.Context(), analysis.SessionQuery{})
	if err != nil || len(infos) != 1 || infos[0].ID != snap.ID || infos[0].Counts.Total != 10 || !infos[0].EndedAt.Equal(stopped) {
		t.Errorf("stored %+v, %v", infos, err)
	}
	if running, err := store.Running(t.Context()); err != nil || len(running) > 0 {
		t.Errorf("running %v, %v", running, err)
	}
	if ended, err := b.Adopt(t.Context(), []channels.Grant{{Channel: "beta", Fence: 8, Session: "never stored", Stopped: stopped}}); err != nil || fmt.Sprint(ended) != "[beta]" || b.Has("beta") {
		t.Errorf("one that was stopped before anything was stored: %v, %v", ended, err)
	}
	a.lease.valid.Store(true)
}

// TestDurableStop is answered though nothing can be stored, where the leases keep
// that it was stopped.
func TestDurableStop(t *testing.T) {
	list, store := peers(t, 1)
	a := list[0]
	a.start(t, "alpha")
	a.lease.durable.Store(true)
	a.flaky.set(errors.New("the database is away"))
	if stopped, err := a.Stop(t.Context(), "alpha"); err != nil || !stopped {
		t.Errorf("stopping: %v, %v", stopped, err)
	}
	if infos, err := store.Sessions(t.Context(), analysis.SessionQuery{}); err != nil || len(infos) > 0 {
		t.Errorf("stored %v, %v while the database was away", infos, err)
	}
	a.flaky.set(nil)
	<-a.lease.released
	if infos, err := store.Sessions(t.Context(), analysis.SessionQuery{}); err != nil || len(infos) != 1 {
		t.Errorf("stored %v, %v", infos, err)
	}
}

// TestForeignClock goes on with an analysis of a server whose clock is a minute
// ahead or behind: it keeps that time, and what was lost is told as it was.
func TestForeignClock(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ahead": time.Minute, "behind": -time.Minute} {
		t.Run(name, func(t *testing.T) {
			list, store := peers(t, 2)
			a, b := list[0], list[1]
			a.start(t, "alpha")
			a.say("alpha", 0, 10)
			soon(t, "it is stored", func() bool { return stored(t, store) == 10 })
			cps, err := store.RunningSessions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			a.lease.valid.Store(false)
			// As if a's clock were wrong: b's is as wrong the other way.
			lost := time.Now()
			grant := channels.Grant{Channel: "alpha", Fence: 7, Session: cps[0].SessionID, Started: cps[0].StartedAt, Ahead: ahead}
			if _, err := b.Adopt(t.Context(), []channels.Grant{grant}); err != nil {
				t.Fatal(err)
			}
			b.HandleStatus("alpha", source.Status{State: source.Live, Since: time.Now()})
			b.say("alpha", 10, 30)
			snap, _ := b.Snapshot("alpha", 1)
			if snap.Counts.Total != 30 || len(snap.Gaps) != 1 {
				t.Fatalf("%d counted, gaps %v", snap.Counts.Total, snap.Gaps)
			}
			g := snap.Gaps[0]
			// a's checkpoints are of now, so a clock that is ahead here makes them a
			// minute old, and one that is behind dates them a minute from now.
			if at := lost.Add(ahead); !g.To.After(g.From) || g.To.Before(at) || g.To.After(at.Add(20*time.Second)) || ahead < 0 && g.From.Before(at.Add(-time.Second)) {
				t.Errorf("the gap is from %v to %v; it was lost at %v", g.From, g.To, at)
			}
			if want := time.Now().Add(ahead); snap.At.Sub(want).Abs() > 10*time.Second {
				t.Errorf("it tells its state at %v, want %v", snap.At, want)
			}
			f, stopped, err := b.End(t.Context(), "alpha", channels.Ending{})
			if err != nil || !stopped || f.EndedAt.Before(f.StartedAt) {
				t.Errorf("it began %v and ended %v; %v, %v", f.StartedAt, f.EndedAt, stopped, err)
			}
			a.lease.valid.Store(true)
		})
	}
}

// stored counts the messages of the last checkpoint.
func stored(t *testing.T, store *sqlite.Store) int {
	t.Helper()
	cps, err := store.RunningSessions(t.Context())
	if err != nil || len(cps) != 1 {
		return 0
	}
	s, err := analysis.Restore(cps[0].Parts, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Counts().Total
}
