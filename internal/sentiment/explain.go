package sentiment

import "chatmood/internal/chat"

// Contribution says what a piece of a message added to its score.
type Contribution struct {
	Start int     `json:"start"` // byte offsets in the text
	End   int     `json:"end"`
	Value float32 `json:"value"` // the contributions of a message sum to its score
}

// Explain judges text as [Engine.Score] does and returns the tokens that
// mattered, in the order of the text. It allocates: it is meant for the
// message that somebody asks about.
func (e *Engine) Explain(text string, emotes []chat.Emote) []Contribution {
	var score Score
	e.Score(&score, text, emotes)
	var s scratch
	var g signals
	var part [maxTokens]float32
	s.tokenize(e.lex, text, emotes)
	s.judge(e.lex, &g, &part)
	var sum float32
	for _, v := range part[:s.n] {
		sum += v
	}
	if sum == 0 {
		return nil
	}
	var out []Contribution
	for i, v := range part[:s.n] {
		if v != 0 {
			t := &s.tokens[i]
			out = append(out, Contribution{Start: int(t.start), End: int(t.end), Value: v / sum * score.Value})
		}
	}
	return out
}
