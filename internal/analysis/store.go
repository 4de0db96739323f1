package analysis

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is returned by a [SessionStore] for a session that it does not
// hold, or not in the state that was asked for.
var ErrNotFound = errors.New("session not found")

// SessionStore keeps the analyses of channels. Implementations are safe for
// concurrent use. They keep times to the microsecond and return them in UTC.
//
// A session is running from its first checkpoint until it is finished; it is
// finished once and for all: a checkpoint that comes late is ignored.
type SessionStore interface {
	// SaveCheckpoints stores what changed of several sessions in one
	// transaction: all of it or, on an error, nothing. Parts that are not named
	// stay as they are; parts with nil Data are removed.
	SaveCheckpoints(ctx context.Context, cps []Checkpoint) error
	// RunningSessions returns every session that was not finished, oldest
	// first, with all parts ordered by name, for resuming.
	RunningSessions(ctx context.Context) ([]Checkpoint, error)
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
