package channels_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/channels"
)

var errAway = errors.New("the database is away")

// awayHolds is a store of holds that can go away.
type awayHolds struct {
	analysis.HoldStore
	mu   sync.Mutex
	away bool
}

func (a *awayHolds) set(away bool) { a.mu.Lock(); defer a.mu.Unlock(); a.away = away }

func (a *awayHolds) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away {
		return errAway
	}
	return nil
}

func (a *awayHolds) AddHold(ctx context.Context, h analysis.Hold) (bool, error) {
	if err := a.err(); err != nil {
		return false, err
	}
	return a.HoldStore.AddHold(ctx, h)
}

func (a *awayHolds) DropHold(ctx context.Context, channel, userID string) (bool, error) {
	if err := a.err(); err != nil {
		return false, err
	}
	return a.HoldStore.DropHold(ctx, channel, userID)
}

func (a *awayHolds) HoldsOn(ctx context.Context, channel string) ([]analysis.Hold, error) {
	if err := a.err(); err != nil {
		return nil, err
	}
	return a.HoldStore.HoldsOn(ctx, channel)
}

// held is a world with holds. What is kept for holders is written down.
type held struct {
	*world
	holds *channels.Holds
	store *awayHolds
	clock time.Time

	mu      sync.Mutex
	viewers map[string]int
	kept    []string // "user channel messages"
	keepErr error
	onEnded func()
}

func hold(t *testing.T, w *world, idle time.Duration) *held {
	t.Helper()
	h := &held{world: w, store: &awayHolds{HoldStore: w.store.Holds()}, clock: time.Now(), viewers: map[string]int{}}
	h.holds = channels.NewHolds(channels.HoldsConfig{
		Manager: w.manager, Store: h.store, Sessions: w.store, MaxPerHolder: 2, IdleStop: idle,
		Viewers: func(channel string) int { h.mu.Lock(); defer h.mu.Unlock(); return h.viewers[channel] },
		Ended: func(_ context.Context, holder string, f analysis.Finished) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.onEnded != nil {
				h.onEnded()
			}
			if h.keepErr != nil {
				return h.keepErr
			}
			if len(f.Report) == 0 || f.SessionID == "" {
				t.Errorf("an analysis is to be kept without report or id: %+v", f)
			}
			h.kept = append(h.kept, fmt.Sprintf("%s %s %d", holder, f.Channel, f.Counts.Total))
			return nil
		},
		Now: func() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.clock },
	})
	<-w.manager.Ready()
	return h
}

func (h *held) pass(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.clock = h.clock.Add(d) }
func (h *held) watch(channel string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.viewers[channel] = n
}

func (h *held) fail(err error) { h.mu.Lock(); defer h.mu.Unlock(); h.keepErr = err }

// done returns what was kept, each once, in order.
func (h *held) done() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.Clone(h.kept)
	slices.Sort(list)
	return slices.Compact(list)
}

func (h *held) connect(channel, holder string) {
	h.t.Helper()
	if _, err := h.holds.Connect(h.t.Context(), channel, holder); err != nil {
		h.t.Fatalf("connect of %s to %s: %v", holder, channel, err)
	}
}

func (h *held) leave(channel, holder string, discard, want bool) {
	h.t.Helper()
	if left, err := h.holds.Leave(h.t.Context(), channel, holder, discard); left != want || err != nil {
		h.t.Errorf("%s leaves %s: %v, %v; want %v", holder, channel, left, err, want)
	}
}

func (h *held) runs(channel string, want bool) {
	h.t.Helper()
	if got := slices.Contains(h.manager.Names(), channel); got != want {
		h.t.Errorf("%s is analysed: %v, want %v", channel, got, want)
	}
}

func (h *held) holders(channel string) string {
	h.t.Helper()
	list, err := h.world.store.Holds().HoldsOn(h.t.Context(), channel)
	if err != nil {
		h.t.Fatal(err)
	}
	names := map[string]bool{}
	for _, x := range list {
		names[x.UserID] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), " ")
}

var guest = analysis.GuestHolder("secret")

