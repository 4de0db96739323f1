package analysis

import (
	"errors"

	"chatmood/internal/sentiment"
)

// Errors of corrections.
var (
	// ErrNoMessage: the message is not remembered, or was never counted.
	ErrNoMessage = errors.New("the message is not among those that are remembered")
	// ErrSettled: somebody whose word counts for more has corrected it.
	ErrSettled = errors.New("the message was corrected by somebody whose word counts for more")
	// ErrNotLearning: nothing is learnt here, or what was learnt before is not read yet.
	ErrNotLearning = errors.New("what the channel teaches cannot be changed now")
	// ErrUnteachable: the lexicon says what the emote means, or it has no name.
	ErrUnteachable = errors.New("the emote cannot be taught")
)

// LabelChange is what somebody wants to correct about a message.
type LabelChange struct {
	MessageID string          `json:"message_id"`
	Label     sentiment.Label `json:"label"`
	// Undo takes back what was corrected; Label then means nothing.
	Undo bool `json:"undo,omitempty"`
	// Text is the message's text, for where it is no longer remembered.
	Text string `json:"text,omitempty"`
	By   string `json:"by"` // a user's id
	// Trusted: it is theirs to say, for all messages of this text.
	Trusted bool `json:"trusted,omitempty"`
}

// LabelChanged is what became of a [LabelChange].
type LabelChanged struct {
	Hash    string          `json:"hash"` // of the text: [Correction.Hash]
	Label   sentiment.Label `json:"label"`
	Score   float32         `json:"score"`
	Learned bool            `json:"learned"` // it is evidence about an emote
	// Restored: what was corrected is as it was. (Set by who keeps corrections.)
	Restored bool `json:"restored,omitempty"`
}

// LessonChange is what somebody wants to set about an emote of a channel. What is
// nil stays as it is.
type LessonChange struct {
	Name    string   `json:"name"`
	Value   *float32 `json:"value,omitempty"` // −1 … 1
	Frozen  *bool    `json:"frozen,omitempty"`
	Release bool     `json:"release,omitempty"` // whatever was set is taken back
	Admin   bool     `json:"admin,omitempty"`   // an administrator wants it
}

// Explanation tells how a message that viewers see was judged.
type Explanation struct {
	Label      sentiment.Label `json:"label"`
	Score      float32         `json:"score"`
	Confidence float32         `json:"confidence"`
	Flags      string          `json:"flags"` // letters, as on the wire
	Parts      []ExplainedPart `json:"parts"`
}

// ExplainedPart is a piece of a message and what it added to the score.
type ExplainedPart struct {
	Start int            `json:"start"` // UTF-16 code units of the text
	End   int            `json:"end"`
	Text  string         `json:"text"`
	Value float32        `json:"value"`
	Rule  sentiment.Rule `json:"rule"`
}
