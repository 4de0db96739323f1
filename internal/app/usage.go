package app

import (
	"context"
	"log/slog"
	"runtime/metrics"
	"time"
)

// usageEvery is how often the log tells what is going on.
const usageEvery = time.Minute

// usage is what is going on: the sums count since the start.
type usage struct {
	messages, deliveries, gaps int64 // sums
	channels, live, viewers    int
	servers                    int
	memory                     uint64 // bytes that the process has from the system
	goroutines                 uint64
	checkpoints, mails         int // that wait; mails is -1 where that is not known
	busDropped                 uint64
}

// usageNow asks every part.
func (a *App) usageNow(ctx context.Context) usage {
	hub, counters := a.hub.Stats(), a.manager.Counters()
	waiting, _ := a.manager.StoreErr()
	u := usage{
		messages: counters.Messages.Load(), deliveries: hub.Deliveries, gaps: counters.Gaps.Load(),
		channels: a.manager.Len(), live: a.reader.Stats().Live, viewers: hub.Batched + hub.Plain + hub.Streams,
		servers: len(a.nodes.node.Members()), checkpoints: waiting, busDropped: uint64(a.bus.Dropped()),
	}
	u.memory, u.goroutines = process()
	if a.accounts != nil && a.accounts.Outbox != nil {
		const limit = 2 * time.Second // a database that is away delays the line, but not for long
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		u.mails = -1
		if stats, err := a.accounts.Outbox.Stats(ctx); err == nil {
			u.mails = stats.Waiting
		}
	}
	return u
}

// process returns the process' memory in bytes and its goroutines.
func process() (memory, goroutines uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64(), samples[2].Value.Uint64()
}

// since returns the line for the time since before: nothing of persons or
// channels by name.
func (u usage) since(before usage, span time.Duration) []slog.Attr {
	return []slog.Attr{
		slog.Duration("span", span.Round(time.Second)),
		slog.Int("channels", u.channels), slog.Int("channels_live", u.live), slog.Int("viewers", u.viewers),
		slog.Int64("messages", u.messages-before.messages), slog.Int64("deliveries", u.deliveries-before.deliveries), slog.Int64("gaps", u.gaps-before.gaps),
		slog.Int("checkpoints_waiting", u.checkpoints), slog.Int("mails_waiting", u.mails), slog.Uint64("bus_dropped", u.busDropped-before.busDropped),
		slog.Int("servers", u.servers), slog.Uint64("memory_mb", u.memory>>20), slog.Uint64("goroutines", u.goroutines),
	}
}

// logUsage writes a line from time to time until ctx ends.
func (a *App) logUsage(ctx context.Context) {
	every := a.opts.UsageEvery
	if every <= 0 {
		every = usageEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	before, at := a.usageNow(ctx), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		u, now := a.usageNow(ctx), time.Now()
		a.log.LogAttrs(ctx, slog.LevelInfo, "usage", u.since(before, now.Sub(at))...)
		before, at = u, now
	}
}
