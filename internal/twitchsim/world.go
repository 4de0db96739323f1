package twitchsim

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// player writes the lines of one or more rooms, each at its moment.
type player interface {
	// next returns when the next lines are due, counted from the start; false
	// when there are none any more.
	next() (time.Duration, bool)
	// play writes the lines that next told of. now is the wall clock's stamp.
	play(out map[*room]*batch, now time.Time) error
}

// world is the clock of one room, or of two that share chats: it starts when
// the first reader joins and then goes on whether anybody reads or not.
type world struct {
	rooms   []*room
	speed   float64 // 0: unpaced
	virtual time.Time
	logger  *slog.Logger
	flood   func() float64 // how much faster than usual, now

	startOnce sync.Once
	started   chan struct{}

	mu     sync.Mutex // guards player and out
	player player
	out    map[*room]*batch
}

func newWorld(rooms []*room, p player, speed float64, virtual time.Time, flood func() float64, logger *slog.Logger) *world {
	w := &world{
		rooms: rooms, speed: speed, virtual: virtual, logger: logger, flood: flood,
		started: make(chan struct{}), player: p, out: map[*room]*batch{},
	}
	for _, r := range rooms {
		w.out[r] = new(batch)
	}
	return w
}

// start begins the chat; further calls do nothing.
func (w *world) start() { w.startOnce.Do(func() { close(w.started) }) }

// batchBytes is how much is written before it is handed on.
const batchBytes = 32 << 10

// run plays until ctx ends or nothing is left to play.
func (w *world) run(ctx context.Context) {
	select {
	case <-w.started:
	case <-ctx.Done():
		return
	}
	defer func() {
		if ctx.Err() != nil {
			return // stopped, not at its end
		}
		for _, r := range w.rooms {
			r.end()
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var played time.Duration // where in the play the clock is
	last := time.Now()
	for {
		now := time.Now()
		if w.speed > 0 {
			played += time.Duration(float64(now.Sub(last)) * w.speed * w.flood())
		}
		last = now
		wait, more, err := w.playDue(now, played)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.logger.Error("chat ended early", "channel", w.rooms[0].name, "error", err)
			}
			w.flush()
			return
		}
		if !w.flush() || !more {
			return
		}
		if w.speed <= 0 {
			for _, r := range w.rooms {
				r.waitSpace(ctx.Done())
			}
			if ctx.Err() != nil {
				return
			}
			continue
		}
		// A flood that begins or ends changes how long to wait: look at least
		// every tick.
		timer.Reset(min(time.Duration(float64(wait)/w.speed/w.flood())+time.Millisecond, worldTick))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// worldTick is the longest a world sleeps.
const worldTick = 100 * time.Millisecond

// playDue plays what is due at played, at most a batch, and returns how long it
// is until the next line.
func (w *world) playDue(now time.Time, played time.Duration) (wait time.Duration, more bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		at, ok := w.player.next()
		if !ok {
			return 0, false, nil
		}
		if w.speed > 0 && at > played {
			return at - played, true, nil
		}
		if err := w.player.play(w.out, now); err != nil {
			return 0, false, err
		}
		for _, b := range w.out {
			if len(b.data) >= batchBytes {
				return 0, true, nil
			}
		}
	}
}

// flush hands the written lines to the rooms. It reports whether one of them
// goes on.
func (w *world) flush() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	goesOn := false
	for _, r := range w.rooms {
		b := w.out[r]
		if r.deliver(b, nil) {
			goesOn = true
		}
		b.reset()
	}
	return goesOn
}
