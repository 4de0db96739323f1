package twitchsim

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// room is one channel: who reads it and what was said in it.
type room struct {
	name, id string
	kind     Kind
	limit    int // PRIVMSG lines after which the room is silent; 0: none
	observer func(channel, line string)
	world    *world // writes the room's chat; nil where nothing is written by itself

	mu      sync.Mutex
	members map[*conn]*member
	changed chan struct{} // closed and replaced when members change
	done    chan struct{} // closed when limit is reached or the script has ended
	ended   bool
	stats   Stats

	infoMu sync.Mutex // guards what follows; taken last
	state  roomState
	seen   []string // some of the logins in the room, for the names list
}

// stateTags are the tags of a whole ROOMSTATE.
func (r *room) stateTags() tags {
	r.infoMu.Lock()
	defer r.infoMu.Unlock()
	var t tags
	t.addFlag("emote-only", r.state.emoteOnly)
	t.addInt("followers-only", int64(r.state.followers))
	t.addFlag("r9k", r.state.r9k)
	t.add("room-id", r.id)
	t.addInt("slow", int64(r.state.slow))
	t.addFlag("subs-only", r.state.subsOnly)
	return t
}

// setState changes the room's state for the joins to come.
func (r *room) setState(change func(*roomState)) {
	r.infoMu.Lock()
	defer r.infoMu.Unlock()
	change(&r.state)
}

// noteLogin keeps a login for the names list.
func (r *room) noteLogin(login string) {
	r.infoMu.Lock()
	defer r.infoMu.Unlock()
	if len(r.seen) < maxNames {
		r.seen = append(r.seen, login)
	}
}

// maxNames bounds the names list, which Twitch leaves incomplete too.
const maxNames = 30

// names returns the names list for a client that asked for membership.
func (r *room) names(nick string) string {
	r.infoMu.Lock()
	defer r.infoMu.Unlock()
	return strings.Join(append([]string{nick}, r.seen...), " ")
}

// member is a connection in a room.
type member struct {
	conn *conn
	sent int // PRIVMSG lines put into the connection's buffer
}

// roomState is what ROOMSTATE tells.
type roomState struct {
	emoteOnly, r9k, subsOnly bool
	followers                int // minutes, -1: off
	slow                     int // seconds
}

func newRoom(name string, limit int, observer func(channel, line string)) *room {
	return &room{
		name: name, id: roomIDOf(name), kind: KindOf(name), limit: limit, observer: observer,
		members: map[*conn]*member{}, changed: make(chan struct{}), done: make(chan struct{}),
		stats: Stats{Notices: map[string]int{}}, state: roomState{followers: -1},
	}
}

// add lets c read the room and reports whether it did not yet.
func (r *room) add(c *conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.members[c]; ok {
		return false
	}
	r.members[c] = &member{conn: c}
	close(r.changed)
	r.changed = make(chan struct{})
	return true
}

// remove ends c's reading, if it reads.
func (r *room) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.members[c]
	if !ok {
		return
	}
	delete(r.members, c)
	r.stats.left += m.sent
	close(r.changed)
	r.changed = make(chan struct{})
}

// readers returns the number of readers and a channel that is closed when it
// changes.
func (r *room) readers() (int, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members), r.changed
}

// deliver counts the lines of b and hands them to every reader except one.
// Lines beyond the room's limit are cut off. It reports whether the room goes on.
func (r *room) deliver(b *batch, except *conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	if r.limit > 0 && r.stats.Messages+b.messages >= r.limit {
		b.cut(r.limit - r.stats.Messages)
		r.endLocked()
	}
	for i := range b.marks {
		m := &b.marks[i]
		r.stats.add(m.traits)
		if m.traits&isNotice != 0 {
			r.stats.Notices[noticeType(b.data[m.start:m.body])]++
		}
		if r.observer != nil {
			r.observer(r.name, string(b.data[m.start:m.end]))
		}
	}
	for c, m := range r.members {
		if c != except {
			m.sent += c.enqueue(b)
		}
	}
	return !r.ended
}