func TestHolds(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(h *held)
		runs bool
		kept string
		held string
	}{
		{"nobody leaves", func(h *held) {}, true, "", "ann"},
		{"the only one leaves", func(h *held) { h.leave("alpha", "ann", false, true) }, false, "ann alpha 1", ""},
		{"and discards", func(h *held) { h.leave("alpha", "ann", true, true) }, false, "", ""},
		{"and leaves again", func(h *held) {
			h.leave("alpha", "ann", false, true)
			h.leave("alpha", "ann", false, false)
		}, false, "ann alpha 1", ""},
		{"one of two leaves", func(h *held) {
			h.connect("alpha", "bob")
			h.leave("alpha", "ann", false, true)
		}, true, "ann alpha 1", "bob"},
		{"a stranger leaves", func(h *held) { h.leave("alpha", "bob", false, false) }, true, "", "ann"},
		{"connecting twice is one hold", func(h *held) {
			h.connect("alpha", "ann")
			h.leave("alpha", "ann", false, true)
		}, false, "ann alpha 1", ""},
		{"who leaves while others only watch ends it", func(h *held) {
			h.watch("alpha", 5)
			h.leave("alpha", "ann", false, true)
		}, false, "ann alpha 1", ""},
		{"everywhere", func(h *held) {
			h.connect("beta", "ann")
			if err := h.holds.LeaveAll(t.Context(), "ann"); err != nil {
				t.Error(err)
			}
			h.runs("beta", false)
		}, false, "ann alpha 1,ann beta 0", ""},
		{"is forgotten", func(h *held) {
			if err := h.holds.Forget(t.Context(), "ann"); err != nil {
				t.Error(err)
			}
		}, false, "", ""},
		{"stopped for everybody", func(h *held) {
			h.connect("alpha", "bob")
			h.connect("alpha", guest)
			if stopped, err := h.holds.Stop(t.Context(), "alpha"); !stopped || err != nil {
				t.Errorf("stop: %v, %v", stopped, err)
			}
			if stopped, err := h.holds.Stop(t.Context(), "alpha"); stopped || err != nil {
				t.Errorf("stop again: %v, %v", stopped, err)
			}
		}, false, "ann alpha 1,bob alpha 1", ""},
		{"a guest leaves what a user holds", func(h *held) {
			h.connect("alpha", guest)
			h.leave("alpha", guest, false, true)
		}, true, "", "ann"},
		{"the last guest leaves", func(h *held) {
			h.connect("alpha", guest)
			h.leave("alpha", "ann", false, true)
			h.leave("alpha", guest, false, true)
		}, false, "ann alpha 1", ""},
		{"the last guest leaves while others watch", func(h *held) {
			h.connect("alpha", guest)
			h.leave("alpha", "ann", false, true)
			h.watch("alpha", 1)
			h.leave("alpha", guest, false, true)
		}, true, "ann alpha 1", ""},
		{"and those go away", func(h *held) {
			h.connect("alpha", guest)
			h.leave("alpha", "ann", false, true)
			h.watch("alpha", 1)
			h.leave("alpha", guest, false, true)
			h.idle()
			h.runs("alpha", true)
			h.watch("alpha", 0)
			h.idle()
			h.runs("alpha", true)
			h.pass(31 * time.Second)
			h.idle()
		}, false, "ann alpha 1", ""},
		{"the operator's channel goes on", func(h *held) {
			if err := h.holds.Keep(t.Context(), "alpha"); err != nil {
				t.Error(err)
			}
			h.leave("alpha", "ann", false, true)
			h.leave("alpha", "ann", false, false)
			h.pass(1000 * time.Hour)
			h.idle()
			h.idle()
		}, true, "ann alpha 1", ""},
		{"no more than two", func(h *held) {
			h.connect("beta", "ann")
			if _, err := h.holds.Connect(t.Context(), "gamma", "ann"); !errors.Is(err, channels.ErrTooManyHolds) {
				t.Errorf("a third channel: %v", err)
			}
			h.runs("gamma", false)
			h.connect("beta", "ann") // what one has is no more
		}, true, "", "ann"},
		{"a channel beyond the server's limit is not held", func(h *held) {
			h.connect("beta", "bob")
			h.connect("gamma", "bob")
			if _, err := h.holds.Connect(t.Context(), "delta", "ann"); !errors.Is(err, channels.ErrTooMany) {
				t.Errorf("a fourth analysis: %v", err)
			}
			if got := h.holders("delta"); got != "" {
				t.Errorf("%s holds delta", got)
			}
		}, true, "", "ann"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openWorld(t, t.TempDir(), nil)
			h := hold(t, w, 0)
			h.connect("alpha", "ann")
			h.say("alpha", "1", "viewer_one", "this is great <3")
			test.do(h)
			h.runs("alpha", test.runs)
			if got := strings.Join(h.done(), ","); got != test.kept {
				t.Errorf("kept %q, want %q", got, test.kept)
			}
			if got := h.holders("alpha"); got != test.held {
				t.Errorf("held by %q, want %q", got, test.held)
			}
			if n := h.holds.Locks(); n != 0 {
				t.Errorf("%d locks are left", n)
			}
		})
	}
}

func (h *held) idle() {
	h.t.Helper()
	if err := h.holds.EndIdle(h.t.Context()); err != nil {
		h.t.Error(err)
	}
}

