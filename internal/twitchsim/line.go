package twitchsim

import (
	"strconv"
	"unicode/utf8"
)

// privmsg is everything that a PRIVMSG line of Twitch says. Writers reuse one.
type privmsg struct {
	channel, roomID string
	id              string
	time            int64 // Unix milliseconds
	login, display  string
	userID, color   string
	badgeInfo       string
	badges          string
	userType        string
	text            []byte      // without the ACTION wrapper
	emotes          []emoteSpan // in order of their start
	bits            int
	nonce           string
	flags           string
	msgID           string // "highlighted-message" and its like
	reply           *parent
	source          source
	action          bool
	first           bool
	returning       bool
	sub, mod, vip   bool
	turbo           bool
	emoteOnly       bool
}

// parent is the message that a reply answers.
type parent struct {
	id, userID, login, display string
	text                       string
}

// source holds the tags of a shared chat. An empty room means none.
type source struct {
	room, id, badges, badgeInfo string
}

// emoteSpan is one emote in a text; start and end are code points, both
// inclusive, as Twitch counts them.
type emoteSpan struct {
	id         string
	start, end int
}

// appendPrivmsg appends the line, without its end. Tags are ordered as Twitch
// orders them: by the text of "key=value".
func appendPrivmsg(dst []byte, m *privmsg) []byte {
	dst = append(dst, "@badge-info="...)
	dst = appendEscaped(dst, m.badgeInfo)
	dst = append(dst, ";badges="...)
	dst = appendEscaped(dst, m.badges)
	if m.bits > 0 {
		dst = append(dst, ";bits="...)
		dst = strconv.AppendInt(dst, int64(m.bits), 10)
	}
	if m.nonce != "" {
		dst = append(dst, ";client-nonce="...)
		dst = appendEscaped(dst, m.nonce)
	}
	dst = append(dst, ";color="...)
	dst = append(dst, m.color...)
	dst = append(dst, ";display-name="...)
	dst = appendEscaped(dst, m.display)
	if m.emoteOnly {
		dst = append(dst, ";emote-only=1"...)
	}
	dst = append(dst, ";emotes="...)
	dst = appendEmotes(dst, m.emotes)
	dst = appendFlag(dst, ";first-msg=", m.first)
	dst = append(dst, ";flags="...)
	dst = append(dst, m.flags...)
	dst = append(dst, ";id="...)
	dst = appendEscaped(dst, m.id)
	dst = appendFlag(dst, ";mod=", m.mod)
	if m.msgID != "" {
		dst = append(dst, ";msg-id="...)
		dst = append(dst, m.msgID...)
	}
	if p := m.reply; p != nil {
		dst = append(dst, ";reply-parent-display-name="...)
		dst = appendEscaped(dst, p.display)
		dst = append(dst, ";reply-parent-msg-body="...)
		dst = appendEscaped(dst, p.text)
		dst = append(dst, ";reply-parent-msg-id="...)
		dst = appendEscaped(dst, p.id)
		dst = append(dst, ";reply-parent-user-id="...)
		dst = append(dst, p.userID...)
		dst = append(dst, ";reply-parent-user-login="...)
		dst = append(dst, p.login...)
		dst = append(dst, ";reply-thread-parent-msg-id="...)
		dst = appendEscaped(dst, p.id)
		dst = append(dst, ";reply-thread-parent-user-login="...)
		dst = append(dst, p.login...)
	}
	dst = appendFlag(dst, ";returning-chatter=", m.returning)
	dst = append(dst, ";room-id="...)
	dst = append(dst, m.roomID...)
	if m.source.room != "" {
		dst = appendSource(dst, &m.source)
	}
	dst = appendFlag(dst, ";subscriber=", m.sub)
	dst = append(dst, ";tmi-sent-ts="...)
	dst = strconv.AppendInt(dst, m.time, 10)
	dst = appendFlag(dst, ";turbo=", m.turbo)
	dst = append(dst, ";user-id="...)
	dst = append(dst, m.userID...)
	dst = append(dst, ";user-type="...)
	dst = append(dst, m.userType...)
	if m.vip {
		dst = append(dst, ";vip=1"...)
	}
	dst = append(dst, ' ')
	dst = appendPrefix(dst, m.login)
	dst = append(dst, " PRIVMSG #"...)
	dst = append(dst, m.channel...)
	dst = append(dst, " :"...)
	if m.action {
		dst = append(dst, "\x01ACTION "...)
	}
	dst = append(dst, m.text...)
	if m.action {
		dst = append(dst, '\x01')
	}
	return dst
}

