package sentiment

import (
	"unicode"
	"unicode/utf8"

	"chatmood/internal/chat"
)

const (
	maxTextBytes = 2048 // of a message; what follows is not read (Twitch sends 500 code points at most)
	maxTokens    = 96   // of a message, repeats counted once; what follows is not read
	maxWordBytes = 56   // of a word that tell it apart from others
	foldBuffer   = maxWordBytes + 8
)

// kind says what a token is.
type kind uint8

const (
	kindWord    kind = iota + 1
	kindEmote        // by range, by name, or by its looks (lowerUPPER)
	kindEmoji        // one emoji, with its modifiers
	kindFace         // :-) and its relatives, kaomoji
	kindNumber       // begins with a digit
	kindPunct        // a run of one punctuation mark
	kindMention      // @name
	kindLink         // web address
	kindCommand      // !command at the beginning
	kindForeign      // letters of a script that the lexicon does not know
)

// shape holds how a token is written.
type shape uint8

const (
	shapeCaps   shape = 1 << iota // two letters or more, all upper case
	shapeTitle                    // first letter upper case, the others not
	shapeMixed                    // upper case inside
	shapeLong                     // a letter three times in a row or more
	shapeSuffix                   // known by the end of its name only
	shapeTwitch                   // marked as an emote by Twitch
	shapeEmote                    // looks like a channel emote: lowerUPPER
	shapeIdiom                    // several words that are one token
)

// token is a piece of a message. Equal neighbours are one token with a count.
type token struct {
	key        uint64 // of the folded, shortened word, or of the bytes
	start, end uint16 // byte offsets in the text
	entry      int16  // row of the lexicon, -1 for none
	count      uint8  // how often in a row, 255 at most
	kind       kind
	shape      shape
	runLen     uint8 // length of a punctuation run
}

// scratch is the working memory of one judgement. It lives on the stack.
type scratch struct {
	n          int
	letters    int
	upper      int
	foreign    int
	truncated  bool
	tokens     [maxTokens]token
	buf        [foldBuffer]byte
	bufLen     int
	firstChunk bool
	idioms     bool   // a word that begins an idiom is among the tokens
	touch      uint64 // keeps the early reads of the model from being left out
}

func (s *scratch) reset() {
	s.n, s.letters, s.upper, s.foreign, s.truncated, s.firstChunk, s.idioms = 0, 0, 0, 0, false, true, false
}

// byteClass of ASCII.
const (
	charOther = iota
	charLower
	charUpper
	charDigit
	charSpace
	charHigh // beginning of a longer UTF-8 sequence
)

var charClass = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case c >= 'a' && c <= 'z':
			t[i] = charLower
		case c >= 'A' && c <= 'Z':
			t[i] = charUpper
		case c >= '0' && c <= '9':
			t[i] = charDigit
		case c <= ' ' || c == 0x7F:
			t[i] = charSpace
		case c >= utf8.RuneSelf:
			t[i] = charHigh
		}
	}
	return t
}()

// tokenize cuts text into s.tokens and joins the words of idioms.
func (s *scratch) tokenize(x *lexicon, text string, emotes []chat.Emote) {
	s.cut(x, text, emotes)
	if s.idioms {
		s.join(x)
	}
}

// join makes one token of the words of each idiom, so that nothing counts the
// "bad" of "not bad".
func (s *scratch) join(x *lexicon) {
	n := 0
	for i := 0; i < s.n; i++ {
		t := s.tokens[i]
		if t.entry >= 0 && x.entries[t.entry].idioms {
			if at, last, key := s.idiom(x, i); at >= 0 {
				t.key, t.entry, t.end = key, at, s.tokens[last].end
				t.shape = t.shape&s.tokens[last].shape&shapeCaps | shapeIdiom
				t.count = max(t.count, s.tokens[last].count)
				i = last
			}
		}
		s.tokens[n] = t
		n++
	}
	s.n = n
}

