package irc

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chatmood/internal/chat"
)

// ErrNoChannel is the error of a chat line that names no channel.
var ErrNoChannel = errors.New("the line names no channel")

// maxBadges bounds what one line can make us keep; Twitch shows a handful.
const maxBadges = 64

// Decoder makes events of lines. The zero value is ready. A Decoder is not safe
// for concurrent use; it keeps nothing between lines but scratch space.
type Decoder struct {
	line Line
	tags fields
}

// fields are the tags that the decoder wants, still escaped.
type fields struct {
	badges, banDuration, bits, color, displayName, emotes, firstMsg, gifs, id, login, mod, msgID     string
	returning, roomID, sentTS, oldSentTS, sourceID, sourceRoomID, sourceMsgID, subscriber, systemMsg string
	targetMsgID, targetUserID, userID, userType, vip                                                 string
	replyID, replyLogin, replyText                                                                   string
	gifts, giftID, originID, months, oldMonths, threshold, value, viewers                            string
}

// Decode parses line and, where it is something that happened in a channel
// (PRIVMSG, USERNOTICE, CLEARCHAT, CLEARMSG), fills ev and returns true. Other
// commands (PING, ROOMSTATE, …) give false without an error. A line that cannot
// be read gives an error and leaves ev in no particular state.
//
// All of ev is overwritten; the room of its Emotes and Badges slices is used
// again. Its strings are parts of line (see [chat.Event]), except values that
// were escaped. Events hold valid UTF-8 only: before anything is measured each
// byte of line that is not part of a character is replaced by U+FFFD, so that
// such a byte counts as one code point (as it does in a Go range loop) for the
// emote ranges behind it.
//
// Where the line has no time stamp ev.Time is zero, where it has no id the ids
// are empty: whoever reads the line knows better what to put there.
func (d *Decoder) Decode(line string, ev *chat.Event) (bool, error) {
	if !utf8.ValidString(line) {
		line = replaceInvalid(line)
	}
	if err := ParseLine(&d.line, line); err != nil {
		return false, err
	}
	return d.decode(&d.line, ev)
}

// DecodeLine is [Decoder.Decode] for a line that was parsed before.
func (d *Decoder) DecodeLine(l *Line, ev *chat.Event) (bool, error) {
	if !l.valid() {
		clean := l.clean()
		return d.decode(&clean, ev)
	}
	return d.decode(l, ev)
}

func (d *Decoder) decode(l *Line, ev *chat.Event) (bool, error) {
	var kind chat.Kind
	switch l.Command {
	case "PRIVMSG":
		kind = chat.KindMessage
	case "USERNOTICE":
		kind = chat.KindNotice
	case "CLEARCHAT":
		kind = chat.KindClearUser
	case "CLEARMSG":
		kind = chat.KindDelete
	default:
		return false, nil
	}
	channel := l.Channel()
	if channel == "" {
		return false, fmt.Errorf("reading a %s: %w", l.Command, ErrNoChannel)
	}
	d.tags.read(l.Tags)
	t := &d.tags

	emotes, badges := ev.Message.Emotes[:0], ev.Message.Badges[:0]
	*ev = chat.Event{Kind: kind, Channel: channel, Time: t.time()}
	ev.Message.Emotes, ev.Message.Badges = emotes, badges
	switch kind {
	case chat.KindMessage:
		if l.n < 2 {
			return false, errors.New("reading a PRIVMSG: the line has no text")
		}
		t.fillMessage(&ev.Message, ev, l)
	case chat.KindNotice:
		t.fillNotice(&ev.Notice, l)
		if l.Param(1) != "" {
			t.fillMessage(&ev.Message, ev, l)
		}
	case chat.KindClearUser:
		if l.Param(1) == "" {
			ev.Kind = chat.KindClearAll
			break
		}
		ev.TargetLogin = strings.ToLower(l.Param(1))
		ev.TargetUserID = Unescape(t.targetUserID)
		ev.Duration = seconds(t.banDuration)
	case chat.KindDelete:
		ev.TargetID = Unescape(t.targetMsgID)
		ev.TargetLogin = strings.ToLower(Unescape(t.login))
	}
	return true, nil
}

