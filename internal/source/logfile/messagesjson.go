package logfile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/source/irc"
)

// messageDecoder reads the elements of {"messages":[…]}: objects of justlog
// and rustlog, raw lines of recent-messages.
type messageDecoder struct{ dec ircDecoder }

func newMessageDecoder(r *Reader) *messageDecoder { return &messageDecoder{dec: ircDecoder{r: r}} }

func (d *messageDecoder) header(string, []byte) {}

// logMessage is one object. Type is 1 PRIVMSG, 2 CLEARCHAT, 4 USERNOTICE, 0
// where it is not given (then a PRIVMSG).
type logMessage struct {
	Text        string            `json:"text"`
	SystemText  string            `json:"systemText"`
	Username    string            `json:"username"`
	DisplayName string            `json:"displayName"`
	Channel     string            `json:"channel"`
	Timestamp   time.Time         `json:"timestamp"`
	ID          string            `json:"id"`
	Type        int               `json:"type"`
	Raw         string            `json:"raw"`
	Tags        map[string]string `json:"tags"`
}

func (d *messageDecoder) decode(ev *chat.Event, value []byte) error {
	if len(value) > 0 && value[0] == '"' {
		var line string
		if err := decodeJSON(value, &line); err != nil {
			return err
		}
		return d.dec.decode(ev, line)
	}
	var m logMessage
	if err := decodeJSON(value, &m); err != nil {
		return err
	}
	line := m.Raw
	if line == "" {
		if m.Text == "" && m.Tags == nil {
			return broken("has neither raw nor text")
		}
		line = m.rebuild()
	}
	if err := d.dec.decode(ev, line); err != nil {
		return err
	}
	if ev.Time.IsZero() {
		ev.Time = m.Timestamp.UTC()
	}
	if ev.Channel == noChannel {
		ev.Channel = ""
	}
	return nil
}

// noChannel stands in lines rebuilt from objects that name no channel; it is
// no valid login.
const noChannel = "-"

// rebuild writes the raw line that the object was made from, so that tags are
// read in one place only.
func (m *logMessage) rebuild() string {
	var b []byte
	for i, key := range sortedKeys(m.Tags) {
		b = append(b, "@;"[min(i, 1)])
		b = append(b, key...)
		b = append(b, '=')
		b = irc.AppendEscaped(b, m.Tags[key])
	}
	missing := func(key, value string) {
		if _, ok := m.Tags[key]; ok || value == "" {
			return
		}
		b = append(b, "@;"[min(len(b), 1)])
		b = append(b, key...)
		b = append(b, '=')
		b = irc.AppendEscaped(b, value)
	}
	missing("id", m.ID)
	missing("display-name", m.DisplayName)
	if m.Type == 4 {
		missing("system-msg", m.SystemText)
	}
	if len(b) > 0 {
		b = append(b, ' ')
	}
	login := cmp.Or(m.Username, m.Tags["login"], strings.ToLower(strings.ReplaceAll(cmp.Or(m.DisplayName, m.Tags["display-name"]), " ", "")))
	command := " PRIVMSG #"
	switch {
	case m.Type == 2 || m.Tags["target-user-id"] != "":
		b = append(b, ":tmi.twitch.tv"...)
		command = " CLEARCHAT #"
	case m.Type == 4 || m.Tags["system-msg"] != "":
		b = append(b, ":tmi.twitch.tv"...)
		command = " USERNOTICE #"
	default:
		b = append(b, ':')
		b = append(b, login...)
		b = append(b, '!')
		b = append(b, login...)
		b = append(b, "@twitch"...)
	}
	b = append(b, command...)
	b = append(b, cmp.Or(strings.TrimPrefix(m.Channel, "#"), noChannel)...)
	text := m.Text
	switch command {
	case " CLEARCHAT #":
		text = m.Username // text is a sentence for people
	case " USERNOTICE #":
		// rustlog puts the sentence and the chatter's words together.
		text = strings.TrimSpace(strings.TrimPrefix(text, m.Tags["system-msg"]))
	}
	if text != "" || command == " PRIVMSG #" {
		b = append(b, " :"...)
		b = append(b, strings.NewReplacer("\r", " ", "\n", " ").Replace(text)...)
	}
	return string(b)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		if k != "" && !strings.ContainsAny(k, "=; \r\n") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
