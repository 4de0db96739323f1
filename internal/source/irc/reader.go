package irc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"chatmood/internal/chat"
	"chatmood/internal/source"
)

// Reader keeps channels joined and tells a [source.Handler] what happens in
// them. It shares them out over as few connections as Twitch's limits allow,
// joins at the pace that Twitch allows, and mends whatever breaks: every span
// that was missed is told as a gap.
//
// The handler is called by one goroutine at a time for any one channel. It may
// call Join, Part and Stats.
type Reader struct {
	conf  Config
	url   *url.URL
	log   *slog.Logger
	start time.Time
	ids   atomic.Uint64

	index  atomic.Pointer[map[string]*channel] // all channels; replaced, never changed
	kick   chan struct{}
	events chan event
	done   <-chan struct{} // of Run's context
	count  counters

	mu     sync.Mutex
	wanted map[string]bool
	ops    []op // not yet done

	// The rest belongs to the goroutine of Run, the manager.
	order        []*channel // the channels as they were asked for
	conns        []*conn
	wg           sync.WaitGroup
	limiter      *rate.Limiter
	dialAt       time.Time // no connection is started before
	rejoinAt     time.Time // no channel is joined anew before
	backoffUntil time.Time
	failures     int // connections lost or not made, in a row
}

// op is a wish that Join or Part left for the manager.
type op struct {
	wish wish
	name string
}

type wish uint8

const (
	join wish = iota + 1
	part
	invalid // to be told that no channel can have the name
)

type eventKind uint8

const (
	connUp eventKind = iota + 1
	connReconnect
	connDown
)

// event is what a connection tells the manager.
type event struct {
	conn *conn
	kind eventKind
	err  error // connDown
}

type counters struct {
	lines, bytes, events, broken, overlong, duplicates, reconnects, joinFailures, rejoins atomic.Uint64
	connections                                                                           atomic.Int64
}

// Stats are figures of a [Reader] since its start.
type Stats struct {
	Connections                                      int    // open or being opened
	Channels, Connecting, Live, Reconnecting, Failed int    // by state; Channels is their sum
	Lines, Bytes                                     uint64 // read
	Events                                           uint64 // handed on
	Broken                                           uint64 // lines that could not be read
	Overlong                                         uint64 // lines passed over, longer than MaxLineBytes
	Duplicates                                       uint64 // events left out because they came before
	Reconnects                                       uint64 // connections that ended or were given up
	JoinFailures                                     uint64 // joins refused or not answered
	Rejoins                                          uint64 // channels joined anew since nothing was read in them
}

// NewReader returns a Reader that waits for [Reader.Run]. Channels may be
// joined before.
func NewReader(conf Config) *Reader {
	if conf.URL == "" {
		conf.URL = DefaultURL
	}
	if conf.ChannelsPerConn <= 0 {
		conf.ChannelsPerConn = ChannelsPerConn
	}
	conf.Timing.setDefaults()
	r := &Reader{
		conf:    conf,
		log:     conf.Logger,
		start:   time.Now(),
		kick:    make(chan struct{}, 1),
		events:  make(chan event, 16),
		limiter: conf.JoinLimiter,
		wanted:  make(map[string]bool),
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.limiter == nil {
		r.limiter = rate.NewLimiter(joinRate, joinBurst)
	}
	r.index.Store(new(map[string]*channel))
	return r
}

// Join asks for a channel, by its login or anything else that
// [chat.CleanChannel] understands. It returns at once; the handler is told,
// under the cleaned name, how it goes. Joining a channel that is joined changes
// nothing; one that failed is tried again now. Twitch's limit on joins holds for
// all channels together: the first five are joined at once, then one a second in
// the order in which they were asked for, and a channel whose turn has not come
// is connecting. A name that no channel can have
// is told as failed under the name given and not tried.
func (r *Reader) Join(channel string) {
	name, ok := chat.CleanChannel(channel)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok {
		r.ask(op{invalid, channel})
		return
	}
	if ch := r.channel(name); r.wanted[name] && (ch == nil || ch.state.Load() != source.Failed) {
		return
	}
	r.wanted[name] = true
	r.ask(op{join, name})
}

// Part gives a channel up. It returns at once; when the manager has seen it
// nothing more is told about the channel.
func (r *Reader) Part(channel string) {
	name, ok := chat.CleanChannel(channel)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wanted[name] {
		delete(r.wanted, name)
		r.ask(op{part, name})
	}
}

// ask leaves a wish for the manager; r.mu is held. A wish that waits already is
// not left twice in a row, so that nobody can pile them up by asking.
func (r *Reader) ask(o op) {
	for i := len(r.ops) - 1; i >= 0; i-- {
		if r.ops[i].name == o.name {
			if r.ops[i] == o {
				return
			}
			break
		}
	}
	r.ops = append(r.ops, o)
	r.wake()
}

// Stats returns the figures of now.
func (r *Reader) Stats() Stats {
	c := &r.count
	s := Stats{
		Connections: int(c.connections.Load()),
		Lines:       c.lines.Load(), Bytes: c.bytes.Load(), Events: c.events.Load(),
		Broken: c.broken.Load(), Overlong: c.overlong.Load(), Duplicates: c.duplicates.Load(),
		Reconnects: c.reconnects.Load(), JoinFailures: c.joinFailures.Load(), Rejoins: c.rejoins.Load(),
	}
	for _, ch := range *r.index.Load() {
		s.Channels++
		switch ch.state.Load() {
		case source.Connecting:
			s.Connecting++
		case source.Live:
			s.Live++
		case source.Reconnecting:
			s.Reconnecting++
		case source.Failed:
			s.Failed++
		}
	}
	return s
}

// channel returns a channel that was asked for, nil for another.
func (r *Reader) channel(name string) *channel { return (*r.index.Load())[name] }

// makeID returns an id for a message that came without one.
func (r *Reader) makeID() string {
	return "local-" + strconv.FormatInt(r.start.UnixNano(), 36) + "-" + strconv.FormatUint(r.ids.Add(1), 36)
}

// wake makes the manager look around.
func (r *Reader) wake() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// emit tells the manager something. It gives up when Run ends.
func (r *Reader) emit(ev event) {
	select {
	case r.events <- ev:
	case <-r.done:
	}
}

// Run reads until ctx is cancelled and then returns nil, with all its
// goroutines ended. It returns an error at once where the configuration cannot
// work. It is called once.
func (r *Reader) Run(ctx context.Context) error {
	u, err := ParseURL(r.conf.URL)
	if err != nil {
		return fmt.Errorf("starting the chat reader: %w", err)
	}
	if r.conf.Handler == nil {
		return errors.New("starting the chat reader: Config.Handler is missing")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer r.wg.Wait()
	defer cancel()
	r.url, r.done = u, ctx.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.kick:
		case ev := <-r.events:
			r.take(ev, time.Now())
		case <-timer.C:
		}
		now := time.Now()
		r.doOps(now)
		timer.Reset(r.step(ctx, now).Sub(now))
	}
}