// idiom returns the entry of the longest idiom that begins at token i, its last
// token and its key; the entry is -1 where there is none.
func (s *scratch) idiom(x *lexicon, i int) (at int16, last int, key uint64) {
	at = -1
	chain := s.tokens[i].key
	for j := i + 1; j < s.n; j++ {
		chain = mix(chain, s.tokens[j].key)
		node := x.phrases.get(chain)
		if node < 0 {
			break
		}
		if e := x.nodes[node].entry; e >= 0 && x.entries[e].class&classIdiom != 0 {
			at, last, key = int16(e), j, chain
		}
		if !x.nodes[node].more {
			break
		}
	}
	return at, last, key
}

// cut cuts text into s.tokens.
func (s *scratch) cut(x *lexicon, text string, emotes []chat.Emote) {
	s.firstChunk = true
	if len(text) > maxTextBytes {
		text, s.truncated = text[:maxTextBytes], true
	}
	nextEmote := 0
	for i := 0; i < len(text) && s.n < maxTokens; {
		if charClass[text[i]] == charSpace {
			i++
			continue
		}
		for nextEmote < len(emotes) && emotes[nextEmote].Start < i {
			nextEmote++
		}
		if nextEmote < len(emotes) {
			if e := &emotes[nextEmote]; e.Start == i && e.End > i && e.End <= len(text) {
				s.twitchEmote(x, text, i, e.End)
				i = e.End
				s.firstChunk = false
				continue
			}
		}
		end := i + 1
		for end < len(text) && charClass[text[end]] != charSpace {
			end++
		}
		s.chunk(x, text, i, end)
		s.firstChunk = false
		i = end
	}
}

// push adds a token, or counts it with its equal neighbour.
func (s *scratch) push(t token) {
	if s.n > 0 {
		if last := &s.tokens[s.n-1]; last.key == t.key && last.kind == t.kind && t.kind != kindPunct {
			if last.count < 255 {
				last.count++
			}
			return
		}
	}
	if s.n == maxTokens {
		s.truncated = true
		return
	}
	t.count = 1
	s.tokens[s.n] = t
	s.n++
}

func (s *scratch) twitchEmote(x *lexicon, text string, start, end int) {
	h := hashString(text[start:end])
	t := token{key: h, start: uint16(start), end: uint16(end), entry: int16(x.exact.get(h)), kind: kindEmote, shape: shapeTwitch}
	if t.entry < 0 {
		s.suffixEntry(x, text[start:end], &t)
	}
	s.push(t)
}

// chunk handles what stands between two spaces.
func (s *scratch) chunk(x *lexicon, text string, start, end int) {
	c := text[start:end]
	h := hashString(c)
	if i := x.exact.get(h); i >= 0 && c[0] != '?' && c[0] != '!' && (!x.entries[i].english || !beginsSentence(text, start, end) && !x.shouted(text, start, end)) {
		s.push(token{key: h, start: uint16(start), end: uint16(end), entry: int16(i), kind: exactKind(x.entries[i].class)})
		return
	}
	switch c[0] {
	case '@':
		if len(c) > 1 {
			s.push(token{key: keyMention, start: uint16(start), end: uint16(end), entry: -1, kind: kindMention})
			return
		}
	case '!':
		if s.firstChunk && len(c) > 1 && charClass[c[1]] == charLower {
			s.push(token{key: keyCommand, start: uint16(start), end: uint16(end), entry: -1, kind: kindCommand})
			return
		}
	case '<':
		if c == "<url>" {
			s.pushLink(start, end)
			return
		}
	}
	if isLink(c) {
		s.pushLink(start, end)
		return
	}
	s.parts(x, text, start, end)
}

// beginsSentence reports a word with a capital that begins a sentence of
// several words: "Waiting for him". An emote of that name stands alone, among
// emotes, or where no sentence begins.
func beginsSentence(text string, start, end int) bool {
	if charClass[text[start]] != charUpper || charClass[text[end-1]] != charLower || end+1 >= len(text) || charClass[text[end+1]] != charLower {
		return false
	}
	for i := start - 1; i >= 0; i-- {
		if c := text[i]; charClass[c] != charSpace {
			return c == '.' || c == '!' || c == '?'
		}
	}
	return true
}