// read sorts the tags into their fields in one pass. The last of several tags
// with one key counts.
func (t *fields) read(tags Tags) {
	*t = fields{}
	for rest := string(tags); rest != ""; {
		var key, value string
		key, value, rest = cutTag(rest)
		if f := t.field(key); f != nil {
			*f = value
		}
	}
}

// field returns where the value of a tag is kept, nil for those that we have no
// use for.
func (t *fields) field(key string) *string {
	switch key {
	case "badges":
		return &t.badges
	case "ban-duration":
		return &t.banDuration
	case "bits":
		return &t.bits
	case "color":
		return &t.color
	case "display-name":
		return &t.displayName
	case "emotes":
		return &t.emotes
	case "first-msg":
		return &t.firstMsg
	case "gifs":
		return &t.gifs
	case "id":
		return &t.id
	case "login":
		return &t.login
	case "mod":
		return &t.mod
	case "msg-id":
		return &t.msgID
	case "msg-param-community-gift-id":
		return &t.giftID
	case "msg-param-cumulative-months":
		return &t.months
	case "msg-param-mass-gift-count":
		return &t.gifts
	case "msg-param-months":
		return &t.oldMonths
	case "msg-param-origin-id":
		return &t.originID
	case "msg-param-threshold":
		return &t.threshold
	case "msg-param-value":
		return &t.value
	case "msg-param-viewerCount":
		return &t.viewers
	case "reply-parent-msg-body":
		return &t.replyText
	case "reply-parent-msg-id":
		return &t.replyID
	case "reply-parent-user-login":
		return &t.replyLogin
	case "returning-chatter":
		return &t.returning
	case "room-id":
		return &t.roomID
	case "sent-ts":
		return &t.oldSentTS
	case "source-id":
		return &t.sourceID
	case "source-msg-id":
		return &t.sourceMsgID
	case "source-room-id":
		return &t.sourceRoomID
	case "subscriber":
		return &t.subscriber
	case "system-msg":
		return &t.systemMsg
	case "target-msg-id":
		return &t.targetMsgID
	case "target-user-id":
		return &t.targetUserID
	case "tmi-sent-ts":
		return &t.sentTS
	case "user-id":
		return &t.userID
	case "user-type":
		return &t.userType
	case "vip":
		return &t.vip
	}
	return nil
}

// time returns the server's time stamp (Unix milliseconds), zero where there is
// none that can be read. Lines of before 2016 carry sent-ts.
func (t *fields) time() time.Time {
	for _, s := range [...]string{t.sentTS, t.oldSentTS} {
		if s == "" {
			continue
		}
		// A stamp beyond the year 9999 cannot be written as RFC 3339.
		if ms, err := strconv.ParseInt(s, 10, 64); err == nil && ms > 0 && ms < 253402300800000 {
			return time.UnixMilli(ms).UTC()
		}
	}
	return time.Time{}
}

