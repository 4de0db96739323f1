package sentiment

import "chatmood/internal/chat"

// Contribution says what a piece of a message added to its score.
type Contribution struct {
	Start int     `json:"start"` // byte offsets in the text
	End   int     `json:"end"`
	Value float32 `json:"value"` // the contributions of a message sum to its score
}

// Explain judges text as [Engine.Score] does and returns what each token adds
// to the score, in the order of the text: how much the score changes when the
// token is left out, adjusted so that the contributions sum to the score. It
// returns nil where there is nothing to explain. It allocates and takes time
// quadratic in the number of tokens, of which there are 96 at most: it is
// meant for the message that somebody asks about.
func (e *Engine) Explain(text string, emotes []chat.Emote) []Contribution {
	var score Score
	e.Score(&score, text, emotes)
	if score.Flags&FlagUnscored != 0 {
		return nil
	}
	var s scratch
	s.tokenize(e.lex, text, emotes)
	whole := e.value(&s, text)
	out := make([]Contribution, 0, s.n)
	var sum, size float32
	for i := range s.n {
		t := &s.tokens[i]
		without := s.without(i)
		v := whole - e.value(&without, text)
		sum += v
		size += abs(v)
		out = append(out, Contribution{Start: int(t.start), End: int(t.end), Value: v})
	}
	if len(out) == 0 {
		return nil
	}
	// What the tokens do only together, and what every message starts from.
	rest := score.Value - sum
	for i := range out {
		share := 1 / float32(len(out))
		if size > 1e-6 {
			share = abs(out[i].Value) / size
		}
		out[i].Value += rest * share
	}
	return out
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
