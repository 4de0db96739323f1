package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dgryski/go-metro"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

const (
	maxWordBytes     = 64 // longer runs of letters are noise
	maxEmoteBytes    = 64
	maxTermsPerText  = 64 // different words and emotes counted of one message
	waveWords        = 8  // a wave is known by its first words
	waveMinWords     = 3  // different ones among them
	waveMinLength    = 24 // letters
	waveMinArtLength = 24 // characters of a word without letters (pictures made of signs)
)

// Seeds of the stable hashes; a checkpoint holds hashes, so they stay as they are.
const (
	seedChatter = 0x63686174
	seedTerm    = 0x7465726d
	seedEmote   = 0x656d6f74
	seedID      = 0x6d736769
	seedArt     = 0x61727420
)

// term is what is known of a word or emote beside its count.
type term struct {
	text    string
	emoteID string // Twitch's
	labels  [3]uint32
}

// scanner takes one message apart into words and emotes and counts each once.
type scanner struct {
	s     *Session
	label sentiment.Label

	seen   [maxTermsPerText]uint64
	nSeen  int
	words  [maxTermsPerText]uint32
	emotes [maxTermsPerText]uint32
	nWord  int
	nEmote int

	buf   [maxWordBytes]byte
	runes [maxWordBytes]rune

	waveKey      uint64
	waveSeen     [waveWords]uint64
	waveN        int // words taken into the key
	waveDistinct int
	waveLength   int
	waveArt      bool
}

func (c *scanner) reset(label sentiment.Label) {
	c.label = label
	c.nSeen, c.nWord, c.nEmote = 0, 0, 0
	c.waveKey, c.waveN, c.waveDistinct, c.waveLength, c.waveArt = 0, 0, 0, 0, false
}

// scan counts what is in a message.
func (c *scanner) scan(m *chat.Message) {
	text := m.Text
	e := 0
	for i := 0; i < len(text); {
		if text[i] <= ' ' {
			i++
			continue
		}
		j := i + 1
		for j < len(text) && text[j] > ' ' {
			j++
		}
		for e < len(m.Emotes) && m.Emotes[e].End <= i {
			e++
		}
		if e < len(m.Emotes) && m.Emotes[e].Start < j && m.Emotes[e].Start >= i {
			em := &m.Emotes[e]
			name := em.Name
			if name == "" {
				name = text[em.Start:min(em.End, len(text))]
			}
			c.emote(name, em.ID)
		} else {
			c.token(text[i:j])
		}
		i = j
	}
}

// wave returns the key under which the message's text is known to the waves,
// and whether it is long and varied enough to be one at all: a flood of one
// emote or one word is none.
func (c *scanner) wave() (key uint64, ok bool) {
	return c.waveKey, c.waveArt || c.waveLength >= waveMinLength && c.waveDistinct >= waveMinWords
}

func (c *scanner) token(w string) {
	switch w[0] {
	case '@':
		return
	case '!', '#', '$', '%', '&', '(', '*', '+', ',', '-', '.', '/':
	default:
		if len(w) <= maxEmoteBytes && c.s.isEmote(w) {
			c.emote(w, "")
			return
		}
	}
	if isLink(w) {
		return
	}
	n, start := 0, 0
	for i := range len(w) {
		b := w[i]
		switch {
		case b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '_':
		case b >= 'A' && b <= 'Z':
			b |= 0x20
		case b == '\'':
			continue
		case b >= utf8.RuneSelf:
			c.foreign(w[start:]) // with what was already taken of this word
			return
		default:
			c.word(n)
			n, start = 0, i+1
			continue
		}
		if n < len(c.buf) {
			c.buf[n] = b
		}
		n++
	}
	c.word(n)
}

// script classes of letters, as far as they matter for telling words apart
// where no spaces do.
type script uint8

const (
	spaced  script = iota // Latin, Cyrillic, Hangul, Arabic, …: spaces between words
	han                   // Chinese characters
	kana                  // Hiragana
	kata                  // Katakana
	unbound               // Thai, Lao, Khmer, Myanmar: no spaces between words
)

