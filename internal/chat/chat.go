// Package chat holds the vocabulary that the rest of chatmood shares: what a
// chat message is, who wrote it, and what else happens in a channel. It
// imports nothing of ours.
package chat

import (
	"strings"
	"time"
)

// Message is one line that a chatter wrote. Strings may share the memory of
// the line that they were parsed from; whoever keeps one longer than the call
// it arrived in clones it ([strings.Clone]).
type Message struct {
	ID          string    // Twitch's UUID; made by the reader where a log has none
	Channel     string    // login, lower case, without '#'
	Time        time.Time // the server's time stamp (tmi-sent-ts), UTC
	UserID      string    // stable numeric id, "" where unknown
	Login       string    // lower case
	DisplayName string    // "" means: as Login
	Color       string    // "#RRGGBB" or ""
	Text        string    // without the ACTION wrapper; valid UTF-8
	Emotes      []Emote   // Twitch's own emotes, ordered by Start
	Badges      []Badge
	Reply       Reply
	Bits        int
	Action      bool // written with /me
	First       bool // the chatter's first message ever in this channel
	Returning   bool
	Subscriber  bool
	Moderator   bool
	VIP         bool
	Broadcaster bool
	Highlighted bool // paid for with channel points
	// SourceRoomID and SourceID are set in a shared chat: the room that the
	// message was written in and its id there.
	SourceRoomID string
	SourceID     string
	RoomID       string
}

// Mirrored reports whether the message was written in another channel and
// only shown here (shared chat). Mirrored messages are shown but not counted.
func (m *Message) Mirrored() bool {
	return m.SourceRoomID != "" && m.SourceRoomID != m.RoomID
}

// Name returns the name to show.
func (m *Message) Name() string {
	if m.DisplayName != "" {
		return m.DisplayName
	}
	return m.Login
}

// Emote is one use of an emote in a message.
type Emote struct {
	ID   string
	Name string // the text it stands for
	// Start and End are byte offsets into Message.Text, End exclusive.
	// (Twitch counts code points, inclusive; the parser converts.)
	Start, End int
}

// Badge is one badge that a chatter shows.
type Badge struct {
	Name    string // "subscriber", "moderator", …
	Version string
}

// Reply tells which message another one answers.
type Reply struct {
	ParentID    string
	ParentLogin string
	ParentText  string
}

// Kind says what an [Event] is.
type Kind uint8

// The kinds of events.
const (
	KindMessage   Kind = iota + 1 // Message is set
	KindNotice                    // Notice is set, and Message when the chatter added words (a resub message, an announcement)
	KindDelete                    // one message was removed: TargetID
	KindClearUser                 // a chatter was timed out or banned: TargetLogin, TargetUserID, Duration (0: a ban)
	KindClearAll                  // a moderator cleared the chat
)

// String returns the name used in logs and exports.
func (k Kind) String() string {
	switch k {
	case KindMessage:
		return "message"
	case KindNotice:
		return "notice"
	case KindDelete:
		return "delete"
	case KindClearUser:
		return "clear-user"
	case KindClearAll:
		return "clear-all"
	}
	return "unknown"
}

// Event is one thing that happened in a channel. Sources reuse events: a
// receiver must not keep the pointer, the slices or, uncloned, the strings.
type Event struct {
	Kind    Kind
	Channel string
	Time    time.Time
	// Behind is for how long the source has had more to read than it got to; 0
	// where it has caught up.
	Behind       time.Duration
	Message      Message
	Notice       Notice
	TargetID     string
	TargetLogin  string
	TargetUserID string
	Duration     time.Duration
}

// Clone returns a copy that shares no memory with the source's.
func (ev *Event) Clone() *Event {
	c := *ev
	for _, s := range []*string{&c.Channel, &c.TargetID, &c.TargetLogin, &c.TargetUserID} {
		*s = strings.Clone(*s)
	}
	c.Message = ev.Message.clone()
	n := &c.Notice
	for _, s := range []*string{&n.Type, &n.ID, &n.Login, &n.Name, &n.Text, &n.GiftID} {
		*s = strings.Clone(*s)
	}
	return &c
}

