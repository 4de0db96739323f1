package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/analysis"
)

// HoldStore is a store of holds that can be closed and opened again.
type HoldStore interface {
	analysis.HoldStore
	io.Closer
}

// RunHolds runs the conformance suite of [analysis.HoldStore].
func RunHolds(t *testing.T, open func(t testing.TB, place string) HoldStore) {
	t.Helper()
	start := func(t *testing.T, place string) HoldStore {
		s := open(t, place)
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, HoldStore)
	}{
		{"holds come and go", testHolds},
		{"one of many adds and drops a hold", testHoldOnce},
		{"cancellation of calls about holds", testHoldCancellation},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, start(t, t.TempDir())) })
	}
	t.Run("holds outlive the process", func(t *testing.T) {
		place := t.TempDir()
		s := open(t, place)
		addHold(t, s, hold("a", anna, 0), true)
		noError(t, s.Close())
		wantHolds(t, "after reopening", start(t, place).Holds, hold("a", anna, 0))
	})
}

func hold(channel, userID string, minutes int) analysis.Hold {
	return analysis.Hold{Channel: channel, UserID: userID, Since: savedAt.Add(time.Duration(minutes) * time.Minute)}
}

func addHold(t testing.TB, s analysis.HoldStore, h analysis.Hold, want bool) {
	t.Helper()
	added, err := s.AddHold(t.Context(), h)
	noError(t, err)
	if added != want {
		t.Errorf("adding %+v: %v, want %v", h, added, want)
	}
}

func wantHolds(t testing.TB, what string, read func(context.Context) ([]analysis.Hold, error), want ...analysis.Hold) {
	t.Helper()
	got, err := read(t.Context())
	noError(t, err)
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func testHolds(t *testing.T, s HoldStore) {
	on := func(channel string) func(context.Context) ([]analysis.Hold, error) {
		return func(ctx context.Context) ([]analysis.Hold, error) { return s.HoldsOn(ctx, channel) }
	}
	of := func(user string) func(context.Context) ([]analysis.Hold, error) {
		return func(ctx context.Context) ([]analysis.Hold, error) { return s.HoldsOf(ctx, user) }
	}
	const guest = "guest:0123$.x"
	wantHolds(t, "all of none", s.Holds)
	addHold(t, s, hold("b", bruno, 2), true)
	addHold(t, s, hold("b", anna, 3), true)
	addHold(t, s, hold("a", bruno, 1), true)
	addHold(t, s, hold("c", guest, 0), true)
	addHold(t, s, hold("b", bruno, 9), false) // it keeps its time
	far := hold("a.b$c", anna, 0)
	far.Since = far.Since.In(time.FixedZone("", 3600))
	addHold(t, s, far, true)

	wantHolds(t, "all", s.Holds, hold("a", bruno, 1), hold("a.b$c", anna, 0), hold("b", anna, 3), hold("b", bruno, 2), hold("c", guest, 0))
	wantHolds(t, "on b, the oldest first", on("b"), hold("b", bruno, 2), hold("b", anna, 3))
	wantHolds(t, "of Bruno, the oldest first", of(bruno), hold("a", bruno, 1), hold("b", bruno, 2))
	wantHolds(t, "of the guest", of(guest), hold("c", guest, 0))
	wantHolds(t, "on no channel", on("B"))
	wantHolds(t, "of nobody", of(""))

	for _, want := range []bool{true, false} {
		dropped, err := s.DropHold(t.Context(), "b", bruno)
		noError(t, err)
		if dropped != want {
			t.Errorf("dropped %v, want %v", dropped, want)
		}
	}
	wantHolds(t, "on b after one let go", on("b"), hold("b", anna, 3))
	addHold(t, s, hold("b", bruno, 9), true)
	dropped, err := s.DropHolds(t.Context(), "b")
	noError(t, err)
	wantHolds(t, "dropped", func(context.Context) ([]analysis.Hold, error) { return sortHolds(dropped), nil }, hold("b", anna, 3), hold("b", bruno, 9))
	wantHolds(t, "on b after all let go", on("b"))
	again, err := s.DropHolds(t.Context(), "b")
	noError(t, err)
	if len(again) != 0 {
		t.Errorf("dropped again: %v", again)
	}
	wantHolds(t, "left", s.Holds, hold("a", bruno, 1), hold("a.b$c", anna, 0), hold("c", guest, 0))
}

// sortHolds sorts two holds by their time.
func sortHolds(list []analysis.Hold) []analysis.Hold {
	if len(list) == 2 && list[1].Since.Before(list[0].Since) {
		list[0], list[1] = list[1], list[0]
	}
	return list
}

func testHoldOnce(t *testing.T, s HoldStore) {
	for round := range 5 {
		channel := fmt.Sprint("channel_", round)
		var added, dropped atomic.Int64
		count := func(n *atomic.Int64, done bool, err error) {
			if err != nil {
				t.Error(err)
			}
			if done {
				n.Add(1)
			}
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				done, err := s.AddHold(t.Context(), hold(channel, anna, i))
				count(&added, done, err)
			})
			wg.Go(func() {
				if _, err := s.AddHold(t.Context(), hold(channel, fmt.Sprint("guest:", i), i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for range 8 {
			wg.Go(func() {
				done, err := s.DropHold(t.Context(), channel, anna)
				count(&dropped, done, err)
			})
		}
		wg.Wait()
		if added.Load() != 1 || dropped.Load() != 1 {
			t.Errorf("added %d times, dropped %d times, want once each", added.Load(), dropped.Load())
		}
		// Each hold is dropped by exactly one of those who drop all.
		var all atomic.Int64
		for range 4 {
			wg.Go(func() {
				list, err := s.DropHolds(t.Context(), channel)
				if err != nil {
					t.Error(err)
				}
				all.Add(int64(len(list)))
			})
		}
		wg.Wait()
		if all.Load() != 8 {
			t.Errorf("%d holds were dropped, want 8", all.Load())
		}
	}
}

func testHoldCancellation(t *testing.T, s HoldStore) {
	addHold(t, s, hold("a", anna, 0), true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"AddHold":   func() error { _, err := s.AddHold(ctx, hold("b", anna, 0)); return err },
		"DropHold":  func() error { _, err := s.DropHold(ctx, "a", anna); return err },
		"DropHolds": func() error { _, err := s.DropHolds(ctx, "a"); return err },
		"HoldsOn":   func() error { _, err := s.HoldsOn(ctx, "a"); return err },
		"HoldsOf":   func() error { _, err := s.HoldsOf(ctx, anna); return err },
		"Holds":     func() error { _, err := s.Holds(ctx); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's error", name, err)
		}
	}
	wantHolds(t, "afterwards", s.Holds, hold("a", anna, 0))
}
