package sentiment

import (
	"fmt"
	"math"

	"chatmood/internal/chat"
)

// Engine judges messages by our lexicon, the context rules and a model learnt
// from labelled chat. It never changes after [New] and is safe for concurrent
// use.
type Engine struct {
	lex     *lexicon
	model   *model // nil: the rules judge alone
	noRules bool
}

var _ Analyzer = (*Engine)(nil)

// Options choose parts of an engine, for measuring what each of them is worth.
type Options struct {
	Model   []byte // a model file; nil means the built-in one
	NoModel bool   // judge by lexicon and rules alone
	NoRules bool   // hide from the model what lexicon and rules find
}

// New returns the engine that the program ships with.
func New() *Engine {
	e, err := NewWith(Options{})
	if err != nil {
		panic(fmt.Sprintf("sentiment: the built-in engine is broken: %v", err)) // a test loads it
	}
	return e
}

// NewWith returns an engine of other parts.
func NewWith(o Options) (*Engine, error) {
	rows, err := parseLexicon(lexiconTSV)
	if err != nil {
		return nil, fmt.Errorf("reading the lexicon: %w", err)
	}
	e := &Engine{lex: newLexicon(rows), noRules: o.NoRules}
	if o.NoModel {
		return e, nil
	}
	file := o.Model
	if file == nil {
		file = modelFile
	}
	if len(file) == 0 {
		return e, nil
	}
	if e.model, err = parseModel(file); err != nil {
		return nil, fmt.Errorf("reading the model: %w", err)
	}
	return e, nil
}

// UnsureBelow is the confidence under which a judgement is flagged unsure: 0.55.
const UnsureBelow = 0.55

// Score implements [Analyzer]. It takes about a microsecond for a typical
// message, time linear in the length of the text, and does not allocate. Of a
// text only the first 2,048 bytes and 96 tokens (equal neighbours are one) are
// read.
func (e *Engine) Score(dst *Score, text string, emotes []chat.Emote) {
	e.score(dst, text, emotes, nil)
}

// score judges with the learnt meanings of a channel; learnt may be nil. With
// them it reports whether a token of the text could have one.
func (e *Engine) score(dst *Score, text string, emotes []chat.Emote, learnt *meanings) (teachable bool) {
	var s scratch
	var g signals
	s.tokenize(e.lex, text, emotes)
	if learnt != nil {
		teachable = learnt.apply(&s, e.lex)
	}
	s.judge(e.lex, &g)
	*dst = Score{Flags: flagsOf(&s, &g)}
	switch {
	case dst.Flags&FlagUnscored != 0:
		return teachable
	case e.model == nil:
		dst.Value = g.rule
		dst.Label, dst.Confidence = ruleLabel(g.rule)
	default:
		p := e.probabilities(&s, &g, text)
		dst.Value = p[Positive] - p[Negative]
		dst.Label = Neutral
		if p[Positive] > p[Neutral] && p[Positive] > p[Negative] {
			dst.Label = Positive
		} else if p[Negative] > p[Neutral] && p[Negative] > p[Positive] {
			dst.Label = Negative
		}
		dst.Confidence = p[dst.Label]
		dst.Value = withSign(dst.Value, dst.Label)
	}
	if dst.Confidence < UnsureBelow {
		dst.Flags |= FlagUnsure
	}
	return teachable
}

// leastScore is the least distance from zero of the score of a message that is
// not neutral: where praise and blame are nearly as likely, the score still
// says which of them the label is.
const leastScore = 0.05

func withSign(v float32, l Label) float32 {
	switch l {
	case Positive:
		return max(v, leastScore)
	case Negative:
		return min(v, -leastScore)
	}
	return v
}

// probabilities asks the model. The result is calibrated by its temperature.
func (e *Engine) probabilities(s *scratch, g *signals, text string) [3]float32 {
	var z [3]float32
	e.model.judge(&z, s, e.lex, g, text, e.noRules)
	top := max(z[0], z[1], z[2])
	var sum float32
	for k := range z {
		if z[k] == top {
			z[k] = 1
		} else {
			z[k] = float32(math.Exp(float64((z[k] - top) / e.model.Temperature)))
		}
		sum += z[k]
	}
	sum = 1 / sum
	for k := range z {
		z[k] *= sum
	}
	return z
}

// ruleLabel reads a label out of the rules' score, and a guess at the chance
// that it is right.
func ruleLabel(v float32) (Label, float32) {
	switch {
	case v > neutralBand:
		return Positive, min(0.45+0.4*v, 0.8)
	case v < -neutralBand:
		return Negative, min(0.45-0.4*v, 0.8)
	}
	return Neutral, 0.6
}

// flagsOf collects the findings that do not depend on the label.
func flagsOf(s *scratch, g *signals) Flags {
	var f Flags
	if g.question {
		f |= FlagQuestion
	}
	if g.laughs > 0 {
		f |= FlagLaughter
	}
	if g.feelings&feelHype != 0 || g.shouting && g.exclaims > 0 || g.exclaims >= 3 {
		f |= FlagHype
	}
	if g.irony && s.hasIronyMark() {
		f |= FlagSarcasm
	}
	if g.feelings&feelToxic != 0 && g.weakest < -0.3 {
		f |= FlagToxic
	}
	if g.onlyEmotes {
		f |= FlagEmoteOnly
	}
	if g.content == 0 && g.questions+g.exclaims == 0 || g.otherLanguage || s.foreign > 0 && s.foreign*2 > g.content && g.rated == 0 {
		f |= FlagUnscored
	}
	return f
}
