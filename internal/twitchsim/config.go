package twitchsim

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chatmood/internal/chat"
)

// Unpaced as [Config.Rate] makes chat as fast as the slowest reader takes it.
const Unpaced = -1.0

// Defaults of [Config].
const (
	DefaultListen      = "127.0.0.1:6667"
	DefaultSeed        = 1
	DefaultMaxClients  = 4096
	DefaultMaxRooms    = 1024
	DefaultMaxBuffered = 4 << 20 // bytes
	DefaultPingEvery   = 5 * time.Minute
	DefaultPongWait    = 30 * time.Second
)

// Config says what a [Server] serves. The zero value serves [DemoChannels] at
// [DefaultListen].
type Config struct {
	// Listen is HOST:PORT; port 0 takes a free one. "" means DefaultListen.
	Listen string
	// Channels exist from the start. Nil means DemoChannels.
	Channels []string
	// AnyChannel makes every joined name a channel. Without it a join of an
	// unknown name is answered by silence, as Twitch answers.
	// Names that begin with "missing_", "suspended_", "banned_" or "slow_"
	// always get that fate, see [KindOf].
	AnyChannel bool
	// Rate is the calm rate in messages per second and channel, which scenes
	// multiply. 0 gives each channel its own (about 0.7 to 2); [Unpaced] writes
	// as fast as the slowest reader takes it.
	Rate float64
	// Limit ends a channel's chat after exactly this many PRIVMSG lines
	// (mirrored ones included); nothing at all follows. 0 means no limit.
	Limit int
	// Quiet makes no chat: only [Server.Say], [Server.Emit], [Server.Raw] and
	// [Server.Chatter] write.
	Quiet bool
	// Seed fixes everything that is said, by whom, and when. 0 means DefaultSeed.
	Seed uint64
	// Start is the time of a channel's first moment in tmi-sent-ts. With a
	// Start, the stamps depend on the seed alone. The zero value means the wall
	// clock at the first join.
	Start time.Time
	// Shared names pairs of channels that hold shared chats now and then. Nil
	// means demo_chess with demo_cozy where both are served and Limit is 0.
	Shared [][2]string
	// Script is played in the first channel instead of made-up chat.
	Script EventSource
	// Speed is how fast the script plays: 1 as it was, 2 twice as fast, 0 as
	// fast as the slowest reader takes it.
	Speed float64
	// Faults go wrong while the server runs, see [ParseFaults].
	Faults []Fault
	// TLS makes the port accept TLS as well, with a certificate made at the
	// start, see [Server.CertPool].
	TLS bool
	// Observer gets each line of a channel, without its end, when it is sent
	// into the room: one call at a time for one channel. It must not call the server.
	Observer func(channel, line string)
	// Logger gets what happens. Nil means nowhere.
	Logger *slog.Logger

	Limits Limits
	// MaxClients, MaxRooms and MaxBuffered (bytes waiting for one client, who
	// is dropped when they are exceeded) bound what strangers can cost.
	// 0 means the default.
	MaxClients, MaxRooms, MaxBuffered int
	// PingEvery is the time between the server's PINGs to a client, PongWait how
	// long it waits for the PONG before it closes. 0 means the default.
	PingEvery, PongWait time.Duration
	// JoinDelay is the longest wait before each line that answers a JOIN, drawn
	// from a tenth of it up. 0 means 50 ms; negative means none.
	JoinDelay time.Duration
	// SlowJoin is how long a slow room takes to answer. 0 means 5 s.
	SlowJoin time.Duration
	// BadTokens are the access tokens (without "oauth:") that are refused.
	BadTokens []string
}

// Limits are Twitch's limits on joining. For logged-in accounts they are on by
// default; a negative number switches one off.
type Limits struct {
	JoinsPer10s int           // 0 means 20; more close the connection
	Window      time.Duration // in place of the 10 s, to hold to the limit in less time; 0 means 10 s
	Rooms       int           // 0 means 100; more are refused by a NOTICE
	Anonymous   bool          // hold for each anonymous connection too
	Together    bool          // with Anonymous: the joins of all anonymous connections count together, as those of one account do
}

// EventSource is a log of past chat: Next fills ev with the next event and
// returns io.EOF after the last.
type EventSource interface {
	Next(ev *chat.Event) error
}

