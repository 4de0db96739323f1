package sentiment

import "math"

// Weights of the context rules. They were chosen on the development split;
// docs/sentiment.md says what each rule is for.
const (
	negationReach   = 3     // words
	negationFactor  = -0.6  // "not good" is milder than "bad"
	upFactor        = 1.25  // "so good"
	downFactor      = 0.6   // "kinda good"
	beforeBut       = 0.5   // "good play but …"
	afterBut        = 1.25  //
	capsFactor      = 1.2   // one SHOUTED word among others
	longFactor      = 1.15  // "goooood"
	suffixFactor    = 0.85  // known by the end of its name only
	questionFactor  = 0.5   // "is he good?"
	laughBesideBad  = 0.25  // "LUL trash": laughter at somebody's cost
	ironyFlip       = -0.5  // "pro player Kappa"
	exclaimStep     = 0.06  // for each of up to four exclamation marks
	repeatStep      = 0.25  // for each doubling of a repeated token
	squash          = 0.35  // the larger, the more evidence a strong score needs
	neutralBand     = 0.27  // scores this close to zero are neutral
	maxRepeatWeight = 2.0   //
	minMeaning      = 0.001 // a valence below this says nothing
)

// signals is what the rules find in a message. The model reads them too.
type signals struct {
	rule                 float32 // the rules' score, −1 … 1
	words, emotes        float32 // sums of weighted valence
	positive, negative   float32 // sums by sign, both ≥ 0
	strongest, weakest   float32 // highest and lowest valence of a token
	arousal              float32 // highest
	last                 float32 // valence of the last token that has one
	rated                int     // tokens with a rating
	content              int     // tokens that are words, emotes or emoji
	emoteTokens          int
	questions, exclaims  int
	negations            int
	laughs               int
	unknownEmotes        int
	repeats              int // most repeats of one token
	feelings             feeling
	classes              class
	question, shouting   bool
	irony, onlyEmotes    bool
	mentions, links      int
	commands             int
	startsWithMention    bool
	ironyFlipped, butCut bool
	idiom                float32 // valence of the strongest idiom
	otherLanguage        bool    // no English, and nothing in it that is rated
}

// judge applies the lexicon and the context rules to the tokens of s.
func (s *scratch) judge(x *lexicon, g *signals) {
	*g = signals{}
	g.shouting = s.letters >= 6 && s.upper*10 >= s.letters*8
	var val [maxTokens]float32
	var word [maxTokens]bool
	s.rate(x, g, &val, &word)
	s.irony(g, &val, &word)
	for i := range s.n {
		v := val[i]
		if v == 0 {
			continue
		}
		if word[i] {
			g.words += v
		} else {
			g.emotes += v
		}
		if v > 0 {
			g.positive += v
		} else {
			g.negative -= v
		}
		g.strongest, g.weakest = max(g.strongest, v), min(g.weakest, v)
		g.last = v
	}
	g.otherLanguage = g.rated == 0 && g.content > 2 && x.languages.of(s) > 0
	sum := g.positive - g.negative
	boost := 1 + exclaimStep*float32(min(g.exclaims, 4))
	g.question = g.questions > 0 || g.startsAsk(s, x)
	if g.questions > 0 && g.emotes == 0 {
		boost *= questionFactor
	}
	sum *= boost
	g.rule = sum / float32(math.Sqrt(float64(sum*sum)+squash))
}

// rate finds the weighted valence of each token.
func (s *scratch) rate(x *lexicon, g *signals, val *[maxTokens]float32, word *[maxTokens]bool) {
	negatedUntil, factor := -1, float32(1)
	clause := 0 // first token of the clause
	for i := 0; i < s.n; i++ {
		t := &s.tokens[i]
		g.repeats = max(g.repeats, int(t.count))
		var e *entry
		if t.entry >= 0 {
			e = &x.entries[t.entry]
		}
		switch t.kind {
		case kindMention:
			g.mentions++
			g.startsWithMention = g.startsWithMention || i == 0
			continue
		case kindLink:
			g.links++
			continue
		case kindCommand:
			g.commands++
			continue
		case kindPunct:
			g.punctuation(t, &negatedUntil)
			continue
		case kindEmote, kindEmoji, kindFace:
			g.content++
			g.emoteTokens++
		default:
			g.content++
			word[i] = true
		}
		if e == nil {
			if t.kind == kindEmote {
				g.unknownEmotes++
			}
			if negatedUntil >= 0 && word[i] {
				negatedUntil--
			}
			factor = 1
			continue
		}
		last := i
		if e.starts {
			if found, end := s.phrase(x, i); found != nil {
				e, last = found, end
			}
		}
		g.classes |= e.class
		g.feelings |= e.feeling
		g.arousal = max(g.arousal, e.arousal)
		if e.feeling&feelLaughter != 0 {
			g.laughs++
		}
		if last == i && e.class&classBut != 0 && i > clause {
			for j := clause; j < i; j++ {
				val[j] *= beforeBut
			}
			g.butCut = true
			clause = i + 1
		}
		v := e.valence
		if t.shape&shapeIdiom != 0 && abs(v) > abs(g.idiom) {
			g.idiom = v
		}
		isFunction := e.class&(classNegator|classIntensifier|classDiminisher) != 0 && last == i
		if isFunction && s.n > 1 && i+1 < s.n {
			v *= 0.25
		}
		if word[i] {
			if negatedUntil >= 0 && !isFunction {
				if v > 0 || v < -0.3 {
					v *= negationFactor
				}
				negatedUntil -= last - i + 1
			}
			v *= factor
			if t.shape&shapeCaps != 0 && !g.shouting && t.end-t.start > 2 {
				v *= capsFactor
			}
		}
		if t.shape&shapeLong != 0 {
			v *= longFactor
		}
		if t.shape&shapeSuffix != 0 {
			v *= suffixFactor
		}
		if t.count > 1 {
			v *= repeatWeight(int(t.count))
		}
		if g.butCut {
			v *= afterBut
		}
		if v > minMeaning || v < -minMeaning {
			g.rated++
		}
		val[i] += v
		factor = 1
		if last == i {
			switch {
			case e.class&classNegator != 0:
				negatedUntil = negationReach
				g.negations++
			case e.class&classIntensifier != 0:
				factor = upFactor
			case e.class&classDiminisher != 0:
				factor = downFactor
			}
		}
		for j := i + 1; j <= last; j++ { // the other words of the phrase are part of it
			word[j] = true
			g.content++
		}
		i = last
	}
	g.onlyEmotes = g.content > 0 && g.emoteTokens == g.content
}

