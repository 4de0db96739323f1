package live

import (
	"encoding/json"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/live/frame"
)

// Away tells all viewers on this node that nothing can be known of their
// channels, and why: the bus is away. What the channel's owner says next, or its
// answer after [Hub.Back], takes it back.
func (h *Hub) Away(status analysis.Status) {
	now := time.Now().UnixNano()
	for _, r := range h.list() {
		r.mu.Lock()
		r.away = true
		woken := r.statusLocked(status, now)
		r.mu.Unlock()
		for _, v := range woken {
			v.listener.wake()
		}
	}
}

// Back asks for the state of the channels that viewers were told nothing can be
// known of.
func (h *Hub) Back() {
	for _, r := range h.list() {
		r.mu.RLock()
		ask := r.away && len(r.viewers) > 0
		r.mu.RUnlock()
		if ask {
			r.ask()
		}
	}
}

// Watched counts the viewers of each channel that has any on this node.
func (h *Hub) Watched() map[string]int {
	counts := make(map[string]int)
	for _, r := range h.list() {
		r.mu.RLock()
		if n := len(r.viewers); n > 0 {
			counts[r.name] = n
		}
		r.mu.RUnlock()
	}
	return counts
}

func (h *Hub) list() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	return rooms
}

// statusLocked puts a status of this node's own into the stream and returns whom
// to wake. r.mu is held.
func (r *room) statusLocked(status analysis.Status, now int64) []*viewer {
	if r.closed || !r.known {
		return nil
	}
	r.ring.push(entry{kind: frame.Stream, seq: r.seq, at: now, wire: textFrame(frame.AppendStatus(nil, r.seq, status, nil))})
	return append([]*viewer(nil), r.viewers...)
}

// returnedLocked tells the viewers what the state is after all, from a hello.
// The caller wakes them. r.mu is held.
func (r *room) returnedLocked(snapshot []byte) {
	if !r.away {
		return
	}
	r.away = false
	var state struct {
		Status analysis.Status `json:"status"`
	}
	if json.Unmarshal(snapshot, &state) == nil && state.Status.State != "" {
		r.statusLocked(state.Status, time.Now().UnixNano())
	}
}