func appendSource(dst []byte, s *source) []byte {
	dst = append(dst, ";source-badge-info="...)
	dst = appendEscaped(dst, s.badgeInfo)
	dst = append(dst, ";source-badges="...)
	dst = appendEscaped(dst, s.badges)
	dst = append(dst, ";source-id="...)
	dst = append(dst, s.id...)
	dst = append(dst, ";source-only=0;source-room-id="...)
	return append(dst, s.room...)
}

// appendPrefix appends ":login!login@login.tmi.twitch.tv".
func appendPrefix(dst []byte, login string) []byte {
	dst = append(dst, ':')
	dst = append(dst, login...)
	dst = append(dst, '!')
	dst = append(dst, login...)
	dst = append(dst, '@')
	dst = append(dst, login...)
	return append(dst, ".tmi.twitch.tv"...)
}

func appendFlag(dst []byte, key string, on bool) []byte {
	dst = append(dst, key...)
	if on {
		return append(dst, '1')
	}
	return append(dst, '0')
}

// appendEmotes appends the value of the emotes tag: "id:0-4,9-13/id2:15-17".
func appendEmotes(dst []byte, spans []emoteSpan) []byte {
	n := 0
next:
	for i := range spans {
		for j := range i {
			if spans[j].id == spans[i].id {
				continue next // written with the first of its kind
			}
		}
		if n++; n > 1 {
			dst = append(dst, '/')
		}
		dst = append(dst, spans[i].id...)
		sep := byte(':')
		for j := i; j < len(spans); j++ {
			if spans[j].id != spans[i].id {
				continue
			}
			dst = append(dst, sep)
			dst = strconv.AppendInt(dst, int64(spans[j].start), 10)
			dst = append(dst, '-')
			dst = strconv.AppendInt(dst, int64(spans[j].end), 10)
			sep = ','
		}
	}
	return dst
}

// appendEscaped appends a tag's value, escaped as IRCv3 message tags are.
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case ';':
			dst = append(dst, `\:`...)
		case ' ':
			dst = append(dst, `\s`...)
		case '\\':
			dst = append(dst, `\\`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\n':
			dst = append(dst, `\n`...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// findEmotes appends the emotes among the words of text: those that everybody
// has and, where own is not nil, those of the channel. It reports whether the
// text is nothing but emotes.
func findEmotes(dst []emoteSpan, text []byte, own map[string]string) (spans []emoteSpan, only bool) {
	pos, words := 0, 0 // pos: code points before text
	for len(text) > 0 {
		if text[0] == ' ' {
			text, pos = text[1:], pos+1
			continue
		}
		end := 0
		for end < len(text) && text[end] != ' ' {
			end++
		}
		word := text[:end]
		n := utf8.RuneCount(word)
		words++
		id, ok := globalEmotes[string(word)]
		if !ok && own != nil {
			id, ok = own[string(word)]
		}
		if ok {
			dst = append(dst, emoteSpan{id: id, start: pos, end: pos + n - 1})
		}
		text, pos = text[end:], pos+n
	}
	return dst, words > 0 && words == len(dst)
}

// tags builds the tags of the lines that are not PRIVMSG. Keys are given in
// Twitch's order by the caller.
type tags []byte

func (t *tags) add(key, value string) {
	if len(*t) == 0 {
		*t = append(*t, '@')
	} else {
		*t = append(*t, ';')
	}
	*t = append(*t, key...)
	*t = append(*t, '=')
	*t = appendEscaped(*t, value)
}

func (t *tags) addInt(key string, value int64) {
	var b [20]byte
	t.add(key, string(strconv.AppendInt(b[:0], value, 10)))
}

func (t *tags) addFlag(key string, on bool) {
	if on {
		t.add(key, "1")
	} else {
		t.add(key, "0")
	}
}
