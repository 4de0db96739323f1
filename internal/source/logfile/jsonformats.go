package logfile

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"chatmood/internal/chat"
)

// text is a JSON string or number; null is "".
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case string(b) != "null" && len(b) > 0 && (isDigit(b[0]) || b[0] == '-'):
		*t = text(b)
	}
	return nil
}

// commentDecoder reads TwitchDownloader's comments.
type commentDecoder struct {
	r       *Reader
	start   time.Time // of the video; zero until known
	channel string
}

func newCommentDecoder(r *Reader) *commentDecoder { return &commentDecoder{r: r} }

func (d *commentDecoder) header(key string, value []byte) {
	var h struct {
		CreatedAt time.Time `json:"created_at"`
		Name      string    `json:"name"`
		Login     string    `json:"login"`
	}
	if json.Unmarshal(value, &h) != nil {
		return
	}
	switch key {
	case "video":
		d.start = h.CreatedAt.UTC()
	case "streamer":
		if name := strings.ToLower(cmp.Or(h.Login, h.Name)); chat.ValidLogin(name) {
			d.channel = name
		}
	}
}

type comment struct {
	ID        text       `json:"_id"`
	CreatedAt string     `json:"created_at"`
	Offset    *float64   `json:"content_offset_seconds"`
	Commenter *commenter `json:"commenter"`
	Message   struct {
		Body      string `json:"body"`
		Bits      int    `json:"bits_spent"`
		Color     string `json:"user_color"`
		Fragments []struct {
			Text     string `json:"text"`
			Emoticon *struct {
				ID text `json:"emoticon_id"`
			} `json:"emoticon"`
		} `json:"fragments"`
		Badges []struct {
			ID      text `json:"_id"`
			Version text `json:"version"`
		} `json:"user_badges"`
	} `json:"message"`
}

