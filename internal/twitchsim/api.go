package twitchsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"chatmood/internal/chat"
)

// This file is what tests and commands do with a running server.

// Say writes a message of the account login into a channel and returns its id.
// Twitch's own emotes in it are marked as such. An unknown account is made up.
func (s *Server) Say(channel, login, text string) (id string, err error) {
	r, err := s.existing(channel)
	if err != nil {
		return "", err
	}
	if !chat.ValidLogin(login) {
		return "", fmt.Errorf("%q is not a login: use 1 to 25 of a-z, 0-9 and _", login)
	}
	return s.post(r, login, []byte(text), false, "", nil), nil
}

// Raw writes a line into a channel as it is, without its line end.
func (s *Server) Raw(channel, line string) error {
	r, err := s.existing(channel)
	if err != nil {
		return err
	}
	var b batch
	b.addLine([]byte(line))
	r.deliver(&b, nil)
	return nil
}

// Emit writes an event into its channel as the line that Twitch would send.
// Missing ids, names and times are made up.
func (s *Server) Emit(ev *chat.Event) error {
	r, err := s.existing(ev.Channel)
	if err != nil {
		return err
	}
	var b batch
	w := eventWriter{n: rand.Uint64()}
	if !w.append(&b, r, ev, ev.Time) {
		return fmt.Errorf("an event of the kind %q cannot be written as a line", ev.Kind)
	}
	r.deliver(&b, nil)
	return nil
}

// Chatter makes the channel's own chat say its next n messages at once, with
// whatever else happens between them. Channels that share chats say n together.
func (s *Server) Chatter(channel string, n int) error {
	r, err := s.existing(channel)
	if err != nil {
		return err
	}
	if r.world == nil {
		return fmt.Errorf("%s is a %s channel: it has no chat", channel, r.kind)
	}
	return r.world.rush(n)
}

// post writes a message of a live account and returns its id.
func (s *Server) post(r *room, login string, text []byte, action bool, nonce string, except *conn) string {
	m := privmsg{
		channel: r.name, roomID: r.id, id: randomUUID(), time: time.Now().UnixMilli(),
		login: login, display: login, userID: userIDOf(login), color: "#19E6E6",
		text: trimText(text), action: action, nonce: nonce,
	}
	m.emotes, m.emoteOnly = findEmotes(nil, m.text, nil)
	var b batch
	b.addLine(appendPrivmsg(nil, &m))
	r.deliver(&b, except)
	return m.id
}

// Readers returns how many connections are in a channel now.
func (s *Server) Readers(channel string) int {
	r, err := s.existing(channel)
	if err != nil {
		return 0
	}
	n, _ := r.readers()
	return n
}

// WaitReaders returns when at least n connections are in a channel, which may
// be one that the first of them makes.
func (s *Server) WaitReaders(ctx context.Context, channel string, n int) error {
	r := s.room(channel)
	if r == nil {
		return noChannel(channel)
	}
	for {
		have, changed := r.readers()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d readers in %s, have %d: %w", n, channel, have, ctx.Err())
		}
	}
}

// WaitDone returns when a channel's limit is reached or its script has ended,
// and all of it is in the buffers of the connections.
func (s *Server) WaitDone(ctx context.Context, channel string) error {
	r, err := s.existing(channel)
	if err != nil {
		return err
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the end of the chat in %s: %w", channel, ctx.Err())
	}
}

// Stats returns what was sent into a channel so far; the zero Stats for a
// channel that does not exist.
func (s *Server) Stats(channel string) Stats {
	r, err := s.existing(channel)
	if err != nil {
		return Stats{}
	}
	return r.snapshot()
}

// Channels returns the names of the channels that exist now, sorted.
func (s *Server) Channels() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.rooms))
	for name := range s.rooms {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ConnStats is one connection.
type ConnStats struct {
	Number   int // counts from 1 in the order of arrival
	Remote   string
	Nick     string // "" before the login
	Opened   time.Time
	Channels []string // sorted
	// Lines and Messages (PRIVMSG) are the lines of chat put into the
	// connection's buffer, with duplicates and without lost ones.
	Lines, Messages int
	Buffered        int // bytes not written yet
	HalfOpen        bool
}

// Connections returns the open connections in the order of their arrival.
func (s *Server) Connections() []ConnStats {
	var all []ConnStats
	for _, c := range s.connections() {
		c.mu.Lock()
		st := ConnStats{
			Number: c.nr, Remote: c.nc.RemoteAddr().String(), Nick: c.nick, Opened: c.opened,
			Lines: c.lines, Messages: c.messages, Buffered: len(c.buf), HalfOpen: c.half,
		}
		for name := range c.joined {
			st.Channels = append(st.Channels, name)
		}
		c.mu.Unlock()
		slices.Sort(st.Channels)
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b ConnStats) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// rush plays until n more messages were said.
func (w *world) rush(n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n > 0 {
		if _, ok := w.player.next(); !ok {
			return errors.New("the script has ended")
		}
		if err := w.player.play(w.out, time.Now()); err != nil {
			return err
		}
		goesOn := false
		for _, r := range w.rooms {
			b := w.out[r]
			n -= b.messages
			if r.deliver(b, nil) {
				goesOn = true
			}
			b.reset()
		}
		if !goesOn {
			return errors.New("the channel's limit is reached")
		}
	}
	return nil
}

// Recorder keeps the lines of channels, to compare with what a client counted.
// Its Observe is a [Config.Observer].
type Recorder struct {
	mu    sync.Mutex
	lines map[string][]string
}

// Observe keeps a line.
func (r *Recorder) Observe(channel, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines == nil {
		r.lines = map[string][]string{}
	}
	r.lines[channel] = append(r.lines[channel], line)
}

// Lines returns the lines of a channel so far.
func (r *Recorder) Lines(channel string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines[channel])
}
