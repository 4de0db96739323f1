package live

import (
	"context"
	"errors"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/live/frame"
)

// Limits of what one socket may have explained, beside those of all frames.
const (
	explainBurst   = 10
	explainEvery   = 2 * time.Second
	explainTimeout = 5 * time.Second
	maxMessageID   = 100 // bytes
)

// explain answers an explain frame, in a goroutine of its own: the message may
// be another server's. One at a time. It is called by the reader of the socket.
func (s *socket) explain(id string) {
	refuse := func(code, detail string) {
		s.send(opText, frame.AppendExplanationError(nil, id, code, detail))
	}
	s.mu.Lock()
	ready := s.ready
	s.mu.Unlock()
	now := time.Now()
	if s.explained.Before(now.Add(-explainBurst * explainEvery)) {
		s.explained = now.Add(-explainBurst * explainEvery)
	}
	switch {
	case !ready:
		return // nothing is sent to who has not signed in
	case id == "" || len(id) > maxMessageID:
		id = id[:min(len(id), maxMessageID)]
		refuse("invalid_id", "id must be a message's id, of 1 to 100 bytes")
		return
	case s.hub.cfg.Explain == nil:
		refuse("unavailable", "Nothing is explained on this server")
		return
	case s.explained.After(now.Add(-explainEvery)), !s.explaining.CompareAndSwap(false, true):
		refuse("too_many", "Too many explanations were asked for: wait for the last one, or a few seconds")
		return
	}
	s.explained = s.explained.Add(explainEvery)
	ok := s.hub.spawn(func() {
		defer s.explaining.Store(false)
		ctx, cancel := context.WithTimeout(s.hub.ctx, explainTimeout)
		defer cancel()
		x, running, err := s.hub.cfg.Explain(ctx, s.opts.Channel, id)
		switch {
		case errors.Is(err, analysis.ErrNoMessage), err == nil && !running:
			refuse("unknown_message", "The message is not among the last ones of the running analysis")
		case err != nil:
			s.hub.log.Debug("a message cannot be explained", "channel", s.opts.Channel, "error", err)
			refuse("unavailable", "The message cannot be explained now: try again in a moment")
		default:
			s.send(opText, frame.AppendExplanation(nil, id, x))
		}
	})
	if !ok {
		s.explaining.Store(false)
	}
}