// shouted reports an emote's name in capitals that stands beside another word
// in capitals: "LET HIM COOK".
func (x *lexicon) shouted(text string, start, end int) bool {
	if !isUpper(text[start:end]) {
		return false
	}
	a := start
	for a > 0 && charClass[text[a-1]] == charSpace {
		a--
	}
	b := a
	for a > 0 && charClass[text[a-1]] != charSpace {
		a--
	}
	if x.shoutedWord(text[a:b], text[start:end]) {
		return true
	}
	a = end
	for a < len(text) && charClass[text[a]] == charSpace {
		a++
	}
	b = a
	for b < len(text) && charClass[text[b]] != charSpace {
		b++
	}
	return x.shoutedWord(text[a:b], text[start:end])
}

func (x *lexicon) shoutedWord(c, other string) bool {
	return len(c) > 1 && c != other && isUpper(c) && x.exact.get(hashString(c)) < 0
}

// isUpper reports a word of capital letters.
func isUpper(c string) bool {
	for i := range len(c) {
		if charClass[c[i]] != charUpper {
			return false
		}
	}
	return true
}

// Keys of tokens that stand for many spellings.
const (
	keyMention = 0x1D5E_0000_0000_0001
	keyCommand = 0x2D5E_0000_0000_0002
	keyLink    = 0x3D5E_0000_0000_0003
	keyNumber  = 0x4D5E_0000_0000_0004
	keyLaugh   = 0x5D5E_0000_0000_0005
)

func (s *scratch) pushLink(start, end int) {
	s.push(token{key: keyLink, start: uint16(start), end: uint16(end), entry: -1, kind: kindLink})
}

func isLink(c string) bool {
	if len(c) < 6 {
		return false
	}
	switch c[0] | 0x20 {
	case 'h':
		return len(c) > 8 && (c[4] == ':' || c[5] == ':') && (c[:4] == "http" || c[:4] == "HTTP" || c[:4] == "Http")
	case 'w':
		return (c[:4] == "www." || c[:4] == "WWW.")
	}
	return false
}

func exactKind(c class) kind {
	switch {
	case c&classEmote != 0:
		return kindEmote
	case c&classEmoji != 0:
		return kindEmoji
	case c&classFace != 0:
		return kindFace
	}
	return kindWord
}

// parts cuts a chunk into words, punctuation and emoji.
func (s *scratch) parts(x *lexicon, text string, start, end int) {
	for i := start; i < end && s.n <= maxTokens; {
		switch charClass[text[i]] {
		case charLower, charUpper, charDigit:
			i = s.word(x, text, i, end)
		case charHigh:
			r, size := utf8.DecodeRuneInString(text[i:end])
			switch {
			case isEmoji(r):
				i = s.emoji(x, text, i, end)
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				i = s.word(x, text, i, end)
			default:
				i += size
			}
		default:
			i = s.punct(x, text, i, end)
		}
	}
}

func (s *scratch) punct(x *lexicon, text string, start, end int) int {
	c := text[start]
	i, same := start+1, true
	for i < end && charClass[text[i]] == charOther {
		if text[i] != c {
			same = false
		}
		i++
	}
	if !same { // several marks: perhaps a face
		if at := x.exact.get(hashString(text[start:i])); at >= 0 && i-start < 8 {
			h := hashString(text[start:i])
			s.push(token{key: h, start: uint16(start), end: uint16(i), entry: int16(at), kind: exactKind(x.entries[at].class)})
			return i
		}
		i = start + 1
		for i < end && text[i] == c {
			i++
		}
	}
	n := min(i-start, 255)
	key := punctKey(c, n)
	t := token{key: key, start: uint16(start), end: uint16(i), entry: -1, kind: kindPunct, runLen: uint8(n)}
	s.push(t)
	return i
}

