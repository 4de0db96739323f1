package keylock_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"chatmood/internal/keylock"
)

func TestLocks(t *testing.T) {
	var l keylock.Locks
	var wg sync.WaitGroup
	counts := map[string]*int{"a": new(int), "b": new(int)}
	for range 50 {
		for name, n := range counts {
			wg.Go(func() {
				unlock, err := l.Lock(t.Context(), name)
				if err != nil {
					t.Error(err)
					return
				}
				defer unlock()
				*n++ // the race detector sees whether two are here
			})
		}
	}
	wg.Wait()
	if *counts["a"] != 50 || *counts["b"] != 50 {
		t.Errorf("counted %d and %d, want 50 each", *counts["a"], *counts["b"])
	}
	if l.Len() != 0 {
		t.Errorf("%d locks are left", l.Len())
	}
}

func TestLockGivesUp(t *testing.T) {
	var l keylock.Locks
	unlock, err := l.Lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Lock(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting in vain: %v", err)
	}
	other, err := l.Lock(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	other()
	unlock()
	again, err := l.Lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if l.Len() != 0 {
		t.Errorf("%d locks are left", l.Len())
	}
}