func scriptOf(r rune) script {
	switch {
	case r < 0x0e00:
		return spaced
	case r < 0x0f00, r >= 0x1000 && r < 0x10a0, r >= 0x1780 && r < 0x1800:
		return unbound
	case r >= 0x3041 && r <= 0x309f:
		return kana
	case r >= 0x30a0 && r <= 0x30ff, r >= 0xff66 && r <= 0xff9f:
		return kata
	case r >= 0x3400 && r <= 0x9fff, r >= 0xf900 && r <= 0xfaff, r >= 0x20000 && r <= 0x3ffff, r == 0x3005:
		return han
	}
	return spaced
}

// foreign takes a token with letters beyond ASCII apart: by script, where a
// language writes no spaces, and emoji out of words.
func (c *scanner) foreign(w string) {
	n, letters, signs := 0, 0, 0
	var kind script
	for i := 0; i < len(w); {
		r, size := utf8.DecodeRuneInString(w[i:])
		if isEmoji(r) {
			c.runeWord(n, kind)
			n = 0
			end := emojiEnd(w, i+size, r)
			c.emote(w[i:end], "")
			letters++
			i = end
			continue
		}
		i += size
		switch {
		case r == '\'' || r == 0x2019 || r == 0x200d || r == 0xfe0f || r == 0x034f || r == 0x200b || r == 0x206d || r >= 0xe0000 && r <= 0xe0fff:
			continue
		case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r == '_'),
			r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)):
			letters++
			k := scriptOf(r)
			if unicode.IsMark(r) || r == 0x30fc { // the sign that makes a vowel long
				k = kind
			}
			if n > 0 && k != kind {
				c.runeWord(n, kind)
				n = 0
			}
			kind = k
			if n < len(c.runes) {
				c.runes[n] = unicode.ToLower(r)
			}
			n++
		default:
			signs++
			c.runeWord(n, kind)
			n = 0
		}
	}
	c.runeWord(n, kind)
	if letters == 0 && signs >= waveMinArtLength {
		c.waveWord(metro.Hash64Str(w, seedArt), signs)
		c.waveArt = true
	}
}

// runeWord counts the first n runes of the scratch space.
func (c *scanner) runeWord(n int, kind script) {
	if n == 0 || n > len(c.runes) {
		return
	}
	r := c.runes[:n]
	switch {
	case kind == han && n > 4:
		// Where words end only a dictionary knows: neighbours in pairs.
		for i := 0; i+2 <= n; i++ {
			c.put(r[i:i+2], 2)
		}
	case kind == han:
		c.put(r, 2*n)
	case n == 1:
		return
	case kind == kana && n > 8, kind == unbound && n > 12:
		// A clause and no word; it still tells texts apart.
		c.waveWord(c.hashRunes(r), 2*n)
	case kind == spaced:
		c.put(foldRunes(r), n)
	default:
		c.put(foldRunes(r), 2*n)
	}
}

// put counts a word given in runes.
func (c *scanner) put(r []rune, length int) {
	n := 0
	for _, x := range r {
		if n+utf8.UTFMax > len(c.buf) {
			return
		}
		n += utf8.EncodeRune(c.buf[n:], x)
	}
	c.count(c.buf[:n], length)
}

func (c *scanner) hashRunes(r []rune) uint64 {
	h := uint64(seedTerm)
	for _, x := range r {
		h = (h ^ uint64(x)) * 0x9e3779b97f4a7c15
	}
	return h ^ h>>29
}

// foldRunes shortens a letter written three times or more to one, and a word
// of one letter only to two ("ㅋㅋㅋㅋ").
func foldRunes(r []rune) []rune {
	out, run := r[:0], 0
	var last rune
	for i, x := range r {
		if i > 0 && x == last {
			run++
		} else {
			run = 1
		}
		last = x
		switch {
		case run <= 2:
			out = append(out, x)
		case run == 3 && len(out) > 2 && !unicode.IsDigit(x):
			out = out[:len(out)-1]
		case unicode.IsDigit(x):
			out = append(out, x)
		}
	}
	return out
}

