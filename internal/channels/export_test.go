package channels

import "context"

// EndIdle is what [Holds.Run] does now and then.
func (h *Holds) EndIdle(ctx context.Context) error { return h.endIdle(ctx) }

// SettleOwed is what [Holds.Run] does now and then.
func (h *Holds) SettleOwed(ctx context.Context) { h.settleOwed(ctx) }

// Reconcile is what [Holds.Run] begins with.
func (h *Holds) Reconcile(ctx context.Context) error { return h.reconcile(ctx) }

// Owed returns how many analyses are not settled.
func (h *Holds) Owed() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.owed)
}

// Locks returns how many locks are known.
func (h *Holds) Locks() int { return h.locks.Len() }

// SaveLearned is what the manager does every few seconds.
func (m *Manager) SaveLearned(ctx context.Context) { m.learn.flush(ctx) }
