package sentiment

import (
	"math"

	"chatmood/internal/chat"
)

// Reading is what the engine sees in a message before it judges it. Training
// programs learn from readings, so that what is learnt is what is judged by.
type Reading struct {
	Tokens []ReadToken
	Rules  [NumRules]float32 // findings of lexicon and rules, each about −1 … 1
	Score  float32           // the rules' score, −1 … 1
	Flags  Flags
}

// ReadToken is one token of a message.
type ReadToken struct {
	Text             string
	Key              uint64 // of the folded and shortened word, or of the emote
	Valence, Arousal float32
	Known            bool // in the lexicon
	Laughter         bool
	Sarcasm          bool
	Toxic            bool
	Negator          bool
	Intensifier      bool
	Function         bool // but, questions, persons
	Word             bool
	Emote            bool // emote, emoji or face
	Caps, Long       bool
	Count            int
}

// Read reads text as [Engine.Score] does. It reuses the memory of dst.
func (e *Engine) Read(dst *Reading, text string, emotes []chat.Emote) {
	var s scratch
	var g signals
	s.tokenize(e.lex, text, emotes)
	s.judge(e.lex, &g)
	dst.Tokens = dst.Tokens[:0]
	for i := range s.n {
		t := &s.tokens[i]
		r := ReadToken{
			Text: text[t.start:t.end], Key: t.key, Count: int(t.count),
			Word:  t.kind == kindWord || t.kind == kindForeign || t.kind == kindNumber,
			Emote: t.kind == kindEmote || t.kind == kindEmoji || t.kind == kindFace,
			Caps:  t.shape&shapeCaps != 0 && !g.shouting && t.end-t.start > 2, Long: t.shape&shapeLong != 0,
		}
		if t.entry >= 0 && !e.lex.entries[t.entry].silent {
			x := &e.lex.entries[t.entry]
			r.Known, r.Valence, r.Arousal = true, x.valence, x.arousal
			r.Laughter, r.Sarcasm, r.Toxic = x.feeling&feelLaughter != 0, x.feeling&feelSarcasm != 0, x.feeling&feelToxic != 0
			r.Negator, r.Intensifier = x.class&classNegator != 0, x.class&(classIntensifier|classDiminisher) != 0
			r.Function = x.class&(classBut|classQuestion|classYou|classThird|classSelf|classConditional) != 0
		}
		dst.Tokens = append(dst.Tokens, r)
	}
	g.vector(&dst.Rules)
	dst.Score = g.rule
	dst.Flags = flagsOf(&s, &g)
}

// NumRules is the number of rule findings that the model reads.
const NumRules = 42

// vector writes the signals as numbers of about the same size.
func (g *signals) vector(v *[NumRules]float32) {
	flag := func(b bool) float32 {
		if b {
			return 1
		}
		return 0
	}
	soft := func(x float32) float32 { return x / (1 + abs(x)) }
	*v = [NumRules]float32{
		g.rule, soft(g.words), soft(g.emotes), soft(g.positive), soft(g.negative), g.strongest / 2, g.weakest / 2, g.arousal,
		soft(g.last), logSize(g.content), flag(g.emoteTokens > 0), flag(g.onlyEmotes), flag(g.questions > 0), flag(g.question), soft(float32(g.exclaims)), flag(g.negations > 0),
		flag(g.laughs > 0), flag(g.unknownEmotes > 0), logSize(g.repeats), flag(g.shouting), flag(g.irony), flag(g.ironyFlipped), flag(g.butCut), flag(g.mentions > 0),
		flag(g.startsWithMention), flag(g.links > 0), flag(g.feelings&feelSarcasm != 0), flag(g.feelings&feelHype != 0), flag(g.feelings&feelLove != 0), flag(g.feelings&feelSadness != 0), flag(g.feelings&feelAnger != 0), flag(g.feelings&feelToxic != 0),
		flag(g.feelings&feelSpam != 0), flag(g.classes&classYou != 0), flag(g.classes&classThird != 0), flag(g.classes&classSelf != 0), flag(g.classes&classConditional != 0), flag(g.rated == 0), flag(g.questions > 2), flag(g.feelings&feelFear != 0),
		max(g.idiom, 0), min(g.idiom, 0),
	}
}

func abs(x float32) float32 {
	if x < 0 {
		return -x
	}
	return x
}

// logSizes are log2(1+n)/5 of small numbers.
var logSizes = func() (t [33]float32) {
	for i := range t {
		t[i] = float32(math.Log2(float64(1+i)) / 5)
	}
	return t
}()

func logSize(n int) float32 { return logSizes[min(n, len(logSizes)-1)] }