// punctKey is the key of a run of n marks; three count as many.
func punctKey(c byte, n int) uint64 {
	return (uint64(c)<<8 | uint64(min(n, 3)) | 0x6D5E_0000_0000_0000) * mulA
}

// word reads letters, digits and apostrophes.
func (s *scratch) word(x *lexicon, text string, start, end int) int {
	var upper, lower, digits, run, longest, inner int
	var last rune
	n, high := 0, 0
	foreign := false
	i := start
	for i < end {
		c := text[i]
		switch charClass[c] {
		case charLower:
			lower++
		case charUpper:
			if lower > 0 || digits > 0 {
				inner++
			}
			upper++
			c |= 0x20
		case charDigit:
			digits++
		case charHigh:
			r, size := utf8.DecodeRuneInString(text[i:end])
			if r == '’' || r == 'ʼ' {
				c = '\''
				i += size - 1
				break
			}
			if unicode.Is(unicode.Mn, r) { // Zalgo and accents set on top
				i += size
				high++
				continue
			}
			if isEmoji(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				goto done
			}
			if r > 0x24F {
				foreign = true
			}
			r = unicode.ToLower(r)
			lower++
			if n+utf8.UTFMax <= maxWordBytes {
				n += utf8.EncodeRune(s.buf[n:], r)
			}
			last, run = r, 1
			i += size
			continue
		case charOther:
			if c == '\'' && i > start && i+1 < end && isLetterByte(text[i+1]) || c == '_' && i > start {
				break
			}
			goto done
		}
		if rune(c) == last {
			run++
			if run > longest {
				longest = run
			}
		} else {
			last, run = rune(c), 1
		}
		if n < maxWordBytes {
			s.buf[n] = c
			n++
		}
		i++
	}
done:
	if i == start { // a lone mark above nothing
		_, size := utf8.DecodeRuneInString(text[start:end])
		return start + size
	}
	s.letters += upper + lower
	s.upper += upper
	t := token{start: uint16(start), end: uint16(i), entry: -1, kind: kindWord}
	switch {
	case foreign:
		t.kind = kindForeign
		s.foreign++
	case digits > 0 && upper+lower == 0:
		t.kind = kindNumber
	}
	switch {
	case upper >= 2 && lower == 0:
		t.shape |= shapeCaps
	case upper == 1 && inner == 0 && lower > 0:
		t.shape |= shapeTitle
	case upper > 0 && lower > 0:
		t.shape |= shapeMixed
	}
	if longest >= 3 && digits == 0 {
		t.shape |= shapeLong
	}
	s.pad(n)
	s.resolve(x, text, int(t.start), i, n, &t)
	s.push(t)
	return i
}

func isLetterByte(c byte) bool {
	k := charClass[c]
	return k == charLower || k == charUpper || k == charHigh
}

// pad sets the eight bytes behind the word to zero, as hashFolded wants.
func (s *scratch) pad(n int) {
	for i := n; i < n+8; i++ {
		s.buf[i] = 0
	}
	s.bufLen = n
}

// resolve finds the key and the row of a word: as an emote by its exact
// spelling, folded, shortened, as laughter, or by the end of its name.
func (s *scratch) resolve(x *lexicon, text string, start, end, n int, t *token) {
	word := text[start:end]
	if t.kind == kindNumber {
		t.key = hashFolded(&s.buf, n)
		t.entry = int16(x.words.get(t.key))
		return
	}
	if t.shape&(shapeMixed|shapeTitle|shapeCaps) != 0 || len(word) == 1 {
		h := hashString(word)
		if i := x.exact.get(h); i >= 0 && (!x.entries[i].english || t.shape&shapeTitle == 0 && !x.shouted(text, start, end)) {
			t.key, t.entry, t.kind = h, int16(i), exactKind(x.entries[i].class)
			return
		}
	}
	t.key = hashFolded(&s.buf, n)
	t.entry = int16(x.words.get(t.key))
	if t.entry >= 0 {
		s.idioms = s.idioms || x.entries[t.entry].idioms
		return
	}
	if isLaughter(&s.buf, n) {
		t.key = keyLaugh
		t.entry = int16(x.words.get(laughKey))
		return
	}
	if t.shape&shapeLong != 0 {
		m := s.squeeze(2)
		t.key = hashFolded(&s.buf, m)
		t.entry = int16(x.words.get(t.key))
		if t.entry < 0 {
			m = s.squeeze(1)
			t.key = hashFolded(&s.buf, m)
			t.entry = int16(x.words.get(t.key))
		}
		if t.entry >= 0 {
			return
		}
	}
	if t.shape&shapeMixed != 0 {
		s.suffixEntry(x, word, t)
	}
}

