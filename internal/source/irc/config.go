package irc

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"chatmood/internal/source"
)

// DefaultURL is Twitch's chat server over TLS
// (https://dev.twitch.tv/docs/chat/irc).
const DefaultURL = "ircs://irc.chat.twitch.tv:6697"

// ChannelsPerConn is how many channels one connection joins at most. Twitch
// refuses more than 100 for an account; readers known to work stay at 90.
const ChannelsPerConn = 90

// Twitch closes connections that join more than 20 channels in 10 s. We stay
// at 15: a full bucket of joinBurst and what comes back in 10 s at joinRate.
const (
	joinBurst = 5
	joinRate  = rate.Limit(1) // a second
)

// maxJoinLineBytes is the length of a JOIN line with its CR LF; IRC servers may
// cut client lines at 512 bytes.
const maxJoinLineBytes = 510

// Config says what a [Reader] reads from and to whom it tells it.
type Config struct {
	// URL of the chat server: irc (TCP), ircs (TLS), ws or wss. "" means
	// [DefaultURL].
	URL string
	// Handler receives what is read; required.
	Handler source.Handler
	// Logger may be nil.
	Logger *slog.Logger
	// TLSConfig is used for ircs and wss; nil means the system's trust.
	TLSConfig *tls.Config
	// JoinLimiter paces JOINs where several readers share one address; nil
	// means one of the reader's own, 15 joins in any 10 s.
	JoinLimiter *rate.Limiter
	// ChannelsPerConn is [ChannelsPerConn] where 0.
	ChannelsPerConn int
	// Timing is made for Twitch where zero.
	Timing Timing

	// dial replaces the network in tests.
	dial func(ctx context.Context) (net.Conn, error)
}

// Timing holds the spans of time that a [Reader] waits for things. A field that
// is zero means the value given with it.
type Timing struct {
	Connect     time.Duration // for dialling, TLS and the server's welcome together: 10 s
	NewConn     time.Duration // between the starts of two connections: 2 s
	JoinAnswer  time.Duration // for the answer to a JOIN: 15 s
	RetryFailed time.Duration // until a channel that failed is tried again, doubled each time up to Rejoin: 5 min
	Rejoin      time.Duration // without a line until a channel is joined anew, in case the server forgot it: 1 h
	RejoinEvery time.Duration // between two of those, of all channels: 2 s
	Idle        time.Duration // of silence until we ping: 15 s
	Pong        time.Duration // for the answer to our ping: 5 s
	Write       time.Duration // for one write: 10 s
	Overlap     time.Duration // that the old connection is read on after a RECONNECT, once a channel is joined on the new one: 2 s
	Healthy     time.Duration // that a connection must last to reset the back-off: 1 min
	IdleClose   time.Duration // that a connection without channels is kept: 30 s
	// Backoff holds the waits before new attempts to connect; each is chosen
	// at random between zero and the value (full jitter), the last repeats.
	// 0, 1, 2, 4, 8, 16, 30 s.
	Backoff []time.Duration
}

func (t *Timing) setDefaults() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Connect, 10 * time.Second},
		{&t.NewConn, 2 * time.Second},
		{&t.JoinAnswer, 15 * time.Second},
		{&t.RetryFailed, 5 * time.Minute},
		{&t.Rejoin, time.Hour},
		{&t.RejoinEvery, 2 * time.Second},
		{&t.Idle, 15 * time.Second},
		{&t.Pong, 5 * time.Second},
		{&t.Write, 10 * time.Second},
		{&t.Overlap, 2 * time.Second},
		{&t.Healthy, time.Minute},
		{&t.IdleClose, 30 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if len(t.Backoff) == 0 {
		t.Backoff = []time.Duration{0, 1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second}
	}
}

// wait returns how long to wait after so many failures in a row.
func (t *Timing) wait(failures int) time.Duration {
	d := t.Backoff[min(failures, len(t.Backoff)-1)]
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}

// ParseURL checks the address of a chat server and completes it with the
// default port of its scheme.
func ParseURL(s string) (*url.URL, error) {
	const fix = "write it as ircs://irc.chat.twitch.tv:6697, irc://HOST:PORT, ws://HOST:PORT or wss://HOST:PORT"
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("the chat server's address %q cannot be read (%w): %s", s, err, fix)
	}
	ports := map[string]string{"irc": "6667", "ircs": "6697", "ws": "80", "wss": "443"}
	port, ok := ports[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("the chat server's address %q has the scheme %q: %s", s, u.Scheme, fix)
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("the chat server's address %q has no host: %s", s, fix)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}
