package logfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// Record is one line of chatmood's own export: an event of a channel, and for
// messages the judgement. docs/log-formats.md describes it for readers in
// other languages.
type Record struct {
	Time    time.Time `json:"time"`
	Channel string    `json:"channel,omitempty"`
	// Type is absent for a message, else "notice", "delete", "clear-user" or
	// "clear-all".
	Type  string `json:"type,omitempty"`
	ID    string `json:"id,omitempty"`
	Login string `json:"login,omitempty"` // of the author; of the target for delete and clear-user
	// Name is the display name where it is not the login.
	Name   string        `json:"name,omitempty"`
	UserID string        `json:"user_id,omitempty"`
	Text   string        `json:"text"`
	Emotes []RecordEmote `json:"emotes,omitempty"`
	Badges []string      `json:"badges,omitempty"` // "name/version"
	Color  string        `json:"color,omitempty"`
	Bits   int           `json:"bits,omitempty"`
	Action bool          `json:"action,omitempty"`
	First  bool          `json:"first,omitempty"`
	// Returning, Subscriber … are as in chat.Message.
	Returning    bool          `json:"returning,omitempty"`
	Subscriber   bool          `json:"subscriber,omitempty"`
	Moderator    bool          `json:"moderator,omitempty"`
	VIP          bool          `json:"vip,omitempty"`
	Broadcaster  bool          `json:"broadcaster,omitempty"`
	Highlighted  bool          `json:"highlighted,omitempty"`
	Reply        *RecordReply  `json:"reply,omitempty"`
	RoomID       string        `json:"room_id,omitempty"`
	SourceRoomID string        `json:"source_room_id,omitempty"`
	SourceID     string        `json:"source_id,omitempty"`
	Notice       *RecordNotice `json:"notice,omitempty"`
	// Duration is the length of a timeout in seconds; absent for a ban.
	Duration float64 `json:"duration_seconds,omitempty"`

	// Label, Score and Confidence are the judgement; absent where the message
	// was not judged. Flags are words such as "laughter".
	Label      string   `json:"label,omitempty"`
	Score      *float64 `json:"score,omitempty"`
	Confidence *float64 `json:"confidence,omitempty"`
	Flags      []string `json:"flags,omitempty"`
}

// RecordEmote is an emote. Start and End count code points of the text from 0,
// End exclusive.
type RecordEmote struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// RecordReply is what a message answers.
type RecordReply struct {
	ID    string `json:"id,omitempty"`
	Login string `json:"login,omitempty"`
	Text  string `json:"text,omitempty"`
}

// RecordNotice is what Twitch told the room.
type RecordNotice struct {
	Type     string `json:"type"`
	ID       string `json:"id,omitempty"`
	Login    string `json:"login,omitempty"`
	Name     string `json:"name,omitempty"`
	Text     string `json:"text,omitempty"`
	Count    int    `json:"count,omitempty"`
	GiftID   string `json:"gift_id,omitempty"`
	Mirrored bool   `json:"mirrored,omitempty"`
}

// flagNames gives each flag its word, by bit.
var flagNames = [...]string{"unsure", "question", "laughter", "hype", "sarcasm", "toxic", "unscored", "emote-only"} //nolint:gochecknoglobals // constant

// Set fills rec from an event and, where sc is not nil, its judgement. rec
// shares the strings of ev.
func (rec *Record) Set(ev *chat.Event, sc *sentiment.Score) {
	m := &ev.Message
	emotes, badges, flags := rec.Emotes[:0], rec.Badges[:0], rec.Flags[:0]
	*rec = Record{Time: ev.Time.UTC(), Channel: ev.Channel, Emotes: emotes, Badges: badges, Flags: flags}
	switch ev.Kind {
	case chat.KindMessage:
	case chat.KindNotice:
		n := ev.Notice
		rec.Type = ev.Kind.String()
		rec.Notice = &RecordNotice{Type: n.Type, ID: n.ID, Login: n.Login, Name: n.Name, Text: n.Text, Count: n.Count, GiftID: n.GiftID, Mirrored: n.Mirrored}
	default:
		rec.Type = ev.Kind.String()
		rec.ID, rec.Login, rec.UserID = ev.TargetID, ev.TargetLogin, ev.TargetUserID
		rec.Duration = ev.Duration.Seconds()
		return
	}
	rec.ID, rec.Login, rec.Name, rec.UserID, rec.Text = m.ID, m.Login, m.DisplayName, m.UserID, m.Text
	rec.Color, rec.Bits, rec.Action, rec.First, rec.Returning = m.Color, m.Bits, m.Action, m.First, m.Returning
	rec.Subscriber, rec.Moderator, rec.VIP, rec.Broadcaster, rec.Highlighted = m.Subscriber, m.Moderator, m.VIP, m.Broadcaster, m.Highlighted
	rec.RoomID, rec.SourceRoomID, rec.SourceID = m.RoomID, m.SourceRoomID, m.SourceID
	if m.Reply != (chat.Reply{}) {
		rec.Reply = &RecordReply{ID: m.Reply.ParentID, Login: m.Reply.ParentLogin, Text: m.Reply.ParentText}
	}
	for _, e := range m.Emotes {
		if e.Start < 0 || e.Start > e.End || e.End > len(m.Text) {
			continue
		}
		start := utf8.RuneCountInString(m.Text[:e.Start])
		rec.Emotes = append(rec.Emotes, RecordEmote{ID: e.ID, Name: e.Name, Start: start, End: start + utf8.RuneCountInString(m.Text[e.Start:e.End])})
	}
	for _, b := range m.Badges {
		rec.Badges = append(rec.Badges, b.Name+"/"+b.Version)
	}
	if sc == nil {
		return
	}
	value, confidence := round(sc.Value, 1000), round(sc.Confidence, 1000)
	rec.Label, rec.Score, rec.Confidence = sc.Label.String(), &value, &confidence
	for i, name := range flagNames {
		if sc.Flags&(1<<i) != 0 {
			rec.Flags = append(rec.Flags, name)
		}
	}
}

