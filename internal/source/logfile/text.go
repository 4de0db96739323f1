package logfile

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"chatmood/internal/chat"
)

const (
	noTimes = "the log has no times: its messages were spaced one second apart"
	noDay   = "the log has no dates: times are counted from its beginning or an assumed day"
	// untimedStep is the pace given to messages without times.
	untimedStep = time.Second
	// maxName bounds a chatter's name, in bytes: 25 characters of any script.
	maxName = 100
)

// textParser reads a format of which every line is an event of its own. line
// fills ev from one line.
type textParser struct {
	r     *Reader
	line  func(p *textParser, ev *chat.Event, line []byte) error
	clock *dayClock
	base  time.Time // what offsets count from
	noted bool
}

func (p *textParser) next(ev *chat.Event) error {
	line, err := p.r.textLine()
	if err != nil {
		return err
	}
	return p.line(p, ev, line)
}

// textLine returns the next line as valid UTF-8.
func (r *Reader) textLine() ([]byte, error) {
	line, err := r.in.next()
	if err != nil || utf8.Valid(line) {
		return line, err
	}
	return bytes.ToValidUTF8(line, []byte("\uFFFD")), nil
}

// justlogLine reads "[2026-01-1 00:00:00] #channel login: text".
func justlogLine(p *textParser, ev *chat.Event, line []byte) error {
	st, rest, ok := cutBracketStamp(line)
	if !ok || !st.dated {
		return broken("does not begin with [date time]")
	}
	if len(rest) == 0 || rest[0] != '#' {
		return broken("names no #channel after the time")
	}
	ev.Time = st.instant(p.r.opts.Location)
	whole, id := p.r.withID(line, 0)
	channel, body, ok := strings.Cut(whole[len(line)-len(rest)+1:], " ")
	if !ok || channel == "" {
		return broken("ends after the channel")
	}
	ev.Channel = channel
	if login, text, ok := cutLogin(body); ok {
		setMessage(ev, id, login, "", text)
		return nil
	}
	return systemLine(ev, id, body)
}

// setMessage fills ev as a message.
func setMessage(ev *chat.Event, id, login, display, text string) {
	ev.Kind = chat.KindMessage
	m := &ev.Message
	m.ID, m.Login, m.DisplayName, m.Text = id, login, display, text
}

// cutLogin splits "login: text" where login is a valid one.
func cutLogin(s string) (login, text string, ok bool) {
	login, text, ok = strings.Cut(s, ": ")
	if !ok {
		if login, ok = strings.CutSuffix(s, ":"); !ok {
			return "", "", false
		}
	}
	if lower := strings.ToLower(login); chat.ValidLogin(lower) {
		return lower, text, true
	}
	return "", "", false
}

