package twitchsim

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"chatmood/internal/chat"
)

// replay plays a log of past chat into a room, with its pauses and with the
// times of now.
type replay struct {
	room    *room
	src     EventSource
	virtual time.Time
	write   eventWriter
	ev      chat.Event
	loaded  bool
	err     error
	first   time.Time
	at      time.Duration // of ev, never going back
}

func newReplay(r *room, cfg Config) *replay {
	return &replay{room: r, src: cfg.Script, virtual: cfg.Start}
}

// next reads ahead by one event. An error is told by play.
func (p *replay) next() (time.Duration, bool) {
	if p.loaded {
		return p.at, true
	}
	p.loaded = true
	p.ev = chat.Event{}
	if p.err = p.src.Next(&p.ev); p.err != nil {
		return p.at, !errors.Is(p.err, io.EOF)
	}
	if t := eventTime(&p.ev); !t.IsZero() {
		if p.first.IsZero() {
			p.first = t
		}
		p.at = max(p.at, t.Sub(p.first)) // logs step back by a little
	}
	return p.at, true
}

func eventTime(ev *chat.Event) time.Time {
	if !ev.Time.IsZero() {
		return ev.Time
	}
	return ev.Message.Time
}

func (p *replay) play(out map[*room]*batch, now time.Time) error {
	p.loaded = false
	if p.err != nil {
		return fmt.Errorf("reading the script: %w", p.err)
	}
	if !p.virtual.IsZero() {
		now = p.virtual.Add(p.at)
	}
	p.write.append(out[p.room], p.room, &p.ev, now)
	return nil
}

// eventWriter turns events back into the lines that Twitch sends for them.
type eventWriter struct {
	msg   privmsg
	spans []emoteSpan
	n     uint64 // of events without an id
}

// append writes ev as a line of r, stamped at, and reports whether there is a
// line for it.
func (w *eventWriter) append(b *batch, r *room, ev *chat.Event, at time.Time) bool {
	if at.IsZero() {
		at = time.Now()
	}
	stamp := at.UnixMilli()
	switch ev.Kind {
	case chat.KindMessage:
		w.message(b, r, &ev.Message, stamp)
	case chat.KindNotice:
		w.notice(b, r, ev, stamp)
	case chat.KindDelete:
		var t tags
		t.add("login", ev.TargetLogin)
		t.add("room-id", r.id)
		t.add("target-msg-id", ev.TargetID)
		t.addInt("tmi-sent-ts", stamp)
		appendLine(b, t, ":tmi.twitch.tv CLEARMSG #"+r.name+" :"+oneLine(ev.Message.Text), isDelete)
	case chat.KindClearUser:
		var t tags
		tr := isBan
		if s := int64(ev.Duration / time.Second); s > 0 {
			t.addInt("ban-duration", s)
			tr = isTimeout
		}
		t.add("room-id", r.id)
		t.add("target-user-id", orElse(ev.TargetUserID, userIDOf(ev.TargetLogin)))
		t.addInt("tmi-sent-ts", stamp)
		appendLine(b, t, ":tmi.twitch.tv CLEARCHAT #"+r.name+" :"+ev.TargetLogin, tr)
	case chat.KindClearAll:
		var t tags
		t.add("room-id", r.id)
		t.addInt("tmi-sent-ts", stamp)
		appendLine(b, t, ":tmi.twitch.tv CLEARCHAT #"+r.name, isClear)
	default:
		return false
	}
	return true
}

func appendLine(b *batch, t tags, rest string, tr traits) {
	start := len(b.data)
	b.data = append(b.data, t...)
	b.data = append(b.data, ' ')
	b.data = append(b.data, rest...)
	b.end(start, capCommands, tr)
}

// message writes a PRIVMSG.
func (w *eventWriter) message(b *batch, r *room, m *chat.Message, stamp int64) {
	login := loginOf(m)
	out := &w.msg
	*out = privmsg{
		channel: r.name, roomID: r.id, id: w.idOr(m.ID, r), time: stamp, login: login, display: orElse(m.DisplayName, login),
		userID: orElse(m.UserID, userIDOf(login)), color: oneLine(m.Color), text: []byte(oneLine(m.Text)), bits: m.Bits, action: m.Action,
		first: m.First, returning: m.Returning, sub: m.Subscriber, mod: m.Moderator, vip: m.VIP,
	}
	if m.Moderator {
		out.userType = "mod"
	}
	if m.Highlighted {
		out.msgID = "highlighted-message"
	}
	out.badges = badgesOf(m)
	if m.Reply.ParentID != "" {
		out.reply = &parent{
			id: m.Reply.ParentID, userID: userIDOf(m.Reply.ParentLogin), login: m.Reply.ParentLogin,
			display: m.Reply.ParentLogin, text: m.Reply.ParentText,
		}
	}
	if m.SourceRoomID != "" {
		room := m.SourceRoomID
		if !m.Mirrored() {
			room = r.id // the room keeps its own id here
		}
		out.source = source{room: room, id: orElse(m.SourceID, out.id)}
	}
	out.emotes = w.emotes(m.Text, m.Emotes)
	start := len(b.data)
	b.data = appendPrivmsg(b.data, out)
	needs, tr := classify(b.data[start:])
	b.end(start, needs, tr)
}