// laughKey is the row that stands for typed laughter of any length.
var laughKey = foldKey("haha")

// isLaughter reports hahaha, jajaja, hehehe, lolol, xdddd, kkkk and the like.
func isLaughter(b *[foldBuffer]byte, n int) bool {
	if n < 4 {
		return false
	}
	h, vowels, other := 0, 0, 0
	for _, c := range b[:n] {
		switch c {
		case 'h', 'j':
			h++
		case 'a', 'e', 'i':
			vowels++
		default:
			other++
		}
	}
	if other == 0 && h >= 2 && vowels >= 2 && h <= 3*vowels && vowels <= 4*h {
		return true
	}
	if b[0] == 'x' {
		for _, c := range b[1:n] {
			if c != 'd' {
				return false
			}
		}
		return true
	}
	if b[0] == 'l' && n >= 5 { // lolol, lulul, lmaoooo is shortened elsewhere
		for i := 0; i+1 < n; i++ {
			if i%2 == 0 && b[i] != 'l' || i%2 == 1 && b[i] != 'o' && b[i] != 'u' {
				return false
			}
		}
		return true
	}
	return false
}

// squeeze shortens runs of more than most equal letters to most, in s.buf.
func (s *scratch) squeeze(most int) int {
	m, run := 0, 0
	for i := range s.bufLen {
		if i > 0 && s.buf[i] == s.buf[i-1] {
			run++
		} else {
			run = 1
		}
		if run > most {
			continue
		}
		// Writing at m <= i never disturbs s.buf[i], which the next step compares with.
		c := s.buf[i]
		if m < i {
			// keep the last byte read in place
			s.buf[m] = c
		}
		m++
	}
	s.pad(m)
	return m
}

// suffixEntry looks the end of a channel emote's name up: moon2SAD, forsenLUL.
func (s *scratch) suffixEntry(x *lexicon, name string, t *token) {
	if len(name) > maxWordBytes || len(name) < 4 || charClass[name[0]] != charLower && charClass[name[0]] != charDigit {
		return
	}
	i := 1
	for i < len(name) && charClass[name[i]] != charUpper {
		i++
	}
	if i < 2 || i >= len(name) {
		return
	}
	t.kind = kindEmote
	t.shape |= shapeEmote
	t.key = hashString(name)
	end := name[i:]
	for end != "" && charClass[end[len(end)-1]] == charDigit {
		end = end[:len(end)-1]
	}
	for _, c := range [2]string{name[i:], end} {
		h := hashString(c)
		if at := x.suffix.get(h); at >= 0 {
			t.entry = int16(at)
			t.shape |= shapeSuffix
			return
		}
		if at := x.exact.get(h); at >= 0 {
			t.entry = int16(at)
			t.shape |= shapeSuffix
			return
		}
	}
	if len(end) < 3 {
		return
	}
	for j := range len(end) {
		c := end[j]
		if charClass[c] == charUpper {
			c |= 0x20
		}
		s.buf[j] = c
	}
	s.pad(len(end))
	if at := x.words.get(hashFolded(&s.buf, len(end))); at >= 0 && !x.entries[at].silent {
		t.entry = int16(at)
		t.shape |= shapeSuffix
	}
}

// foldKey is the key of a lower-case word of the lexicon.
func foldKey(word string) uint64 {
	var b [foldBuffer]byte
	n := copy(b[:maxWordBytes], word)
	return hashFolded(&b, n)
}
