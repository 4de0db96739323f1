package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"chatmood/internal/bus"
)

// units are costs of single steps, for the model of docs/scaling.md.
type units struct {
	Bus     []float64 `json:"bus_us"`        // µs of processor time of a frame of busBytes on the bus, publisher and subscriber together
	Message float64   `json:"message_bytes"` // of a message in the batched dialect, with its share of a frame of three
}

const (
	busBytes  = 2 << 10
	busFrames = 100_000
	busWindow = 1000 // frames on their way
)

func measureUnits(ctx context.Context, rounds int) (*units, error) {
	const together = 3
	u := &units{Message: float64(len(batchFrame(1, full[:together]...))+4) / together}
	for range rounds {
		us, err := busCost(ctx)
		if err != nil {
			return nil, fmt.Errorf("the cost of the bus: %w", err)
		}
		u.Bus = append(u.Bus, us)
	}
	return u, nil
}

func busCost(ctx context.Context) (us float64, err error) {
	b, err := bus.Open(ctx, bus.Config{Name: "bench"})
	if err != nil {
		return 0, err
	}
	defer b.Close()
	var arrived atomic.Int64
	stop, err := b.Subscribe("bench.units", func([]byte) { arrived.Add(1) })
	if err != nil {
		return 0, err
	}
	defer stop()
	data := make([]byte, busBytes)
	before := processorTime()
	for i := range int64(busFrames) {
		for i-arrived.Load() > busWindow {
			time.Sleep(20 * time.Microsecond)
		}
		if err := b.Publish("bench.units", data); err != nil {
			return 0, err
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	for end := time.Now().Add(5 * time.Second); arrived.Load() < busFrames; time.Sleep(time.Millisecond) {
		if time.Now().After(end) || ctx.Err() != nil {
			return 0, fmt.Errorf("%d of %d frames arrived", arrived.Load(), busFrames)
		}
	}
	return float64(processorTime()-before) / 1e3 / busFrames, nil
}
