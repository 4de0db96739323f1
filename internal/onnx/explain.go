package onnx

import (
	"context"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// explainWithin bounds how long an explanation may take: a text of many tokens
// is judged once without each of them.
const explainWithin = 5 * time.Second

// IsEmote reports whether a word is an emote's name ([sentiment.Engine.IsEmote]).
func (e *Engine) IsEmote(word string) bool { return e.fast.IsEmote(word) }

// Explain tells what each piece of a text added to its score: how much the
// model's judgement changes without it, adjusted so that the contributions sum to
// the score. Where the model did not judge in time it explains the fast
// engine's judgement.
func (e *Engine) Explain(text string, emotes []chat.Emote) []sentiment.Contribution {
	parts := e.fast.Explain(text, emotes)
	if len(parts) == 0 {
		return nil
	}
	text = cut(text)
	kept := parts[:0:0]
	for _, p := range parts {
		if p.End <= len(text) {
			kept = append(kept, p)
		}
	}
	texts := make([]string, 0, len(kept)+1)
	for _, p := range kept {
		texts = append(texts, text[:p.Start]+text[p.End:])
	}
	texts = append(texts, text)
	ctx, cancel := context.WithTimeout(context.Background(), explainWithin)
	defer cancel()
	e.Prefetch(ctx, texts)
	e.mu.Lock()
	defer e.mu.Unlock()
	whole, ok := e.lookup(text)
	if !ok {
		return parts
	}
	for i := range kept {
		without, ok := e.lookup(texts[i])
		if !ok {
			return parts
		}
		kept[i].Value, kept[i].Rule = whole.value-without.value, sentiment.RuleModel
	}
	sentiment.Complete(kept, whole.value)
	return kept
}
