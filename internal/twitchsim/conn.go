package twitchsim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// conn is one client. Its reader goroutine obeys the client, its writer
// goroutine sends what is in buf and does what is due.
type conn struct {
	srv    *Server
	nc     net.Conn
	nr     int
	opened time.Time

	// Of the reader goroutine.
	pass       string
	hasPass    bool
	registered bool

	wake  chan struct{} // something to write or to do
	space chan struct{} // buf was taken
	done  chan struct{} // closed by close

	mu         sync.Mutex // guards what follows
	nick       string
	named      bool // logged in, not anonymous
	caps       caps
	buf        []byte
	later      []task // in order of due
	joined     map[string]*room
	stalled    time.Time // write nothing until then
	half       bool      // half-open: say nothing any more
	finish     bool      // close when buf is written
	closed     bool
	reason     string
	awaitPong  time.Time // zero: no PONG is owed
	messages   int
	lines      int
	lossy      *rand.Rand
	joinTimes  joinTimes
	talkTimes  []time.Time
	lastSaid   map[string]said
	writeLimit int // bytes in one write, for split lines; 0: no limit
}

// task is something to say or do at a moment.
type task struct {
	due  time.Time
	line []byte // said first, with its end
	do   func() // runs in the writer goroutine without c.mu
}

// said is the last text of a logged-in client in a room.
type said struct {
	text string
	at   time.Time
}

// maxClientLine is the longest line a client may send, in bytes.
const maxClientLine = 8 << 10

// maxTasks bounds what may wait for its moment in one connection.
const maxTasks = 4096

func newConn(s *Server, nc net.Conn, nr int) *conn {
	return &conn{
		srv: s, nc: nc, nr: nr, opened: time.Now(),
		wake: make(chan struct{}, 1), space: make(chan struct{}, 1), done: make(chan struct{}),
		joined: map[string]*room{}, lastSaid: map[string]said{},
		lossy: rand.New(rand.NewPCG(s.cfg.Seed, uint64(nr))),
	}
}

// serve talks with the client until one side ends it.
func (c *conn) serve() {
	defer c.leaveAll()
	defer c.close("client left")
	w, err := openWire(c.nc, c.srv.tls)
	if err != nil {
		c.close(fmt.Sprintf("no greeting: %v", err))
		return
	}
	var writer sync.WaitGroup
	writer.Go(func() { c.write(w) })
	defer writer.Wait()
	defer c.close("client left")
	c.mu.Lock()
	c.at(task{due: c.opened.Add(greetTimeout), do: c.checkGreeting})
	c.mu.Unlock()
	lines := newLineReader(w, maxClientLine)
	for {
		line, err := lines.next()
		if err != nil {
			if errors.Is(err, errLineTooLong) {
				c.close("sent a line over 8 KiB")
			}
			return
		}
		if !c.handle(line) {
			return
		}
	}
}

func (c *conn) checkGreeting() {
	c.mu.Lock()
	registered := c.nick != ""
	c.mu.Unlock()
	if !registered {
		c.close("did not log in")
	}
}

// close ends the connection at once. The first reason is kept.
func (c *conn) close(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(reason)
}

// closeLocked is close for those who hold c.mu.
func (c *conn) closeLocked(reason string) {
	if c.closed {
		return
	}
	c.closed, c.reason = true, reason
	close(c.done)
	c.nc.Close()
	c.srv.cfg.Logger.Debug("connection closed", "connection", c.nr, "remote", c.nc.RemoteAddr().String(), "reason", reason)
}

func (c *conn) leaveAll() {
	c.mu.Lock()
	rooms := make([]*room, 0, len(c.joined))
	for _, r := range c.joined {
		rooms = append(rooms, r)
	}
	clear(c.joined)
	c.mu.Unlock()
	for _, r := range rooms {
		r.remove(c)
	}
}

// handle obeys one line; false ends the connection.
func (c *conn) handle(line []byte) bool {
	c.mu.Lock()
	half := c.half
	c.mu.Unlock()
	if half {
		return true // read and forget, as a dead link does
	}
	if len(line) > 0 && line[0] == '@' { // tags of the client: only its nonce is of use, see say
		_, rest, _ := bytes.Cut(line, []byte(" "))
		return c.command(line, bytes.TrimLeft(rest, " "))
	}
	return c.command(nil, line)
}

