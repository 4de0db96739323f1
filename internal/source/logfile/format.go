package logfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Format is a kind of log.
type Format string

// The formats, as docs/log-formats.md describes them.
const (
	FormatIRC                  Format = "irc"                   // raw lines of Twitch IRC
	FormatJustlogText          Format = "justlog-text"          // [2026-01-1 00:00:00] #channel login: text
	FormatMessagesJSON         Format = "messages-json"         // {"messages":[…]} of justlog, rustlog and recent-messages, or one object a line
	FormatChatterino           Format = "chatterino"            // [20:00:12] login: text
	FormatTwitchDownloader     Format = "twitchdownloader-json" // {"video":…,"comments":[…]}
	FormatTwitchDownloaderText Format = "twitchdownloader-text" // [2026-01-01 00:10:00 UTC] Name: text, or [0:10:00] Name: text
	FormatChatDownloader       Format = "chat-downloader-json"  // an array, or one object a line
	FormatChatDownloaderText   Format = "chat-downloader-text"  // 2026-01-01 00:10:00 | Name: text
	FormatClientText           Format = "irc-client-text"       // [20:00:12] <name> text (chatty, mIRC, irssi)
	FormatPlainText            Format = "plain-text"            // name: text, without times
	FormatCSV                  Format = "csv"                   // a table with a header line
	FormatRecords              Format = "chatmood"              // this program's own export, see Record
)

// Formats lists every format that can be read.
func Formats() []Format {
	return []Format{
		FormatIRC, FormatJustlogText, FormatMessagesJSON, FormatChatterino, FormatTwitchDownloader, FormatTwitchDownloaderText,
		FormatChatDownloader, FormatChatDownloaderText, FormatClientText, FormatPlainText, FormatCSV, FormatRecords,
	}
}

// ErrFormat is wrapped by the error of a file that is no chat log.
var ErrFormat = errors.New("not a chat log")

func refuse(seen string) error {
	return fmt.Errorf("%w: it looks like %s. Known are %s", ErrFormat, seen, knownFormats())
}

func knownFormats() string {
	return "raw Twitch IRC, justlog and rustlog (text, JSON), recent-messages, Chatterino, TwitchDownloader (JSON, text), " +
		"chat-downloader (JSON, text, CSV), text of other IRC clients, CSV with a header, and chatmood's own export; each also as .gz or .zst"
}

// newParser returns the parser of r.format, nil when there is none.
func newParser(r *Reader, head []byte) parser {
	switch r.format {
	case FormatIRC:
		return newIRCParser(r)
	case FormatJustlogText:
		return &textParser{r: r, line: justlogLine}
	case FormatChatterino:
		return newChatterinoParser(r)
	case FormatTwitchDownloaderText:
		return newOffsetTextParser(r, head, bracketLine)
	case FormatChatDownloaderText:
		return newOffsetTextParser(r, head, pipeLine)
	case FormatClientText:
		return &textParser{r: r, line: clientLine, clock: newDayClock(r)}
	case FormatPlainText:
		r.note(noTimes)
		return &textParser{r: r, line: plainLine}
	case FormatMessagesJSON:
		return newJSONParser(r, head, newMessageDecoder(r))
	case FormatTwitchDownloader:
		return newJSONParser(r, head, newCommentDecoder(r))
	case FormatChatDownloader:
		return newJSONParser(r, head, newItemDecoder(r))
	case FormatRecords:
		return newJSONParser(r, head, newRecordDecoder(r))
	case FormatCSV:
		return newCSVParser(r, head)
	}
	return nil
}

// detect finds the format by the beginning of a file.
func detect(head []byte) (Format, error) {
	trimmed := bytes.TrimSpace(head)
	if len(trimmed) == 0 {
		return "", refuse("an empty file")
	}
	if seen := binaryKind(head); seen != "" {
		return "", refuse(seen)
	}
	switch trimmed[0] {
	case '{', '"':
		return detectJSON(trimmed)
	case '[':
		// A text log begins with '[' too, but then a digit follows.
		if rest := bytes.TrimSpace(trimmed[1:]); len(rest) == 0 || !isDigit(rest[0]) {
			return detectJSON(trimmed)
		}
	case '<':
		if name := bytes.IndexByte(trimmed, '>'); name < 0 || !bytes.HasPrefix(trimmed[name:], []byte("> ")) || bytes.HasPrefix(trimmed, []byte("<!")) || bytes.HasPrefix(trimmed, []byte("<?")) {
			return "", refuse("HTML or XML")
		}
	}
	return detectText(head)
}

// binaryKind names what a file that is no text is, "" for text.
func binaryKind(head []byte) string {
	for _, k := range []struct{ magic, name string }{
		{"\x7fELF", "a program (ELF)"},
		{"MZ\x90", "a program (Windows)"},
		{"PK\x03\x04", "a ZIP archive: unpack it first"},
		{"\x28\xb5\x2f\xfd", "a zstd file inside a packed file: unpack it once"},
		{"\xfd7zXZ", "a file packed with xz: unpack it first (xz -d)"},
		{"BZh", "a file packed with bzip2: unpack it first (bzip2 -d)"},
		{"7z\xbc\xaf", "a 7-Zip archive: unpack it first"},
		{"\x1f\x8b", "a gzip file inside a gzip file: unpack it once"},
		{"SQLite format 3", "an SQLite database"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return k.name
		}
	}
	if kind := http.DetectContentType(head); !strings.HasPrefix(kind, "text/") && kind != "application/octet-stream" {
		return "a file of type " + kind
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return "a binary file"
	}
	bad := 0
	for b := head; len(b) > 0; {
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError && n == 1 || c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 1 {
			bad++
		}
		b = b[n:]
	}
	if bad*10 > len(head) {
		return "a binary file"
	}
	return ""
}

