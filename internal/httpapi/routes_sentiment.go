package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// Bounds of what can be judged in one request. The body's size is bounded, too.
const (
	maxTexts          = 1000
	maxTextCharacters = 2000
	// maxExplained: explaining takes time quadratic in a text's length.
	maxExplained = 20
)

// explainer is an analyzer that can tell what each piece of a text added to its
// score ([sentiment.Engine]).
type explainer interface {
	Explain(text string, emotes []chat.Emote) []sentiment.Contribution
}

// prefetcher is an analyzer that judges in batches and better when it is asked
// before ([onnx.Engine]).
type prefetcher interface {
	Prefetch(ctx context.Context, texts []string)
}

// modelTimeout is how long a request waits for it.
const modelTimeout = 10 * time.Second

// taught is an analyzer that judges and explains with what a channel taught.
type taught struct {
	*sentiment.Engine
	learner *sentiment.Learner
}

// Score implements [sentiment.Analyzer].
func (t taught) Score(dst *sentiment.Score, text string, emotes []chat.Emote) {
	t.ScoreIn(dst, t.learner, text, emotes)
}

// Explain implements [explainer].
func (t taught) Explain(text string, emotes []chat.Emote) []sentiment.Contribution {
	return t.ExplainIn(t.learner, text, emotes)
}

type sentimentInput struct {
	Body struct {
		Text  *string  `json:"text,omitempty" maxLength:"2000" example:"that was a great play PogChamp" doc:"One message; either this or texts"`
		Texts []string `json:"texts,omitempty" maxItems:"1000" nullable:"false" doc:"Several messages, each of at most 2,000 characters"`

		Channel string `json:"channel,omitempty" maxLength:"100" example:"somebody" doc:"Judge with what the emotes of this channel have been learnt to mean; for those who may watch it"`

		Explain bool `json:"explain,omitempty" doc:"Tell what each piece of the text added to its score; for at most 20 texts"`
	} `nameHint:"SentimentRequest"`
}

// SentimentResult is the judgement of one text.
type SentimentResult struct {
	Label      string   `json:"label" enum:"positive,neutral,negative"`
	Score      float64  `json:"score" doc:"-1 to 1" example:"0.62"`
	Confidence float64  `json:"confidence" doc:"0 to 1: the estimated chance that the label is right" example:"0.9"`
	Flags      []string `json:"flags" enum:"unsure,question,laughter,hype,sarcasm,toxic,unscored,emote_only" doc:"Further findings; hints, not verdicts"`

	Parts []SentimentPart `json:"parts,omitempty" nullable:"false" doc:"What each word, emote or sign added, in the order of the text; where it was asked for and there was something to judge"`
}

// SentimentPart is a piece of a text and what it added to the score.
type SentimentPart struct {
	Text  string  `json:"text" example:"great"`
	Value float64 `json:"value" example:"0.41" doc:"The values of a text sum to its score"`
	Rule  string  `json:"rule,omitempty" example:"word" doc:"How it counts: a rated word, emote, emoji, face or phrase; learnt in the channel; corrected by a person; negated; irony; model, which knows what no list does; and others, see docs/sentiment.md"`
}

type sentimentOutput struct {
	Body struct {
		Results []SentimentResult `json:"results" doc:"One for each text, in the same order"`
	} `nameHint:"SentimentResults"`
}

func (a *API) registerSentiment() {
	register(a, huma.Operation{
		OperationID: "judge",
		Method:      http.MethodPost,
		Path:        "/api/sentiment",
		Summary:     "Judge texts",
		Description: "Judges one text or up to 1,000 of them as chat messages are judged. Emotes are found by name. With `channel`, the emotes of that channel mean what they have been learnt to mean there; where a model of the operator's own judges (SENTIMENT_MODEL), it judges alone and the channel changes nothing. Nothing is kept.",
		Tags:        []string{tagSentiment},
		Errors:      []int{400, 401, 403, 413, 422, 503},
	}, a.judge)
}