func (c *conn) command(tagPart, line []byte) bool {
	if len(line) > 0 && line[0] == ':' {
		_, line, _ = bytes.Cut(line, []byte(" "))
	}
	word, rest, _ := bytes.Cut(line, []byte(" "))
	rest = bytes.TrimLeft(rest, " ")
	switch cmd := string(bytes.ToUpper(word)); cmd {
	case "":
		return true
	case "CAP":
		c.capability(rest)
	case "PASS":
		c.pass, c.hasPass = string(param(rest)), true
	case "NICK":
		return c.login(string(bytes.ToLower(param(rest))))
	case "USER":
	case "PING":
		c.pong(rest)
	case "PONG":
		c.mu.Lock()
		c.awaitPong = time.Time{}
		c.mu.Unlock()
	case "QUIT":
		return false
	case "JOIN", "PART", "PRIVMSG":
		if !c.registered {
			return true
		}
		switch cmd {
		case "JOIN":
			return c.join(rest)
		case "PART":
			c.part(rest)
		case "PRIVMSG":
			c.say(tagPart, rest)
		}
	default:
		c.mu.Lock()
		c.sayf(":tmi.twitch.tv 421 %s %s :Unknown command", c.nickOr("you"), word)
		c.mu.Unlock()
	}
	return true
}

// param returns the first parameter: a word, or all after a colon.
func param(rest []byte) []byte {
	if len(rest) > 0 && rest[0] == ':' {
		return rest[1:]
	}
	word, _, _ := bytes.Cut(rest, []byte(" "))
	return word
}

func (c *conn) capability(rest []byte) {
	verb, names, _ := bytes.Cut(rest, []byte(" "))
	if !bytes.EqualFold(verb, []byte("REQ")) {
		return // Twitch's registration waits for no END, and clients ask no LS
	}
	names = bytes.TrimPrefix(bytes.TrimLeft(names, " "), []byte(":"))
	var add caps
	known := true
	for name := range bytes.FieldsSeq(names) {
		switch string(name) {
		case "twitch.tv/tags":
			add |= capTags
		case "twitch.tv/commands":
			add |= capCommands
		case "twitch.tv/membership":
			add |= capMembership
		default:
			known = false
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !known || add == 0 {
		c.sayf(":tmi.twitch.tv CAP * NAK :%s", bytes.TrimSpace(names))
		return
	}
	c.caps |= add
	c.sayf(":tmi.twitch.tv CAP * ACK :%s", bytes.TrimSpace(names))
}

// pong answers a client's PING in the forms that Twitch answers.
func (c *conn) pong(rest []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(rest) == 0 {
		c.sayf("PONG :tmi.twitch.tv")
		return
	}
	c.sayf(":tmi.twitch.tv PONG tmi.twitch.tv :%s", param(rest))
}

// poke wakes the writer.
func (c *conn) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// sayf queues a line. c.mu is held.
func (c *conn) sayf(format string, args ...any) {
	if c.half || c.closed || len(c.buf) > c.srv.cfg.MaxBuffered {
		return
	}
	c.buf = fmt.Appendf(c.buf, format, args...)
	c.buf = append(c.buf, '\r', '\n')
	c.poke()
}

// at queues a task. c.mu is held.
func (c *conn) at(t task) {
	if len(c.later) >= maxTasks {
		return
	}
	i := len(c.later)
	for i > 0 && c.later[i-1].due.After(t.due) {
		i--
	}
	c.later = slices.Insert(c.later, i, t)
	c.poke()
}

// sayAndClose queues a last line and closes when it is written.
func (c *conn) sayAndClose(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sayf("%s", line)
	c.finish = true
	c.poke()
}

// enqueue queues the lines of a room that the client asked for, through the
// faults in force, and returns how many PRIVMSG lines that were.
func (c *conn) enqueue(b *batch) int {
	if len(b.marks) == 0 {
		return 0
	}
	faults := c.srv.faults.onLines()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.half || c.closed || c.finish {
		return 0
	}
	if len(c.buf)+len(b.data) > c.srv.cfg.MaxBuffered {
		c.closeLocked("reads too slowly")
		return 0
	}
	n := b.messages
	if faults == nil && c.caps&capTags != 0 && b.needs&^c.caps == 0 {
		c.buf = append(c.buf, b.data...)
		c.lines += len(b.marks)
	} else {
		n = c.enqueueLines(b, faults)
	}
	c.messages += n
	c.poke()
	return n
}

func (c *conn) enqueueLines(b *batch, faults *lineFaults) (messages int) {
	for _, m := range b.marks {
		if m.needs&^c.caps != 0 {
			continue
		}
		line := b.data[m.body:m.end]
		if c.caps&capTags != 0 {
			line = b.data[m.start:m.end]
		}
		copies := 1
		if faults != nil {
			copies = faults.apply(c, line)
		} else {
			c.buf = append(c.buf, line...)
			c.buf = append(c.buf, '\r', '\n')
		}
		c.lines += copies
		if m.traits&isMessage != 0 {
			messages += copies
		}
	}
	return messages
}

func (c *conn) buffered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.buf)
}

