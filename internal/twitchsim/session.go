package twitchsim

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"chatmood/internal/chat"
)

// This file is what a client may do once it speaks IRC: log in, join, leave,
// and say something.

// lineReader cuts a stream into lines of a bounded length.
type lineReader struct{ r *bufio.Reader }

var errLineTooLong = errors.New("line too long")

func newLineReader(r io.Reader, limit int) *lineReader {
	return &lineReader{bufio.NewReaderSize(r, limit)}
}

// next returns a line without its end. It is valid until the next call.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errLineTooLong
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// login ends the registration: Twitch answers the NICK.
func (c *conn) login(nick string) bool {
	if c.registered {
		c.sayAndClose(":tmi.twitch.tv NOTICE * :NICK already set")
		return true
	}
	if !chat.ValidLogin(nick) {
		c.sayAndClose(":tmi.twitch.tv NOTICE * :Invalid NICK")
		return true
	}
	if c.srv.faults.refusesLogin() {
		c.sayAndClose(":tmi.twitch.tv NOTICE * :Login unsuccessful")
		return true
	}
	named := !isAnonymous(nick)
	if named {
		token, ok := strings.CutPrefix(c.pass, "oauth:")
		switch {
		case !c.hasPass || !ok:
			c.sayAndClose(":tmi.twitch.tv NOTICE * :Improperly formatted auth")
			return true
		case token == "" || slices.Contains(c.srv.cfg.BadTokens, token):
			c.sayAndClose(":tmi.twitch.tv NOTICE * :Login authentication failed")
			return true
		}
	}
	c.registered = true
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nick, c.named = nick, named
	c.sayf(":tmi.twitch.tv 001 %s :Welcome, GLHF!", nick)
	c.sayf(":tmi.twitch.tv 002 %s :Your host is tmi.twitch.tv", nick)
	c.sayf(":tmi.twitch.tv 003 %s :This server is rather new", nick)
	c.sayf(":tmi.twitch.tv 004 %s :-", nick)
	c.sayf(":tmi.twitch.tv 375 %s :-", nick)
	c.sayf(":tmi.twitch.tv 372 %s :You are in a maze of twisty passages, all alike.", nick)
	c.sayf(":tmi.twitch.tv 376 %s :>", nick)
	if named && c.caps&capCommands != 0 {
		c.sayTagged(selfTags(nick, "emote-sets", "0,33", "user-id", userIDOf(nick)), ":tmi.twitch.tv GLOBALUSERSTATE")
	}
	c.at(task{due: time.Now().Add(c.srv.cfg.PingEvery), do: c.ping})
	return true
}

// selfTags are the tags of a logged-in client about itself.
func selfTags(nick string, more ...string) tags {
	var t tags
	t.add("badge-info", "")
	t.add("badges", "")
	t.add("color", "#19E6E6")
	t.add("display-name", nick)
	for i := 0; i+1 < len(more); i += 2 {
		t.add(more[i], more[i+1])
	}
	t.add("user-type", "")
	return t
}

// sayTagged queues a line with tags, without them where they were not asked
// for. c.mu is held.
func (c *conn) sayTagged(t tags, rest string) {
	if c.caps&capTags != 0 {
		c.sayf("%s %s", t, rest)
		return
	}
	c.sayf("%s", rest)
}

// isAnonymous reports whether a nick is one of those that need no account.
func isAnonymous(nick string) bool {
	digits, ok := strings.CutPrefix(nick, "justinfan")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// ping asks whether the client lives, again and again.
func (c *conn) ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.sayf("PING :tmi.twitch.tv")
	c.at(task{due: now.Add(c.srv.cfg.PingEvery), do: c.ping})
	if !c.awaitPong.IsZero() {
		return // the answer to an earlier one is still owed
	}
	c.awaitPong = now
	c.at(task{due: now.Add(c.srv.cfg.PongWait), do: func() {
		c.mu.Lock()
		dead := c.awaitPong.Equal(now)
		c.mu.Unlock()
		if dead {
			c.close("no PONG")
		}
	}})
}

