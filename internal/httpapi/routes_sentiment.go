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

type sentimentInput struct {
	Body struct {
		Text  *string  `json:"text,omitempty" maxLength:"2000" example:"that was a great play PogChamp" doc:"One message; either this or texts"`
		Texts []string `json:"texts,omitempty" maxItems:"1000" nullable:"false" doc:"Several messages, each of at most 2,000 characters"`

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
		Description: "Judges one text or up to 1,000 of them as chat messages are judged. Emotes are found by name. Nothing is kept.",
		Tags:        []string{tagSentiment},
		Errors:      []int{400, 403, 413, 422},
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
	if model, ok := a.cfg.Analyzer.(prefetcher); ok {
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
		a.cfg.Analyzer.Score(&score, text, nil)
		out.Body.Results[i] = SentimentResult{
			Label:      score.Label.String(),
			Score:      rounded(score.Value),
			Confidence: rounded(score.Confidence),
			Flags:      flagNames(score.Flags),
		}
		if why, ok := a.cfg.Analyzer.(explainer); ok && in.Body.Explain {
			for _, c := range why.Explain(text, nil) {
				part := SentimentPart{Text: text[c.Start:c.End], Value: rounded(c.Value)}
				out.Body.Results[i].Parts = append(out.Body.Results[i].Parts, part)
			}
		}
	}
	return out, nil
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
