package twitchsim

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// stage plays the made-up chat of one room, or of two that share chats. It
// draws everything from the seed and the room's name.
type stage struct {
	talks []*talk
}

func newStage(rooms []*room, cfg Config) *stage {
	s := &stage{}
	for _, r := range rooms {
		s.talks = append(s.talks, newTalk(r, cfg))
	}
	if len(s.talks) == 2 {
		s.talks[0].partner, s.talks[1].partner = s.talks[1], s.talks[0]
	}
	return s
}

func (s *stage) next() (time.Duration, bool) {
	t := s.first()
	return t.due(), true
}

// first returns the talk whose turn it is.
func (s *stage) first() *talk {
	best := s.talks[0]
	for _, t := range s.talks[1:] {
		if t.due() < best.due() {
			best = t
		}
	}
	return best
}

func (s *stage) play(out map[*room]*batch, now time.Time) error {
	t := s.first()
	for _, o := range s.talks {
		o.out = out[o.room]
	}
	t.step(now)
	return nil
}

// talk is the chat of one room: who is there, what is going on, what was said.
type talk struct {
	room    *room
	temper  temperament
	rng     *rand.Rand
	base    float64   // calm rate, messages per second
	virtual time.Time // of the first moment; zero: wall clock
	partner *talk     // of a shared chat

	at       time.Duration // where the talk is
	stamp    int64         // its time stamp, Unix milliseconds
	nextChat time.Duration
	queue    moments
	order    int

	people *people
	recent [recentSize]spoken // a ring of what was said
	said   int

	scene       *scene
	lastScene   sceneKind
	wave        wave
	topic       topic
	mood        float64 // -1 to 1: how calm talk sounds
	used        [lexes]usedRing
	sharedUntil time.Duration

	out   *batch
	msg   privmsg
	text  []byte
	spans []emoteSpan
}

// spoken is a message that later ones may refer to.
type spoken struct {
	id   string
	by   *person
	text string
}

const recentSize = 16

// moment is something that happens at its time.
type moment struct {
	at    time.Duration
	order int // of its making, for equal times
	do    func()
}

type moments []moment

func (m moments) Len() int { return len(m) }
func (m moments) Less(i, j int) bool {
	return m[i].at < m[j].at || m[i].at == m[j].at && m[i].order < m[j].order
}
func (m moments) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)   { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	old := *m
	last := old[len(old)-1]
	old[len(old)-1] = moment{}
	*m = old[:len(old)-1]
	return last
}

func newTalk(r *room, cfg Config) *talk {
	t := &talk{
		room: r, temper: temperamentOf(r.name), virtual: cfg.Start,
		rng: rand.New(rand.NewPCG(cfg.Seed, hash64(r.name))),
	}
	t.base = t.temper.rate
	if cfg.Rate > 0 {
		t.base = cfg.Rate
	}
	t.mood = t.temper.mood
	t.people = newPeople(t.rng, r.name, t.temper)
	t.pickTopic()
	t.plan()
	t.nextChat = t.pause()
	return t
}

// due returns when the talk goes on.
func (t *talk) due() time.Duration {
	if len(t.queue) > 0 && t.queue[0].at <= t.nextChat {
		return t.queue[0].at
	}
	return t.nextChat
}

// step lets one thing happen.
func (t *talk) step(now time.Time) {
	t.at = t.due()
	t.stamp = now.UnixMilli()
	if !t.virtual.IsZero() {
		t.stamp = t.virtual.Add(t.at).UnixMilli()
	}
	if t.partner != nil { // it may get copies
		t.partner.stamp = t.stamp
	}
	if len(t.queue) > 0 && t.queue[0].at <= t.nextChat {
		m := heap.Pop(&t.queue).(moment)
		m.do()
		return
	}
	t.chat()
	t.nextChat = t.at + t.pause()
}

// after makes something happen later. What would not fit is left out.
func (t *talk) after(d time.Duration, do func()) {
	if len(t.queue) < maxMoments {
		t.order++
		heap.Push(&t.queue, moment{t.at + d, t.order, do})
	}
}

// maxMoments bounds what may be planned for later in one room.
const maxMoments = 2000

