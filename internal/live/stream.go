package live

import (
	"context"
	"errors"
	"strconv"
	"sync"
)

// StreamOptions say what a stream wants and who it belongs to.
type StreamOptions struct {
	Channel string // a Twitch login, lower case
	Batched bool   // frames of chatmood.v1 instead of the plain dialect
	Since   string // "<epoch>.<seq>", as the id given to write; "" from now on
	Address string // counts towards Config.MaxPerAddress; "" is not limited
	User    string // counts towards Config.MaxPerUser; "" is not limited
}

// stream is a viewer that is no socket.
type stream struct {
	viewer
	index  int           // in Hub.clients, guarded by Hub.mu
	notify chan struct{} // holds one
	user   string

	mu   sync.Mutex
	code Code // guarded by mu
	hub  *Hub
}

var _ client = (*stream)(nil)

func (s *stream) place() *int     { return &s.index }
func (s *stream) userKey() string { return s.user }
func (s *stream) abort()          { s.kick(CodeRestart, "") }

func (s *stream) wake() {
	select {
	case s.notify <- struct{}{}:
	default:
	}
}

func (s *stream) kick(code Code, _ string) {
	s.mu.Lock()
	if s.code == 0 {
		s.code = code
		if code == CodeTooSlow {
			s.hub.stats.kicked.Add(1)
		}
	}
	s.mu.Unlock()
	s.wake()
}

func (s *stream) tick(now int64) {
	cfg := &s.hub.cfg
	if s.pace.slow(now, s.pace.writing.Load() == 0, cfg.Behind, cfg) {
		s.kick(CodeTooSlow, "")
	}
}

// Stream serves a viewer that is no socket, an event stream for example: it
// calls write with one JSON frame after the other. Where id is not empty, a
// later stream with it as Since goes on behind that frame. Stream returns nil
// when the analysis was stopped (after its last frame), the error of write or
// of ctx, or [ErrNoChannel], [ErrTooMany], [ErrFull], [ErrTooSlow] or [ErrClosing]. A frame
// is write's only until it returns.
func (h *Hub) Stream(ctx context.Context, opts StreamOptions, write func(frame []byte, id string) error) error {
	s := &stream{hub: h, notify: make(chan struct{}, 1), user: opts.User}
	s.listener = s
	s.plain = !opts.Batched
	s.since = parseSince(opts.Since)
	if err := h.admit(s, opts.Address, opts.User); err != nil {
		h.stats.refused.Add(1)
		return err
	}
	defer h.leave(s, opts.Address, opts.User)
	if err := h.join(&s.viewer, opts.Channel); err != nil {
		return err
	}
	defer s.room.remove(&s.viewer)
	var haul haul
	var all []byte
	var ends []int // of haul.bufs in all
	for {
		haul.reset()
		s.room.gather(&s.viewer, &haul)
		now := h.now.Load()
		s.pace.gathered(&haul, now, &h.cfg)
		if haul.waiting && !s.room.ask() {
			return ErrNoChannel
		}
		all = all[:0]
		ends = ends[:0]
		for _, b := range haul.bufs {
			all = append(all, b...)
			ends = append(ends, len(all))
		}
		s.pace.writing.Store(now)
		for i, rest := 0, all; len(rest) > 0; {
			var payload []byte
			payload, rest = cutFrame(rest)
			// A buffer may hold part of a frame, or several of which only the
			// last brings the client to a number.
			at := len(all) - len(rest)
			for ends[i] < at {
				i++
			}
			id := ""
			if ends[i] == at {
				id = position(haul.epoch, haul.seqs[i])
			}
			if err := write(payload, id); err != nil {
				return err
			}
		}
		s.pace.writing.Store(0)
		h.stats.deliveries.Add(int64(haul.messages))
		if haul.ended {
			return nil
		}
		if len(all) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.notify:
		}
		if err := s.ended(); err != nil {
			return err
		}
	}
}

// position is what a stream is resumed with.
func position(epoch, seq uint64) string {
	b := strconv.AppendUint(make([]byte, 0, 32), epoch, 10)
	return string(strconv.AppendUint(append(b, '.'), seq, 10))
}

func (s *stream) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.code {
	case 0:
		return nil
	case CodeNoChannel:
		return ErrNoChannel
	case CodeTooSlow:
		return ErrTooSlow
	case CodeRestart:
		return ErrClosing
	}
	return errors.New("live: the stream was ended: close code " + strconv.Itoa(int(s.code)))
}
