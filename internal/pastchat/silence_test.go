package pastchat

import (
	"testing"
	"time"
)

// TestSilence checks which silences are taken for an interruption of the log.
func TestSilence(t *testing.T) {
	start := time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC)
	// steady gives one event every step for a while.
	steady := func(from, length, step time.Duration) (at []time.Duration) {
		for d := from; d < from+length; d += step {
			at = append(at, d)
		}
		return at
	}
	join := func(parts ...[]time.Duration) (all []time.Duration) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, tt := range []struct {
		name string
		at   []time.Duration
		want int
	}{
		{"busy, a hole, busy", join(steady(0, 10*time.Minute, time.Second), steady(15*time.Minute, 10*time.Minute, time.Second)), 1},
		{"busy, two minutes, busy", join(steady(0, 10*time.Minute, time.Second/4), steady(12*time.Minute, 10*time.Minute, time.Second/4)), 0},
		{"calm, ten minutes, calm", join(steady(0, 30*time.Minute, time.Minute/2), steady(40*time.Minute, 30*time.Minute, time.Minute/2)), 0},
		{"calm, a night, calm", join(steady(0, 30*time.Minute, time.Minute/2), steady(10*time.Hour, 30*time.Minute, time.Minute/2)), 1},
		{"the stream ends", join(steady(0, 10*time.Minute, time.Second), steady(10*time.Minute, 2*time.Minute, 15*time.Second), []time.Duration{18 * time.Minute, 25 * time.Minute}), 0},
		{"a burst out of calm", join(steady(0, 30*time.Minute, time.Minute), steady(30*time.Minute, 5*time.Second, time.Second/4), steady(36*time.Minute, 10*time.Minute, time.Minute)), 0},
		{"one event", []time.Duration{0, 10 * time.Hour}, 1},
		{"backwards", []time.Duration{10 * time.Hour, 0, time.Hour}, 0},
		{"a wrong date, busy, a hole, busy", join([]time.Duration{1000 * time.Hour}, steady(0, 10*time.Minute, time.Second), steady(15*time.Minute, 10*time.Minute, time.Second)), 1},
	} {
		var s silence
		n := 0
		for _, d := range tt.at {
			if from, ok := s.next(start.Add(d)); ok {
				n++
				if !from.Before(start.Add(d)) {
					t.Errorf("%s: the gap begins at %v", tt.name, from)
				}
			}
		}
		if n != tt.want {
			t.Errorf("%s: %d gaps, want %d", tt.name, n, tt.want)
		}
	}
}