// sampleLines is how many lines of the beginning vote for a format.
const sampleLines = 200

// detectText lets the first lines vote.
func detectText(head []byte) (Format, error) {
	votes := make(map[Format]int)
	lines, stamped := 0, false
	rest := head
	for lines < sampleLines && len(rest) > 0 {
		line, after, whole := bytes.Cut(rest, []byte{'\n'})
		if !whole && lines > 0 && len(head) >= headSize {
			break // cut by the end of what was looked at
		}
		rest = after
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if bytes.HasPrefix(line, []byte("# St")) && bytes.Contains(line, []byte(" logging at ")) {
			stamped = true // Chatterino's own header: its lines may lack times
			continue
		}
		lines++
		f := lineFormat(line)
		if lines == 1 && f != FormatIRC && isTableHeader(line) {
			return FormatCSV, nil
		}
		votes[f]++
	}
	if stamped {
		return FormatChatterino, nil
	}
	best, most := Format(""), 0
	for _, f := range Formats() { // in this order, so that ties are settled alike
		if votes[f] > most {
			best, most = f, votes[f]
		}
	}
	need := (lines + 1) / 2
	if best == FormatPlainText {
		need = max(2, (lines*9+9)/10) // nothing but a colon speaks for it
	}
	if most < need {
		return "", refuse("text of another kind, beginning " + excerpt(head))
	}
	return best, nil
}

// lineFormat tells which format a single line would fit, "" for none.
func lineFormat(line []byte) Format {
	switch line[0] {
	case '@', ':':
		if bytes.Contains(line, []byte(" PRIVMSG #")) || bytes.Contains(line, []byte(".tv ")) {
			return FormatIRC
		}
		return ""
	case '[':
		st, rest, ok := cutBracketStamp(line)
		if !ok || len(rest) == 0 {
			return ""
		}
		switch {
		case rest[0] == '<':
			return FormatClientText
		case st.dated && rest[0] == '#':
			return FormatJustlogText
		case st.dated:
			return FormatTwitchDownloaderText
		case st.parts == 3 && st.clock[0] == 0 && st.hourDigits == 1:
			return FormatTwitchDownloaderText // [0:10:00]: an offset
		}
		return FormatChatterino
	}
	if _, _, ok := cutPipeStamp(line); ok {
		return FormatChatDownloaderText
	}
	if _, rest, ok := cutBareClock(line); ok && len(rest) > 0 && rest[0] == '<' {
		return FormatClientText
	}
	if name, text, ok := bytes.Cut(line, []byte(": ")); ok && len(text) > 0 && validName(string(name)) {
		return FormatPlainText
	}
	if line[0] == '<' {
		return FormatPlainText
	}
	return ""
}

// detectJSON finds the format of a JSON document or of lines of JSON.
func detectJSON(head []byte) (Format, error) {
	if f := documentFormat(head); f != "" {
		return f, nil
	}
	if head[0] == '[' {
		return "", refuse("a JSON array of something else")
	}
	votes := make(map[Format]int)
	lines, valid := 0, 0
	for line := range bytes.SplitSeq(head, []byte{'\n'}) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if lines++; lines > sampleLines {
			break
		}
		if f := objectFormat(line); f != "" {
			votes[f]++
			valid++
		}
	}
	best, most := Format(""), 0
	for _, f := range Formats() {
		if votes[f] > most {
			best, most = f, votes[f]
		}
	}
	if best == "" {
		return "", refuse("JSON of another kind, beginning " + excerpt(head))
	}
	return best, nil
}

// objectFormat tells what one JSON value, whole, may be an element of.
func objectFormat(value []byte) Format {
	if len(value) == 0 {
		return ""
	}
	if value[0] == '"' {
		var s string
		if json.Unmarshal(value, &s) == nil && s != "" && lineFormat([]byte(s)) == FormatIRC {
			return FormatMessagesJSON
		}
		return ""
	}
	var keys map[string]json.RawMessage
	if value[0] != '{' || json.Unmarshal(value, &keys) != nil {
		return ""
	}
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := keys[n]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("content_offset_seconds"), has("commenter", "message"):
		return FormatTwitchDownloader
	case has("raw"), has("text", "timestamp"), has("tags", "text"):
		return FormatMessagesJSON
	case has("time", "login"), has("time", "type"), has("time", "text"):
		return FormatRecords
	case has("message", "author"), has("message_type"):
		return FormatChatDownloader
	}
	return ""
}

// documentFormat finds the format of one JSON document by its outermost keys
// or its first element, "" where it is none of ours.
func documentFormat(head []byte) Format {
	s := &jsonScanner{in: &lineReader{br: newHeadReader(head)}}
	c, err := s.peek()
	if err != nil {
		return ""
	}
	if c == '[' {
		s.skipByte()
		for range 5 { // the first may be a broken one
			el, err := s.element()
			if err != nil {
				return ""
			}
			if f := objectFormat(el); f != "" {
				return f
			}
		}
		return ""
	}
	if c != '{' {
		return ""
	}
	s.skipByte()
	for {
		key, err := s.key()
		if err != nil {
			return ""
		}
		c, err := s.peek()
		if err != nil {
			return ""
		}
		if c == '[' {
			switch key {
			case "comments":
				return FormatTwitchDownloader
			case "messages":
				return FormatMessagesJSON
			}
		}
		if s.skipValue() != nil {
			return ""
		}
	}
}

// excerpt quotes the beginning of a file for a message.
func excerpt(head []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'})
	line = bytes.TrimSpace(line)
	s := strings.ToValidUTF8(string(line[:min(len(line), 60)]), "")
	if len(line) > 60 {
		s += "…"
	}
	return fmt.Sprintf("%q", s)
}
