package irc

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"chatmood/internal/chat"
)

// maxEmotes bounds the ranges that one line can make us sort. Twitch cuts
// messages to 500 characters, which leaves room for 250 one-letter emotes.
const maxEmotes = 1000

// replaceInvalid returns s with each byte that is not part of a UTF-8 character
// replaced by U+FFFD. ([strings.ToValidUTF8] replaces a run of them by one,
// which would move the code points behind it.)
func replaceInvalid(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 16)
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

// valid reports whether all of l is UTF-8.
func (l *Line) valid() bool {
	for i := range l.n {
		if !utf8.ValidString(l.params[i]) {
			return false
		}
	}
	return utf8.ValidString(string(l.Tags)) && utf8.ValidString(l.Prefix) && utf8.ValidString(l.Command)
}

// clean returns a copy of l that is UTF-8.
func (l *Line) clean() Line {
	c := *l
	c.Tags, c.Prefix, c.Command = Tags(replaceInvalid(string(l.Tags))), replaceInvalid(l.Prefix), replaceInvalid(l.Command)
	for i := range c.n {
		c.params[i] = replaceInvalid(c.params[i])
	}
	return c
}

// unwrapAction takes the wrapper off what was written with /me. The closing
// byte is missing in some captures.
func unwrapAction(text string) (string, bool) {
	inner, ok := strings.CutPrefix(text, "\x01ACTION")
	if !ok || inner != "" && inner[0] != ' ' && inner[0] != '\x01' {
		return text, false
	}
	return strings.TrimSuffix(strings.TrimPrefix(inner, " "), "\x01"), true
}

// cleanText removes what clients add to a text without being seen: at the end
// the characters that get a repeated message past Twitch's check for duplicates
// (with the space before them), inside emoji U+E0002, which some clients write
// for U+200D. The number of code points before any character stays as it was,
// so that emote ranges hold.
func cleanText(s string) string {
	for {
		n := len(s)
		s = strings.TrimRight(s, " ")
		for _, suffix := range [...]string{"\u034F", "\u200B", "\u206D", "\U000E0000"} {
			s = strings.TrimSuffix(s, suffix)
		}
		if len(s) == n {
			break
		}
	}
	if strings.Contains(s, "\U000E0002") {
		s = strings.ReplaceAll(s, "\U000E0002", "\u200D")
	}
	return s
}

// appendEmotes reads the emotes tag, "id:start-end,start-end/id:start-end" in
// code points, both inclusive, and appends the emotes in the order of the text,
// in bytes, End exclusive. Ranges that are damaged, overlap an earlier one or
// lie outside text are left out; the tag is known to hold them.
func appendEmotes(dst []chat.Emote, text, tag string) []chat.Emote {
	if tag == "" {
		return dst
	}
	first, sorted := len(dst), true
	for tag != "" && len(dst)-first < maxEmotes {
		var group string
		group, tag, _ = strings.Cut(tag, "/")
		id, ranges, ok := strings.Cut(group, ":")
		if !ok || id == "" {
			continue
		}
		id = Unescape(id)
		for ranges != "" && len(dst)-first < maxEmotes {
			var one string
			one, ranges, _ = strings.Cut(ranges, ",")
			start, end, ok := parseRange(one)
			if !ok || end >= len(text) { // a code point is a byte or more
				continue
			}
			if n := len(dst); n > first && dst[n-1].Start > start {
				sorted = false
			}
			dst = append(dst, chat.Emote{ID: id, Start: start, End: end + 1})
		}
	}
	emotes := dst[first:]
	if !sorted {
		slices.SortStableFunc(emotes, func(a, b chat.Emote) int { return a.Start - b.Start })
	}
	return dst[:first+toBytes(emotes, text)]
}

// toBytes turns the ranges of emotes, sorted, from code points to bytes, names
// them, and returns how many are left after those that do not fit were removed.
func toBytes(emotes []chat.Emote, text string) int {
	kept := 0
	point, at := 0, 0 // code points and bytes walked
	for _, e := range emotes {
		if e.Start < point {
			continue // overlaps the one before
		}
		start, ok := advance(text, at, e.Start-point)
		if !ok {
			break // those behind it lie outside as well
		}
		end, ok := advance(text, start, e.End-e.Start)
		if !ok {
			point, at = e.Start, start
			continue
		}
		point, at = e.End, end
		emotes[kept] = chat.Emote{ID: e.ID, Name: text[start:end], Start: start, End: end}
		kept++
	}
	return kept
}

// advance returns the offset n code points after the one at offset at, and
// whether text reaches that far.
func advance(text string, at, n int) (int, bool) {
	for ; n > 0; n-- {
		if at >= len(text) {
			return 0, false
		}
		if text[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at, true
}

// parseRange reads "start-end", both inclusive, and refuses those that run
// backwards.
func parseRange(s string) (start, end int, ok bool) {
	a, b, found := strings.Cut(s, "-")
	if !found {
		return 0, 0, false
	}
	first, err := strconv.ParseUint(a, 10, 31)
	if err != nil {
		return 0, 0, false
	}
	last, err := strconv.ParseUint(b, 10, 31)
	if err != nil || last < first {
		return 0, 0, false
	}
	return int(first), int(last), true
}

// gifCaption stands in a text where a posted GIF's caption was. The caption
// ("[Happy Dance GIF by Somebody]") is a search engine's wording and says
// nothing about the chatter's mood; without any mark a message that is only a
// GIF would be empty.
const gifCaption = "[GIF]"

// maxGIFs bounds the ranges that one line can make us look for, each of which
// costs a walk along the text.
const maxGIFs = 32

// shortenGIFs replaces the captions that the gifs tag points at,
// "start-end|id|address,…", by gifCaption and moves the emotes behind them.
// Whether Twitch counts code points or bytes there is not documented (all
// captures are ASCII): a range is believed where it covers a bracketed caption
// by the one or else by the other count, and otherwise left alone.
func shortenGIFs(text string, emotes []chat.Emote, tag string) (string, []chat.Emote) {
	type span struct{ start, end int }
	var spans []span
	tried := 0
	for one := range strings.SplitSeq(Unescape(tag), ",") {
		where, _, _ := strings.Cut(one, "|")
		first, last, ok := parseRange(where)
		if !ok || last >= len(text) {
			continue // also the pieces of an address that holds a comma
		}
		if tried++; tried > maxGIFs {
			break
		}
		start, ok1 := advance(text, 0, first)
		end, ok2 := advance(text, start, last+1-first)
		if !ok1 || !ok2 || !isCaption(text[start:end]) {
			start, end = first, last+1
		}
		if isCaption(text[start:end]) {
			spans = append(spans, span{start, end})
		}
	}
	if len(spans) == 0 {
		return text, emotes
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	at, moved, next, kept := 0, 0, 0, 0 // moved: bytes gone before at
	move := func(before int) {
		for ; next < len(emotes) && emotes[next].Start < before; next++ {
			e := emotes[next]
			if e.Start < at || e.End > before {
				continue // inside a caption, or reaching into one
			}
			e.Start, e.End = e.Start-moved, e.End-moved
			emotes[kept] = e
			kept++
		}
	}
	for _, s := range spans {
		if s.start < at {
			continue // overlaps the one before
		}
		move(s.start)
		b.WriteString(text[at:s.start])
		b.WriteString(gifCaption)
		moved += s.end - s.start - len(gifCaption)
		at = s.end
	}
	move(len(text))
	b.WriteString(text[at:])
	return b.String(), emotes[:kept]
}

func isCaption(s string) bool {
	return len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']'
}