// end makes the room silent for good.
func (r *room) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endLocked()
}

func (r *room) endLocked() {
	if !r.ended {
		r.ended = true
		close(r.done)
	}
}

// waitSpace returns when every reader has room for more or ran out of time,
// which costs it the connection.
func (r *room) waitSpace(stop <-chan struct{}) {
	r.mu.Lock()
	var full []*conn
	for c := range r.members {
		if c.buffered() > backlogHigh {
			full = append(full, c)
		}
	}
	r.mu.Unlock()
	for _, c := range full {
		c.waitSpace(stop)
	}
}

func noticeType(tagPart []byte) string {
	if len(tagPart) < 2 {
		return ""
	}
	return tagValue(tagPart[1:len(tagPart)-1], "msg-id")
}

// cut keeps the lines up to and with the n-th PRIVMSG.
func (b *batch) cut(n int) {
	for i := range b.marks {
		if n == 0 {
			b.data, b.marks = b.data[:b.marks[i].start], b.marks[:i]
			break
		}
		if b.marks[i].traits&isMessage != 0 {
			n--
		}
	}
	b.messages = 0
	for i := range b.marks {
		if b.marks[i].traits&isMessage != 0 {
			b.messages++
		}
	}
}

// Stats is what was sent into a channel so far, whether anybody read it or
// not. Faults (loss, duplicates, garbage) are not counted here: they happen on
// the way to a connection, see [ConnStats].
type Stats struct {
	Lines     int            // all lines
	Messages  int            // PRIVMSG lines, with those below
	Mirrored  int            // PRIVMSG lines written in another room of a shared chat
	Bots      int            // written by bots
	Commands  int            // questions to a bot: "!uptime"
	Actions   int            // written with /me
	Replies   int            // answers to another message
	Firsts    int            // a chatter's first message ever
	Cheers    int            // with bits
	Notices   map[string]int // USERNOTICE lines by msg-id
	Deletions int            // CLEARMSG lines
	Timeouts  int            // CLEARCHAT lines with a duration
	Bans      int            // CLEARCHAT lines without
	Clears    int            // CLEARCHAT lines without a user
	Readers   int            // connections in the channel now
	// Delivered counts the PRIVMSG lines given to connections, summed over all
	// of them, those that left included.
	Delivered int
	// Done: the limit is reached or the script has ended.
	Done bool

	left int // delivered to connections that left
}

func (s *Stats) add(tr traits) {
	s.Lines++
	if tr&isMessage != 0 {
		s.Messages++
	}
	for _, c := range [...]struct {
		trait traits
		count *int
	}{
		{isMirrored, &s.Mirrored},
		{isBot, &s.Bots},
		{isCommand, &s.Commands},
		{isAction, &s.Actions},
		{isReply, &s.Replies},
		{isFirst, &s.Firsts},
		{isCheer, &s.Cheers},
		{isDelete, &s.Deletions},
		{isTimeout, &s.Timeouts},
		{isBan, &s.Bans},
		{isClear, &s.Clears},
	} {
		if tr&c.trait != 0 && (c.trait != isMirrored || tr&isMessage != 0) {
			*c.count++
		}
	}
}

// snapshot returns the statistics as they are now.
func (r *room) snapshot() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Notices = maps.Clone(s.Notices)
	s.Readers, s.Done, s.Delivered = len(r.members), r.ended, s.left
	for _, m := range r.members {
		s.Delivered += m.sent
	}
	return s
}

// roomIDOf makes a numeric id of a channel's name, the same on every server.
func roomIDOf(name string) string {
	return numericID("room:"+name, 700_000_000, 200_000_000)
}

// backlogHigh is how many bytes may wait for a reader before unpaced chat
// waits for it.
const backlogHigh = 256 << 10

// backlogPatience is how long unpaced chat waits for a reader before it drops
// the connection.
const backlogPatience = 10 * time.Second
