package twitchsim

import "bytes"

// caps are the capabilities that a client asked for, or that a line needs.
type caps uint8

const (
	capTags caps = 1 << iota
	capCommands
	capMembership
)

// traits are what the statistics want to know of a line.
type traits uint16

const (
	isMessage traits = 1 << iota // PRIVMSG
	isMirrored
	isBot
	isCommand
	isAction
	isReply
	isFirst
	isCheer
	isNotice // USERNOTICE
	isDelete // CLEARMSG
	isTimeout
	isBan
	isClear
)

// batch is a run of lines for one room, each ended by CR LF.
type batch struct {
	data     []byte
	marks    []mark
	messages int  // PRIVMSG lines
	needs    caps // what the lines need together
}

// mark says where a line lies in a batch and what it is.
type mark struct {
	start, end int // end excludes the CR LF
	body       int // first byte after the tags
	needs      caps
	traits     traits
}

func (b *batch) reset() {
	b.data, b.marks, b.messages, b.needs = b.data[:0], b.marks[:0], 0, 0
}

// end closes the line that was appended to b.data since start.
func (b *batch) end(start int, needs caps, tr traits) {
	m := mark{start: start, end: len(b.data), body: start, needs: needs, traits: tr}
	if m.end > start && b.data[start] == '@' {
		if i := bytes.IndexByte(b.data[start:], ' '); i >= 0 {
			m.body = start + i + 1
		}
	}
	b.data = append(b.data, '\r', '\n')
	b.marks = append(b.marks, m)
	b.needs |= needs
	if tr&isMessage != 0 {
		b.messages++
	}
}

// addLine appends a whole line and finds out by itself what it is.
func (b *batch) addLine(line []byte) {
	start := len(b.data)
	b.data = append(b.data, line...)
	needs, tr := classify(line)
	b.end(start, needs, tr)
}

// classify reads from a raw line what a client must have asked for to get it
// and what it counts as.
func classify(line []byte) (caps, traits) {
	var tagPart, prefix []byte
	rest := line
	if len(rest) > 0 && rest[0] == '@' {
		tagPart, rest, _ = bytes.Cut(rest[1:], []byte(" "))
	}
	if len(rest) > 0 && rest[0] == ':' {
		prefix, rest, _ = bytes.Cut(rest[1:], []byte(" "))
	}
	command, rest, _ := bytes.Cut(rest, []byte(" "))
	_, text, _ := bytes.Cut(rest, []byte(" :"))
	switch string(command) {
	case "PRIVMSG":
		return 0, messageTraits(tagPart, prefix, text)
	case "USERNOTICE":
		tr := isNotice
		if tagValue(tagPart, "msg-id") == "sharedchatnotice" {
			tr |= isMirrored
		}
		return capCommands, tr
	case "CLEARMSG":
		return capCommands, isDelete
	case "CLEARCHAT":
		switch {
		case len(text) == 0:
			return capCommands, isClear
		case tagValue(tagPart, "ban-duration") != "":
			return capCommands, isTimeout
		}
		return capCommands, isBan
	case "ROOMSTATE", "NOTICE", "USERSTATE", "GLOBALUSERSTATE", "RECONNECT", "WHISPER", "HOSTTARGET":
		return capCommands, 0
	}
	return 0, 0
}

func messageTraits(tagPart, prefix, text []byte) traits {
	tr := isMessage
	if room := tagValue(tagPart, "source-room-id"); room != "" && room != tagValue(tagPart, "room-id") {
		tr |= isMirrored
	}
	if tagValue(tagPart, "reply-parent-msg-id") != "" {
		tr |= isReply
	}
	if tagValue(tagPart, "first-msg") == "1" {
		tr |= isFirst
	}
	if tagValue(tagPart, "bits") != "" {
		tr |= isCheer
	}
	login, _, _ := bytes.Cut(prefix, []byte("!"))
	if knownBot(string(login)) {
		tr |= isBot
	}
	if bytes.HasPrefix(text, []byte("\x01ACTION")) {
		tr |= isAction
	} else if isCommandText(text) {
		tr |= isCommand
	}
	return tr
}

// isCommandText reports whether a text asks a bot for something: "!uptime".
func isCommandText(text []byte) bool {
	return len(text) > 1 && text[0] == '!' && (text[1] >= 'a' && text[1] <= 'z' || text[1] >= 'A' && text[1] <= 'Z')
}

// tagValue returns the value of a tag as it stands in the line.
func tagValue(tagPart []byte, key string) string {
	for len(tagPart) > 0 {
		var kv []byte
		kv, tagPart, _ = bytes.Cut(tagPart, []byte(";"))
		k, v, _ := bytes.Cut(kv, []byte("="))
		if string(k) == key {
			return string(v)
		}
	}
	return ""
}
