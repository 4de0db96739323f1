package sentiment

import (
	"fmt"

	"chatmood/internal/chat"
)

// Label is the class of a message.
type Label uint8

// The three classes. The zero value is Neutral.
const (
	Neutral Label = iota
	Positive
	Negative
)

// String returns "positive", "neutral" or "negative", the words used on the wire.
func (l Label) String() string {
	switch l {
	case Positive:
		return "positive"
	case Negative:
		return "negative"
	}
	return "neutral"
}

// MarshalText implements [encoding.TextMarshaler].
func (l Label) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *Label) UnmarshalText(b []byte) error {
	for _, known := range [...]Label{Neutral, Positive, Negative} {
		if string(b) == known.String() {
			*l = known
			return nil
		}
	}
	return fmt.Errorf("label %q: want positive, neutral or negative", b)
}

// Flags are further findings about a message. They are hints, not verdicts.
type Flags uint16

// The flags.
const (
	FlagUnsure    Flags = 1 << iota // confidence below the threshold of the engine
	FlagQuestion                    // asks something
	FlagLaughter                    // laughs (LUL, KEKW, haha)
	FlagHype                        // excited
	FlagSarcasm                     // carries a mark of irony
	FlagToxic                       // insulting words
	FlagUnscored                    // nothing in it that the engine can judge (empty, other script)
	FlagEmoteOnly                   // nothing but emotes
)

// Score is the judgement of one message.
type Score struct {
	Label      Label
	Value      float32 // -1 … 1
	Confidence float32 // 0 … 1, the estimated chance that Label is right
	Flags      Flags
}

// Analyzer judges messages. Implementations are safe for concurrent use and do
// not allocate in Score.
type Analyzer interface {
	// Score judges text into dst. emotes are Twitch's own, with byte offsets
	// into text, ordered; nil is fine. Emotes of other providers are found by
	// name.
	Score(dst *Score, text string, emotes []chat.Emote)
}

var flagNames = [...]string{"unsure", "question", "laughter", "hype", "sarcasm", "toxic", "unscored", "emote-only"}

// Names returns the names of the set flags, in a fixed order; nil for none.
func (f Flags) Names() []string {
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
