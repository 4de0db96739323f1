package live

import "sync/atomic"

// counters are the figures of a hub that only grow.
type counters struct {
	frames, bytes, writes, deliveries            atomic.Int64
	gaps, lost, resumed, hellos, kicked, refused atomic.Int64
	malformed                                    atomic.Int64
}

// Stats are figures of a hub for metrics. Those without "now" count since its start.
type Stats struct {
	Rooms   int // now
	Batched int // sockets of the batched dialect, now
	Plain   int // sockets of the plain dialect, now
	Streams int // event streams, now
	Blocked int // sockets that take nothing more, now; only those that a poller waits for

	Frames     int64 // received from the bus
	Malformed  int64 // received from the bus and not understood
	Lost       int64 // messages lost on the bus
	Hellos     int64 // states fetched from the owners of channels
	Writes     int64 // to sockets
	Bytes      int64 // written to sockets
	Deliveries int64 // messages times viewers
	Gaps       int64 // gap frames sent
	Resumed    int64 // viewers that went on where they had left
	Kicked     int64 // viewers closed because they were too slow
	Refused    int64 // viewers refused by a limit
}

// Counts returns what was counted since the start, and none of the figures of
// now, for which every client has to be looked at.
func (h *Hub) Counts() Stats {
	c := &h.stats
	return Stats{
		Frames: c.frames.Load(), Malformed: c.malformed.Load(), Lost: c.lost.Load(), Hellos: c.hellos.Load(),
		Writes: c.writes.Load(), Bytes: c.bytes.Load(), Deliveries: c.deliveries.Load(),
		Gaps: c.gaps.Load(), Resumed: c.resumed.Load(), Kicked: c.kicked.Load(), Refused: c.refused.Load(),
	}
}

// Stats returns all figures.
func (h *Hub) Stats() Stats {
	s := h.Counts()
	h.mu.Lock()
	defer h.mu.Unlock()
	s.Rooms = len(h.rooms)
	for _, c := range h.clients {
		switch c := c.(type) {
		case *socket:
			if c.state.Load() == blocked {
				s.Blocked++
			}
			if c.plain {
				s.Plain++
			} else {
				s.Batched++
			}
		case *stream:
			s.Streams++
		}
	}
	return s
}