// withDefaults returns c with every default in place, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	setDefault(&c.Listen, DefaultListen)
	setDefault(&c.Seed, DefaultSeed)
	setDefault(&c.MaxClients, DefaultMaxClients)
	setDefault(&c.MaxRooms, DefaultMaxRooms)
	setDefault(&c.MaxBuffered, DefaultMaxBuffered)
	setDefault(&c.PingEvery, DefaultPingEvery)
	setDefault(&c.PongWait, DefaultPongWait)
	setDefault(&c.JoinDelay, 50*time.Millisecond)
	setDefault(&c.SlowJoin, 5*time.Second)
	setDefault(&c.Limits.JoinsPer10s, 20)
	setDefault(&c.Limits.Window, 10*time.Second)
	setDefault(&c.Limits.Rooms, 100)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Channels == nil {
		c.Channels = DemoChannels()
	}
	c.Channels = slices.Clone(c.Channels)
	seen := map[string]bool{}
	for i, name := range c.Channels {
		clean, ok := chat.CleanChannel(name)
		if !ok {
			errs = append(errs, fmt.Errorf("%q is not a channel name: use 1 to 25 of a-z, 0-9 and _", name))
		}
		if seen[clean] {
			errs = append(errs, fmt.Errorf("the channel %q is given twice", name))
		}
		seen[clean] = true
		c.Channels[i] = clean
	}
	if c.Rate < 0 && c.Rate != Unpaced || c.Rate > maxRate {
		errs = append(errs, fmt.Errorf("a rate of %v messages per second is out of range: use 0 to %d", c.Rate, maxRate))
	}
	if c.Limit < 0 {
		errs = append(errs, fmt.Errorf("a limit of %d messages is negative: use 0 for none", c.Limit))
	}
	if c.Speed < 0 || c.Speed > 1e6 {
		errs = append(errs, fmt.Errorf("a speed of %v is out of range: use 0 (as fast as possible) to 1000000", c.Speed))
	}
	if c.Script != nil && len(c.Channels) == 0 {
		errs = append(errs, errors.New("a script needs a channel to play in: name one"))
	}
	if len(c.Channels) > c.MaxRooms {
		errs = append(errs, fmt.Errorf("%d channels are more than the %d that fit", len(c.Channels), c.MaxRooms))
	}
	if c.Shared == nil && c.Limit == 0 && seen["demo_chess"] && seen["demo_cozy"] {
		c.Shared = [][2]string{{"demo_chess", "demo_cozy"}}
	}
	paired := map[string]bool{}
	for _, p := range c.Shared {
		if paired[p[0]] || paired[p[1]] {
			errs = append(errs, fmt.Errorf("%s and %s cannot share a chat: one of them shares with another already", p[0], p[1]))
		}
		paired[p[0]], paired[p[1]] = true, true
		if !seen[p[0]] || !seen[p[1]] || p[0] == p[1] {
			errs = append(errs, fmt.Errorf("%s and %s cannot share a chat: both must be served, and differ", p[0], p[1]))
		}
	}
	if len(errs) > 0 {
		return c, fmt.Errorf("%w: %w", ErrConfig, errors.Join(errs...))
	}
	return c, nil
}

// ErrConfig is what [Server.Listen] returns for a [Config] that makes no sense,
// wrapped with what is wrong.
var ErrConfig = errors.New("wrong configuration of the simulator")

// maxRate bounds Config.Rate, in messages per second.
const maxRate = 1_000_000

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Kind is what becomes of a JOIN.
type Kind string

// The kinds of rooms.
const (
	Normal    Kind = "normal"
	Missing   Kind = "missing"   // silence
	Suspended Kind = "suspended" // a NOTICE and no more
	Banned    Kind = "banned"    // the reader is banned: a NOTICE, then a PART
	Slow      Kind = "slow"      // as normal, after Config.SlowJoin
)

// KindOf tells the kind of a room by how its name begins: "missing_",
// "suspended_", "banned_", "slow_".
func KindOf(channel string) Kind {
	prefix, _, ok := strings.Cut(channel, "_")
	if !ok {
		return Normal
	}
	switch k := Kind(prefix); k {
	case Missing, Suspended, Banned, Slow:
		return k
	}
	return Normal
}
