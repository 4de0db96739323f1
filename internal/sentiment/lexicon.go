package sentiment

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// lexiconTSV is our own lexicon; docs/sentiment.md describes its columns.
//
//go:embed lexicon.tsv
var lexiconTSV string

// class says what a word does to its neighbours.
type class uint16

const (
	classNegator class = 1 << iota
	classIntensifier
	classDiminisher
	classBut
	classQuestion
	classYou
	classThird
	classSelf
	classConditional
	classEmote
	classEmoji
	classFace
	classMark
	classIdiom // a phrase that means something else than its words: one token
)

var classNames = map[string]class{
	"word": 0, "neg": classNegator, "up": classIntensifier, "down": classDiminisher, "but": classBut,
	"quest": classQuestion, "you": classYou, "he": classThird, "me": classSelf, "cond": classConditional,
	"emote": classEmote, "emoji": classEmoji, "face": classFace, "mark": classMark, "idiom": classIdiom,
}

// feeling holds the flags column of the lexicon.
type feeling uint16

const (
	feelLaughter feeling = 1 << iota
	feelSarcasm
	feelHype
	feelLove
	feelSadness
	feelAnger
	feelFear
	feelToxic
	feelSpam
)

var feelingNames = map[string]feeling{
	"laughter": feelLaughter, "sarcasm": feelSarcasm, "hype": feelHype, "love": feelLove, "sadness": feelSadness,
	"anger": feelAnger, "fear": feelFear, "toxic": feelToxic, "spam": feelSpam,
}

// entry is one row of the lexicon.
type entry struct {
	valence, arousal float32
	class            class
	feeling          feeling
	starts           bool // a phrase begins with this word
	idioms           bool // an idiom begins with this word
	english          bool // an emote whose name is an English word
	silent           bool // not rated: known for the phrases that it begins
}

// lexicon finds rows by the hash of a token.
type lexicon struct {
	entries   []entry
	exact     table // emotes, faces, emoji: bytes as they stand
	words     table // folded words
	suffix    table // ends of channel emotes
	phrases   table // chains of token hashes; values index nodes
	nodes     []phraseNode
	languages languages
	learnt    int16 // first of the rows that stand for learnt meanings: valence −1 … 1 in tenths
}

// phraseNode is a step inside a phrase: the phrase that ends here, if any, and
// whether longer ones go on.
type phraseNode struct {
	entry int32 // -1: no phrase ends here
	more  bool
}

// row is a parsed line of the lexicon.
type row struct {
	token, match string
	entry        entry
}