// waitSpace returns when the client has taken most of what waits for it; it
// drops one that does not.
func (c *conn) waitSpace(stop <-chan struct{}) {
	timer := time.NewTimer(backlogPatience)
	defer timer.Stop()
	for c.buffered() > backlogHigh {
		select {
		case <-c.space:
		case <-c.done:
			return
		case <-stop:
			return
		case <-timer.C:
			c.close("reads too slowly")
			return
		}
	}
}

// write sends what is queued and does what is due until the connection closes.
func (c *conn) write(w wire) {
	var out []byte
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c.mu.Lock()
		now := time.Now()
		var do func()
		for do == nil && len(c.later) > 0 && !c.later[0].due.After(now) {
			t := c.later[0]
			c.later = slices.Delete(c.later, 0, 1)
			if !c.half {
				c.buf = append(c.buf, t.line...)
				do = t.do
			}
		}
		if do != nil {
			c.mu.Unlock()
			do()
			continue
		}
		wait := time.Hour
		if len(c.later) > 0 {
			wait = c.later[0].due.Sub(now)
		}
		stall := c.stalled.Sub(now)
		if c.half {
			c.buf = c.buf[:0]
		}
		idle := len(c.buf) == 0
		if stall > 0 {
			wait = min(wait, stall)
		} else if !idle {
			out, c.buf = c.buf, out[:0]
		}
		finish := c.finish && (idle || stall <= 0)
		limit := c.writeLimit
		c.mu.Unlock()

		if stall <= 0 && !idle {
			select {
			case c.space <- struct{}{}:
			default:
			}
			if err := c.send(w, out, limit); err != nil {
				c.close(fmt.Sprintf("writing: %v", err))
				return
			}
			if cap(out) > 4*backlogHigh {
				out = nil // do not keep a burst's memory
			}
			if !finish {
				continue
			}
		}
		if finish {
			c.close("ended by the server")
			return
		}
		timer.Reset(wait)
		select {
		case <-c.wake:
		case <-timer.C:
		case <-c.done:
			return
		}
	}
}

// send writes whole lines, in pieces where a fault asks for it.
func (c *conn) send(w wire, p []byte, limit int) error {
	if w.text() {
		p = bytes.ToValidUTF8(p, []byte("\uFFFD")) // text frames must be UTF-8
		return w.writeLines(p)
	}
	if err := c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if limit <= 0 {
		return w.writeLines(p)
	}
	for len(p) > 0 {
		n := min(limit, len(p))
		if err := w.writeLines(p[:n]); err != nil {
			return err
		}
		p = p[n:]
		select {
		case <-time.After(splitPause):
		case <-c.done:
			return context.Canceled
		}
	}
	return nil
}

// splitPause is the time between the pieces of split lines: enough that a
// reader sees them apart.
const splitPause = 500 * time.Microsecond

func (c *conn) nickOr(other string) string {
	if c.nick == "" {
		return other
	}
	return c.nick
}
