//go:build !race

// What is here works alone for long and leaves the race detector nothing to
// find: make test runs it without.

package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"chatmood/internal/migrate"
)

// TestInterruption stops a move at each thing that it writes, in each way, and
// lets it go on.
func TestInterruption(t *testing.T) {
	from := open(t, "")
	fill(t, from, 2)
	want := dump(t, from)
	for name, prepare := range map[string]func(f *trouble, cancel func()){
		"the disk is full":            func(f *trouble, _ func()) { f.before = fmt.Errorf("writing: %w", syscall.ENOSPC) },
		"it is written, but not told": func(f *trouble, _ func()) { f.after = errLost },
		"it is cancelled":             func(f *trouble, cancel func()) { f.strike = cancel },
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				to := open(t, "")
				f := &trouble{n: n}
				ctx, cancel := context.WithCancel(t.Context())
				prepare(f, cancel)
				_, err := migrate.Move(ctx, from, writing(to, f), migrate.Options{})
				cancel()
				if f.calls < n {
					noError(t, err)
					break // it wrote less than that
				}
				wanted := errors.Is(err, errLost) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, context.Canceled)
				// Notes are not interrupted half way.
				if !wanted && (err != nil || f.strike == nil) {
					t.Fatalf("trouble at write %d: %v", n, err)
				}
				_, err = migrate.Move(t.Context(), from, to, migrate.Options{})
				if err != nil {
					t.Fatalf("after trouble at write %d: %v", n, err)
				}
				wantSame(t, want, dump(t, to))
				if err := to.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
