package analysis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNotFound is returned by a [SessionStore] for a session that it does not
// hold, or not in the state that was asked for.
var ErrNotFound = errors.New("session not found")

// ErrFenced is returned, inside a [FencedError], for a write with an older fence
// than the session has seen: whoever wrote was replaced as its owner.
var ErrFenced = errors.New("another server has taken the analysis over")

// FencedError names the sessions whose owner was replaced. It is [ErrFenced].
type FencedError struct {
	Sessions []string // ids
}

// Error implements error.
func (e *FencedError) Error() string {
	return fmt.Sprintf("writing %s: %v", strings.Join(e.Sessions, ", "), ErrFenced)
}

// Unwrap returns [ErrFenced].
func (e *FencedError) Unwrap() error { return ErrFenced }

// SessionStore keeps the analyses of channels. Implementations are safe for
// concurrent use. They keep times to the microsecond and return them in UTC.
//
// A session is running from its first checkpoint until it is finished; it is
// finished once and for all: a checkpoint that comes late is ignored.
//
// With each session the store keeps the highest fence that it was written with.
// A write with a lower one is refused with a [FencedError] and changes nothing;
// so an owner that was replaced, and does not know it yet, can do no harm.
type SessionStore interface {
	// SaveCheckpoints stores what changed of several sessions in one
	// transaction: all of it or, on an error, nothing. Parts that are not named
	// stay as they are; parts with nil Data are removed.
	SaveCheckpoints(ctx context.Context, cps []Checkpoint) error
	// RunningSessions returns every session that was not finished, oldest
	// first, with all parts ordered by name, for resuming.
	RunningSessions(ctx context.Context) ([]Checkpoint, error)
	// Running lists the sessions that were not finished, oldest first, without
	// their parts.
	Running(ctx context.Context) ([]Checkpoint, error)
	// ResumeSessions takes over the running sessions of some channels: it raises
	// their fences to what fences gives for the channel, and returns them as
	// RunningSessions does. From then on nobody with a lower fence can write
	// them. Sessions that have a higher fence already are left out.
	ResumeSessions(ctx context.Context, fences map[string]int64) ([]Checkpoint, error)
	// FinishSession stores the final state: marks the session ended, keeps the
	// report and drops its parts. Finishing again replaces what is kept.
	FinishSession(ctx context.Context, f Finished) error
	// Sessions lists finished sessions, the latest ended first.
	Sessions(ctx context.Context, q SessionQuery) ([]SessionInfo, error)
	// SessionReport returns the report of a finished session as it was given to
	// FinishSession; [ErrNotFound] when there is none.
	SessionReport(ctx context.Context, id string) ([]byte, error)
}

// Checkpoint is what a store needs to resume a session.
type Checkpoint struct {
	SessionID string
	Channel   string // login, lower case
	StartedAt time.Time
	At        time.Time // the instant that the parts describe
	// Fence grows with each owner of the session; 0 where there is only one.
	Fence int64
	// Parts are the pieces of a session's state that changed since the
	// checkpoint before, or all of them when read.
	Parts []Part
}

// Finished is the final state of a session.
type Finished struct {
	SessionID string
	Channel   string // login, lower case
	StartedAt time.Time
	EndedAt   time.Time
	Counts    Counts
	Mood      *float64 // mean of the whole session, −1…1; nil without messages
	Report    []byte   // JSON of a [Report]
	Fence     int64    // as in Checkpoint
}

// Report is what is kept of a finished session.
type Report struct {
	Snapshot Snapshot `json:"snapshot" doc:"The session as it was when it ended"`
	Timeline Timeline `json:"timeline" doc:"The whole course of the session"`
}

// SessionQuery selects finished sessions.
type SessionQuery struct {
	Channel string // login, lower case; "" for all channels
	// Before selects sessions that ended earlier; zero selects all. With
	// BeforeID, sessions that ended at that very instant are included whose id
	// sorts before it, so that paging by the last session seen skips none.
	Before   time.Time
	BeforeID string
	Limit    int // at most so many; 0 means [DefaultSessionLimit], never more than [MaxSessionLimit]
}

// Bounds of [SessionQuery.Limit].
const (
	DefaultSessionLimit = 50
	MaxSessionLimit     = 500
)

// SessionInfo is a line in the list of finished sessions.
type SessionInfo struct {
	ID        string    `json:"id" doc:"Session id"`
	Channel   string    `json:"channel" doc:"Twitch login, lower case"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	Duration  float64   `json:"duration_seconds" doc:"Seconds from start to end, outages included"`
	Counts    Counts    `json:"counts"`
	Mood      *float64  `json:"mood" doc:"Mean score of the whole session, -1 to 1; null without messages"`
}

// Part is one named piece of a session's state, encoded by the session. A
// session names its parts itself; a store keeps them without looking inside.
type Part struct {
	Name string
	Data []byte // nil: the part is no longer there
}