// round rounds v to 1/unit.
func round(v float32, unit float64) float64 {
	n := float64(v) * unit
	if n < 0 {
		return -float64(int64(-n+0.5)) / unit
	}
	return float64(int64(n+0.5)) / unit
}

// Event fills ev with what the record tells, without the judgement.
func (rec *Record) Event(ev *chat.Event) error {
	reset(ev)
	ev.Time, ev.Channel = rec.Time.UTC(), rec.Channel
	if rec.Time.IsZero() {
		return broken("the record has no time")
	}
	switch rec.Type {
	case "", "message":
		ev.Kind = chat.KindMessage
	case "notice":
		ev.Kind = chat.KindNotice
		if n := rec.Notice; n != nil {
			ev.Notice = chat.Notice{Type: n.Type, ID: n.ID, Login: n.Login, Name: n.Name, Text: n.Text, Count: n.Count, GiftID: n.GiftID, Mirrored: n.Mirrored}
		}
	case "delete", "clear-user", "clear-all":
		ev.Kind = map[string]chat.Kind{"delete": chat.KindDelete, "clear-user": chat.KindClearUser, "clear-all": chat.KindClearAll}[rec.Type]
		ev.TargetID, ev.TargetLogin, ev.TargetUserID = rec.ID, rec.Login, rec.UserID
		ev.Duration = time.Duration(min(max(rec.Duration, 0), maxTimeout.Seconds()) * float64(time.Second))
		return nil
	default:
		return broken("the record's type %q is unknown", cut(rec.Type, 40))
	}
	if ev.Kind == chat.KindMessage && rec.Login == "" && rec.Name == "" && rec.Text == "" {
		return broken("the record has neither author nor text")
	}
	if ev.Kind == chat.KindNotice && rec.Text == "" {
		return nil
	}
	m := &ev.Message
	m.ID, m.Channel, m.Time, m.Login, m.DisplayName, m.UserID = rec.ID, rec.Channel, ev.Time, rec.Login, rec.Name, rec.UserID
	m.Text, m.Color, m.Bits, m.Action, m.First, m.Returning = rec.Text, rec.Color, max(rec.Bits, 0), rec.Action, rec.First, rec.Returning
	for _, b := range rec.Badges {
		name, version, _ := strings.Cut(b, "/")
		addBadge(m, name, version)
	}
	m.Subscriber, m.Moderator, m.VIP, m.Broadcaster, m.Highlighted = rec.Subscriber, rec.Moderator, rec.VIP, rec.Broadcaster, rec.Highlighted
	m.RoomID, m.SourceRoomID, m.SourceID = rec.RoomID, rec.SourceRoomID, rec.SourceID
	if p := rec.Reply; p != nil {
		m.Reply = chat.Reply{ParentID: p.ID, ParentLogin: p.Login, ParentText: p.Text}
	}
	for _, e := range rec.Emotes {
		if e.Start < 0 || e.End <= e.Start {
			continue
		}
		start, end := runeOffset(m.Text, e.Start), runeOffset(m.Text, e.End)
		if start >= 0 && end >= 0 {
			m.Emotes = append(m.Emotes, chat.Emote{ID: e.ID, Name: e.Name, Start: start, End: end})
		}
	}
	sortEmotes(m)
	return nil
}

// Writer writes records, one JSON object a line. Not safe for concurrent use.
type Writer struct {
	w   io.Writer
	enc *json.Encoder
	buf bytes.Buffer
	rec Record
}

// NewWriter returns a writer to w, which should be buffered.
func NewWriter(w io.Writer) *Writer {
	out := &Writer{w: w}
	out.enc = json.NewEncoder(&out.buf)
	out.enc.SetEscapeHTML(false)
	return out
}

// Write writes one event, with its judgement unless sc is nil.
func (w *Writer) Write(ev *chat.Event, sc *sentiment.Score) error {
	w.rec.Set(ev, sc)
	w.buf.Reset()
	if err := w.enc.Encode(&w.rec); err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	if _, err := w.w.Write(w.buf.Bytes()); err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	return nil
}

// recordDecoder reads records.
type recordDecoder struct{ rec Record }

func newRecordDecoder(*Reader) *recordDecoder { return &recordDecoder{} }

func (d *recordDecoder) header(string, []byte) {}

func (d *recordDecoder) decode(ev *chat.Event, value []byte) error {
	d.rec = Record{}
	if err := decodeJSON(value, &d.rec); err != nil {
		return err
	}
	return d.rec.Event(ev)
}
