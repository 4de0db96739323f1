package irc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chatmood/internal/chat"
)

// linkError says why a connection ended, as a code for [source.Status].
type linkError struct {
	code string
	err  error
}

func (e *linkError) Error() string { return e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

// conn is one connection to the chat server. The goroutine of run reads and
// owns it; a second one writes and watches that it lives; the manager decides
// what is joined on it.
type conn struct {
	r    *Reader
	log  *slog.Logger
	nick string
	out  chan string // lines to send, with their ends
	end  context.CancelCauseFunc

	heard    atomic.Int64 // when bytes last came, in ns since r.start
	since    atomic.Int64 // since when we wait for bytes, likewise
	busy     atomic.Bool  // handling lines: silence says nothing
	welcomed atomic.Bool
	full     atomic.Bool // refused a join because it holds too many channels

	mu      sync.Mutex
	parting map[string]int // PARTs that we sent, until their echo

	// The reading goroutine's own.
	line   Line
	dec    Decoder
	ev     chat.Event
	behind time.Duration // for how long more has come than was read

	// The manager's own.
	up         bool
	upAt       time.Time
	proved     bool // lasted long enough to reset the back-off
	draining   bool // is to be closed when its channels have moved
	emptySince time.Time
	members    int // channels on it or being joined
	leaving    int // channels read on during an overlap
}

// outLines is how many writes may wait; the manager never waits for one.
const outLines = 256

func newConn(r *Reader, end context.CancelCauseFunc) *conn {
	nick := "justinfan" + strconv.Itoa(10000+rand.IntN(90000))
	c := &conn{
		r: r, nick: nick, end: end,
		log:     r.log.With("nick", nick),
		out:     make(chan string, outLines),
		parting: make(map[string]int),
	}
	now := int64(time.Since(r.start))
	c.heard.Store(now)
	c.since.Store(now)
	return c
}

// lastHeard returns when c last brought a byte. Whatever the server wrote
// before that has arrived, for every channel on c.
func (c *conn) lastHeard() time.Time { return c.r.start.Add(time.Duration(c.heard.Load())) }

// send queues lines. A connection that cannot take them is dead.
func (c *conn) send(lines string) {
	select {
	case c.out <- lines:
	default:
		c.kill(codeLost, errors.New("the server does not read what is sent to it"))
	}
}

func (c *conn) kill(code string, err error) { c.end(&linkError{code, err}) }

// run connects, reads until the connection ends, and returns why it did.
func (c *conn) run(ctx context.Context) error {
	t, err := c.open(ctx)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return &linkError{codeUnreachable, err}
	}
	stop := context.AfterFunc(ctx, func() { t.Close() })
	var wg sync.WaitGroup
	wg.Go(func() { c.keep(ctx, t) })
	err = c.read(ctx, t)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	code := codeLost
	if !c.welcomed.Load() {
		code = codeUnreachable
	}
	c.end(nil)
	wg.Wait()
	stop()
	t.Close()
	if errors.As(err, new(*linkError)) {
		return err
	}
	return &linkError{code, err}
}

func (c *conn) open(ctx context.Context) (transport, error) {
	conf := &c.r.conf
	dctx, cancel := context.WithTimeout(ctx, conf.Timing.Connect)
	defer cancel()
	if conf.dial != nil {
		nc, err := conf.dial(dctx)
		if err != nil {
			return nil, err
		}
		return &stream{nc, conf.Timing.Write}, nil
	}
	return dial(dctx, ctx, c.r.url, conf.TLSConfig, conf.Timing.Write)
}

