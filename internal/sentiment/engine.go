package sentiment

import (
	"fmt"

	"chatmood/internal/chat"
)

// Engine judges messages by our lexicon, the context rules and the model. It
// never changes after [New] and is safe for concurrent use.
type Engine struct {
	lex *lexicon
}

var _ Analyzer = (*Engine)(nil)

// New returns an engine with everything that is built into the program.
func New() *Engine {
	rows, err := parseLexicon(lexiconTSV)
	if err != nil {
		panic(fmt.Sprintf("sentiment: the embedded lexicon is broken: %v", err)) // a test reads it
	}
	return &Engine{lex: newLexicon(rows)}
}

// unsureBelow is the confidence under which a judgement is flagged unsure.
const unsureBelow = 0.55

// Score implements [Analyzer]. It takes about a microsecond for a typical
// message, time linear in the length of the text, and does not allocate. Of a
// text only the first 2,048 bytes and 96 tokens (equal neighbours are one) are
// read.
func (e *Engine) Score(dst *Score, text string, emotes []chat.Emote) {
	var s scratch
	var g signals
	s.tokenize(e.lex, text, emotes)
	s.judge(e.lex, &g, nil)
	e.conclude(dst, &s, &g)
}

func (e *Engine) conclude(dst *Score, s *scratch, g *signals) {
	*dst = Score{Value: g.rule}
	switch {
	case g.rule > neutralBand:
		dst.Label = Positive
	case g.rule < -neutralBand:
		dst.Label = Negative
	}
	dst.Confidence = ruleConfidence(g)
	dst.Flags = flagsOf(s, g)
	if dst.Flags&FlagUnscored != 0 {
		dst.Label, dst.Value, dst.Confidence = Neutral, 0, 0
	} else if dst.Confidence < unsureBelow {
		dst.Flags |= FlagUnsure
	}
}

// ruleConfidence estimates the chance that the rules' label is right.
func ruleConfidence(g *signals) float32 {
	a := g.rule
	if a < 0 {
		a = -a
	}
	if a <= neutralBand {
		return 0.55
	}
	return min(0.5+0.35*a, 0.85)
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
	if g.irony && g.feelings&feelSarcasm != 0 && (g.ironyFlipped || s.hasIronyMark(g)) {
		f |= FlagSarcasm
	}
	if g.feelings&feelToxic != 0 && g.weakest < -0.3 {
		f |= FlagToxic
	}
	if g.onlyEmotes {
		f |= FlagEmoteOnly
	}
	if g.content == 0 && g.questions+g.exclaims == 0 || s.foreign > 0 && s.foreign*2 > g.content && g.rated == 0 {
		f |= FlagUnscored
	}
	return f
}
