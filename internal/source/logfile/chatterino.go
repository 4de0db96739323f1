package logfile

import (
	"strings"
	"time"

	"chatmood/internal/chat"
)

// chatterinoParser reads the text logs of Chatterino: times of day in the
// writer's zone, the day in the header and the file name. A user may turn the
// times off or choose their form.
type chatterinoParser struct {
	r     *Reader
	clock dayClock
	zone  *time.Location
	dated bool // the day is known
	told  bool // a note about missing times was made
}

func newChatterinoParser(r *Reader) parser {
	p := &chatterinoParser{r: r, zone: r.opts.Location}
	p.clock = *newDayClock(r)
	return p
}

func (p *chatterinoParser) next(ev *chat.Event) error {
	line, err := p.r.textLine()
	if err != nil {
		return err
	}
	if line[0] == '#' && p.header(line) {
		return errSkip
	}
	st, rest, ok := cutBracketStamp(line)
	switch {
	case ok && st.dated:
		ev.Time = st.instant(p.zone)
	case ok:
		if !p.dated && !p.r.dayKnown {
			p.r.note(noDay)
		}
		p.dated = true
		ev.Time = p.clock.at(&st)
	case line[0] == '[':
		return broken("begins with '[' but no time follows")
	default:
		rest = line
		ev.Time = p.r.untimed()
		if !p.told {
			p.told = true
			p.r.note(noTimes)
		}
	}
	whole, id := p.r.withID(line, p.clock.day.Unix())
	body := whole[len(line)-len(rest):]
	if after, ok := strings.CutPrefix(body, "#"); ok { // the log of mentions
		if channel, text, ok := strings.Cut(after, " "); ok && chat.ValidLogin(channel) {
			ev.Channel, body = channel, text
		}
	}
	if display, login, text, ok := cutLocalised(body); ok {
		setMessage(ev, id, login, display, text)
		return nil
	}
	return systemLine(ev, id, body)
}

// header reads "# Start logging at 2026-01-31 20:00:00 CET".
func (p *chatterinoParser) header(line []byte) bool {
	_, stamp, ok := strings.Cut(string(line), " logging at ")
	if !ok {
		return strings.HasPrefix(string(line), "# ")
	}
	st, _, ok := cutStamp([]byte(stamp))
	if !ok || !st.dated {
		return true
	}
	if fields := strings.Fields(stamp); st.zoned && len(fields) > 2 {
		p.zone = time.FixedZone(fields[2], st.zone)
	}
	if strings.HasPrefix(string(line), "# Start") {
		p.clock.set(time.Date(st.year, time.Month(st.month), st.day, st.clock[0], st.clock[1], st.clock[2], 0, p.zone))
		p.dated = true
		if p.r.last.IsZero() {
			p.r.opts.Base = st.instant(p.zone)
		}
	}
	return true
}

// cutLocalised splits "login: text" or "Localised Name login: text".
func cutLocalised(s string) (display, login, text string, ok bool) {
	if login, text, ok = cutLogin(s); ok {
		return "", login, text, true
	}
	head, text, ok := strings.Cut(s, ": ")
	if !ok {
		return "", "", "", false
	}
	at := strings.LastIndexByte(head, ' ')
	if at <= 0 || len(head) > maxName+26 {
		return "", "", "", false
	}
	display, login = head[:at], head[at+1:]
	if !chat.ValidLogin(login) {
		return "", "", "", false
	}
	// Words before a login are a display name only where they are of another
	// script or the login with spaces; else they are a sentence of the client.
	if isASCII(display) && !strings.EqualFold(strings.ReplaceAll(display, " ", ""), login) {
		return "", "", "", false
	}
	return display, login, text, true
}
