package sentiment

import "chatmood/internal/chat"

// Contribution says what a piece of a message added to its score.
type Contribution struct {
	Start int     `json:"start"` // byte offsets in the text
	End   int     `json:"end"`
	Value float32 `json:"value"` // the contributions of a message sum to its score
	Rule  Rule    `json:"rule"`  // by which it did
}

// Rule is the way in which a piece of a message counts.
type Rule string

// The rules. Words that no list knows still count by the model.
const (
	RuleCorrected   Rule = "corrected"   // a person gave this text its label
	RuleLearnt      Rule = "learnt"      // a meaning that the channel taught, or a person set there
	RuleEmote       Rule = "emote"       // a rated emote
	RuleEmoji       Rule = "emoji"       // a rated emoji
	RuleFace        Rule = "face"        // an emoticon or kaomoji
	RuleWord        Rule = "word"        // a rated word
	RulePhrase      Rule = "phrase"      // begins a phrase that means something as a whole
	RuleNegated     Rule = "negated"     // its meaning was turned by a negation
	RuleIrony       Rule = "irony"       // weakened or turned by laughter or irony beside it
	RuleNegation    Rule = "negation"    // turns what follows
	RuleBut         Rule = "but"         // weakens what was before and strengthens what follows
	RuleStronger    Rule = "stronger"    // strengthens what follows
	RuleWeaker      Rule = "weaker"      // weakens what follows
	RuleQuestion    Rule = "question"    // a question mark
	RuleExclamation Rule = "exclamation" // an exclamation mark
	RulePunctuation Rule = "punctuation" // other signs
	RuleMention     Rule = "mention"     // somebody's name
	RuleLink        Rule = "link"
	RuleCommand     Rule = "command"
	RuleModel       Rule = "model" // known to the model alone
)

// Explain judges text as [Engine.Score] does and returns what each token adds
// to the score, in the order of the text: how much the score changes when the
// token is left out, adjusted so that the contributions sum to the score. It
// returns nil where there is nothing to explain. It allocates and takes time
// quadratic in the number of tokens, of which there are 96 at most: it is
// meant for the message that somebody asks about.
func (e *Engine) Explain(text string, emotes []chat.Emote) []Contribution {
	return e.ExplainIn(nil, text, emotes)
}

// ExplainIn is Explain for what [Engine.ScoreIn] says.
func (e *Engine) ExplainIn(l *Learner, text string, emotes []chat.Emote) []Contribution {
	var score Score
	var view *meanings
	if l != nil {
		view = l.view.Load()
		if label, ok := view.texts[hashString(text)]; ok {
			return []Contribution{{End: len(text), Value: Corrected(label, 0).Value, Rule: RuleCorrected}}
		}
	}
	e.score(&score, text, emotes, view)
	if score.Flags&FlagUnscored != 0 {
		return nil
	}
	var s scratch
	s.tokenize(e.lex, text, emotes)
	if view != nil {
		view.apply(&s, e.lex)
	}
	rules := e.lex.rulesOf(&s)
	whole := e.value(&s, text)
	out := make([]Contribution, 0, s.n)
	for i := range s.n {
		t := &s.tokens[i]
		without := s.without(i)
		v := whole - e.value(&without, text)
		out = append(out, Contribution{Start: int(t.start), End: int(t.end), Value: v, Rule: rules[i]})
	}
	if len(out) == 0 {
		return nil
	}
	Complete(out, score.Value)
	return out
}

// Complete adds to contributions what they do only together, and what every
// message starts from, so that they sum to the score: each its share by its size.
func Complete(parts []Contribution, score float32) {
	rest, size := score, float32(0)
	for i := range parts {
		rest -= parts[i].Value
		size += abs(parts[i].Value)
	}
	for i := range parts {
		share := 1 / float32(len(parts))
		if size > 1e-6 {
			share = abs(parts[i].Value) / size
		}
		parts[i].Value += rest * share
	}
}

// value is the score of the tokens of s.
func (e *Engine) value(s *scratch, text string) float32 {
	if s.n == 0 {
		return 0
	}
	var g signals
	s.judge(e.lex, &g)
	if e.model == nil {
		return g.rule
	}
	p := e.probabilities(s, &g, text)
	return p[Positive] - p[Negative]
}

// without returns s less one token.
func (s *scratch) without(i int) scratch {
	c := *s
	copy(c.tokens[i:], s.tokens[i+1:s.n])
	c.n--
	return c
}

// rulesOf tells by which rule each token counts.
func (x *lexicon) rulesOf(s *scratch) (rules [maxTokens]Rule) {
	var g signals
	var plain, val [maxTokens]float32
	var word [maxTokens]bool
	s.rate(x, &g, &plain, &word)
	val = plain
	s.irony(&g, &val, &word)
	for i := range s.n {
		t := &s.tokens[i]
		var e entry
		if t.entry >= 0 {
			e = x.entries[t.entry]
		}
		_, end := s.phraseAt(x, i, &e)
		switch {
		case t.kind == kindMention:
			rules[i] = RuleMention
		case t.kind == kindLink:
			rules[i] = RuleLink
		case t.kind == kindCommand:
			rules[i] = RuleCommand
		case t.kind == kindPunct && t.isMark('?'):
			rules[i] = RuleQuestion
		case t.kind == kindPunct && t.isMark('!'):
			rules[i] = RuleExclamation
		case t.kind == kindPunct:
			rules[i] = RulePunctuation
		case t.entry < 0:
			rules[i] = RuleModel
		case t.entry >= x.learnt && t.entry <= x.learnt+learntSteps:
			rules[i] = RuleLearnt
		case val[i] != plain[i]:
			rules[i] = RuleIrony
		case end > i:
			rules[i] = RulePhrase
		case word[i] && plain[i]*e.valence < 0:
			rules[i] = RuleNegated
		case e.class&classNegator != 0:
			rules[i] = RuleNegation
		case e.class&classBut != 0:
			rules[i] = RuleBut
		case e.class&classIntensifier != 0:
			rules[i] = RuleStronger
		case e.class&classDiminisher != 0:
			rules[i] = RuleWeaker
		case t.kind == kindEmote:
			rules[i] = RuleEmote
		case t.kind == kindEmoji:
			rules[i] = RuleEmoji
		case t.kind == kindFace:
			rules[i] = RuleFace
		case e.valence > minMeaning || e.valence < -minMeaning:
			rules[i] = RuleWord
		default:
			rules[i] = RuleModel
		}
	}
	return rules
}

// phraseAt returns the phrase that begins at token i, of which e is the entry,
// and its last token.
func (s *scratch) phraseAt(x *lexicon, i int, e *entry) (*entry, int) {
	if !e.starts {
		return nil, i
	}
	found, end := s.phrase(x, i)
	if found == nil {
		return nil, i
	}
	return found, end
}