func TestIdleStop(t *testing.T) {
	for _, test := range []struct {
		name   string
		stop   time.Duration
		holder string // "": nobody holds it
		passes time.Duration
		runs   bool
	}{
		{"held", time.Minute, "ann", 1000 * time.Hour, true},
		{"not held, not long", time.Minute, "", 59 * time.Second, true},
		{"not held, long", time.Minute, "", time.Minute, false},
		{"not held, for ever", 0, "", 1000 * time.Hour, true},
		{"held by a guest", time.Minute, guest, 59 * time.Minute, true},
		{"held by a guest who is gone", time.Minute, guest, time.Hour, false},
		{"held by a guest who is gone, for ever", 0, guest, time.Hour, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := hold(t, openWorld(t, t.TempDir(), nil), test.stop)
			if test.holder == "" {
				h.start("alpha")
			} else {
				h.connect("alpha", test.holder)
			}
			h.watch("alpha", 1)
			h.idle()
			h.pass(1000 * time.Hour)
			h.idle()
			h.runs("alpha", true) // it is watched
			h.watch("alpha", 0)
			h.idle()
			h.pass(test.passes)
			h.idle()
			h.runs("alpha", test.runs)
			if !test.runs && h.holders("alpha") != "" {
				t.Error("it is still held")
			}
		})
	}
}

func TestHoldsOutliveRestart(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	h := hold(t, w, 0)
	h.connect("alpha", "ann")
	h.connect("beta", "ann") // ends below, and is not settled
	h.connect("beta", "bob")
	h.say("beta", "1", "viewer_one", "hello")
	h.fail(errAway)
	if stopped, err := h.holds.Stop(t.Context(), "beta"); !stopped || err != nil {
		t.Fatalf("stop: %v, %v", stopped, err)
	}
	if n := h.holds.Owed(); n != 1 || len(h.done()) != 0 {
		t.Fatalf("%d analyses are owed, %v kept", n, h.done())
	}
	// gamma is held, but the process ended before its analysis began.
	if _, err := w.store.Holds().AddHold(t.Context(), analysis.Hold{Channel: "gamma", UserID: "bob", Since: time.Now().UTC()}); err != nil {
		t.Fatal(err)
	}
	w.close()

	h = hold(t, openWorld(t, dir, nil), 0)
	for range 2 { // a second time changes nothing
		if err := h.holds.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	h.runs("alpha", true)
	h.runs("beta", false)
	h.runs("gamma", true)
	for channel, want := range map[string]string{"alpha": "ann", "beta": "", "gamma": "bob"} {
		if got := h.holders(channel); got != want {
			t.Errorf("%s is held by %q, want %q", channel, got, want)
		}
	}
	if got, want := fmt.Sprint(h.done()), "[ann beta 1 bob beta 1]"; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
}

func TestHoldsWhileStoreIsAway(t *testing.T) {
	h := hold(t, openWorld(t, t.TempDir(), nil), 0)
	h.connect("alpha", "ann")
	h.store.set(true)
	if _, err := h.holds.Leave(t.Context(), "alpha", "ann", false); !errors.Is(err, errAway) {
		t.Errorf("leaving: %v", err)
	}
	if _, err := h.holds.Stop(t.Context(), "alpha"); !errors.Is(err, errAway) {
		t.Errorf("stopping: %v", err)
	}
	if _, err := h.holds.Connect(t.Context(), "beta", "ann"); !errors.Is(err, errAway) {
		t.Errorf("connecting: %v", err)
	}
	h.runs("alpha", true)
	h.runs("beta", false)
	h.store.set(false)

	// It goes away between the end of the analysis and keeping it.
	h.mu.Lock()
	h.onEnded = func() { h.store.set(true) }
	h.mu.Unlock()
	h.leave("alpha", "ann", false, true)
	h.runs("alpha", false)
	if h.holds.Owed() != 1 {
		t.Fatal("nothing is owed")
	}
	if _, err := h.holds.Connect(t.Context(), "alpha", "ann"); !errors.Is(err, errAway) {
		t.Errorf("connecting again before it is settled: %v", err)
	}
	h.mu.Lock()
	h.onEnded = nil
	h.mu.Unlock()
	h.holds.SettleOwed(t.Context())
	if h.holds.Owed() != 1 {
		t.Fatal("nothing is owed any more, with the store away")
	}
	h.store.set(false)
	h.connect("alpha", "ann") // settles what was before
	if h.holds.Owed() != 0 || h.holders("alpha") != "ann" {
		t.Errorf("%d owed, held by %q", h.holds.Owed(), h.holders("alpha"))
	}
	h.holds.SettleOwed(t.Context())
	h.runs("alpha", true)
	if got := fmt.Sprint(h.done()); got != "[ann alpha 0]" {
		t.Errorf("kept %s", got)
	}
}

func TestHoldsRace(t *testing.T) {
	h := hold(t, openWorld(t, t.TempDir(), nil), 0)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.holds.Run(ctx) })
	var users sync.WaitGroup
	for i := range 8 {
		users.Go(func() {
			user := fmt.Sprintf("user%d", i)
			for range 20 {
				if _, err := h.holds.Connect(ctx, "alpha", user); err != nil {
					t.Error(err)
				}
				if left, err := h.holds.Leave(ctx, "alpha", user, i%2 == 0); !left || err != nil {
					t.Errorf("%s leaves: %v, %v", user, left, err)
				}
			}
		})
	}
	users.Wait()
	cancel()
	running.Wait()
	h.runs("alpha", false)
	if got := h.holders("alpha"); got != "" {
		t.Errorf("held by %q", got)
	}
}
