package sentiment

// The model adds up rows of small numbers. Rows of tokens, rows of letter
// groups for tokens that it does not know, extra rows for how a token is
// written, rows of neighbouring pairs, and global rows for what the rules
// found. This file decides which rows a message selects; training and judging
// share it.

// Extra rows.
const (
	extraCaps    = iota // one SHOUTED word among others
	extraLong           // drawn out
	extraTwice          // two or three in a row
	extraMany           // four or more in a row
	extraKind           // of an unknown token: nine rows by kind
	extraValence = extraKind + 10
	extraIdiom   = extraValence + 13 // of every idiom: eleven rows by valence
	NumExtras    = extraIdiom + 11
)

// maxSubwords bounds the letter groups of an unknown token.
const maxSubwords = 11

// maxTokenRows is the most rows that one token adds.
const maxTokenRows = 16

// extras appends the extra rows of token t to dst. known says whether the
// model has a row for the token itself.
func (t *token) extras(dst *[maxTokenRows]int, x *lexicon, g *signals, known bool) int {
	n := 0
	if t.shape&shapeCaps != 0 && !g.shouting && t.end-t.start > 2 {
		dst[n] = extraCaps
		n++
	}
	if t.shape&shapeLong != 0 {
		dst[n] = extraLong
		n++
	}
	if t.count > 3 {
		dst[n] = extraMany
		n++
	} else if t.count > 1 {
		dst[n] = extraTwice
		n++
	}
	if t.shape&shapeIdiom != 0 {
		dst[n] = extraIdiom + valenceBucket(x.entries[t.entry].valence)
		n++
	}
	if known {
		return n
	}
	dst[n] = extraKind + int(t.kind) - 1
	n++
	if t.entry >= 0 {
		if e := &x.entries[t.entry]; !e.silent {
			dst[n] = extraValence + valenceBucket(e.valence)
			if e.feeling&feelLaughter != 0 {
				dst[n] = extraValence + 11
			} else if e.feeling&feelSarcasm != 0 && abs(e.valence) < 0.25 {
				dst[n] = extraValence + 12
			}
			n++
		}
	}
	return n
}

// valenceBucket sorts a valence into 0 … 10.
func valenceBucket(v float32) int { return int(v*5 + 5.5) }

// subwords writes the letter groups of an unknown token: every three letters
// with the word's borders, and its first and last four.
func subwords(dst *[maxSubwords]uint32, word string) int {
	var b [maxWordBytes + 2]byte
	b[0] = '<'
	n, run := 1, 0
	var last byte
	for i := 0; i < len(word) && n <= maxWordBytes; i++ {
		c := word[i]
		if charClass[c] == charUpper {
			c |= 0x20
		}
		if c == last {
			run++
		} else {
			last, run = c, 1
		}
		if run > 2 {
			continue
		}
		b[n] = c
		n++
	}
	b[n] = '>'
	n++
	m := 0
	put := func(h uint32) {
		if m < maxSubwords {
			dst[m] = h ^ h>>15
			m++
		}
	}
	if n >= 6 {
		put((uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])) * 0x85EBCA77)
		put((uint32(b[n-4])<<24 | uint32(b[n-3])<<16 | uint32(b[n-2])<<8 | uint32(b[n-1])) * 0x85EBCA77)
	}
	for i := 0; i+3 <= n; i++ {
		put((uint32(b[i])<<16 | uint32(b[i+1])<<8 | uint32(b[i+2])) * 0x9E3779B1)
	}
	return m
}

// pairHash numbers a pair of neighbours.
func pairHash(a, b uint64) uint32 { return uint32(mix(a, b) >> 32) }

const pairStart = 0x51A7_0001 // stands before the first token

// Global rows: every finding of the rules has buckets rows.
const (
	globalBuckets = 8
	NumGlobals    = NumRules * globalBuckets
	maxGlobals    = NumRules
)

// globals writes the global rows that the findings v select.
func globals(dst *[maxGlobals]int, v *[NumRules]float32) int {
	n := 0
	for i, r := range v {
		if r == 0 {
			continue
		}
		b := int(r*4 + 4) // −1 … 1 to 0 … 8
		if b > globalBuckets-1 {
			b = globalBuckets - 1
		}
		if b < 0 {
			b = 0
		}
		dst[n] = i*globalBuckets + b
		n++
	}
	return n
}

// Features are the rows that a message selects, for training.
type Features struct {
	Tokens  []TokenFeatures
	Pairs   []uint32
	Globals []int
}

// TokenFeatures are the rows of one token.
type TokenFeatures struct {
	Key           uint64
	Subwords      []uint32 // for a token without a row of its own
	KnownExtras   []int
	UnknownExtras []int
}

// Features reads text as [Engine.Score] does and returns what the model sees.
func (e *Engine) Features(text string) Features {
	var s scratch
	var g signals
	s.tokenize(e.lex, text, nil)
	s.judge(e.lex, &g)
	f := Features{Tokens: make([]TokenFeatures, s.n), Pairs: make([]uint32, s.n)}
	prev := uint64(pairStart)
	for i := range s.n {
		t := &s.tokens[i]
		tf := &f.Tokens[i]
		tf.Key = t.key
		var rows [maxTokenRows]int
		tf.KnownExtras = append([]int(nil), rows[:t.extras(&rows, e.lex, &g, true)]...)
		n := t.extras(&rows, e.lex, &g, false)
		tf.UnknownExtras = append([]int(nil), rows[:n]...)
		if t.hasSubwords() {
			var sub [maxSubwords]uint32
			m := subwords(&sub, text[t.start:t.end])
			tf.Subwords = append([]uint32(nil), sub[:m]...)
		}
		f.Pairs[i] = pairHash(prev, t.key)
		prev = t.key
	}
	var v [NumRules]float32
	g.vector(&v)
	var rows [maxGlobals]int
	f.Globals = append([]int(nil), rows[:globals(&rows, &v)]...)
	return f
}

// hasSubwords reports whether the letters of t may say something.
func (t *token) hasSubwords() bool {
	return (t.kind == kindWord || t.kind == kindEmote || t.kind == kindForeign) && t.shape&shapeIdiom == 0
}