// word counts the first n bytes of the scratch space, an ASCII word in lower case.
func (c *scanner) word(n int) {
	if n == 0 {
		return
	}
	w := c.buf[:min(n, len(c.buf))]
	if n > len(c.buf) {
		// A long scream is one; any other run of so many letters is noise.
		if w = fold(w); len(w) < len(c.buf) {
			c.count(w, len(w))
		}
		return
	}
	if n == 1 {
		switch w[0] {
		case 'w', 'l', 'f':
			w[0] &^= 0x20 // "W in chat" is a verdict, not a letter
		default:
			return
		}
	} else {
		w = fold(w)
	}
	c.count(w, n)
}

// count counts a word of the given length in letters, once in a message.
func (c *scanner) count(w []byte, length int) {
	h := metro.Hash64(w, seedTerm)
	c.waveWord(h, length)
	if isStopWord(w) || !c.first(h) {
		return
	}
	c.words[c.nWord] = uint32(h)
	c.nWord++
	i, fresh := c.s.terms.add(h)
	c.s.span.add(h)
	if i < 0 {
		return
	}
	t := &c.s.terms.payload[i]
	if fresh {
		*t = term{text: string(w)}
	}
	t.labels[c.label]++
}

// emote counts an emote, once in a message.
func (c *scanner) emote(name, id string) {
	if name == "" || len(name) > maxEmoteBytes {
		return
	}
	h := metro.Hash64Str(name, seedEmote)
	if !c.first(h) {
		return
	}
	c.emotes[c.nEmote] = uint32(h)
	c.nEmote++
	i, fresh := c.s.emotes.add(h)
	c.s.span.add(h)
	if i < 0 {
		return
	}
	t := &c.s.emotes.payload[i]
	if fresh {
		*t = term{text: strings.Clone(name), emoteID: cloneID(id)}
	} else if t.emoteID == "" && id != "" {
		t.emoteID = cloneID(id)
		c.s.emotes.dirtyNames.mark(i / sketchPage)
	}
	t.labels[c.label]++
}

// cloneID keeps an emote's id unless it is longer than any of Twitch's.
func cloneID(id string) string {
	if len(id) > maxEmoteBytes {
		return ""
	}
	return strings.Clone(id)
}

// first reports whether a term was not in the message yet; beyond
// maxTermsPerText different ones nothing is counted.
func (c *scanner) first(h uint64) bool {
	if c.nSeen == len(c.seen) {
		return false
	}
	for _, x := range c.seen[:c.nSeen] {
		if x == h {
			return false
		}
	}
	c.seen[c.nSeen] = h
	c.nSeen++
	return true
}

func (c *scanner) waveWord(h uint64, length int) {
	c.waveLength += length
	if c.waveN == waveWords {
		return
	}
	c.waveKey = (c.waveKey ^ h) * 0x9e3779b97f4a7c15
	c.waveKey ^= c.waveKey >> 31
	for _, x := range c.waveSeen[:c.waveDistinct] {
		if x == h {
			c.waveN++
			return
		}
	}
	c.waveSeen[c.waveDistinct] = h
	c.waveDistinct++
	c.waveN++
}

// fold shortens elongations and laughter in place: "loooool" to "lol",
// "goooood" to "good", "hahahahah" to "haha", "wwwww" to "www".
func fold(w []byte) []byte {
	if len(w) >= 5 && w[0] != w[1] {
		periodic := true
		for i := 2; i < len(w); i++ {
			if w[i] != w[i-2] {
				periodic = false
				break
			}
		}
		if periodic && (w[0] > '9' || w[1] > '9') {
			if w[0] == 'l' {
				return w[:3]
			}
			return w[:4]
		}
	}
	long, run := false, 1
	for i := 1; i < len(w); i++ {
		if w[i] != w[i-1] || w[i] <= '9' {
			run = 1
			continue
		}
		run++
		if run == 3 {
			long = true
			break
		}
	}
	if !long {
		return w
	}
	var two, one [maxWordBytes]byte
	n2, n1, distinct := 0, 0, false
	for i := 0; i < len(w); {
		j := i + 1
		for j < len(w) && w[j] == w[i] {
			j++
		}
		distinct = distinct || i > 0
		k2, k1 := j-i, j-i
		if j-i >= 3 && w[i] > '9' {
			k2, k1 = 2, 1
		}
		for ; k2 > 0; k2-- {
			two[n2] = w[i]
			n2++
		}
		for ; k1 > 0; k1-- {
			one[n1] = w[i]
			n1++
		}
		i = j
	}
	switch {
	case !distinct:
		return w[:3]
	case isDoubled(two[:n2]):
		return w[:copy(w, two[:n2])]
	}
	return w[:copy(w, one[:n1])]
}

