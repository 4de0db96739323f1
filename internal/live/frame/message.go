package frame

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// AppendMessage appends the JSON object of one message as batch and hello
// frames carry it. The result is valid JSON in valid UTF-8 and has no line
// breaks, whatever m holds; parts that say nothing are left out.
func AppendMessage(dst []byte, m *chat.Message, sc *sentiment.Score, o analysis.Outcome) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, m.ID)
	dst = append(dst, `,"t":`...)
	dst = strconv.AppendInt(dst, m.Time.UnixMilli(), 10)
	dst = append(dst, `,"u":`...)
	dst = appendString(dst, m.Login)
	if m.DisplayName != "" && m.DisplayName != m.Login {
		dst = append(dst, `,"n":`...)
		dst = appendString(dst, m.DisplayName)
	}
	if m.Color != "" {
		dst = append(dst, `,"c":`...)
		dst = appendString(dst, m.Color)
	}
	dst = append(dst, `,"x":`...)
	dst = appendString(dst, m.Text)
	dst = append(dst, `,"l":"`...)
	dst = append(dst, labelLetter(sc.Label), '"')
	dst = append(dst, `,"s":`...)
	dst = appendDecimal(dst, sc.Value, 3)
	dst = append(dst, `,"k":`...)
	dst = appendDecimal(dst, sc.Confidence, 2)
	dst = appendEmotes(dst, m.Text, m.Emotes)
	for i := range m.Badges {
		if i == 0 {
			dst = append(dst, `,"b":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = appendEscaped(dst, m.Badges[i].Name)
		dst = append(dst, '/')
		dst = appendEscaped(dst, m.Badges[i].Version)
		dst = append(dst, '"')
	}
	if len(m.Badges) > 0 {
		dst = append(dst, ']')
	}
	dst = appendFlags(dst, m, sc.Flags, o)
	if m.Reply.ParentID != "" {
		dst = append(dst, `,"r":{"id":`...)
		dst = appendString(dst, m.Reply.ParentID)
		dst = append(dst, `,"u":`...)
		dst = appendString(dst, m.Reply.ParentLogin)
		dst = append(dst, `,"x":`...)
		dst = appendString(dst, m.Reply.ParentText)
		dst = append(dst, '}')
	}
	if m.Bits != 0 {
		dst = append(dst, `,"$":`...)
		dst = strconv.AppendInt(dst, int64(m.Bits), 10)
	}
	return append(dst, '}')
}

func labelLetter(l sentiment.Label) byte {
	switch l {
	case sentiment.Positive:
		return 'p'
	case sentiment.Negative:
		return 'n'
	}
	return 'u'
}

// scoreFlags and outcomeFlags give the letters of the bits, lowest first.
const (
	scoreFlags   = "U?lhst0e"
	flagMirrored = 'r'
)

func appendFlags(dst []byte, m *chat.Message, f sentiment.Flags, o analysis.Outcome) []byte {
	const key = `,"f":"`
	start := len(dst)
	dst = append(dst, key...)
	for i := range len(scoreFlags) {
		if f&(1<<i) != 0 {
			dst = append(dst, scoreFlags[i])
		}
	}
	for _, flag := range [...]struct {
		set    bool
		letter byte
	}{
		{m.First || o&analysis.First != 0, '1'},
		{m.Subscriber, 'S'},
		{m.Moderator, 'M'},
		{m.VIP, 'V'},
		{m.Broadcaster, 'B'},
		{m.Action, 'a'},
		{m.Highlighted, 'H'},
		{o&analysis.Mirrored != 0, flagMirrored},
		{o&analysis.Bot != 0, 'b'},
		{o&analysis.Command != 0, 'c'},
		{o&analysis.InWave != 0, 'w'},
	} {
		if flag.set {
			dst = append(dst, flag.letter)
		}
	}
	if len(dst) == start+len(key) {
		return dst[:start]
	}
	return append(dst, '"')
}

// appendEmotes appends the e field. Byte offsets become UTF-16 code units, in
// which JavaScript counts. Emotes that do not lie in text are left out.
func appendEmotes(dst []byte, text string, emotes []chat.Emote) []byte {
	first := true
	at, units := 0, 0 // a byte offset and the same in code units
	advance := func(to int) int {
		if to < at {
			at, units = 0, 0
		}
		for at < to {
			if text[at] < utf8.RuneSelf {
				at++
				units++
				continue
			}
			// An invalid byte is one U+FFFD in the JSON.
			r, size := utf8.DecodeRuneInString(text[at:])
			at += size
			units++
			if r > 0xFFFF {
				units++
			}
		}
		return units
	}
	for i := range emotes {
		e := &emotes[i]
		if e.Start < 0 || e.End <= e.Start || e.End > len(text) {
			continue
		}
		if first {
			dst = append(dst, `,"e":[[`...)
			first = false
		} else {
			dst = append(dst, ",["...)
		}
		dst = appendString(dst, e.ID)
		dst = append(dst, ',')
		dst = strconv.AppendInt(dst, int64(advance(e.Start)), 10)
		dst = append(dst, ',')
		dst = strconv.AppendInt(dst, int64(advance(e.End)), 10)
		dst = append(dst, ']')
	}
	if first {
		return dst
	}
	return append(dst, ']')
}

// appendDecimal appends v rounded to digits decimals, without trailing zeros;
// what is no number is 0.
func appendDecimal(dst []byte, v float32, digits int) []byte {
	scale := 1
	for range digits {
		scale *= 10
	}
	scaled := math.Round(float64(v) * float64(scale))
	if math.IsNaN(scaled) || math.Abs(scaled) > 1e9 {
		scaled = 0
	}
	n := int(scaled)
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendInt(dst, int64(n/scale), 10)
	if n %= scale; n == 0 {
		return dst
	}
	dst = append(dst, '.')
	for n > 0 {
		scale /= 10
		dst = append(dst, byte('0'+n/scale))
		n %= scale
	}
	return dst
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, s)
	return append(dst, '"')
}

// safe tells the ASCII characters that stand for themselves in JSON.
func safe(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

// appendEscaped appends s as the inside of a JSON string. Bytes that are no
// UTF-8 become U+FFFD; U+2028 and U+2029 are escaped, since programs that are
// line-minded (and JavaScript before 2019) take them for line ends.
func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = slices.Grow(dst, len(s))
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if safe(c) {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, s[start:i]...)
			dst = append(dst, '\\', 'u', '2', '0', '2', hex[r&15])
			start = i + size
		}
		i += size
	}
	return append(dst, s[start:]...)
}