func (m Message) clone() Message {
	for _, s := range []*string{
		&m.ID, &m.Channel, &m.UserID, &m.Login, &m.DisplayName, &m.Color, &m.Text,
		&m.Reply.ParentID, &m.Reply.ParentLogin, &m.Reply.ParentText, &m.SourceRoomID, &m.SourceID, &m.RoomID,
	} {
		*s = strings.Clone(*s)
	}
	m.Emotes = append([]Emote(nil), m.Emotes...)
	for i := range m.Emotes {
		m.Emotes[i].ID, m.Emotes[i].Name = strings.Clone(m.Emotes[i].ID), strings.Clone(m.Emotes[i].Name)
	}
	m.Badges = append([]Badge(nil), m.Badges...)
	for i := range m.Badges {
		m.Badges[i].Name, m.Badges[i].Version = strings.Clone(m.Badges[i].Name), strings.Clone(m.Badges[i].Version)
	}
	return m
}

// Notice is what Twitch tells the room about: subscriptions, gifts, raids,
// announcements.
type Notice struct {
	// Type is Twitch's msg-id: "sub", "resub", "subgift", "submysterygift",
	// "raid", "announcement", …; unknown kinds arrive as they are. For
	// mirrored notices it is the kind in the home room.
	Type     string
	ID       string
	Login    string // who caused it
	Name     string // their display name
	Text     string // Twitch's ready English sentence
	Count    int    // viewers of a raid, size of a gift batch, months of a resub
	GiftID   string // groups the gifts of one batch
	Mirrored bool   // happened in another room of a shared chat
}

// CleanChannel turns what a person may type or paste into a channel's login:
// "Name", "@name", "#name", "twitch.tv/name", "https://m.twitch.tv/name/videos",
// "https://www.twitch.tv/popout/name/chat?popout=". It returns false where no
// valid login is left (1 to 25 of a–z, 0–9 and '_', not beginning with '_').
func CleanChannel(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if rest, ok := strings.CutPrefix(s, "https:"); ok {
		s = rest
	} else if rest, ok := strings.CutPrefix(s, "http:"); ok {
		s = rest
	}
	s = strings.TrimLeft(s, "/")
	isURL := false
	for _, host := range []string{"twitch.tv/", "www.twitch.tv/", "m.twitch.tv/", "go.twitch.tv/", "player.twitch.tv/", "dashboard.twitch.tv/", "clips.twitch.tv/"} {
		rest, ok := strings.CutPrefix(s, host)
		if !ok {
			continue
		}
		isURL = true
		if host == "clips.twitch.tv/" {
			return "", false // a clip's address does not name its channel
		}
		if host == "player.twitch.tv/" {
			_, query, _ := strings.Cut(rest, "?")
			return queryChannel(query)
		}
		s = strings.TrimLeft(rest, "/")
		break
	}
	if !isURL {
		s = strings.TrimLeft(s, "@#")
	} else {
		path, _, _ := strings.Cut(s, "?")
		path, _, _ = strings.Cut(path, "#")
		parts := strings.Split(strings.Trim(path, "/"), "/")
		switch {
		case len(parts) >= 2 && (parts[0] == "popout" || parts[0] == "embed" || parts[0] == "moderator" || parts[0] == "u"):
			s = parts[1]
		case reservedPath(parts[0]):
			return "", false
		default:
			s = parts[0]
		}
	}
	s = strings.TrimRight(s, "/")
	if !ValidLogin(s) {
		return "", false
	}
	return s, true
}

func queryChannel(query string) (string, bool) {
	for kv := range strings.SplitSeq(query, "&") {
		if v, ok := strings.CutPrefix(kv, "channel="); ok && ValidLogin(v) {
			return v, true
		}
	}
	return "", false
}

// reservedPath reports whether a first path element of twitch.tv is a page of
// Twitch's own and no channel.
func reservedPath(s string) bool {
	switch s {
	case "", "directory", "videos", "video", "settings", "downloads", "jobs", "p", "search", "subscriptions",
		"wallet", "inventory", "drops", "prime", "turbo", "store", "login", "signup", "friends", "collections",
		"popout", "embed", "moderator", "u", "clip":
		return true
	}
	return false
}

// ValidLogin reports whether s is a Twitch login in lower case.
func ValidLogin(s string) bool {
	if len(s) == 0 || len(s) > 25 || s[0] == '_' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