type commenter struct {
	ID          text   `json:"_id"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
}

// closedAccount is shown for comments whose author's account no longer exists.
const closedAccount = "(closed account)"

// maxOffset bounds content_offset_seconds: Twitch ends streams after 48 hours.
const maxOffset = 30 * 24 * 3600

func (d *commentDecoder) decode(ev *chat.Event, value []byte) error {
	var c comment
	if err := decodeJSON(value, &c); err != nil {
		return err
	}
	if c.Message.Body == "" && c.Commenter == nil {
		return broken("the comment has neither author nor text")
	}
	created, _ := time.Parse(time.RFC3339Nano, c.CreatedAt)
	switch {
	case c.Offset != nil && math.Abs(*c.Offset) <= maxOffset:
		offset := time.Duration(*c.Offset * float64(time.Second))
		if d.start.IsZero() { // no video in the file: from the first comment
			d.start = d.r.opts.Base
			if !created.IsZero() {
				d.start = created.UTC().Add(-offset)
			} else if !d.r.dayKnown {
				d.r.note(noDay)
			}
		}
		ev.Time = d.start.Add(offset)
	case !created.IsZero():
		ev.Time = created.UTC()
	default:
		return broken("the comment has no time")
	}
	ev.Channel = d.channel
	m := &ev.Message
	m.ID, m.Bits, m.Color = string(c.ID), max(c.Message.Bits, 0), c.Message.Color
	name := closedAccount
	if c.Commenter != nil {
		m.UserID = string(c.Commenter.ID)
		name = cmp.Or(c.Commenter.DisplayName, c.Commenter.Name)
		m.Login = strings.ToLower(cmp.Or(c.Commenter.Name, c.Commenter.DisplayName))
	}
	if name != m.Login {
		m.DisplayName = name
	}
	for _, b := range c.Message.Badges {
		addBadge(m, string(b.ID), string(b.Version))
	}
	ev.Kind = chat.KindMessage
	m.Text = c.Message.Body
	at := 0
	for _, f := range c.Message.Fragments {
		// Fragments make up the body; looking for each lets one that was
		// trimmed do no harm to the next.
		i := strings.Index(m.Text[at:], f.Text)
		if i < 0 || f.Text == "" {
			continue
		}
		at += i
		if f.Emoticon != nil && f.Emoticon.ID != "" {
			m.Emotes = append(m.Emotes, chat.Emote{ID: string(f.Emoticon.ID), Name: f.Text, Start: at, End: at + len(f.Text)})
		}
		at += len(f.Text)
	}
	noticeInText(ev, name)
	return nil
}

// unwrapAction removes what IRC wraps around the text of /me, which most
// formats keep. The closing byte may be missing.
func unwrapAction(m *chat.Message) {
	rest, ok := strings.CutPrefix(m.Text, "\x01ACTION")
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\x01' {
		return
	}
	rest = strings.TrimPrefix(rest, " ")
	shift := len(m.Text) - len(rest)
	m.Text, m.Action = strings.TrimSuffix(rest, "\x01"), true
	kept := m.Emotes[:0]
	for _, e := range m.Emotes {
		if e.Start -= shift; e.Start >= 0 && e.End-shift <= len(m.Text) {
			e.End -= shift
			kept = append(kept, e)
		}
	}
	m.Emotes = kept
}

// itemDecoder reads chat-downloader's items.
type itemDecoder struct{ r *Reader }

func newItemDecoder(r *Reader) *itemDecoder { return &itemDecoder{r: r} }

func (d *itemDecoder) header(string, []byte) {}

type item struct {
	Author struct {
		ID          text   `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"display_name"`
		Colour      string `json:"colour"`
		Badges      []struct {
			Name    string `json:"name"`
			Version text   `json:"version"`
		} `json:"badges"`
		Moderator  bool `json:"is_moderator"`
		Subscriber bool `json:"is_subscriber"`
	} `json:"author"`
	Channel     string      `json:"channel"`
	ChannelID   text        `json:"channel_id"`
	Colour      string      `json:"colour"`
	Emotes      []itemEmote `json:"emotes"`
	Message     string      `json:"message"`
	ID          text        `json:"message_id"`
	Type        string      `json:"message_type"`
	System      string      `json:"system_message"`
	TargetID    text        `json:"target_message_id"`
	BanDuration float64     `json:"ban_duration"`
	BannedUser  string      `json:"banned_user"`
	BannedID    text        `json:"target_author_id"`
	Reply       struct {
		Message string `json:"message"`
		ID      text   `json:"message_id"`
		Author  struct {
			Name string `json:"name"`
		} `json:"author"`
	} `json:"in_reply_to"`
	Bits      int      `json:"bits"`
	First     bool     `json:"is_first_message"`
	Returning bool     `json:"is_returning_chatter"`
	Seconds   *float64 `json:"time_in_seconds"`
	Timestamp *float64 `json:"timestamp"`
}

type itemEmote struct {
	ID        text            `json:"id"`
	Name      string          `json:"name"`
	Locations json.RawMessage `json:"locations"`
}

// ranges returns the places of the emote, which live chat gives as a list and
// past streams as one string.
func (e *itemEmote) ranges() []string {
	var list []string
	if json.Unmarshal(e.Locations, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(e.Locations, &one) == nil {
		return strings.Split(one, ",")
	}
	return nil
}

func (d *itemDecoder) decode(ev *chat.Event, value []byte) error {
	var it item
	if err := decodeJSON(value, &it); err != nil {
		return err
	}
	switch {
	case it.Timestamp != nil && *it.Timestamp > 0 && *it.Timestamp < 1e17:
		ev.Time = time.UnixMicro(int64(*it.Timestamp)).UTC()
	case it.Seconds != nil && math.Abs(*it.Seconds) <= maxOffset:
		ev.Time = d.r.opts.Base.Add(time.Duration(*it.Seconds * float64(time.Second)))
	default:
		return broken("the item has no time")
	}
	if name := strings.ToLower(it.Channel); chat.ValidLogin(name) {
		ev.Channel = name
	}
	m := &ev.Message
	login := strings.ToLower(cmp.Or(it.Author.Name, it.Author.DisplayName))
	switch it.Type {
	case "ban_user":
		ev.Kind = chat.KindClearUser
		ev.TargetLogin = strings.ToLower(cmp.Or(it.BannedUser, login, it.Message))
		ev.TargetUserID = string(cmp.Or(it.BannedID, it.Author.ID))
		ev.Duration = time.Duration(min(max(it.BanDuration, 0), maxTimeout.Seconds()) * float64(time.Second))
		return nil
	case "delete_message":
		if it.TargetID == "" {
			return errSkip
		}
		ev.Kind, ev.TargetID = chat.KindDelete, string(it.TargetID)
		return nil
	case "clear_chat":
		ev.Kind = chat.KindClearAll
		return nil
	}
	if login == "" && it.System == "" {
		return errSkip // room states and the like
	}
	ev.Kind = chat.KindMessage
	m.ID, m.UserID, m.RoomID = string(it.ID), string(it.Author.ID), string(it.ChannelID)
	m.Login, m.Color = login, cmp.Or(it.Author.Colour, it.Colour)
	if it.Author.DisplayName != login {
		m.DisplayName = it.Author.DisplayName
	}
	m.Text, m.Bits, m.First, m.Returning = it.Message, max(it.Bits, 0), it.First, it.Returning
	m.Reply = chat.Reply{ParentID: string(it.Reply.ID), ParentLogin: strings.ToLower(it.Reply.Author.Name), ParentText: it.Reply.Message}
	for _, b := range it.Author.Badges {
		addBadge(m, b.Name, string(b.Version))
	}
	m.Moderator = m.Moderator || it.Author.Moderator
	m.Subscriber = m.Subscriber || it.Author.Subscriber
	for i := range it.Emotes {
		for _, span := range it.Emotes[i].ranges() {
			addEmote(m, string(it.Emotes[i].ID), span)
		}
	}
	sortEmotes(m)
	if it.System != "" {
		ev.Kind = chat.KindNotice
		n, _, ok := notice(it.System)
		if !ok {
			n = chat.Notice{Type: it.Type}
		}
		n.ID, n.Login, n.Name, n.Text = m.ID, login, m.Name(), it.System
		ev.Notice = n
		return nil
	}
	noticeInText(ev, m.Name())
	return nil
}

// addEmote adds an emote at "first-last": code points, both inclusive. A range
// outside of the text is left out.
func addEmote(m *chat.Message, id, span string) {
	first, last, ok := strings.Cut(strings.TrimSpace(span), "-")
	if !ok {
		return
	}
	a, k, rest := number([]byte(first), 5)
	b, l, rest2 := number([]byte(last), 5)
	if k == 0 || l == 0 || len(rest)+len(rest2) > 0 || b < a {
		return
	}
	start, end := runeOffset(m.Text, a), runeOffset(m.Text, b+1)
	if start < 0 || end < 0 {
		return
	}
	m.Emotes = append(m.Emotes, chat.Emote{ID: id, Name: m.Text[start:end], Start: start, End: end})
}

// runeOffset returns the byte offset of the nth code point of s, len(s) for
// the one after the last, -1 beyond.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	if n == 0 {
		return len(s)
	}
	return -1
}

func sortEmotes(m *chat.Message) {
	slices.SortFunc(m.Emotes, func(a, b chat.Emote) int { return cmp.Compare(a.Start, b.Start) })
}
