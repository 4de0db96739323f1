package sentiment

import "unicode/utf8"

const (
	zeroWidthJoiner = 0x200D
	variantText     = 0xFE0E
	variantEmoji    = 0xFE0F
)

// isEmoji reports whether r begins an emoji. The ranges are those of Unicode's
// emoji-data.txt, drawn generously.
func isEmoji(r rune) bool {
	switch {
	case r < 0x203C:
		return false
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x2600 && r <= 0x27BF:
		return true
	case r >= 0x2B05 && r <= 0x2B55:
		return true
	case r >= 0x231A && r <= 0x23FF:
		return true
	case r >= 0x2190 && r <= 0x21AA:
		return true
	}
	return r == 0x203C || r == 0x2049 || r == 0x2764
}

// modifier reports the code points that change an emoji's looks and not its
// meaning: variation selectors, skin tones, and the gender signs.
func modifier(r rune) bool {
	return r == variantEmoji || r == variantText || r >= 0x1F3FB && r <= 0x1F3FF || r == 0x2642 || r == 0x2640
}

// emojiHash reads one emoji with its modifiers and joined parts and returns
// the key of the whole, the key of its first part, and its length in bytes.
func emojiHash(s string) (whole, first uint64, size int) {
	r, size := utf8.DecodeRuneInString(s)
	first = mix(0x0E0E_15ED, uint64(r))
	whole = first
	for size < len(s) {
		next, n := utf8.DecodeRuneInString(s[size:])
		switch {
		case modifier(next):
			size += n
		case next == zeroWidthJoiner:
			joined, m := utf8.DecodeRuneInString(s[size+n:])
			size += n + m
			if m > 0 && !modifier(joined) {
				whole = mix(whole, uint64(joined))
			}
		case r >= 0x1F1E6 && r <= 0x1F1FF && next >= 0x1F1E6 && next <= 0x1F1FF: // a flag is two letters
			whole = mix(whole, uint64(next))
			return whole, first, size + n
		default:
			return whole, first, size
		}
	}
	return whole, first, size
}

// emojiKey is the key under which the lexicon holds an emoji.
func emojiKey(s string) uint64 {
	whole, _, _ := emojiHash(s)
	return whole
}

func (s *scratch) emoji(x *lexicon, text string, start, end int) int {
	whole, first, size := emojiHash(text[start:end])
	at := x.exact.get(whole)
	if at < 0 && whole != first {
		at = x.exact.get(first)
	}
	s.push(token{key: whole, start: uint16(start), end: uint16(start + size), entry: int16(at), kind: kindEmoji})
	return start + size
}