// keep writes what is queued and watches over the connection: the welcome must
// come in time, and silence is answered with a ping that must be answered.
func (c *conn) keep(ctx context.Context, t transport) {
	tm := &c.r.conf.Timing
	write := func(lines string) bool {
		if err := t.Write(lines); err != nil {
			c.kill(codeLost, fmt.Errorf("writing to the chat server: %w", err))
			return false
		}
		return true
	}
	// Anonymous login: no password is needed. CAP comes first so that no line
	// arrives without its tags (https://dev.twitch.tv/docs/chat/irc).
	if !write("CAP REQ :twitch.tv/tags twitch.tv/commands\r\nNICK " + c.nick + "\r\n") {
		return
	}
	welcomeBy := time.Now().Add(tm.Connect)
	var pinged time.Duration // when, since r.start; 0: not
	timer := time.NewTimer(min(tm.Idle, tm.Connect))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case lines := <-c.out:
			if !write(lines) {
				return
			}
		case <-timer.C:
			if !c.welcomed.Load() {
				if left := time.Until(welcomeBy); left > 0 {
					timer.Reset(left)
					continue
				}
				c.kill(codeUnreachable, fmt.Errorf("the chat server did not answer the login within %v", tm.Connect))
				return
			}
			now := time.Since(c.r.start)
			since := time.Duration(c.since.Load())
			switch {
			case c.busy.Load():
				pinged = 0
				timer.Reset(tm.Idle)
			case pinged != 0 && since < pinged:
				if left := pinged + tm.Pong - now; left > 0 {
					timer.Reset(left)
					continue
				}
				c.kill(codeLost, fmt.Errorf("the chat server did not answer a ping within %v", tm.Pong))
				return
			case now-since >= tm.Idle:
				if !write("PING :chatmood\r\n") {
					return
				}
				pinged = now
				timer.Reset(tm.Pong)
			default:
				pinged = 0
				timer.Reset(tm.Idle - (now - since))
			}
		}
	}
}