// isEmoji reports whether a rune begins an emoji.
func isEmoji(r rune) bool {
	return r >= 0x1f300 && r <= 0x1faff || r >= 0x1f1e6 && r <= 0x1f1ff ||
		r >= 0x2600 && r <= 0x27bf || r >= 0x2b05 && r <= 0x2b55
}

// emojiEnd returns where the emoji ends that begins with r and goes on at i:
// after its variation and skin tone, what is joined to it, or a flag's second
// letter.
func emojiEnd(w string, i int, r rune) int {
	if r >= 0x1f1e6 && r <= 0x1f1ff {
		if next, size := utf8.DecodeRuneInString(w[i:]); next >= 0x1f1e6 && next <= 0x1f1ff {
			return i + size
		}
		return i
	}
	for i < len(w) {
		next, size := utf8.DecodeRuneInString(w[i:])
		switch {
		case next == 0xfe0f || next >= 0x1f3fb && next <= 0x1f3ff:
			i += size
		case next == 0x200d:
			joined, n := utf8.DecodeRuneInString(w[i+size:])
			if !isEmoji(joined) {
				return i
			}
			i += size + n
		default:
			return i
		}
	}
	return i
}

// isEmote reports whether a word is an emote of a provider other than Twitch.
func (s *Session) isEmote(w string) bool {
	if s.opts.IsEmote != nil && s.opts.IsEmote(w) {
		return true
	}
	for i := range len(w) {
		if w[i] >= 'A' && w[i] <= 'Z' {
			return isKnownEmote(w) || hasEmoteShape(w) && !s.isName(w)
		}
	}
	return w == "xdd" || w == "buh" || w == ":tf:"
}

// isName reports whether a word is the name of the channel or of somebody who
// wrote lately: many are written like emotes.
func (s *Session) isName(w string) bool {
	var b [maxEmoteBytes]byte
	n := copy(b[:], w)
	for i := range n {
		b[i] = lower(b[i])
	}
	return string(b[:n]) == s.channel || s.active.find(metro.Hash64(b[:n], seedChatter)) != nil
}

// TopTerms returns the n most used words, or emotes of any provider, most
// frequent first; with a label ("positive", "neutral", "negative") those most
// used in messages of that label.
func (s *Session) TopTerms(emotes bool, label string, n int) []Term {
	k := s.terms
	if emotes {
		k = s.emotes
	}
	top := []Term{}
	weight := func(i int) uint32 { return k.counts[i] }
	if label != "" {
		l, ok := labelNamed(label)
		if !ok {
			return top
		}
		weight = func(i int) uint32 { return k.payload[i].labels[l] }
	}
	for _, i := range topPositions(len(k.counts), n, weight, func(i, j int) bool { return k.payload[i].text < k.payload[j].text }) {
		t := &k.payload[i]
		top = append(top, Term{
			Term: t.text, Count: int(k.counts[i]), EmoteID: t.emoteID,
			Positive: int(t.labels[sentiment.Positive]), Neutral: int(t.labels[sentiment.Neutral]), Negative: int(t.labels[sentiment.Negative]),
		})
	}
	return top
}

func labelNamed(name string) (sentiment.Label, bool) {
	for _, l := range [...]sentiment.Label{sentiment.Neutral, sentiment.Positive, sentiment.Negative} {
		if l.String() == name {
			return l, true
		}
	}
	return 0, false
}
