package app

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatmood/internal/doctor"
)

func TestExaminer(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var runs, at, most atomic.Int32
	began, goOn := make(chan struct{}, 10), make(chan struct{})
	checks := func() []doctor.Check {
		return []doctor.Check{{Name: "x", Group: "g", Why: "it matters", Run: func(ctx context.Context) (doctor.Status, string, string) {
			runs.Add(1)
			most.Store(max(most.Load(), at.Add(1)))
			defer at.Add(-1)
			began <- struct{}{}
			select {
			case <-goOn:
			case <-ctx.Done():
			}
			return doctor.Warning, "seen", "mend it"
		}}}
	}
	e := newExaminer(checks, "test", func() time.Time { return now })

	// Who leaves is not waited for, and what was cut short is not kept.
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := e.Examine(ctx)
		left <- err
	}()
	<-began
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if _, err := e.Examine(waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for the turn: %v", err)
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("cut short: %v", err)
	}

	close(goOn)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			found, err := e.Examine(t.Context())
			if err != nil || found.Worst != "warning" || len(found.Findings) != 1 || found.Findings[0].Mend != "mend it" || found.Findings[0].Why != "it matters" {
				t.Errorf("found %+v, %v", found, err)
			}
		})
	}
	wg.Wait()
	if runs.Load() != 2 || most.Load() != 1 {
		t.Errorf("it was looked %d times, %d at once", runs.Load(), most.Load())
	}
	now = now.Add(examinedFor)
	if found, err := e.Examine(t.Context()); err != nil || !found.At.Equal(now) || runs.Load() != 3 {
		t.Errorf("after a minute: %+v, %v, %d runs", found, err, runs.Load())
	}
}