func (a *API) judge(ctx context.Context, in *sentimentInput) (*sentimentOutput, error) {
	texts := in.Body.Texts
	switch {
	case in.Body.Text != nil && texts != nil:
		return nil, fail(http.StatusBadRequest, "Give either text or texts, not both", nil)
	case in.Body.Text != nil:
		texts = []string{*in.Body.Text}
	case texts == nil:
		return nil, fail(http.StatusBadRequest, "Give the text to judge in text, or several in texts", nil)
	}
	if in.Body.Explain && len(texts) > maxExplained {
		return nil, &apiError{
			status: http.StatusUnprocessableEntity,
			detail: fmt.Sprintf("At most %d texts are explained at once", maxExplained),
			fields: []ProblemField{{"body.texts", fmt.Sprintf("expected array length <= %d with explain", maxExplained)}},
		}
	}
	analyzer, err := a.analyzerOf(ctx, in.Body.Channel)
	if err != nil {
		return nil, err
	}
	if model, ok := analyzer.(prefetcher); ok {
		waiting, cancel := context.WithTimeout(ctx, modelTimeout)
		model.Prefetch(waiting, texts)
		cancel()
	}
	out := new(sentimentOutput)
	out.Body.Results = make([]SentimentResult, len(texts))
	var score sentiment.Score
	for i, text := range texts {
		if utf8.RuneCountInString(text) > maxTextCharacters {
			return nil, &apiError{
				status: http.StatusUnprocessableEntity,
				detail: "A text is too long: at most 2,000 characters each",
				fields: []ProblemField{{fmt.Sprintf("body.texts[%d]", i), "expected length <= 2000"}},
			}
		}
		if ctx.Err() != nil {
			return nil, fail(http.StatusServiceUnavailable, "The request was cancelled", nil)
		}
		analyzer.Score(&score, text, nil)
		out.Body.Results[i] = SentimentResult{
			Label:      score.Label.String(),
			Score:      rounded(score.Value),
			Confidence: rounded(score.Confidence),
			Flags:      flagNames(score.Flags),
		}
		if why, ok := analyzer.(explainer); ok && in.Body.Explain {
			for _, c := range why.Explain(text, nil) {
				part := SentimentPart{Text: text[c.Start:c.End], Value: rounded(c.Value), Rule: string(c.Rule)}
				out.Body.Results[i].Parts = append(out.Body.Results[i].Parts, part)
			}
		}
	}
	return out, nil
}

// analyzerOf returns what judges the messages of a channel, or with "" those of
// any.
func (a *API) analyzerOf(ctx context.Context, channel string) (sentiment.Analyzer, error) {
	if channel == "" {
		return a.cfg.Analyzer, nil
	}
	if err := a.admit(ctx, needsWatching); err != nil {
		return nil, err
	}
	login, ok := chat.CleanChannel(channel)
	if !ok {
		return nil, fail(http.StatusBadRequest, "Invalid channel name: "+excerpt(channel), nil)
	}
	// A model of the operator's own has no place for what a channel taught.
	engine, ok := a.cfg.Analyzer.(*sentiment.Engine)
	if !ok || a.cfg.Lessons == nil {
		return a.cfg.Analyzer, nil
	}
	learner, err := a.cfg.Lessons.Learner(ctx, login)
	if err != nil {
		return nil, a.lessonError(login, err)
	}
	return taught{engine, learner}, nil
}

// rounded keeps three decimals of a score or confidence, as the live stream
// does.
func rounded(v float32) float64 {
	if v < 0 {
		return -rounded(-v)
	}
	return float64(int(v*1000+0.5)) / 1000
}

func flagNames(f sentiment.Flags) []string {
	names := []string{}
	for i, name := range [...]string{"unsure", "question", "laughter", "hype", "sarcasm", "toxic", "unscored", "emote_only"} {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