// parseLexicon reads the lexicon's rows, without its header.
func parseLexicon(tsv string) ([]row, error) {
	rows := make([]row, 0, strings.Count(tsv, "\n"))
	line := 0
	for text := range strings.Lines(tsv) {
		line++
		if line == 1 {
			continue
		}
		r, err := parseRow(strings.TrimSuffix(text, "\n"))
		if err != nil {
			return nil, fmt.Errorf("lexicon line %d: %w", line, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func parseRow(s string) (row, error) {
	var f [7]string
	rest, ok := s, true
	for i := range f {
		if !ok {
			return row{}, fmt.Errorf("%d columns, want %d", i, len(f))
		}
		f[i], rest, ok = strings.Cut(rest, "\t")
	}
	r := row{token: f[0], match: f[1]}
	for name := range strings.SplitSeq(f[2], "+") {
		c, known := classNames[name]
		if !known {
			return row{}, fmt.Errorf("unknown class %q", name)
		}
		r.entry.class |= c
	}
	v, err := strconv.ParseFloat(f[3], 32)
	if err != nil {
		return row{}, fmt.Errorf("reading the valence: %w", err)
	}
	a, err := strconv.ParseFloat(f[4], 32)
	if err != nil {
		return row{}, fmt.Errorf("reading the arousal: %w", err)
	}
	r.entry.valence, r.entry.arousal = float32(v), float32(a)
	if f[5] != "-" {
		for name := range strings.SplitSeq(f[5], ",") {
			fl, known := feelingNames[name]
			if !known {
				return row{}, fmt.Errorf("unknown flag %q", name)
			}
			r.entry.feeling |= fl
		}
	}
	return r, nil
}

// newLexicon builds the tables from rows.
func newLexicon(rows []row) *lexicon {
	x := &lexicon{languages: newLanguages(), entries: make([]entry, 0, len(rows)+2048)}
	var exact, words, suffix, phrases int
	for i := range rows {
		switch rows[i].match {
		case "exact":
			exact++
		case "suffix":
			suffix++
		case "phrase":
			phrases++
		default:
			words++
		}
	}
	x.exact, x.suffix = newTable(exact), newTable(suffix)
	x.words, x.phrases = newTable(words+phrases+exact), newTable(4*phrases)
	for i := range rows {
		r := &rows[i]
		switch r.match {
		case "exact":
			if r.entry.class&classEmoji != 0 {
				x.add(&x.exact, emojiKey(r.token), r.entry)
			} else {
				e := r.entry
				e.english = isEnglish(r.token)
				x.add(&x.exact, hashString(r.token), e)
			}
		case "suffix":
			x.add(&x.suffix, hashString(r.token), r.entry)
		case "word":
			x.add(&x.words, foldKey(r.token), r.entry)
		}
	}
	// Emotes whose case somebody got wrong: "wutface", "PogCHamp".
	for i := range rows {
		if r := &rows[i]; r.match == "exact" && r.entry.class == classEmote && oddCase(r.token) {
			x.add(&x.words, foldKey(strings.ToLower(r.token)), r.entry)
		}
	}
	// Phrases are cut by the tokenizer itself, which needs the words.
	var s scratch
	for i := range rows {
		if rows[i].match == "phrase" {
			x.addPhrase(&s, rows[i].token, rows[i].entry)
			if shouted := x.withSigns(rows[i].token); shouted != rows[i].token {
				x.addPhrase(&s, shouted, rows[i].entry)
			}
		}
	}
	x.learnt = int16(len(x.entries))
	for i := range learntSteps + 1 {
		x.entries = append(x.entries, entry{class: classEmote, valence: float32(i)*2/learntSteps - 1, arousal: 0.3})
	}
	return x
}

// oddCase reports a name that no English word looks like: five letters or more
// with upper case behind lower case.
func oddCase(name string) bool {
	if len(name) < 5 || len(name) > maxWordBytes {
		return false
	}
	odd := false
	for i := range len(name) {
		switch charClass[name[i]] {
		case charUpper:
			odd = odd || i > 0 && charClass[name[i-1]] == charLower
		case charLower:
		default:
			return false
		}
	}
	return odd
}

// withSigns returns a phrase with capitals where its words are signs that mean
// something as capitals only: chat writes "W take" and "L + ratio".
func (x *lexicon) withSigns(phrase string) string {
	words := strings.Split(phrase, " ")
	for i, word := range words {
		sign := strings.ToUpper(word)
		if at := x.exact.get(hashString(sign)); sign != word && at >= 0 && x.entries[at].class == classNames["word"] {
			words[i] = sign
		}
	}
	return strings.Join(words, " ")
}

func (x *lexicon) add(t *table, key uint64, e entry) {
	if t.put(key, int32(len(x.entries))) {
		x.entries = append(x.entries, e)
	}
}

func (x *lexicon) addPhrase(s *scratch, text string, e entry) {
	s.reset()
	s.cut(x, text, nil)
	if s.n == 0 {
		return
	}
	first := &s.tokens[0]
	i := x.words.get(first.key)
	if i < 0 {
		i = int32(len(x.entries))
		x.words.put(first.key, i)
		x.entries = append(x.entries, entry{silent: true})
	}
	x.entries[i].starts = true
	x.entries[i].idioms = x.entries[i].idioms || e.class&classIdiom != 0
	chain := first.key
	for i := 1; i < s.n; i++ {
		chain = mix(chain, s.tokens[i].key)
		at := x.phrases.get(chain)
		if at < 0 {
			at = int32(len(x.nodes))
			x.phrases.put(chain, at)
			x.nodes = append(x.nodes, phraseNode{entry: -1})
		}
		if i < s.n-1 {
			x.nodes[at].more = true
		} else if x.nodes[at].entry < 0 {
			x.nodes[at].entry = int32(len(x.entries))
			x.entries = append(x.entries, e)
		}
	}
}

// RatedEntry is a row of the lexicon that stands for a feeling by itself: an
// idiom, an emote, an emoji or a face.
type RatedEntry struct {
	Text    string
	Valence float32 // −1 … 1
	Idiom   bool    // a phrase that means something else than its words
}

// RatedEntries returns those rows of the lexicon in its order.
func RatedEntries() []RatedEntry {
	rows, err := parseLexicon(lexiconTSV)
	if err != nil {
		panic("sentiment: the built-in lexicon is broken: " + err.Error()) // a test reads it
	}
	var out []RatedEntry
	for i := range rows {
		r := &rows[i]
		idiom := r.entry.class&classIdiom != 0
		if idiom || r.match == "exact" && r.entry.class&(classEmote|classEmoji|classFace) != 0 && !isEnglish(r.token) {
			out = append(out, RatedEntry{r.token, r.entry.valence, idiom})
		}
	}
	return out
}