// loginOf returns a login that can stand in a line.
func loginOf(m *chat.Message) string {
	if chat.ValidLogin(m.Login) {
		return m.Login
	}
	return "viewer_" + strconv.FormatUint(hash64(m.Login+"\x00"+m.DisplayName)%1_000_000, 10)
}

func badgesOf(m *chat.Message) string {
	var list []byte
	add := func(name, version string) {
		if len(list) > 0 {
			list = append(list, ',')
		}
		list = append(append(append(list, name...), '/'), version...)
	}
	for _, bg := range m.Badges {
		add(bg.Name, bg.Version)
	}
	if len(m.Badges) == 0 {
		switch {
		case m.Broadcaster:
			add("broadcaster", "1")
		case m.Moderator:
			add("moderator", "1")
		case m.VIP:
			add("vip", "1")
		}
		if m.Subscriber {
			add("subscriber", "0")
		}
	}
	return string(list)
}

// emotes turns byte offsets into Twitch's code points. What is out of range is
// left out.
func (w *eventWriter) emotes(text string, emotes []chat.Emote) []emoteSpan {
	w.spans = w.spans[:0]
	for _, e := range emotes {
		if e.Start < 0 || e.End > len(text) || e.Start >= e.End || e.ID == "" {
			continue
		}
		start := utf8.RuneCountInString(text[:e.Start])
		w.spans = append(w.spans, emoteSpan{e.ID, start, start + utf8.RuneCountInString(text[e.Start:e.End]) - 1})
	}
	return w.spans
}

// notice writes a USERNOTICE.
func (w *eventWriter) notice(b *batch, r *room, ev *chat.Event, stamp int64) {
	n, m := &ev.Notice, &ev.Message
	kind, sourceKind := n.Type, ""
	if n.Mirrored {
		kind, sourceKind = "sharedchatnotice", n.Type
	}
	var t tags
	t.add("badge-info", "")
	t.add("badges", badgesOf(m))
	t.add("color", m.Color)
	t.add("display-name", orElse(n.Name, n.Login))
	t.add("emotes", string(appendEmotes(nil, w.emotes(m.Text, m.Emotes))))
	t.add("flags", "")
	t.add("id", w.idOr(n.ID, r))
	t.add("login", n.Login)
	t.addFlag("mod", m.Moderator)
	t.add("msg-id", kind)
	if n.GiftID != "" {
		t.add("msg-param-community-gift-id", n.GiftID)
	}
	if n.Count > 0 {
		switch n.Type {
		case "sub", "resub":
			t.addInt("msg-param-cumulative-months", int64(n.Count))
		case "submysterygift", "anonsubmysterygift":
			t.addInt("msg-param-mass-gift-count", int64(n.Count))
		}
	}
	if n.GiftID != "" {
		t.add("msg-param-origin-id", n.GiftID)
	}
	if n.Type == "raid" {
		t.add("msg-param-displayName", orElse(n.Name, n.Login))
		t.add("msg-param-login", n.Login)
		t.addInt("msg-param-viewerCount", int64(n.Count))
	}
	t.add("room-id", r.id)
	if n.Mirrored {
		t.add("source-msg-id", sourceKind)
		t.add("source-room-id", orElse(m.SourceRoomID, "1"))
	}
	t.addFlag("subscriber", m.Subscriber)
	t.add("system-msg", n.Text)
	t.addInt("tmi-sent-ts", stamp)
	t.add("user-id", orElse(m.UserID, userIDOf(n.Login)))
	t.add("user-type", "")
	t.addFlag("vip", m.VIP)
	rest := ":tmi.twitch.tv USERNOTICE #" + r.name
	if m.Text != "" {
		rest += " :" + oneLine(m.Text)
	}
	tr := isNotice
	if n.Mirrored {
		tr |= isMirrored
	}
	appendLine(b, t, rest, tr)
}

// idOr makes an id for an event that has none.
func (w *eventWriter) idOr(id string, r *room) string {
	if id != "" {
		return id
	}
	w.n++
	return uuid(hash64(r.name)+w.n, hash64(strconv.FormatUint(w.n, 16)))
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// oneLine takes what would end a line out of a text.
func oneLine(s string) string {
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' || s[i] == 0 {
			b := []byte(s)
			for i, c := range b {
				if c == '\r' || c == '\n' || c == 0 {
					b[i] = ' '
				}
			}
			return string(b)
		}
	}
	return s
}
