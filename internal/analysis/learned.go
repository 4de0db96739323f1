package analysis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Learned is what a channel's chat has taught. It outlives the channel's
// sessions.
type Learned struct {
	Channel string // login, lower case
	Fence   int64  // of the owner that wrote it, as in [Checkpoint]
	At      time.Time
	State   []byte // JSON of a sentiment.LearnerState; a store does not look inside
}

// Kinds of corrections.
const (
	CorrectedMessage = "message" // the label of one message
	CorrectedToken   = "token"   // the meaning of an emote in a channel
)

// Correction is what a user corrected in a channel. A user corrects a thing once:
// correcting it again replaces what is kept.
type Correction struct {
	ID      string // [CorrectionID]
	UserID  string
	Channel string // login, lower case
	Kind    string
	Subject string    // Twitch's id of the message, or the emote's name
	Hash    string    // of a message's text: sentiment.TextHash as 16 hexadecimal digits; "" for tokens
	Label   string    // "positive", "neutral", "negative"; for tokens "" or "frozen"
	Value   float64   // of a token, −1 … 1
	At      time.Time // when it was last corrected
}

// CorrectionID is the id of a user's correction of a thing in a channel.
func CorrectionID(userID, channel, kind, subject string) string {
	h := sha256.Sum256([]byte(userID + "\n" + channel + "\n" + kind + "\n" + subject))
	return hex.EncodeToString(h[:12])
}

// CorrectionQuery selects corrections.
type CorrectionQuery struct {
	UserID   string    // "" for all users
	Channel  string    // "" for all channels
	Since    time.Time // only those at that time or later; zero: all
	Before   time.Time // only earlier ones, zero: all; with BeforeID as in [SessionQuery]
	BeforeID string
	Limit    int // at most so many; 0 means [DefaultSessionLimit], never more than [MaxSessionLimit]
}

// LearningStore keeps what channels have taught and what users corrected. Its
// methods are safe for concurrent use. Times are kept to the millisecond at
// least, in UTC.
type LearningStore interface {
	// TakeLearned makes whoever has fence the one that writes what a channel
	// taught, and returns it; the zero value where there is nothing yet.
	TakeLearned(ctx context.Context, channel string, fence int64) (Learned, error)
	// SaveLearned keeps what a channel taught; saved is false where somebody with
	// a higher fence has taken the channel, and then nothing has changed.
	SaveLearned(ctx context.Context, l Learned) (saved bool, err error)
	// Learned tells what a channel taught; the zero value where there is nothing.
	Learned(ctx context.Context, channel string) (Learned, error)
	// EachLearned hands what channels taught to do, ordered by channel, beginning
	// behind one; an error ends it. ImportLearned keeps one whatever is there.
	EachLearned(ctx context.Context, after string, do func(Learned) error) error
	ImportLearned(ctx context.Context, l Learned) error

	// PutCorrection keeps a correction in place of one with the same ID.
	PutCorrection(ctx context.Context, c Correction) error
	// DropCorrection removes a correction; dropped is false where there was none.
	DropCorrection(ctx context.Context, id string) (dropped bool, err error)
	// Corrections lists corrections, the latest first; CountCorrections counts
	// them, whatever the limit.
	Corrections(ctx context.Context, q CorrectionQuery) ([]Correction, error)
	CountCorrections(ctx context.Context, q CorrectionQuery) (int, error)
	// RemoveCorrections removes all of a user's and returns how many there were.
	RemoveCorrections(ctx context.Context, userID string) (int, error)
	// EachCorrection hands all corrections to do, ordered by ID, beginning behind
	// one; an error ends it.
	EachCorrection(ctx context.Context, after string, do func(Correction) error) error
}