// joinTimes are the moments of an account's last joins.
type joinTimes struct{ times []time.Time }

// allow notes a join and reports whether it is within the limit.
func (j *joinTimes) allow(now time.Time, limit int, window time.Duration) bool {
	j.times = slices.DeleteFunc(j.times, func(t time.Time) bool { return now.Sub(t) >= window })
	if len(j.times) >= limit {
		return false
	}
	j.times = append(j.times, now)
	return true
}

// allowJoin holds an account to Twitch's join rate.
func (c *conn) allowJoin() bool {
	limits, now := c.srv.cfg.Limits, time.Now()
	if limits.JoinsPer10s < 0 {
		return true
	}
	if !c.named && !limits.Anonymous {
		return true
	}
	if !c.named && !limits.Together {
		return c.joinTimes.allow(now, limits.JoinsPer10s, limits.Window)
	}
	account := c.nick
	if !c.named {
		account = "" // no account's
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	j := c.srv.joins[account]
	if j == nil {
		if len(c.srv.joins) >= maxAccounts {
			clear(c.srv.joins)
		}
		j = &joinTimes{}
		c.srv.joins[account] = j
	}
	return j.allow(now, limits.JoinsPer10s, limits.Window)
}

// maxAccounts bounds the accounts whose joins are remembered.
const maxAccounts = 10_000

func (c *conn) join(rest []byte) bool {
	names, _, _ := bytes.Cut(rest, []byte(" "))
	for name := range bytes.SplitSeq(names, []byte(",")) {
		channel, ok := strings.CutPrefix(strings.ToLower(string(bytes.TrimSpace(name))), "#")
		if !ok || !chat.ValidLogin(channel) {
			continue // Twitch says nothing to a name that cannot be
		}
		if !c.allowJoin() {
			c.close("joined too fast")
			return false
		}
		c.joinOne(channel)
	}
	return true
}

func (c *conn) joinOne(channel string) {
	if c.srv.faults.refusesJoin() {
		return
	}
	r := c.srv.room(channel)
	if r == nil || r.kind == Missing {
		return
	}
	limits := c.srv.cfg.Limits
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joined[channel] != nil {
		return
	}
	if limits.Rooms >= 0 && (c.named || limits.Anonymous) && len(c.joined) >= limits.Rooms {
		c.notice(channel, "msg_concurrent_channel_limit_reached",
			"You are connected to too many chat channels. Please close some existing chat connections to join a new chat")
		return
	}
	due := time.Now()
	if r.kind == Slow {
		due = due.Add(c.srv.cfg.SlowJoin)
	}
	step := func() time.Time {
		if d := c.srv.cfg.JoinDelay; d > 0 {
			due = due.Add(d/10 + time.Duration(c.lossy.Int64N(int64(d)*9/10+1)))
		}
		return due
	}
	nick := c.nick
	self := string(appendPrefix(nil, nick))
	switch r.kind {
	case Suspended:
		c.at(task{due: step(), do: func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.notice(channel, "msg_channel_suspended", "This channel has been suspended.")
		}})
		return
	case Banned:
		c.at(task{due: step(), do: func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.notice(channel, "msg_banned", "You are permanently banned from talking in "+channel+".")
			c.sayf("%s PART #%s", self, channel)
		}})
		return
	}
	c.joined[channel] = r
	c.at(task{due: step(), line: []byte(self + " JOIN #" + channel + "\r\n")})
	names := nick
	if c.caps&capMembership != 0 {
		names = r.names(nick)
	}
	c.at(task{due: step(), line: []byte(":" + nick + ".tmi.twitch.tv 353 " + nick + " = #" + channel + " :" + names + "\r\n" +
		":" + nick + ".tmi.twitch.tv 366 " + nick + " #" + channel + " :End of /NAMES list\r\n")})
	c.at(task{due: step(), do: func() { c.enter(r) }})
}