// fillMessage fills m, whose Emotes and Badges are empty slices with room.
func (t *fields) fillMessage(m *chat.Message, ev *chat.Event, l *Line) {
	m.ID = Unescape(t.id)
	m.Channel = ev.Channel
	m.Time = ev.Time
	m.UserID = Unescape(t.userID)
	m.Login = l.Login()
	if m.Login == "" {
		m.Login = strings.ToLower(Unescape(t.login))
	}
	m.DisplayName = displayName(t.displayName)
	m.Color = Unescape(t.color)
	m.RoomID = Unescape(t.roomID)
	m.SourceRoomID = Unescape(t.sourceRoomID)
	m.SourceID = Unescape(t.sourceID)
	m.Bits = number(t.bits)
	m.First = t.firstMsg == "1"
	m.Returning = t.returning == "1"
	m.Subscriber = t.subscriber == "1"
	m.Moderator = t.mod == "1" || t.userType == "mod"
	m.VIP = t.vip != "" && t.vip != "0"
	m.Broadcaster = m.UserID != "" && m.UserID == m.RoomID
	m.Highlighted = ev.Kind == chat.KindMessage && t.msgID == "highlighted-message"
	m.Badges = appendBadges(m.Badges, t.badges)
	for _, b := range m.Badges {
		// Logs that were written again leave out mod, subscriber and vip.
		switch b.Name {
		case "broadcaster":
			m.Broadcaster = true
		case "moderator":
			m.Moderator = true
		case "vip":
			m.VIP = true
		case "subscriber", "founder":
			m.Subscriber = true
		}
	}
	if t.replyID != "" {
		m.Reply = chat.Reply{
			ParentID:    Unescape(t.replyID),
			ParentLogin: strings.ToLower(Unescape(t.replyLogin)),
			ParentText:  Unescape(t.replyText),
		}
	}
	m.Text, m.Action = unwrapAction(l.Param(1))
	m.Text = cleanText(m.Text)
	m.Emotes = appendEmotes(m.Emotes, m.Text, t.emotes)
	if t.gifs != "" {
		m.Text, m.Emotes = shortenGIFs(m.Text, m.Emotes, t.gifs)
	}
}

// Mirrored copies of a notice have the kind sharedchatnotice and name the kind
// of the original in source-msg-id.
const sharedChatNotice = "sharedchatnotice"

func (t *fields) fillNotice(n *chat.Notice, l *Line) {
	n.Type = Unescape(t.msgID)
	n.Mirrored = n.Type == sharedChatNotice || t.sourceRoomID != "" && t.sourceRoomID != t.roomID
	if n.Mirrored && t.sourceMsgID != "" {
		n.Type = Unescape(t.sourceMsgID)
	}
	n.ID = Unescape(t.id)
	n.Login = strings.ToLower(Unescape(t.login))
	if n.Login == "" {
		n.Login = l.Login()
	}
	n.Name = displayName(t.displayName)
	n.Text = Unescape(t.systemMsg)
	n.Count = t.count(n.Type)
	n.GiftID = Unescape(t.giftID)
	if n.GiftID == "" {
		n.GiftID = Unescape(t.originID)
	}
}

// count returns what [chat.Notice.Count] means for a kind of notice.
func (t *fields) count(kind string) int {
	switch kind {
	case "raid":
		return number(t.viewers)
	case "submysterygift", "anonsubmysterygift":
		return number(t.gifts)
	case "subgift", "anonsubgift":
		return 1
	case "sub", "resub", "extendsub":
		if n := number(t.months); n > 0 {
			return n
		}
		return number(t.oldMonths)
	case "modiversary":
		return number(t.oldMonths)
	case "bitsbadgetier":
		return number(t.threshold)
	case "viewermilestone":
		return number(t.value)
	}
	return 0
}

// displayName returns the name without escapes and outer spaces: some old
// accounts end in a space.
func displayName(raw string) string {
	return strings.TrimSpace(Unescape(raw))
}

// number returns a count from a tag, 0 where it is none. Counts above 2^31-1
// are none either.
func number(s string) int {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

func seconds(s string) time.Duration {
	return time.Duration(number(s)) * time.Second
}

// appendBadges reads "name/version,name/version". The version may hold slashes
// and spaces ("predictions/Day\s53/53").
func appendBadges(dst []chat.Badge, tag string) []chat.Badge {
	for tag != "" && len(dst) < maxBadges {
		var one string
		one, tag, _ = strings.Cut(tag, ",")
		name, version, _ := strings.Cut(one, "/")
		if name != "" {
			dst = append(dst, chat.Badge{Name: Unescape(name), Version: Unescape(version)})
		}
	}
	return dst
}