func repeatWeight(n int) float32 {
	return min(1+repeatStep*float32(math.Log2(float64(n))), maxRepeatWeight)
}

func (g *signals) punctuation(t *token, negatedUntil *int) {
	switch {
	case t.isMark('?'):
		g.questions += int(t.runLen)
		*negatedUntil = -1
	case t.isMark('!'):
		g.exclaims += int(t.runLen)
		*negatedUntil = -1
	case t.isMark('.'), t.isMark(','), t.isMark(';'), t.isMark(':'):
		*negatedUntil = -1
	}
}

// isMark reports whether t is a run of c.
func (t *token) isMark(c byte) bool {
	return t.key == punctKey(c, int(t.runLen))
}

// phrase returns the longest phrase that begins at token i and its last token.
func (s *scratch) phrase(x *lexicon, i int) (*entry, int) {
	chain := s.tokens[i].key
	var found *entry
	end := i
	for j := i + 1; j < s.n; j++ {
		chain = mix(chain, s.tokens[j].key)
		at := x.phrases.get(chain)
		if at < 0 {
			break
		}
		node := &x.nodes[at]
		if node.entry >= 0 {
			found, end = &x.entries[node.entry], j
		}
		if !node.more {
			break
		}
	}
	return found, end
}

// irony weighs words against the emotes beside them: laughter at somebody's
// cost is not mirth, and praise with a mark of irony is not praise.
func (s *scratch) irony(g *signals, val *[maxTokens]float32, word *[maxTokens]bool) {
	var words, sad float32
	for i := range s.n {
		if word[i] {
			words += val[i]
		} else if val[i] < 0 {
			sad += val[i]
		}
	}
	mark := g.feelings&feelSarcasm != 0 && g.emoteTokens > 0
	g.irony = mark && g.content > g.emoteTokens
	if g.laughs > 0 && words < -0.3 {
		for i := range s.n {
			if !word[i] && val[i] > 0 {
				val[i] *= laughBesideBad
			}
		}
	}
	if g.irony && s.hasIronyMark() && words > 0.2 {
		g.ironyFlipped = true
		for i := range s.n {
			if word[i] && val[i] > 0 {
				val[i] *= ironyFlip
			}
		}
	}
	if sad < -0.35 && words > 0 { // "nice" and a facepalm
		for i := range s.n {
			if word[i] && val[i] > 0 {
				val[i] *= 0.3
			}
		}
	}
}

// hasIronyMark reports a token whose only use is irony (Kappa): its own
// valence is near zero.
func (s *scratch) hasIronyMark() bool {
	for i := range s.n {
		if s.tokens[i].kind == kindEmote && isKappa(s.tokens[i].key) {
			return true
		}
	}
	return false
}

// startsAsk reports a message that begins like a question.
func (g *signals) startsAsk(s *scratch, x *lexicon) bool {
	i := 0
	for i < s.n && s.tokens[i].kind == kindMention {
		i++
	}
	if i+2 >= s.n || s.tokens[i].entry < 0 || x.entries[s.tokens[i].entry].class&classQuestion == 0 {
		return false
	}
	for j := i + 1; j < min(i+4, s.n); j++ {
		at := s.tokens[j].entry
		if at >= 0 && x.entries[at].class&(classQuestion|classYou|classThird|classSelf) != 0 {
			return true
		}
	}
	return false
}

// Emotes that say "I do not mean it".
var kappas = func() (h [8]uint64) {
	for i, name := range [...]string{"Kappa", "KappaHD", "Kapp", "Keepo", "KappaClaus", "KappaRoss", "4Head", "Kappu"} {
		h[i] = hashString(name)
	}
	return h
}()

func isKappa(h uint64) bool {
	for _, k := range kappas {
		if h == k {
			return true
		}
	}
	return false
}