// read hands on the lines that come until the transport ends.
func (c *conn) read(ctx context.Context, t transport) error {
	lr := NewLineReader(t)
	count := &c.r.count
	var behindSince time.Time // zero: everything that had come was read
	for {
		overlong := lr.Overlong
		lines, err := lr.Next()
		c.busy.Store(true)
		now := time.Now()
		c.behind = 0
		switch {
		case !t.Behind():
			behindSince = time.Time{}
		case behindSince.IsZero():
			behindSince = now
		default:
			c.behind = now.Sub(behindSince)
		}
		if err == nil {
			c.heard.Store(int64(now.Sub(c.r.start)))
		}
		count.bytes.Add(uint64(len(lines)))
		if n := lr.Overlong - overlong; n > 0 {
			count.overlong.Add(uint64(n))
			c.log.Warn("passed over a line that is too long", "limit_bytes", MaxLineBytes)
		}
		n, broken := uint64(0), uint64(0)
		for lines != "" {
			var line string
			line, lines = CutLine(lines)
			if line == "" {
				continue
			}
			n++
			if n%behindEvery == 0 && !behindSince.IsZero() {
				c.behind = time.Since(behindSince)
			}
			if err := c.handle(line, now); err != nil {
				broken++
				c.log.Debug("passed over a line that cannot be read", "error", err, "line", shorten(line))
			}
		}
		count.lines.Add(n)
		count.broken.Add(broken)
		c.since.Store(int64(time.Since(c.r.start)))
		c.busy.Store(false)
		if err != nil {
			return fmt.Errorf("reading from the chat server: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// behindEvery is how many lines are handled between looks at the clock while the
// connection is behind.
const behindEvery = 32

// shorten cuts a stranger's line for a log.
func shorten(line string) string {
	const most = 200
	if len(line) > most {
		return line[:most] + "…"
	}
	return line
}

// handle does what one line asks for.
func (c *conn) handle(line string, now time.Time) error {
	l := &c.line
	if err := ParseLine(l, line); err != nil {
		return err
	}
	switch l.Command {
	case "PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG":
		return c.event(l, now)
	case "PING":
		c.send("PONG :" + l.Param(l.n-1) + "\r\n")
	case "001":
		c.welcomed.Store(true)
		c.r.emit(event{conn: c, kind: connUp})
	case "JOIN":
		if l.Login() == c.nick {
			c.confirm(l.Channel(), now)
		}
	case "ROOMSTATE":
		c.confirm(l.Channel(), now)
	case "366":
		if name, ok := strings.CutPrefix(l.Param(1), "#"); ok {
			c.confirm(strings.ToLower(name), now)
		}
	case "PART":
		if l.Login() == c.nick {
			c.parted(l.Channel(), now)
		}
	case "NOTICE":
		c.notice(l, now)
	case "RECONNECT":
		c.log.Info("the chat server asks to reconnect")
		c.r.emit(event{conn: c, kind: connReconnect})
	case "CAP":
		if l.Param(1) == "NAK" {
			c.log.Warn("the chat server refused a capability; messages may lack ids and times", "capability", l.Param(2))
		}
	}
	return nil
}

// event hands on what happened in a channel.
func (c *conn) event(l *Line, now time.Time) error {
	ok, err := c.dec.DecodeLine(l, &c.ev)
	if !ok || err != nil {
		return err
	}
	ch := c.r.channel(c.ev.Channel)
	if ch == nil {
		return nil // left a moment ago
	}
	c.ev.Behind = c.behind
	if c.ev.Time.IsZero() {
		c.ev.Time = now.UTC()
		c.ev.Message.Time = c.ev.Time
	}
	if c.ev.Kind == chat.KindMessage && c.ev.Message.ID == "" {
		c.ev.Message.ID = c.r.makeID()
	}
	ch.deliver(c, &c.ev, now)
	return nil
}

// confirm takes one of the answers to a JOIN: our own JOIN, the end of the list
// of names, or the room's state. Which of them come differs.
func (c *conn) confirm(name string, now time.Time) {
	ch := c.r.channel(name)
	if ch == nil {
		return
	}
	ch.mu.Lock()
	ch.confirm(c, now)
	ch.mu.Unlock()
}

// parted takes our own PART.
func (c *conn) parted(name string, now time.Time) {
	c.mu.Lock()
	asked := c.parting[name] > 0
	if asked {
		if c.parting[name]--; c.parting[name] == 0 {
			delete(c.parting, name)
		}
	}
	c.mu.Unlock()
	ch := c.r.channel(name)
	if asked || ch == nil {
		return
	}
	ch.mu.Lock()
	ch.parted(c, now)
	ch.mu.Unlock()
	c.r.wake()
}

// maxParting bounds the PARTs that an echo is waited for. Twitch sends one; with
// a server that does not the table is emptied now and then, which is right
// there: no PART that comes is an echo.
const maxParting = 1000

// part leaves a channel.
func (c *conn) part(name string) { c.partAnd(name, "") }

// partAnd leaves a channel and sends more lines at the same time.
func (c *conn) partAnd(name, more string) {
	c.mu.Lock()
	if len(c.parting) >= maxParting {
		clear(c.parting)
	}
	c.parting[name]++
	c.mu.Unlock()
	c.send("PART #" + name + "\r\n" + more)
}

// loginFailures are the texts of Twitch's NOTICEs to "*" that end a login; the
// spelling of capitals differs between captures.
var loginFailures = [...]string{
	"login authentication failed", "login unsuccessful", "improperly formatted auth", "invalid nick", "error logging in",
}

// notice takes a NOTICE: of a failed login, or about a channel.
func (c *conn) notice(l *Line, now time.Time) {
	text := l.Param(1)
	name := l.Channel()
	if name == "" {
		if lower := strings.ToLower(text); !c.welcomed.Load() {
			for _, f := range loginFailures {
				if strings.Contains(lower, f) {
					c.kill(codeLogin, fmt.Errorf("the chat server refused the login: %s", shorten(text)))
					return
				}
			}
		}
		c.log.Info("notice of the chat server", "text", shorten(text))
		return
	}
	ch := c.r.channel(name)
	if ch == nil {
		return
	}
	id, _ := l.Tag("msg-id")
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.gone || ch.conn != c {
		return
	}
	switch id {
	case "msg_channel_suspended":
		ch.refuse(codeSuspended, "The channel "+name+" is suspended, or its name was changed.", now)
	case "msg_banned", "tos_ban", "msg_channel_blocked":
		ch.refuse(codeBanned, "Twitch does not let this reader into the channel "+name+".", now)
	case "msg_room_not_found", "invalid_user":
		ch.refuse(codeNoSuchChannel, noSuchChannel(name), now)
	case "msg_concurrent_channel_limit_reached":
		c.full.Store(true)
		if ch.moves++; ch.moves > maxMoves {
			ch.moves = 0
			ch.refuse(codeTooMany, "Twitch does not let this address read more channels at once. Stop the analysis of another channel.", now)
			break
		}
		ch.lost(c, now, codeTooMany)
	default:
		return
	}
	c.r.wake()
}

// maxMoves is how many other connections a channel is tried on when Twitch
// says that one holds too many.
const maxMoves = 3

func noSuchChannel(name string) string {
	return "Twitch has no chat for a channel named " + name + ". Check the spelling; the channel may also have been renamed."
}