// pause draws the time to the next message: random arrivals at a rate that the
// scene changes while we wait.
func (t *talk) pause() time.Duration {
	need := t.rng.ExpFloat64() // messages' worth of waiting
	at := t.at
	const stepLen = 250 * time.Millisecond
	for range 4000 {
		rate := t.base * t.tempo(at)
		part := rate * stepLen.Seconds()
		if part >= need {
			return at - t.at + time.Duration(need/rate*float64(time.Second))
		}
		need -= part
		at += stepLen
	}
	return at - t.at
}

// chance is true with probability p.
func (t *talk) chance(p float64) bool { return t.rng.Float64() < p }

// between draws a time.
func (t *talk) between(from, to time.Duration) time.Duration {
	return from + time.Duration(t.rng.Int64N(int64(to-from)+1))
}

// id draws a message id.
func (t *talk) id() string { return uuid(t.rng.Uint64(), t.rng.Uint64()) }

// extra is what a message has besides its text.
type extra struct {
	action bool
	first  bool
	bits   int
	reply  *spoken
	msgID  string
	forget bool // not to be replied to
}

// say writes t.text as p's message and returns its id.
func (t *talk) say(p *person, x extra) string {
	text := t.text
	if p.asked != "" && string(text) == p.asked {
		text = p.bypass(t.rng, text)
	}
	p.asked = string(text)
	m := &t.msg
	*m = privmsg{
		channel: t.room.name, roomID: t.room.id, id: t.id(), time: t.stamp,
		login: p.login, display: p.display, userID: p.id, color: p.color,
		badgeInfo: p.badgeInfo, badges: p.badges, userType: p.userType,
		text: text, bits: x.bits, msgID: x.msgID, action: x.action,
		first: x.first, sub: p.sub, mod: p.mod, vip: p.vip, turbo: p.turbo,
	}
	if p.nonces {
		m.nonce = t.nonce()
	}
	var own map[string]string
	if p.sub {
		own = t.temper.emotes
	}
	m.emotes, m.emoteOnly = findEmotes(t.spans[:0], text, own)
	t.spans = m.emotes
	if x.reply != nil {
		m.reply = &parent{id: x.reply.id, userID: x.reply.by.id, login: x.reply.by.login, display: x.reply.by.display, text: x.reply.text}
	}
	tr := isMessage
	switch {
	case x.action:
		tr |= isAction
	case isCommandText(text):
		tr |= isCommand
	}
	if p.bot {
		tr |= isBot
	}
	if x.reply != nil {
		tr |= isReply
	}
	if x.first {
		tr |= isFirst
	}
	if x.bits > 0 {
		tr |= isCheer
	}
	id := m.id
	if t.partner != nil && t.at < t.sharedUntil {
		m.source = source{room: t.room.id, id: m.id, badges: p.badges, badgeInfo: p.badgeInfo}
		t.writeMessage(tr)
		m.id, m.channel, m.roomID = t.id(), t.partner.room.name, t.partner.room.id
		m.badges, m.badgeInfo, m.sub, m.mod, m.vip = "", "", false, false, false
		t.partner.writeCopy(m, tr|isMirrored)
	} else {
		t.writeMessage(tr)
	}
	if !x.forget {
		t.recent[t.said%recentSize] = spoken{id, p, p.asked}
		t.said++
	}
	return id
}

func (t *talk) writeMessage(tr traits) { t.writeCopy(&t.msg, tr) }

// writeCopy writes a message into this talk's room.
func (t *talk) writeCopy(m *privmsg, tr traits) {
	start := len(t.out.data)
	t.out.data = appendPrivmsg(t.out.data, m)
	t.out.end(start, 0, tr)
}

// line writes any other line.
func (t *talk) line(tg tags, rest string, needs caps, tr traits) {
	start := len(t.out.data)
	t.out.data = append(t.out.data, tg...)
	if len(tg) > 0 {
		t.out.data = append(t.out.data, ' ')
	}
	t.out.data = append(t.out.data, rest...)
	t.out.end(start, needs, tr)
}

// nonce draws a client's nonce.
func (t *talk) nonce() string {
	id := t.id()
	return id[0:8] + id[9:13] + id[14:18] + id[19:23] + id[24:36]
}

// someone returns one of those who spoke lately, nil when nobody did.
func (t *talk) someone() *spoken {
	n := min(t.said, recentSize)
	if n == 0 {
		return nil
	}
	return &t.recent[t.rng.IntN(n)]
}