// notice queues a NOTICE of a channel where the client asked for such. c.mu is
// held.
func (c *conn) notice(channel, id, text string) {
	if c.caps&capCommands != 0 {
		var t tags
		t.add("msg-id", id)
		c.sayTagged(t, ":tmi.twitch.tv NOTICE #"+channel+" :"+text)
	}
}

// enter ends a join: the room's state, and from then on its chat.
func (c *conn) enter(r *room) {
	c.mu.Lock()
	if c.joined[r.name] != r || c.closed { // left before it was in
		c.mu.Unlock()
		return
	}
	if c.caps&capCommands != 0 {
		if c.named {
			c.sayTagged(selfTags(c.nick, "emote-sets", "0,33", "mod", "0", "subscriber", "0"), ":tmi.twitch.tv USERSTATE #"+r.name)
		}
		c.sayTagged(r.stateTags(), ":tmi.twitch.tv ROOMSTATE #"+r.name)
	}
	c.mu.Unlock()
	r.add(c)
	c.mu.Lock()
	gone := c.closed
	c.mu.Unlock()
	if gone { // leaveAll may have run before the add
		r.remove(c)
		return
	}
	if r.world != nil {
		r.world.start()
	}
}

func (c *conn) part(rest []byte) {
	names, _, _ := bytes.Cut(rest, []byte(" "))
	for name := range bytes.SplitSeq(names, []byte(",")) {
		channel, _ := strings.CutPrefix(strings.ToLower(string(bytes.TrimSpace(name))), "#")
		c.mu.Lock()
		r := c.joined[channel]
		delete(c.joined, channel)
		c.mu.Unlock()
		if r == nil {
			continue
		}
		r.remove(c)
		c.mu.Lock()
		c.sayf("%s PART #%s", appendPrefix(nil, c.nick), channel)
		c.mu.Unlock()
	}
}

// say takes a logged-in client's message to the others in the room. Anonymous
// clients cannot speak: theirs is ignored, as Twitch ignores it.
func (c *conn) say(tagPart, rest []byte) {
	target, text, _ := bytes.Cut(rest, []byte(" "))
	channel, _ := strings.CutPrefix(strings.ToLower(string(target)), "#")
	text = bytes.ToValidUTF8(bytes.TrimPrefix(bytes.TrimLeft(text, " "), []byte(":")), nil)
	action := false
	if t, ok := bytes.CutPrefix(text, []byte("\x01ACTION ")); ok {
		text, action = bytes.TrimSuffix(t, []byte{1}), true
	}
	text = trimText(text)
	c.mu.Lock()
	r := c.joined[channel]
	now := time.Now()
	last := c.lastSaid[channel]
	c.talkTimes = slices.DeleteFunc(c.talkTimes, func(t time.Time) bool { return now.Sub(t) >= 30*time.Second })
	if !c.named || r == nil || len(text) == 0 || len(c.talkTimes) >= 20 {
		c.mu.Unlock()
		return
	}
	if last.text == string(text) && now.Sub(last.at) < 30*time.Second {
		c.notice(channel, "msg_duplicate", "Your message was not sent because it is identical to the previous one you sent, less than 30 seconds ago.")
		c.mu.Unlock()
		return
	}
	c.talkTimes = append(c.talkTimes, now)
	c.lastSaid[channel] = said{string(text), now}
	nick := c.nick
	c.mu.Unlock()

	var nonce string
	if len(tagPart) > 0 {
		head, _, _ := bytes.Cut(tagPart[1:], []byte(" "))
		nonce = tagValue(head, "client-nonce")
	}
	id := c.srv.post(r, nick, text, action, nonce, c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caps&capCommands != 0 {
		t := selfTags(nick, "client-nonce", nonce, "emote-sets", "0,33", "id", id, "mod", "0", "subscriber", "0")
		c.sayTagged(t, ":tmi.twitch.tv USERSTATE #"+channel)
	}
}
