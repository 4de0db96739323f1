package logfile

import (
	"strings"

	"chatmood/internal/chat"
	"chatmood/internal/source/irc"
)

// ircParser reads raw lines of Twitch IRC.
type ircParser struct {
	r   *Reader
	dec ircDecoder
}

func newIRCParser(r *Reader) parser { return &ircParser{r: r, dec: ircDecoder{r: r}} }

func (p *ircParser) next(ev *chat.Event) error {
	line, err := p.r.in.next()
	if err != nil {
		return err
	}
	return p.dec.decode(ev, string(line))
}

// ircDecoder makes events of raw lines wherever they stand.
type ircDecoder struct {
	r   *Reader
	dec irc.Decoder
}

func (d *ircDecoder) decode(ev *chat.Event, line string) error {
	ok, err := d.dec.Decode(line, ev)
	if err != nil {
		return broken("%v", err)
	}
	if !ok {
		return errSkip
	}
	// recent-messages marks what a moderator removed; nothing else tells of it.
	if ev.Kind == chat.KindMessage && ev.Message.ID != "" && strings.HasPrefix(line, "@") && strings.Contains(line[:strings.IndexByte(line, ' ')], "rm-deleted=1") {
		d.r.queue = append(d.r.queue, chat.Event{
			Kind: chat.KindDelete, Channel: ev.Channel, Time: ev.Time, TargetID: ev.Message.ID, TargetLogin: ev.Message.Login,
		})
	}
	return nil
}