// validName reports whether s may be a chatter's name: a login, or one word
// in another script.
func validName(s string) bool {
	if chat.ValidLogin(strings.ToLower(s)) {
		return true
	}
	return s != "" && len(s) <= maxName && !isASCII(s) && !strings.ContainsAny(s, " \t,.;\"<>{}()[]")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// systemLine reads a line that no chatter wrote: a moderator's action or a
// sentence of Twitch.
func systemLine(ev *chat.Event, id, body string) error {
	if moderation(ev, body) {
		return nil
	}
	if n, _, ok := notice(body); ok {
		ev.Kind = chat.KindNotice
		ev.Notice = n
		ev.Notice.ID = id
		return nil
	}
	if !strings.Contains(strings.TrimSpace(body), " ") {
		return broken("has no \"name: text\"")
	}
	ev.Kind = chat.KindNotice
	ev.Notice = chat.Notice{Type: "system", ID: id, Text: body}
	return nil
}

// newOffsetTextParser reads text in which lines begin with a date and time or
// with an offset from the beginning.
func newOffsetTextParser(r *Reader, head []byte, line func(*textParser, *chat.Event, []byte) error) parser {
	p := &textParser{r: r, line: line, base: r.opts.Base}
	first, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'})
	st, _, ok := cutBracketStamp(first)
	if !ok {
		st, _, ok = cutPipeStamp(first)
	}
	if ok && !st.dated && !r.dayKnown {
		r.note(noDay)
	}
	return p
}

// bracketLine reads TwitchDownloader's text: "[stamp] Name: text".
func bracketLine(p *textParser, ev *chat.Event, line []byte) error {
	st, rest, ok := cutBracketStamp(line)
	if !ok {
		return broken("does not begin with [time]")
	}
	return p.named(ev, &st, line, len(line)-len(rest))
}

// pipeLine reads chat-downloader's text: "stamp | (Badges) Name: text".
func pipeLine(p *textParser, ev *chat.Event, line []byte) error {
	st, rest, ok := cutPipeStamp(line)
	if !ok {
		return broken("does not begin with \"time | \"")
	}
	return p.named(ev, &st, line, len(line)-len(rest))
}

// named reads "(Badges) Name: text" from line[at:].
func (p *textParser) named(ev *chat.Event, st *stamp, line []byte, at int) error {
	if st.dated {
		ev.Time = st.instant(p.r.opts.Location)
	} else {
		ev.Time = p.base.Add(st.offset())
	}
	whole, id := p.r.withID(line, p.base.Unix())
	body := whole[at:]
	m := &ev.Message
	if strings.HasPrefix(body, "(") {
		if badges, rest, ok := strings.Cut(body[1:], ") "); ok {
			for badge := range strings.SplitSeq(badges, ", ") {
				addBadge(m, strings.ToLower(badge), "")
			}
			body = rest
		}
	}
	name, text, ok := strings.Cut(body, ": ")
	if !ok {
		name, ok = strings.CutSuffix(body, ":")
	}
	if !ok || name == "" || len(name) > maxName {
		m.Badges = m.Badges[:0]
		return systemLine(ev, id, body)
	}
	named(ev, id, name, text)
	return nil
}

// named fills ev as a message of which only the display name is known, or as
// a notice where the text begins with Twitch's sentence about that chatter.
func named(ev *chat.Event, id, name, text string) {
	display := name
	login := strings.ToLower(name)
	if login == name {
		display = ""
	}
	setMessage(ev, id, login, display, text)
	noticeInText(ev, name)
}

// noticeInText turns a message that begins with Twitch's own sentence about
// its author, as downloads of past streams have them, into a notice.
func noticeInText(ev *chat.Event, name string) {
	m := &ev.Message
	if len(m.Text) <= len(name) || !strings.EqualFold(m.Text[:len(name)], name) && !strings.HasSuffix(m.Text, " have joined!") {
		return
	}
	n, rest, ok := notice(m.Text)
	if !ok {
		return
	}
	n.ID, n.Login = m.ID, m.Login
	ev.Kind, ev.Notice = chat.KindNotice, n
	shift := len(m.Text) - len(rest)
	m.Text = rest
	kept := m.Emotes[:0]
	for _, e := range m.Emotes {
		if e.Start >= shift {
			e.Start, e.End = e.Start-shift, e.End-shift
			kept = append(kept, e)
		}
	}
	m.Emotes = kept
}

// addBadge adds a badge and the rôle that it stands for.
func addBadge(m *chat.Message, name, version string) {
	m.Badges = append(m.Badges, chat.Badge{Name: name, Version: version})
	switch name {
	case "subscriber", "founder":
		m.Subscriber = true
	case "moderator":
		m.Moderator = true
	case "vip":
		m.VIP = true
	case "broadcaster":
		m.Broadcaster = true
	}
}

// clientLine reads the text of other IRC clients: "[20:00:12] <@name> text".
func clientLine(p *textParser, ev *chat.Event, line []byte) error {
	st, rest, ok := cutBracketStamp(line)
	if !ok {
		if st, rest, ok = cutBareClock(line); !ok {
			return broken("does not begin with a time")
		}
	}
	if st.dated {
		ev.Time = st.instant(p.r.opts.Location)
	} else {
		if !p.noted && !p.r.dayKnown {
			p.r.note(noDay)
		}
		p.noted = true
		ev.Time = p.clock.at(&st)
	}
	if len(rest) == 0 || rest[0] != '<' {
		return errSkip // joins, modes and other lines of the client
	}
	whole, id := p.r.withID(line, p.clock.day.Unix())
	name, text, ok := strings.Cut(whole[len(line)-len(rest)+1:], ">")
	name = strings.TrimLeft(name, "@%+~&!$ ")
	if !ok || name == "" || len(name) > maxName {
		return broken("has no <name>")
	}
	named(ev, id, name, strings.TrimPrefix(text, " "))
	return nil
}

// plainLine reads "name: text" or "<name> text" without any time.
func plainLine(p *textParser, ev *chat.Event, line []byte) error {
	whole, id := p.r.withID(line, 0)
	name, text, ok := strings.Cut(whole, ": ")
	if line[0] == '<' {
		name, text, ok = strings.Cut(whole[1:], "> ")
	}
	if !ok || name == "" || len(name) > maxName {
		return broken("has no \"name: text\"")
	}
	ev.Time = p.r.untimed()
	named(ev, id, name, text)
	return nil
}

// untimed returns the time given to a line that has none.
func (r *Reader) untimed() time.Time {
	if r.last.IsZero() {
		return r.opts.Base
	}
	return r.last.Add(untimedStep)
}

// dayClock turns times of day into instants: it knows the day and moves to the
// next when the clock passes midnight.
type dayClock struct {
	day  time.Time // midnight that starts the day, in its zone
	last int       // seconds since midnight of the latest line, -1 before the first
	dst  time.Duration
}

func newDayClock(r *Reader) *dayClock {
	y, m, d := r.opts.Base.In(r.opts.Location).Date()
	return &dayClock{day: time.Date(y, m, d, 0, 0, 0, 0, r.opts.Location), last: -1}
}

// set starts a new day at t.
func (c *dayClock) set(t time.Time) {
	y, m, d := t.Date()
	c.day = time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	c.last = t.Hour()*3600 + t.Minute()*60 + t.Second()
	c.dst = 0
}

const (
	halfDay = 12 * 3600
	// A clock that is back by more than this has passed midnight; by less, a
	// line came late.
	nextDay = 2 * 3600
	// An hour that repeats is the end of daylight saving time.
	dstLeast, dstMost = 3600 - 600, 3600
)

// at returns the instant of a time of day.
func (c *dayClock) at(st *stamp) time.Time {
	secs := st.secs()
	if c.last >= 0 {
		switch back := c.last - secs; {
		case back > nextDay:
			c.day = c.day.AddDate(0, 0, 1)
		case back < -halfDay && c.last < 3600 && secs > 23*3600:
			// A late line of the day before.
			t := c.day.AddDate(0, 0, -1).Add(time.Duration(secs) * time.Second)
			return t.Add(c.dst + time.Duration(st.nanos)).UTC()
		case back >= dstLeast && back <= dstMost && c.dst == 0 && c.last <= 4*3600:
			c.dst = time.Hour
		}
	}
	c.last = secs
	return c.day.Add(time.Duration(secs)*time.Second + c.dst + time.Duration(st.nanos)).UTC()
}
